"""``truewheel flavor``: the steps of openSUSE's macros of an interpreter flavor, each for one Python."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from truewheel.cli.console import complain, say
from truewheel.errors import UsageError
from truewheel.model import Kind, Manifest
from truewheel.opensuse.flavors import (
    Finished,
    Place,
    build_wheels,
    compile_flavor,
    finish,
    fix_scripts,
    flavor,
    install_wheels,
    unknown_flavors,
)
from truewheel.opensuse.pip_arguments import install_arguments, wheel_arguments
from truewheel.report.text import compile_lines, install_lines, warning_lines

_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the steps and their arguments."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--python",
        default=[],
        action="append",
        metavar="PY",
        help="the path of the flavor's interpreter; install takes several, the default one last",
    )
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--root", required=True, type=Path, metavar="DIR", help="where the package is staged")
    place.add_argument(
        "--reports", required=True, type=Path, metavar="DIR", help="where installs write their reports"
    )
    wheels = argparse.ArgumentParser(add_help=False)
    wheels.add_argument("--wheeldir", required=True, type=Path, metavar="DIR", help="the flavor's wheels")
    wheels.add_argument("arguments", nargs="*", metavar="ARG", help="arguments of pip, behind --")

    step = steps.add_parser("wheel", parents=[common, wheels], help="build wheels")
    step.add_argument(
        "--shared", required=True, type=Path, metavar="DIR", help="the wheels that fit all flavors"
    )
    step.set_defaults(carry_out=_wheel)
    step = steps.add_parser("install", parents=[common, place, wheels], help="install wheels")
    step.set_defaults(carry_out=_install)
    step = steps.add_parser("compile", parents=[common, place], help="compile the directories of modules")
    step.set_defaults(carry_out=_compile)
    step = steps.add_parser("fix-shebang", parents=[common], help="let scripts start with the interpreter")
    step.add_argument("--root", required=True, type=Path, metavar="DIR", help="where the package is staged")
    step.set_defaults(carry_out=_fix_shebang)
    step = steps.add_parser("finish", parents=[place], help="correct all bytecode and RECORDs")
    step.add_argument("--flavors", default="", metavar="NAMES", help="the flavors whose macros run truewheel")
    step.set_defaults(carry_out=_finish)


def run(options: argparse.Namespace) -> int:
    """Carry out the step; prints its results. Raises UsageError where no flavor is given."""
    if options.step != "finish" and not options.python:
        raise UsageError("no flavor is left", hint="%pythons is empty: skip_pythonXY leaves out all of it")
    options.carry_out(options)
    return 0


def _wheel(options: argparse.Namespace) -> None:
    arguments = wheel_arguments(options.arguments)
    for wheel in build_wheels(
        arguments, flavor(options.python[-1]), options.wheeldir, options.shared, os.environ
    ):
        say(str(wheel))


def _install(options: argparse.Namespace) -> None:
    arguments = install_arguments(options.arguments)
    place = Place(options.root, options.reports)
    interpreters = [flavor(python) for python in options.python]
    done = install_wheels(arguments, interpreters, options.wheeldir, place, os.environ)
    _warn(done.manifest, *done.rest)
    for line in install_lines(done.plan, done.manifest, options.root, verbose=False):
        say(line)


def _compile(options: argparse.Namespace) -> None:
    manifest = compile_flavor(flavor(options.python[-1]), Place(options.root, options.reports), os.environ)
    _warn(manifest)
    for line in compile_lines(manifest, verbose=False):
        say(line)


def _fix_shebang(options: argparse.Namespace) -> None:
    for script in fix_scripts(flavor(options.python[-1]), options.root):
        say(f"{script}: starts with the flavor's Python now")


def _finish(options: argparse.Namespace) -> None:
    known = options.flavors.split()
    for name in unknown_flavors(options.root, known) if known else ():
        complain(
            "warning", f"{name}: its macros are not truewheel's (truewheel-flavor-macros {name} prints them)"
        )
    for done in finish(Place(options.root, options.reports), os.environ):
        if done.why:
            complain("warning", f"{done.python}: {done.why}")
            continue
        if done.manifest:
            _warn(done.manifest)
        say(f"{done.python}: {_what_changed(done)}")


def _what_changed(done: Finished) -> str:
    files, strays = (done.manifest.files, done.manifest.strays) if done.manifest else ((), ())
    made = [file.final for file in files if file.kind is Kind.BYTECODE and file.state != "unchanged"]
    changed = [*made, *strays, *done.records]
    if not changed:
        return "all bytecode is right"
    counts = (
        f"{len(made)} pycs made anew, {len(strays)} strays removed, {len(done.records)} RECORDs corrected"
    )
    more = f" and {len(changed) - _SHOWN} more" if changed[_SHOWN:] else ""
    return f"{counts}: {' '.join(changed[:_SHOWN])}{more}"


def _warn(*manifests: Manifest) -> None:
    """Print each warning once: the passes after an install find the same sources again."""
    for warning in dict.fromkeys(line for manifest in manifests for line in warning_lines(manifest)):
        complain("warning", warning)

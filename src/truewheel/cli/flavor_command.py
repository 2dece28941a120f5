"""``truewheel flavor``: run one step of openSUSE's macros for an interpreter flavor."""

from __future__ import annotations

import argparse
import os

from truewheel.cli.console import tell, warn
from truewheel.cli.parser import any_path, path_text
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
        type=path_text,
        default=[],
        action="append",
        metavar="PY",
        help="path of the flavor's Python; install takes several, the default one last",
    )
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--root", required=True, type=any_path, metavar="DIR", help="buildroot")
    place.add_argument(
        "--reports", required=True, type=any_path, metavar="DIR", help="directory of the reports of installs"
    )
    wheels = argparse.ArgumentParser(add_help=False)
    wheels.add_argument(
        "--wheeldir", required=True, type=any_path, metavar="DIR", help="directory of the flavor's wheels"
    )
    wheels.add_argument("arguments", nargs="*", metavar="ARG", help="arguments for pip, after --")

    step = steps.add_parser("wheel", parents=[common, wheels], help="build wheels")
    step.add_argument(
        "--shared",
        required=True,
        type=any_path,
        metavar="DIR",
        help="directory of wheels that fit all flavors",
    )
    step.set_defaults(carry_out=_wheel)
    step = steps.add_parser("install", parents=[common, place, wheels], help="install wheels")
    step.set_defaults(carry_out=_install)
    step = steps.add_parser(
        "compile", parents=[common, place], help="byte-compile the directories of modules"
    )
    step.set_defaults(carry_out=_compile)
    step = steps.add_parser(
        "fix-shebang", parents=[common], help="set the first line of scripts to the flavor's Python"
    )
    step.add_argument("--root", required=True, type=any_path, metavar="DIR", help="buildroot")
    step.set_defaults(carry_out=_fix_shebang)
    step = steps.add_parser("finish", parents=[place], help="correct the bytecode and RECORDs of all flavors")
    step.add_argument("--flavors", default="", metavar="NAMES", help="flavors whose macros run truewheel")
    step.set_defaults(carry_out=_finish)


def run(options: argparse.Namespace) -> int:
    """Run the step; prints what it did. Raises UsageError where no flavor is given."""
    if options.step != "finish" and not options.python:
        raise UsageError("no flavor is left", hint="%pythons is empty: skip_pythonXY leaves out every flavor")
    options.carry_out(options)
    return 0


def _wheel(options: argparse.Namespace) -> None:
    arguments = wheel_arguments(options.arguments)
    interpreter = flavor(options.python[-1])
    built = build_wheels(arguments, interpreter, options.wheeldir, options.shared, os.environ)
    tell(map(str, built))


def _install(options: argparse.Namespace) -> None:
    arguments = install_arguments(options.arguments)
    place = Place(options.root, options.reports)
    interpreters = [flavor(python) for python in options.python]
    done = install_wheels(arguments, interpreters, options.wheeldir, place, os.environ)
    _warn(done.manifest, *done.rest)
    tell(install_lines(done.plan, done.manifest, options.root, verbose=False))


def _compile(options: argparse.Namespace) -> None:
    manifest = compile_flavor(flavor(options.python[-1]), Place(options.root, options.reports), os.environ)
    _warn(manifest)
    tell(compile_lines(manifest, verbose=False))


def _fix_shebang(options: argparse.Namespace) -> None:
    fixed = fix_scripts(flavor(options.python[-1]), options.root)
    tell(f"{script}: starts with the flavor's Python now" for script in fixed)


def _finish(options: argparse.Namespace) -> None:
    known = options.flavors.split()
    for name in unknown_flavors(options.root, known) if known else ():
        warn(f"{name}: its macros are not truewheel's (truewheel-flavor-macros {name} prints them)")
    for done in finish(Place(options.root, options.reports), os.environ):
        if done.why:
            warn(f"{done.python}: {done.why}")
            continue
        if done.manifest:
            _warn(done.manifest)
        tell([f"{done.python}: {_what_changed(done)}"])


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
    """Print each warning once: an install's last pass repeats those of the install."""
    for warning in dict.fromkeys(line for manifest in manifests for line in warning_lines(manifest)):
        warn(warning)

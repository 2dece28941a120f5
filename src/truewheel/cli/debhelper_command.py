"""``truewheel debhelper``: run one step of debhelper's build system for all Pythons."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

from truewheel.cli.console import complain, tell
from truewheel.debian.flavor_build import StepRequest
from truewheel.debian.host import read_host, read_supported
from truewheel.debian.interpreters import module_versions
from truewheel.debian.model import Source, Step
from truewheel.debian.options import parse_options
from truewheel.debian.source import dependency_names
from truewheel.debian.steps import run_step

_PYTHONS = "pythons"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "step",
        choices=[*(step.value for step in Step), _PYTHONS],
        help="the step of debhelper; pythons prints the versions to ship bytecode for",
    )
    parser.add_argument(
        "--build-depends", default="", metavar="TEXT", help="Build-Depends fields of debian/control"
    )
    parser.add_argument("--packages", default="", metavar="TEXT", help="packages of debian/control")
    parser.add_argument(
        "--changelog-version", default="", metavar="VERSION", help="version of debian/changelog"
    )
    parser.add_argument(
        "--sourcedir", default="", metavar="DIR", help="project directory, below the working directory"
    )
    parser.add_argument(
        "--destdir", default="", metavar="DIR", help="directory that the package is staged in"
    )
    parser.add_argument(
        "--parallel", type=int, default=1, metavar="N", help="number of jobs that a build may run"
    )
    parser.add_argument(
        "--argument",
        action="append",
        default=[],
        metavar="ARG",
        help="an argument after -- of the dh_auto_ command; repeatable",
    )
    parser.add_argument(
        "--quiet", "-q", action="store_true", help="write the output of commands only to logs"
    )
    parser.add_argument("--verbose", "-v", action="store_true", help="print decisions")


def run(options: argparse.Namespace) -> int:
    """Run the step; prints its commands, and a line for each Python that failed."""
    given = parse_options(options.argument, os.environ)
    if options.step == _PYTHONS:
        supported = read_supported(os.environ, requested=False)
        versions = module_versions(given, dependency_names(options.build_depends), supported)
        print(*versions)
        return 0
    verbose = options.verbose or given.verbose
    quiet = options.quiet or given.quiet
    source = Source(
        build_depends=dependency_names(options.build_depends),
        packages=tuple(options.packages.split()),
        version=options.changelog_version,
        directory=options.sourcedir,
        destdir=options.destdir,
        parallel=options.parallel,
        quiet=quiet and not verbose,
        verbose=verbose,
    )
    request = StepRequest(
        step=Step(options.step),
        source=source,
        options=given,
        environ=os.environ,
        top=str(Path.cwd()),
        host=read_host(os.environ),
        echo=_hush if source.quiet else _echo,
        warn=partial(complain, "warning"),
    )
    status = 0
    for failure in run_step(request):
        complain("error", str(failure))
        status = max(status, failure.exit_code)
    return status


def _echo(command: str) -> None:
    tell([f"\t{command}"])  # before what the command itself prints


def _hush(command: str) -> None:
    pass

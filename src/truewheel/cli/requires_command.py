"""``truewheel requires``: print build or run-time dependencies as RPM requirements."""

from __future__ import annotations

import argparse

from truewheel.cli.backend_arguments import add_backend_arguments
from truewheel.cli.dist_arguments import add_dist_arguments, print_for_each
from truewheel.cli.parser import any_path
from truewheel.errors import UsageError
from truewheel.rpm.generators import run_requires

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    kinds = parser.add_subparsers(
        dest="kind", required=True, metavar="build|run|override", prog="truewheel requires"
    )
    running = kinds.add_parser(
        "run",
        help="print the requirements of installed projects, for rpm's dependency generator",
        description="Print the requirements of installed projects as RPM dependencies.",
    )
    add_dist_arguments(running)
    running.add_argument(
        "--no-extras",
        action="store_true",
        help="require no python3dist(name[extra]) where a requirement names extras",
    )
    override = kinds.add_parser(
        "override",
        help="check an override of a dependency and append it to a file",
        description="Append an override of a dependency to a file, if it is a valid one.",
    )
    override.add_argument("override", metavar="PACKAGE:ACTION[:VERSION][:br_only]", help="the override")
    override.add_argument(
        "--dep-overrides-file", required=True, type=any_path, metavar="FILE", help="the file"
    )
    build = kinds.add_parser(
        "build",
        help="print the requirements of a build, for %%generate_buildrequires",
        description="Print what a project needs to be built and tested as RPM dependencies. If a later step "
        "needs something that is not installed, print the dependencies known so far.",
    )
    _add_runtime_arguments(build)
    _add_test_arguments(build)
    _add_project_arguments(build)
    _add_wording_arguments(build)


def run(options: argparse.Namespace) -> int:
    """Print the dependencies or write them to ``--output``; append an override."""
    if options.kind == "run":
        return print_for_each(options, lambda dist, extra: run_requires(dist, extra, not options.no_extras))
    if options.kind == "override":
        return _append_override(options.override, options.dep_overrides_file)
    from truewheel.cli.requires_build import (
        run_build,  # rpm asks for each package, and this is slow to import
    )

    return run_build(options)


def _append_override(text: str, path: Path) -> int:
    from truewheel.overrides import parse_override

    parse_override(text)
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", subject=str(path)) from error
    return 0


def _add_runtime_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-r", "--runtime", action="store_true", help="run-time requirements (the default)")
    parser.add_argument("-R", "--no-runtime", action="store_true", help="no run-time requirements")
    parser.add_argument(
        "-p",
        "--pyproject-dependencies",
        action="store_true",
        help="read run-time requirements from [project]",
    )
    parser.add_argument(
        "-w", "--wheel", action="store_true", help="read run-time requirements from a wheel built for that"
    )
    parser.add_argument(
        "-W", "--no-wheel", dest="wheel", action="store_false", help="build no wheel (the default)"
    )
    parser.add_argument(
        "--wheeldir", type=any_path, metavar="DIR", help="where -w keeps its wheel between passes"
    )
    parser.add_argument(
        "-x",
        "--extras",
        action="append",
        default=[],
        metavar="EXTRAS",
        help="these extras too, by comma",
    )


def _add_test_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-t", "--tox", action="store_true", help="requirements of tox's environment for this Python"
    )
    parser.add_argument(
        "-e",
        "--toxenv",
        action="append",
        default=[],
        metavar="TOXENVS",
        help="requirements of these tox environments",
    )
    parser.add_argument(
        "-g",
        "--dependency-groups",
        action="append",
        default=[],
        metavar="GROUPS",
        help="these dependency groups of pyproject.toml, by comma",
    )
    parser.add_argument(
        "requirement_files",
        nargs="*",
        type=any_path,
        metavar="FILE",
        help="requirements files, relative to the project",
    )
    parser.set_defaults(scattered=("requirement_files", any_path))


def _add_project_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-d", "--directory", type=any_path, default=".", metavar="DIR", help="the project (default: here)"
    )
    parser.add_argument(
        "-N",
        "--no-use-build-system",
        action="store_true",
        help="no build backend: requirements files and dependency groups only; implies -R",
    )
    add_backend_arguments(parser)


def _add_wording_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--python3-pkgversion",
        default="3",
        metavar="VERSION",
        help="3.12 writes python3.12dist(...) (default: 3)",
    )
    parser.add_argument(
        "--generate-extras", action="store_true", help="also require python3dist(name[extra]) of extras"
    )
    parser.add_argument(
        "--dep-overrides-file",
        type=any_path,
        metavar="FILE",
        help="overrides, PACKAGE:ACTION[:VERSION][:br_only] each; none if the file does not exist",
    )
    parser.add_argument(
        "--output", type=any_path, metavar="FILE", help="write there (default: standard output)"
    )
    parser.add_argument("--json", action="store_true", help="write them as JSON")

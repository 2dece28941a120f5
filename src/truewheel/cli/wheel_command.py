"""``truewheel wheel``: build a wheel from a source tree."""

from __future__ import annotations

import argparse
import os

from truewheel.cli.backend_arguments import add_backend_arguments
from truewheel.cli.console import tell
from truewheel.cli.parser import any_path
from truewheel.interpreter import probe
from truewheel.project.backend import Backend, dated_environment, parse_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source",
        nargs="?",
        type=any_path,
        default=".",
        metavar="SRC",
        help="project directory (default: the working directory)",
    )
    parser.add_argument("-d", "--directory", type=any_path, metavar="SRC", help="the same as SRC")
    parser.add_argument(
        "--outdir",
        type=any_path,
        metavar="DIR",
        help="directory for the wheel (default: dist in the project)",
    )
    parser.add_argument(
        "--skip-dependency-check",
        action="store_true",
        help="build even if a requirement of the build is not installed",
    )
    add_backend_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Build the wheel; prints its path."""
    python = probe(options.python).executable
    settings = parse_settings(options.config_settings) or None
    source = options.directory or options.source
    environ = dated_environment(source, os.environ)
    with Backend(source, python, environ, settings, map_build_path=options.map_build_path) as backend:
        if not options.skip_dependency_check:
            backend.refuse_missing_requirements()
        tell([str(backend.wheel(options.outdir or source / "dist", prepared=True))])
    return 0

"""``truewheel wheel``: build a wheel from a source tree."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from truewheel.cli.console import say
from truewheel.cli.parser import path_text
from truewheel.interpreter import probe
from truewheel.project.backend import Backend, dated_environment, parse_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="SRC",
        help="project directory (default: the working directory)",
    )
    parser.add_argument("-d", "--directory", type=Path, metavar="SRC", help="the same as SRC")
    parser.add_argument(
        "--outdir", type=Path, metavar="DIR", help="directory for the wheel (default: dist in the project)"
    )
    parser.add_argument(
        "--map-build-path",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the project's directory out of compiled code (default: yes)",
    )
    add_backend_arguments(parser)


def add_backend_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``-C`` and ``--python``, for commands that run a build backend."""
    parser.add_argument(
        "-C",
        "--config-settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="setting for the build backend; a repeated key becomes a list",
    )
    parser.add_argument(
        "--python",
        type=path_text,
        default=sys.executable,
        metavar="PY",
        help="Python to build with (default: the one that runs truewheel)",
    )


def run(options: argparse.Namespace) -> int:
    """Build the wheel; prints its path."""
    python = probe(options.python).executable
    settings = parse_settings(options.config_settings) or None
    source = options.directory or options.source
    environ = dated_environment(source, os.environ)
    with Backend(source, python, environ, settings, map_build_path=options.map_build_path) as backend:
        say(str(backend.wheel(options.outdir or source / "dist")))
    return 0

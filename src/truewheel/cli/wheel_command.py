"""``truewheel wheel``: a wheel out of a source tree."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from truewheel.cli.console import say
from truewheel.cli.parser import path_text
from truewheel.interpreter import probe
from truewheel.project.backend import Backend, parse_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source", nargs="?", type=Path, default=Path(), metavar="SRC", help="the project (default: here)"
    )
    parser.add_argument("-d", "--directory", type=Path, metavar="SRC", help="the same, as an option")
    parser.add_argument(
        "--outdir", type=Path, metavar="DIR", help="where the wheel goes (default: dist in the project)"
    )
    add_backend_arguments(parser)


def add_backend_arguments(parser: argparse.ArgumentParser) -> None:
    """``-C`` and ``--python``, for commands that run a build backend."""
    parser.add_argument(
        "-C",
        "--config-settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting for the build backend; a repeated key becomes a list",
    )
    parser.add_argument(
        "--python",
        type=path_text,
        default=sys.executable,
        metavar="PY",
        help="the Python that builds (default: this one)",
    )


def run(options: argparse.Namespace) -> int:
    """Build; prints the wheel's path."""
    python = probe(options.python).executable
    settings = parse_settings(options.config_settings) or None
    source = options.directory or options.source
    with Backend(source, python, os.environ, settings) as backend:
        say(str(backend.wheel(options.outdir or source / "dist")))
    return 0

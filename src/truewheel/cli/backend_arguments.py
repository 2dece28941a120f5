"""The arguments of commands that run a build backend."""

from __future__ import annotations

import argparse
import sys

from truewheel.cli.parser import path_text


def add_backend_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of commands that run a build backend."""
    parser.add_argument(
        "--map-build-path",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the project's directory out of compiled code (default: yes)",
    )
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

"""``truewheel help``: the same as ``truewheel COMMAND --help``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("words", nargs="*", metavar="COMMAND", help="a command, and its part if it has such")

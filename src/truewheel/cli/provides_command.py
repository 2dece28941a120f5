"""``truewheel provides``: what an installed project provides, for rpm's dependency generator."""

from __future__ import annotations

import argparse

from truewheel.cli.dist_arguments import add_dist_arguments, print_for_each
from truewheel.rpm.generators import run_provides


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_dist_arguments(parser)
    parser.add_argument(
        "--main-python",
        default="",
        metavar="X.Y",
        help="the version that python3dist(...) stands for (default: every one)",
    )
    parser.add_argument(
        "--refuse-zero",
        action="store_true",
        help="refuse the version 0, which a build writes that could not find the real one",
    )


def run(options: argparse.Namespace) -> int:
    """Print one line a capability."""
    main_python, refuse_zero = options.main_python, options.refuse_zero
    return print_for_each(
        options, lambda dist, extra: run_provides(dist, extra, main_python, refuse_zero=refuse_zero)
    )

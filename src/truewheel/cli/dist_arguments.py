"""What the dependency generators share: paths as rpm gives them, and the package they are for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from truewheel.errors import TruewheelError
from truewheel.rpm.generators import extra_of_package
from truewheel.rpm.installed_dist import InstalledDist, is_metadata, read_dist


def add_dist_arguments(parser: argparse.ArgumentParser) -> None:
    """The paths and ``--package-name``."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a .dist-info or .egg-info below the root (default: lines on standard input); files in one "
        "count for it, others are passed over",
    )
    parser.add_argument(
        "--package-name",
        default="",
        metavar="NAME",
        help="the package they are in; what follows the last + of its name is an extra",
    )


def print_for_each(options: argparse.Namespace, write: Callable[[InstalledDist, str], list[str]]) -> int:
    """Print what ``write`` says of each project and extra, every line once.

    A refusal prints a line that is no dependency, too: rpm 4.18 goes on where a generator only fails.
    """
    extra = extra_of_package(options.package_name)
    lines: dict[str, None] = {}
    try:
        for path in dict.fromkeys(_metadata_paths(options.paths or sys.stdin.read().splitlines())):
            lines.update(dict.fromkeys(write(read_dist(path), extra)))
    except TruewheelError:
        sys.stdout.write("*** refused by truewheel, see its error ***\n")
        raise
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _metadata_paths(paths: list[str]) -> Iterator[str]:
    for path in (each.rstrip("/") for each in paths):
        yield from (each for each in (path, path.rpartition("/")[0]) if is_metadata(each))

"""``truewheel provides``: what an installed project provides, for rpm's dependency generator."""

from __future__ import annotations

import argparse

from truewheel.cli.dist_arguments import add_dist_arguments, print_for_each
from truewheel.errors import RefusedInput
from truewheel.rpm.dependency import rpm_version
from truewheel.rpm.generators import run_provides
from truewheel.rpm.installed_dist import InstalledDist


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

    def write(dist: InstalledDist, extra: str) -> list[str]:
        if options.refuse_zero and rpm_version(dist.version) == "0":
            raise RefusedInput(
                f"has the version {dist.version}",
                subject=dist.path,
                hint="tell the build its version, as by SETUPTOOLS_SCM_PRETEND_VERSION, or set "
                "%_python_dist_allow_version_zero",
            )
        return run_provides(dist, extra, options.main_python)

    return print_for_each(options, write)

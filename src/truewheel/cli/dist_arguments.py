"""The arguments and the output of the two dependency generators."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from truewheel.errors import UsageError
from truewheel.rpm.generators import FAILED, extra_of_package, generated
from truewheel.rpm.installed_dist import InstalledDist


def add_dist_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the paths and ``--package-name``."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a .dist-info or .egg-info in the buildroot (default: lines on standard input); a file in one "
        "stands for it, others are passed over",
    )
    parser.add_argument(
        "--package-name",
        default="",
        metavar="NAME",
        help="the package they are in; the part of its name after the last + is an extra",
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def print_for_each(options: argparse.Namespace, write: Callable[[InstalledDist, str], list[str]]) -> int:
    """Print what ``write`` gives for each project and extra, or on any error the line that makes rpm fail."""
    extra = extra_of_package(options.package_name)
    try:
        for path in options.paths:
            if not os.path.lexists(path):
                raise UsageError("no such file", subject=path, hint="name a .dist-info in the buildroot")
        paths = options.paths or os.fsdecode(sys.stdin.buffer.read()).split("\n")
        lines = generated(paths, lambda dist: write(dist, extra))
    except BaseException:
        print(FAILED, flush=True)
        raise
    if options.json:
        import json

        from truewheel.report.document import dependencies_document

        lines = [json.dumps(dependencies_document(lines), indent=2)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0

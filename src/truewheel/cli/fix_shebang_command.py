"""``truewheel fix-shebang``: the first line of scripts."""

from __future__ import annotations

import argparse
from pathlib import Path

from truewheel.cli.console import say
from truewheel.fix_shebang import fix_shebangs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="a script or a directory, on this host"
    )
    parser.set_defaults(scattered=("paths", Path))
    parser.add_argument(
        "--python", default="/usr/bin/python3", metavar="PY", help="default: /usr/bin/python3"
    )
    parser.add_argument("--flags", default="", metavar="sP", help="flags to add, without a dash")


def run(options: argparse.Namespace) -> int:
    """Rewrite; prints what changed."""
    flags = f" -{options.flags}" if options.flags else ""
    for path in fix_shebangs(options.paths, f"#!{options.python}{flags}".encode()):
        say(f"{path}: starts with #!{options.python}{flags}")
    return 0

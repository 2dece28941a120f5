"""``truewheel fix-shebang``: set the first line of Python scripts."""

from __future__ import annotations

import argparse
from pathlib import Path

from truewheel.cli.console import tell
from truewheel.cli.parser import path_text
from truewheel.fix_shebang import fix_shebangs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="a script or a directory of them, on this host"
    )
    parser.set_defaults(scattered=("paths", Path))
    parser.add_argument(
        "--python",
        type=path_text,
        default="/usr/bin/python3",
        metavar="PY",
        help="Python in the first line (default: /usr/bin/python3)",
    )
    parser.add_argument("--flags", default="", metavar="sP", help="flags to add, without a dash")


def run(options: argparse.Namespace) -> int:
    """Rewrite the scripts; prints each that changed."""
    flags = f" -{options.flags}" if options.flags else ""
    fixed = fix_shebangs(options.paths, f"#!{options.python}{flags}".encode())
    tell(f"{path}: starts with #!{options.python}{flags}" for path in fixed)
    return 0

"""``truewheel fix-shebang``: set the first line of Python scripts."""

from __future__ import annotations

import argparse

from truewheel.cli.console import tell
from truewheel.cli.parser import any_path, flags_text, shebang_path
from truewheel.fix_shebang import fix_shebangs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=any_path,
        metavar="PATH",
        help="a script or a directory of them, on this host",
    )
    parser.set_defaults(scattered=("paths", any_path))
    parser.add_argument(
        "--python",
        type=shebang_path,
        default="/usr/bin/python3",
        metavar="PY",
        help="Python in the first line (default: /usr/bin/python3)",
    )
    parser.add_argument(
        "--flags", type=flags_text, default="", metavar="sP", help="flags to add, without a dash"
    )
    parser.add_argument(
        "--as-pathfix",
        action="store_true",
        help="write a blank after #!, and take only *.py of directories",
    )


def run(options: argparse.Namespace) -> int:
    """Rewrite the scripts; prints each that changed."""
    flags = f" -{options.flags}" if options.flags else ""
    line = f"#!{' ' * options.as_pathfix}{options.python}{flags}"
    fixed = fix_shebangs(options.paths, line.encode(), options.as_pathfix)
    tell(f"{path}: starts with {line}" for path in fixed)
    return 0

"""``truewheel compile``: byte-compile sources that come from no wheel."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from truewheel.cli.arguments import (
    ROOT_NAMES,
    add_target_arguments,
    bytecode_options,
    chosen_scheme,
    target_pythons,
)
from truewheel.cli.console import tell, warn
from truewheel.cli.parser import path_text
from truewheel.compilation import compile_tree
from truewheel.report.document import check_report, compile_document, write_document
from truewheel.report.text import compile_lines, warning_lines
from truewheel.request import CompileRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=path_text,
        metavar="PATH",
        help="a file or directory, as on the final system",
    )
    parser.set_defaults(scattered=("paths", path_text))
    parser.add_argument(
        *ROOT_NAMES,
        default=Path("/"),
        type=Path,
        metavar="DIR",
        help="root directory that has the sources (default: /)",
    )
    add_target_arguments(parser)
    parser.add_argument(
        "--report-file",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="leave out sources that are as this report of an install says; repeatable",
    )
    parser.add_argument(
        "--remove-strays",
        action="store_true",
        help="remove bytecode without a source, or of another Python or level",
    )


def run(options: argparse.Namespace) -> int:
    """Compile; prints a summary, warns of sources that do not compile."""
    scheme = chosen_scheme(options)
    request = CompileRequest(
        paths=tuple(options.paths),
        root=options.root,
        scheme=scheme,
        pythons=target_pythons(options),
        bytecode=bytecode_options(options),
        reports=tuple(options.report_file),
        remove_strays=options.remove_strays,
        records=scheme.record,
    )
    if options.report:
        check_report(Path(options.report))
    manifest = compile_tree(request, os.environ)
    for warning in warning_lines(manifest):
        warn(warning)
    if options.report:
        write_document(options.report, compile_document(manifest))
    if not options.quiet:
        tell(compile_lines(manifest, options.verbose))
    return 0

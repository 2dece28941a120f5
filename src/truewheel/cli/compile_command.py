"""``truewheel compile``: byte-compile sources that come from no wheel."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from truewheel.children import Standby
from truewheel.cli.arguments import (
    ROOT_NAMES,
    add_target_arguments,
    bytecode_options,
    check_report_argument,
    chosen_scheme,
    deliver_report,
    target_pythons,
    understood_lines,
)
from truewheel.cli.console import tell, warn
from truewheel.cli.parser import any_path, path_text
from truewheel.cli.progress import Progress
from truewheel.compilation import compile_tree
from truewheel.model import Interpreter
from truewheel.report.document import compile_document
from truewheel.report.text import compile_lines, warning_lines
from truewheel.request import CompileRequest

_RUNNING = Path("/")


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
        type=any_path,
        metavar="DIR",
        help="root directory that has the sources (default: /)",
    )
    add_target_arguments(parser)
    parser.add_argument(
        "--report-file",
        action="append",
        type=any_path,
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
    with Standby() as standby:
        interpreters = target_pythons(options, standby)
        for warning in _doubts(options, interpreters):
            warn(warning)
        request = CompileRequest(
            paths=tuple(options.paths),
            root=options.root or _RUNNING,
            scheme=scheme,
            pythons=interpreters,
            bytecode=bytecode_options(options),
            reports=tuple(options.report_file),
            remove_strays=options.remove_strays,
            records=scheme.record,
        )
        check_report_argument(options.report)
        with Progress("compile", 0, 0, options.quiet) as progress:
            manifest = compile_tree(request, os.environ, progress.watch, standby)
    for warning in warning_lines(manifest):
        warn(warning)
    if deliver_report(options.report, lambda: compile_document(manifest)) and not options.quiet:
        if options.verbose > 1:
            tell(understood_lines(scheme, interpreters))
        tell(compile_lines(manifest, options.verbose))
    return 0


def _doubts(options: argparse.Namespace, interpreters: Sequence[Interpreter]) -> Iterator[str]:
    if options.root is None:
        yield "no --root: compiles in the running system (give --root / if that is meant)"
    compiled = {interpreter.short_version for interpreter in interpreters}
    for path in options.paths:
        named = re.search(r"/python(\d+\.\d+)(?=/|$)", os.path.abspath(path))
        if named and named[1] not in compiled:
            names = ", ".join(sorted(compiled))
            yield f"{path}: is of Python {named[1]}, and gets bytecode for Python {names}"

"""``truewheel normalize``: an existing tree, layer or image made reproducible."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from truewheel.audit.normalize.model import Normalized, Options
from truewheel.cli.arguments import check_report_argument, deliver_report, jobs_number
from truewheel.cli.console import say, warn
from truewheel.cli.parser import any_path, path_text
from truewheel.errors import UsageError
from truewheel.model import InvalidationMode
from truewheel.normalization.tree import NormalizeRequest, date_of, normalize_tree
from truewheel.report.normalized import normalize_document, vouched


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = "a root, a virtual environment or a prefix; or the tar file of a layer, or an image, with -o"
    parser.add_argument("target", type=any_path, metavar="TARGET", help=what)
    parser.add_argument(
        "-o", "--output", type=any_path, metavar="OUT", help="new file, or directory of an OCI layout"
    )
    parser.add_argument("--check", action="store_true", help="change nothing, say what would; 1 if anything")
    date = "latest date that a path has, in seconds since 1970 (default: SOURCE_DATE_EPOCH)"
    parser.add_argument("--date", metavar="SECONDS", help=date)
    parser.add_argument("--set-dates", action="store_true", help="give this date to every path")
    parser.add_argument("--keep-modes", action="store_true", help="leave all permission bits")
    parser.add_argument(
        "--invalidation-mode",
        type=InvalidationMode,
        choices=list(InvalidationMode),
        default=InvalidationMode.CHECKED_HASH,
        metavar="MODE",
        help="how an import sees that a pyc is stale: checked-hash (default), unchecked-hash, timestamp",
    )
    parser.add_argument(
        "--python",
        action="append",
        type=path_text,
        default=[],
        metavar="PY",
        help="a Python to compile with (default: those of this host with the magic number; repeatable)",
    )
    parser.add_argument("--run-target", action="store_true", help="run Pythons that lie in the tree, too")
    parser.add_argument(
        "--no-recompile", action="store_true", help="make bytecode of the bytecode that is there"
    )
    parser.add_argument("--complete", action="store_true", help="compile sources that have no bytecode")
    parser.add_argument("--no-bytecode", action="store_true", help="remove the bytecode of all sources")
    parser.add_argument(
        "--prefix-map",
        action="append",
        type=_pair,
        default=[],
        metavar="BUILD=FINAL",
        help="a directory of the build, and what it is on the final system; repeatable",
    )
    parser.add_argument("--all", action="store_true", help="normalize what dpkg or rpm of the tree owns, too")
    parser.add_argument(
        "--report-file",
        action="append",
        type=any_path,
        default=[],
        metavar="FILE",
        help="do not compile again what is as this report of an earlier run says; repeatable",
    )
    written = "write a report as JSON; - is standard output, which then has nothing else"
    parser.add_argument("--report", type=any_path, metavar="FILE", help=written)
    parser.add_argument(
        "--json", action="store_const", dest="report", const=Path("-"), help="the same as --report -"
    )
    parser.add_argument(
        "--jobs", "-j", type=jobs_number, metavar="N", help="compilers to run (default: one a CPU)"
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="print no summary")


def _pair(text: str) -> tuple[str, str]:
    build, equal, final = text.partition("=")
    if not (build and equal and final):
        raise argparse.ArgumentTypeError(f"{text!r} is not BUILD=FINAL")
    return build, final


def _normalize(request: NormalizeRequest, output: Path | None) -> Normalized:
    target = request.target
    if target.is_dir() and not (target / "oci-layout").is_file():
        if output is not None:
            raise UsageError(
                "is a directory, which is normalized in place", subject=str(target), hint="copy it"
            )
        return normalize_tree(request, os.environ)
    if output is None and not request.check:
        hint = "name a new file: -o OUT"
        raise UsageError("is not normalized in place", subject=str(target), hint=hint)
    from truewheel.normalization.image import normalize_archive  # not needed for trees, and slow to start

    return normalize_archive(request, None if request.check else output, os.environ)


def run(options: argparse.Namespace) -> int:
    """Normalize; prints what was done."""
    wanted = Options(
        date=date_of(options.date, os.environ),
        set_dates=options.set_dates,
        keep_modes=options.keep_modes,
        mode=options.invalidation_mode,
        recompile=not options.no_recompile,
        complete=options.complete,
        bytecode=not options.no_bytecode,
        moved=tuple(options.prefix_map),
        vouched=vouched(options.report_file),
    )
    request = NormalizeRequest(
        target=options.target,
        options=wanted,
        pythons=tuple(options.python),
        run_target=options.run_target,
        everything=options.all,
        check=options.check,
        jobs=options.jobs,
    )
    check_report_argument(options.report)
    done = _normalize(request, options.output)
    for finding in done.findings:
        warn(f"{finding.path}: {finding.what}")
    if deliver_report(options.report, lambda: normalize_document(str(options.target), options.check, done)):
        for line in _lines(done, options):
            say(line)
    return 1 if options.check and done.changes else 0


def _lines(done: Normalized, options: argparse.Namespace) -> Iterator[str]:
    if options.check:
        yield from (f"{change.path}: {change.what}" for change in done.changes)
    if not options.quiet:
        verb = "would change" if options.check else "changed"
        spared = f", {done.vouched} are as reported" if options.report_file else ""
        yield (
            f"{len(done.changes)} paths {verb}; "
            f"{done.recompiled} pycs were compiled again, {done.rewritten} rewritten{spared}"
        )

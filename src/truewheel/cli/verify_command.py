"""``truewheel verify``: say what is wrong with targets."""

from __future__ import annotations

import argparse
import itertools
import json
import os

from truewheel.audit.selection import FailOn, Selection, check_prefixes, read_selection
from truewheel.audit.verify import VerifyRequest, verify
from truewheel.cli.arguments import jobs_number
from truewheel.cli.console import complain, say
from truewheel.cli.parser import any_path, path_text
from truewheel.dataclass import replace
from truewheel.errors import TruewheelError, UsageError
from truewheel.project.pyproject import load_toml
from truewheel.report.document import check_report, write_document
from truewheel.report.findings import finding_lines, verify_document
from truewheel.report.html import verify_page, write_page
from truewheel.report.sarif import sarif_document
from truewheel.schemes import load_scheme


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "targets",
        nargs="*",
        type=any_path,
        metavar="TARGET",
        help="a directory, virtual environment, wheel, .rpm, .deb, tar archive or image (default: --root)",
    )
    parser.set_defaults(scattered=("targets", any_path))
    parser.add_argument("--root", type=any_path, metavar="DIR", help="root that the directories lie in")
    parser.add_argument(
        "--scheme",
        type=path_text,
        metavar="NAME|FILE.yaml",
        help="what the targets should be like (default: what they say themselves)",
    )
    parser.add_argument(
        "--python",
        type=path_text,
        action="append",
        default=[],
        metavar="PY",
        help="Python of the targets, for --recompile and directories that several Pythons share; repeatable",
    )
    parser.add_argument(
        "--recompile", action="store_true", help="compare each pyc with what its Python makes of the source"
    )
    parser.add_argument(
        "--build-path",
        type=path_text,
        action="append",
        default=[],
        metavar="PATH",
        help="look for this path in every file; repeatable",
    )
    parser.add_argument(
        "--select",
        type=_prefixes,
        action="append",
        default=[],
        metavar="RULE,...",
        help="count rules with these names, or whose names begin so; repeatable (default: all)",
    )
    parser.add_argument(
        "--ignore", type=_prefixes, action="append", default=[], metavar="RULE,...", help="do not; repeatable"
    )
    parser.add_argument(
        "--fail-on",
        choices=[each.value for each in FailOn],
        help="the least that makes the exit status 1 (default: warning)",
    )
    parser.add_argument(
        "--config",
        type=any_path,
        metavar="FILE",
        help="TOML file with all of this, and overrides, in [tool.truewheel.verify]",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--sarif", type=any_path, metavar="FILE", help="write them as SARIF, for code hosts")
    parser.add_argument("--html", type=any_path, metavar="FILE", help="write them as a page")
    parser.add_argument(
        "--jobs", "-j", type=jobs_number, metavar="N", help="number of processes (default: all CPUs)"
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="print findings only, no summary")


def run(options: argparse.Namespace) -> int:
    """Print what is wrong with the targets.

    The exit status is 1 where there is something, 2 where a target cannot be read.
    """
    targets = tuple(options.targets or filter(None, [options.root]))
    if not targets:
        raise UsageError(
            "no target is given", hint="name a directory, package, image or wheel, or give --root"
        )
    selection, build_paths = _selection(options)
    request = VerifyRequest(
        targets=targets,
        root=options.root,
        scheme=load_scheme(options.scheme) if options.scheme else None,
        pythons=tuple(options.python),
        recompile=options.recompile,
        build_paths=(*build_paths, *options.build_path),
        selection=selection,
        jobs=options.jobs,
    )
    for path in filter(None, (options.sarif, options.html)):
        check_report(path)
    troubles: list[TruewheelError] = []
    found = verify(request, os.environ, troubles.append)
    for error in troubles:
        complain("error", str(error))
    if options.sarif:
        write_document(options.sarif, sarif_document(found, troubles))
    if options.html:
        write_page(options.html, verify_page(found, troubles))
    if options.json:
        say(json.dumps(verify_document(found, troubles), indent=2))
    elif found:
        for line in finding_lines(found, options.quiet):
            say(line)
    return 2 if troubles else int(selection.fails(finding for each in found for finding in each.findings))


def _prefixes(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _selection(options: argparse.Namespace) -> tuple[Selection, tuple[str, ...]]:
    """Return what counts: the file's word, replaced by that of the options."""
    selection = Selection()
    build_paths: tuple[str, ...] = ()
    if options.config:
        table = load_toml(options.config)
        for key in ("tool", "truewheel", "verify"):
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise UsageError("tool.truewheel.verify is not a table", subject=os.fspath(options.config))
        selection, build_paths = read_selection(table, os.fspath(options.config))
    select = check_prefixes(itertools.chain(*options.select), "--select")
    ignore = check_prefixes(itertools.chain(*options.ignore), "--ignore")
    chosen = replace(
        selection,
        select=select or selection.select,
        ignore=ignore or selection.ignore,
        fail_on=FailOn(options.fail_on) if options.fail_on else selection.fail_on,
    )
    return chosen, build_paths

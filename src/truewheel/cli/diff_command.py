"""``truewheel diff``: why two files, trees, packages or images differ."""

from __future__ import annotations

import argparse
import json

from truewheel.audit.diff.comparison import compare_paths
from truewheel.cli.console import complain, say
from truewheel.cli.parser import any_path
from truewheel.errors import RefusedInput
from truewheel.report.diff import diff_document, diff_lines
from truewheel.report.diff_html import diff_page
from truewheel.report.html import write_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = "a pyc or other file, a directory, a wheel, .rpm, .deb, the tar file of a layer, an image"
    parser.add_argument("one", type=any_path, metavar="A", help=what)
    parser.add_argument("other", type=any_path, metavar="B", help="another of its kind")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--html", type=any_path, metavar="FILE", help="also write the report as a page for a browser"
    )


def run(options: argparse.Namespace) -> int:
    """Compare two targets; 0: they are the same, 1: they differ, 2: trouble."""
    try:
        comparison = compare_paths(options.one, options.other)
    except RefusedInput as error:  # 1 says that they were compared
        complain("error", str(error))
        return 2
    if options.html:
        write_page(options.html, diff_page(comparison))
    if options.json:
        say(json.dumps(diff_document(comparison), indent=2))
    else:
        for line in diff_lines(comparison):
            say(line)
    return 1 if comparison.differences else 0

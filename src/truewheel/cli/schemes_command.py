"""``truewheel schemes``: the schemes and what they decide."""

from __future__ import annotations

import argparse
import json

from truewheel.cli.console import say
from truewheel.report.document import schemes_document
from truewheel.report.text import scheme_lines
from truewheel.schemes import load_scheme, shipped_schemes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("scheme", nargs="*", metavar="NAME|FILE.yaml", help="default: every shipped scheme")
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def run(options: argparse.Namespace) -> int:
    """Load, validate and print."""
    schemes = [load_scheme(name) for name in options.scheme or shipped_schemes()]
    if options.json:
        say(json.dumps(schemes_document(schemes), indent=2))
        return 0
    for scheme in schemes:
        for line in scheme_lines(scheme):
            say(line)
    return 0

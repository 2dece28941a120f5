"""``truewheel schemes``: the shipped schemes, or what some schemes decide."""

from __future__ import annotations

import argparse
import json

from truewheel.cli.console import say, warn
from truewheel.report.document import schemes_document
from truewheel.report.text import scheme_lines
from truewheel.schemes import load_scheme, shipped_schemes, summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "scheme",
        nargs="*",
        metavar="NAME|FILE.yaml",
        help="print every key, as a scheme file (default: list the shipped schemes)",
    )
    parser.add_argument("--json", action="store_true", help="print every key as JSON")


def run(options: argparse.Namespace) -> int:
    """List the shipped schemes, or print the named ones as YAML documents or JSON."""
    if options.json:
        schemes = [load_scheme(name, warn) for name in options.scheme or shipped_schemes()]
        say(json.dumps(schemes_document(schemes), indent=2))
    elif options.scheme:
        documents = (scheme_lines(load_scheme(name, warn)) for name in options.scheme)
        say("\n---\n".join("\n".join(lines) for lines in documents))
    else:
        for name in shipped_schemes():
            say(f"{name:10}{summary(name)}")
    return 0

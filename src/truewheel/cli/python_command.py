"""``truewheel python``: show what decides an install for a target Python."""

from __future__ import annotations

import argparse
import json

from truewheel.cli.console import say
from truewheel.interpreter import probe
from truewheel.report.document import interpreter_document
from truewheel.report.text import interpreter_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("python", metavar="PY", help="path of a Python, or its name on PATH")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(options: argparse.Namespace) -> int:
    """Probe the Python; prints its facts."""
    interpreter = probe(options.python)
    if options.json:
        say(json.dumps(interpreter_document(interpreter), indent=2))
    else:
        for line in interpreter_lines(interpreter):
            say(line)
    return 0

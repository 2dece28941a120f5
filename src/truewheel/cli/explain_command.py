"""``truewheel explain``: print the rules."""

from __future__ import annotations

import argparse
import json

from truewheel.cli.console import say
from truewheel.errors import UsageError
from truewheel.report.findings import rule_lines, rules_document
from truewheel.rules.table import RULES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "rules", nargs="*", metavar="RULE", help="a rule, or the begin of some rules' names (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def run(options: argparse.Namespace) -> int:
    """Print what each rule means; raises UsageError for a name that no rule begins with."""
    for name in options.rules:
        if not any(rule.startswith(name) for rule in RULES):
            raise UsageError(f"no rule begins with {name!r}", hint="truewheel explain lists the rules")
    chosen = [
        rule for rule in RULES.values() if not options.rules or any(map(rule.name.startswith, options.rules))
    ]
    if options.json:
        say(json.dumps(rules_document(chosen), indent=2))
    else:
        for line in rule_lines(chosen, bool(options.rules)):
            say(line)
    return 0

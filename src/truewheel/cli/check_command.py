"""``truewheel check``: tell which requirements of what is installed in a root are not met there."""

from __future__ import annotations

import argparse
import json

from truewheel.check_requirements import Unmet, read_projects, unmet
from truewheel.cli.arguments import (
    ROOT_NAMES,
    add_python_arguments,
    chosen_scheme,
    target_pythons,
)
from truewheel.cli.console import complain, say
from truewheel.cli.parser import any_path, prefix_text
from truewheel.errors import RefusedInput, UsageError
from truewheel.model import Interpreter
from truewheel.paths import install_paths
from truewheel.report.document import check_document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(*ROOT_NAMES, required=True, type=any_path, metavar="DIR", help="the root directory")
    add_python_arguments(parser)
    parser.add_argument(
        "--prefix", type=prefix_text, metavar="DIR", help="prefix on the final system (default: the scheme's)"
    )
    parser.add_argument("--json", action="store_true", help="print what is not met as JSON")
    parser.add_argument("--quiet", "-q", action="store_true", help="print only errors")


def run(options: argparse.Namespace) -> int:
    """Check; prints each requirement that is not met, or a count."""
    if not options.root.is_dir():
        raise UsageError("is not a directory", subject=str(options.root), hint="give the directory to --root")
    scheme = chosen_scheme(options)
    count = 0
    findings = []
    for interpreter in target_pythons(options):
        paths = install_paths(scheme, interpreter, options.prefix or scheme.prefix, "any")
        own = (paths.purelib, paths.platlib)
        projects = read_projects(options.root, (*own, *interpreter.site_directories))
        count += len(projects)
        findings += [(interpreter, each) for each in unmet(projects, interpreter)]
    if options.json:
        say(json.dumps(check_document(count, [_row(*each) for each in findings]), indent=2))
    for _, each in findings:
        project = f"{each.project.name} {each.project.version}"
        complain("error", f"{project}: requires {each.requirement}: {each.reason}")
    if findings:
        raise RefusedInput(
            f"{len(findings)} requirements of {count} projects are not met",
            hint="install what is named above",
        )
    if not (options.quiet or options.json):
        say(f"done: all requirements of {count} projects are met")
    return 0


def _row(interpreter: Interpreter, found: Unmet) -> dict[str, str]:
    return {
        "python": interpreter.cache_tag,
        "project": found.project.name,
        "version": found.project.version,
        "requirement": found.requirement,
        "reason": found.reason,
    }

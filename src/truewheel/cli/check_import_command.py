"""``truewheel check-import``: import installed modules from the root."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

from truewheel.check_import import ImportRequest, check_imports, choose_modules, installed_modules
from truewheel.cli.arguments import DEFAULT_SCHEME, ROOT_NAMES
from truewheel.cli.console import complain, say, warn
from truewheel.cli.parser import any_path, path_text, prefix_text
from truewheel.errors import RefusedInput, UsageError
from truewheel.interpreter import probe
from truewheel.paths import install_paths
from truewheel.report.document import imports_document
from truewheel.schemes import load_scheme
from truewheel.textfile import read_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "names", nargs="*", metavar="MODULE", help="a module to import, with dots (default: all there)"
    )
    parser.set_defaults(scattered=("names", str))
    parser.add_argument(
        *ROOT_NAMES, required=True, type=any_path, metavar="DIR", help="root directory that has the modules"
    )
    parser.add_argument(
        "--modules",
        "-f",
        action="append",
        default=[],
        type=any_path,
        metavar="FILE",
        help="read modules from a file such as files --modules writes; repeatable",
    )
    parser.add_argument(
        "--exclude",
        "-e",
        action="append",
        default=[],
        metavar="GLOB",
        help="leave out modules that match; repeatable",
    )
    parser.add_argument(
        "--top-level-only", "-t", action="store_true", help="leave out modules with a dot in their name"
    )
    parser.add_argument(
        "--python", type=path_text, default="python3", metavar="PY", help="target Python (default: python3)"
    )
    parser.add_argument(
        "--scheme",
        type=path_text,
        default=DEFAULT_SCHEME,
        metavar="NAME|FILE.yaml",
        help="scheme that the modules were installed by (default: target, which is the target's own layout)",
    )
    parser.add_argument(
        "--prefix", type=prefix_text, metavar="DIR", help="prefix on the final system (default: the scheme's)"
    )
    parser.add_argument("--json", action="store_true", help="print what became of each module as JSON")
    parser.add_argument("--quiet", "-q", action="store_true", help="print only errors")
    parser.add_argument("--verbose", "-v", action="store_true", help="print full tracebacks")


def run(options: argparse.Namespace) -> int:
    """Import the modules; prints each failure, or a count."""
    if not options.root.is_dir():
        raise UsageError("is not a directory", subject=str(options.root), hint="give the directory to --root")
    names = [*options.names, *_from_files(options.modules)]
    interpreter = probe(options.python)
    scheme = load_scheme(options.scheme, warn)
    paths = install_paths(scheme, interpreter, options.prefix or scheme.prefix, "any")
    if not options.names and not options.modules:
        names = [*installed_modules(options.root, paths)]
    modules = choose_modules(names, options.exclude, options.top_level_only)
    request = ImportRequest(modules, options.root, paths, interpreter, options.verbose)
    failures = check_imports(request, os.environ)
    if options.json:
        reasons = {failure.module: failure.reason for failure in failures}
        say(json.dumps(imports_document(modules, reasons), indent=2))
    for failure in failures:
        complain("error", f"import {failure.module}: {failure.reason}")
    if failures:
        raise RefusedInput(
            f"{len(failures)} of {len(modules)} modules cannot be imported",
            hint="add their requirements to the build dependencies, or leave them out with -e GLOB",
        )
    if not (options.quiet or options.json):
        say(f"done: {len(modules)} modules imported by Python {interpreter.version_text}")
    return 0


def _from_files(files: list[Path]) -> Iterator[str]:
    for file in files:
        yield from read_text(file, hint="give the file that files --modules wrote").splitlines()

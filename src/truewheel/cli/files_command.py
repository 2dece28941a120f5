"""``truewheel files``: print the %files list of installed wheels."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from truewheel.cli.arguments import ROOT_NAMES
from truewheel.cli.console import complain, say
from truewheel.cli.parser import any_path
from truewheel.dataclass import replace
from truewheel.errors import UsageError
from truewheel.report.document import files_document
from truewheel.report.lists import FORMATS, list_line
from truewheel.rpm.filelist import FileList, FileListRequest, list_files, parse_rpm_version
from truewheel.rpm.installed_files import read_installed

_AUTO = "+auto"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "globs", nargs="*", metavar="MODULE", help="a top-level module, ns.pkg, a glob of either, or +auto"
    )
    parser.set_defaults(scattered=("globs", str))
    parser.add_argument(
        "--report-file",
        required=True,
        action="append",
        type=any_path,
        metavar="FILE",
        help="a report of install --report; repeatable",
    )
    parser.add_argument(*ROOT_NAMES, required=True, type=any_path, metavar="DIR", help="the buildroot")
    parser.add_argument("--auto", "-a", action="store_true", help="list files that belong to no module too")
    parser.add_argument(
        "--allow-no-modules", "-M", action="store_true", help="the package has no modules; none is named"
    )
    parser.add_argument(
        "--dist-name", "-D", action="append", metavar="NAME", help="of this project only; repeatable"
    )
    parser.add_argument(
        "--assert-license", "-l", action="store_true", help="fail if a project has no licence file"
    )
    parser.add_argument(
        "--no-assert-license",
        "-L",
        dest="assert_license",
        action="store_false",
        help="do not (the default); the last of both decides",
    )
    parser.add_argument(
        "--rpm-version", default="4.19", metavar="X.Y", help="the rpm that reads the list (default: 4.19)"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="rpm",
        help="for %%files, one path a line, or for debian/PACKAGE.install (default: rpm); all but rpm list "
        "everything where no module is named",
    )
    parser.add_argument(
        "--bytecode", choices=("only", "without"), help="list bytecode only, or all but bytecode"
    )
    parser.add_argument(
        "--output", type=any_path, metavar="FILE", help="write the list there (default: standard output)"
    )
    parser.add_argument("--modules", type=any_path, metavar="FILE", help="write the modules to import there")
    parser.add_argument("--json", action="store_true", help="print list and modules as JSON")


def run(options: argparse.Namespace) -> int:
    """Print or write the list; warn of files that are no longer in the root."""
    globs = tuple(glob for glob in options.globs if glob != _AUTO)
    everything = options.format != "rpm" and not options.globs and not options.allow_no_modules
    request = FileListRequest(
        globs=("*",) if everything else globs,
        auto=options.auto or everything or _AUTO in options.globs,
        allow_no_modules=options.allow_no_modules,
        require_license=options.assert_license,
        dists=tuple(options.dist_name or ()),
        rpm_version=parse_rpm_version(options.rpm_version),
        bytecode=options.bytecode or "",
    )
    if not options.root.is_dir():
        raise UsageError("is not a directory", subject=str(options.root), hint="give the directory to --root")
    listed = list_files(read_installed(options.report_file, options.root), request)
    for warning in listed.warnings:
        complain("warning", warning)
    if options.format != "rpm":
        listed = replace(listed, lines=tuple(list_line(final, options.format) for final in listed.finals))
    _deliver(options, listed)
    return 0


def _deliver(options: argparse.Namespace, listed: FileList) -> None:
    if options.modules:
        _write(options.modules, listed.modules)
    if options.json:
        say(json.dumps(files_document(listed.lines, listed.modules), indent=2))
    elif options.output:
        _write(options.output, listed.lines)
    else:
        for line in listed.lines:
            say(line)


def _write(path: Path, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    try:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", subject=str(path), hint="check --output and --modules"
        ) from error

"""``truewheel install``: install wheels into a root."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from truewheel.children import Standby
from truewheel.cli.arguments import (
    ROOT_NAMES,
    add_target_arguments,
    bytecode_options,
    check_report_argument,
    chosen_scheme,
    deliver_report,
    read_overrides,
    target_pythons,
    understood_lines,
)
from truewheel.cli.console import tell, warn
from truewheel.cli.parser import any_path, flags_text, glob_text, prefix_text, shebang_path, wheel_path
from truewheel.cli.progress import Progress
from truewheel.pipeline import PreparedInstall, install, prepare_install, preview
from truewheel.plan import planned_paths
from truewheel.report.text import install_lines, warned_line, warning_lines
from truewheel.request import InstallRequest
from truewheel.rules import CHOICES, DENIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from truewheel.model import InstallPlan, Manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "wheels", nargs="+", type=wheel_path, metavar="WHEEL", help="a wheel, or a directory of wheels"
    )
    parser.set_defaults(scattered=("wheels", wheel_path))
    parser.add_argument(
        *ROOT_NAMES, required=True, type=any_path, metavar="DIR", help="root directory to install into"
    )
    parser.add_argument(
        "--prefix", type=prefix_text, metavar="DIR", help="prefix on the final system (default: the scheme's)"
    )
    parser.add_argument(
        "--script-python",
        type=shebang_path,
        metavar="PATH",
        help="Python in the first line of scripts, as a final path",
    )
    parser.add_argument(
        "--script-flags",
        type=flags_text,
        metavar="sP",
        help="its flags, without a dash; may be empty (default: the scheme's)",
    )
    parser.add_argument(
        "--dep-overrides-file",
        type=any_path,
        metavar="FILE",
        help="edit the requirements in METADATA: PACKAGE:ACTION[:VERSION], one a line",
    )
    add_target_arguments(parser)
    parser.add_argument(
        "--no-compile", dest="optimize", action="store_const", const=(), help="make no bytecode"
    )
    parser.add_argument(
        "--compile-bytecode",
        dest="optimize",
        action="store_const",
        const=None,
        help="make the scheme's bytecode, which is the default",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files in the root that differ, and other versions"
    )
    parser.add_argument(
        "--follow-links-inside",
        action="store_true",
        help="go through directories of the root that are links, as from inside; never out of the root",
    )
    parser.add_argument(
        "--keep-dates",
        action="store_true",
        help="let directories that were there keep dates later than SOURCE_DATE_EPOCH",
    )
    parser.add_argument(
        "--ignore-requires-python",
        action="store_true",
        help="warn, instead of refusing the wheel, where its Requires-Python does not admit a target",
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=CHOICES,
        metavar="RULE",
        help=f"warn of it instead of refusing the wheel: {' or '.join(CHOICES)}; repeatable",
    )
    parser.add_argument(
        "--deny",
        action="append",
        default=[],
        choices=DENIABLE,
        metavar="RULE",
        help="refuse the wheel instead of warning: a rule that a warning ends with; repeatable",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        type=glob_text,
        metavar="GLOB",
        help="do not install what matches, such as tests or demo/docs; repeatable",
    )
    parser.add_argument("--sync", action="store_true", help="return when all data is on the disk")
    parser.add_argument(
        "--dry-run", action="store_true", help="check everything, print the plan, write nothing"
    )


def run(options: argparse.Namespace) -> int:
    """Install; prints a summary, warns of sources without bytecode and of dropped entries."""
    with Standby() as standby:
        request = _request(options, standby)
        check_report_argument(options.report)
        prepared = prepare_install(request, os.environ)
        lines = _show_plan(options, prepared) if options.dry_run else _install(options, prepared, standby)
    plan = prepared.plan
    if lines is not None and not options.quiet:
        if options.verbose > 1:
            tell(understood_lines(plan.scheme, plan.interpreters))
            tell(f"wheel {wheel.path}: sha256 {wheel.sha256}" for wheel in plan.wheels)
        tell(lines)
    return 0


def _request(options: argparse.Namespace, standby: Standby) -> InstallRequest:
    compiles = not options.dry_run and options.optimize != ()
    return InstallRequest(
        wheels=tuple(options.wheels),
        root=options.root,
        scheme=chosen_scheme(options),
        pythons=target_pythons(options, standby if compiles else None),
        prefix=options.prefix,
        bytecode=bytecode_options(options),
        script_python=options.script_python,
        script_flags=options.script_flags,
        overrides=read_overrides(options.dep_overrides_file),
        overwrite=options.overwrite,
        sync=options.sync,
        keep_dates=options.keep_dates,
        reports=(options.report,) if options.report else (),
        allow=tuple(options.allow),
        deny=tuple(options.deny),
        exclude=tuple(options.exclude),
        ignore_requires_python=options.ignore_requires_python,
        list_bytecode=True,
        follow_links=options.follow_links_inside,
        digest_wheels=options.report is not None or options.verbose > 1,
    )


def _show_plan(options: argparse.Namespace, prepared: PreparedInstall) -> Iterator[str] | None:
    from truewheel.report.document import plan_document
    from truewheel.report.plan_text import plan_lines

    plan, changes = prepared.plan, preview(prepared)
    for warned in plan.warnings:
        warn(warned_line(warned))
    if not deliver_report(options.report, lambda: plan_document(plan, changes)):
        return None
    return plan_lines(plan, changes, options.root, options.verbose)


def _install(
    options: argparse.Namespace, prepared: PreparedInstall, standby: Standby
) -> Iterator[str] | None:
    plan = prepared.plan
    names = [f"{wheel.name} {wheel.version}" for wheel in plan.wheels]
    before = f"{len(names)} wheels" if names[1:] else names[0]
    with Progress(before, len(planned_paths(plan)), len(plan.jobs), options.quiet) as progress:
        manifest = install(prepared, progress.watch, standby)
    for warning in warning_lines(manifest, options.verbose):
        warn(warning)
    if not deliver_report(options.report, lambda: _document(plan, manifest)):
        return None
    return install_lines(plan, manifest, options.root, options.verbose)


def _document(plan: InstallPlan, manifest: Manifest) -> dict[str, Any]:
    from truewheel.report.document import install_document  # most installs write no report

    return install_document(plan, manifest)

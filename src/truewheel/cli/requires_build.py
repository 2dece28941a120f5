"""``truewheel requires build``: print the requirements of a build as RPM dependencies."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping

from truewheel.cli.arguments import read_overrides
from truewheel.errors import UsageError
from truewheel.interpreter import probe
from truewheel.model import Interpreter
from truewheel.project.backend import parse_settings
from truewheel.report.document import dependencies_document
from truewheel.rpm.buildrequires import BuildRequiresRequest, build_requires, strict_extras
from truewheel.rpm.requirements import Wording
from truewheel.textfile import write_text


def run_build(options: argparse.Namespace) -> int:
    """Print the dependencies or write them to ``--output``."""
    if not options.directory.is_dir():
        raise UsageError("is not a directory", subject=str(options.directory), hint="give the project to -d")
    request = _request(options, probe(options.python), os.environ)
    lines = build_requires(request, os.environ, _log)
    if options.json:
        lines = [json.dumps(dependencies_document(lines), indent=2)]
    text = "".join(f"{line}\n" for line in lines)
    if options.output:
        write_text(options.output, text)
    else:
        sys.stdout.write(text)
    return 0


def _request(
    options: argparse.Namespace, python: Interpreter, environ: Mapping[str, str]
) -> BuildRequiresRequest:
    runtime = not options.no_runtime and not options.no_use_build_system
    toxenvs = _toxenvs(options, python, environ)
    if not runtime and (options.runtime or options.extras or toxenvs):
        raise UsageError(
            "-r, -x, -t and -e ask for run-time requirements, -R and -N for none", hint="leave one out"
        )
    overrides = options.dep_overrides_file
    return BuildRequiresRequest(
        python=python.executable,
        project=options.directory,
        use_backend=not options.no_use_build_system,
        runtime=runtime,
        from_pyproject=options.pyproject_dependencies,
        from_wheel=options.wheel,
        wheeldir=options.wheeldir,
        extras=tuple(options.extras),
        strict_extras=strict_extras(environ),
        groups=tuple(options.dependency_groups),
        toxenvs=toxenvs,
        requirement_files=tuple(options.requirement_files),
        settings=parse_settings(options.config_settings) or None,
        map_build_path=options.map_build_path,
        overrides=read_overrides(overrides),
        wording=Wording(options.python3_pkgversion, options.generate_extras),
    )


def _toxenvs(options: argparse.Namespace, python: Interpreter, environ: Mapping[str, str]) -> tuple[str, ...]:
    if options.toxenv or not options.tox:
        return tuple(options.toxenv)
    return (environ.get("RPM_TOXENV") or f"py{python.version[0]}{python.version[1]}",)


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

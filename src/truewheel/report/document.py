"""Reports as JSON documents; their schemas are the ``*.schema.json`` files beside this module."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from truewheel import __version__
from truewheel.errors import TruewheelError, UsageError
from truewheel.model import (
    Changes,
    CompileResult,
    Dropped,
    File,
    InstalledFile,
    InstallPlan,
    Interpreter,
    Manifest,
    Scheme,
    Warned,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REPORT_VERSION = 1
_DONE = {"install": "installed, but ", "compile": "compiled, but "}
SCHEMES_VERSION = 2  # the keys as a file has them


def install_document(plan: InstallPlan, manifest: Manifest) -> dict[str, Any]:
    """Return the report of an install: its inputs, every installed path, each compile result.

    All paths are final ones: two installs of the same inputs give the same document.
    """
    return {
        **_head("install"),
        **_inputs(plan),
        **_account(manifest),
        "dropped": [_keys(dropped) for dropped in manifest.dropped],
        "warnings": [_keys(warned) for warned in manifest.warnings],
    }


def plan_document(plan: InstallPlan, changes: Changes | None) -> dict[str, Any]:
    """Return a plan that is not carried out; ``changes`` is None where the root is to be restored first.

    ``state`` and ``there`` are then null. ``made`` are pycs and RECORDs, whose content the run makes.
    """
    pycs = [target.final for job in plan.jobs for target in job.targets]
    made = sorted([*pycs, *(record.final for record in plan.records)])
    return {
        **_head("plan"),
        **_inputs(plan),
        "files": [
            {**_planned(file), "state": changes.files[file.final].value if changes else None}
            for file in sorted(plan.files, key=lambda file: file.final)
        ],
        "made": [{"path": final, "there": final in changes.there if changes else None} for final in made],
        "removed": list(changes.removed) if changes else [],
        "dropped": [_keys(dropped) for dropped in plan.dropped],
        "warnings": [_keys(warned) for warned in plan.warnings],
    }


def files_document(lines: Sequence[str], modules: Sequence[str]) -> dict[str, Any]:
    """Return the lines of a %files list, and the modules to import."""
    return {**_head("files"), "lines": list(lines), "modules": list(modules)}


def dependencies_document(dependencies: Sequence[str]) -> dict[str, Any]:
    """Return requirements or capabilities, as rpm writes them."""
    return {**_head("dependencies"), "dependencies": list(dependencies)}


def imports_document(modules: Sequence[str], failures: Mapping[str, str]) -> dict[str, Any]:
    """Return which modules were imported; ``failures`` gives the reasons of those that were not."""
    results = [{"module": module, "error": failures.get(module)} for module in modules]
    return {**_head("imports"), "modules": results}


def check_document(projects: int, unmet: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return which requirements of so many projects are not met, each with the keys of the schema."""
    return {**_head("check"), "projects": projects, "unmet": list(unmet)}


def compile_document(manifest: Manifest) -> dict[str, Any]:
    """Return the report of a compile."""
    return {**_head("compile"), **_account(manifest)}


def interpreter_document(interpreter: Interpreter) -> dict[str, Any]:
    """Return everything known about a target Python."""
    here = ("root", "compiler")  # how it runs on the build host is none of its facts
    facts = {
        **{name: value for name, value in _keys(interpreter).items() if name not in here},
        "magic": interpreter.magic.hex(),
        "version": list(interpreter.version),
        "platforms": list(interpreter.platforms),
        "site_directories": list(interpreter.site_directories),
        "scheme_paths": {name: dict(paths) for name, paths in interpreter.scheme_paths},
    }
    return {**_head("python"), "interpreter": facts}


def schemes_document(schemes: Iterable[Scheme]) -> dict[str, Any]:
    """Return schemes with every key, each as a scheme file has it."""
    from truewheel.scheme_file import scheme_keys

    return {**_head("schemes", SCHEMES_VERSION), "schemes": [scheme_keys(scheme) for scheme in schemes]}


def check_report(path: Path) -> None:
    """Raise UsageError, before any work, where no report can be written to ``path`` on the build host."""
    in_place = path.exists() and not path.is_file()  # a pipe or device is written to, others are replaced
    written, rights = (path, os.W_OK) if in_place else (path.parent, os.W_OK | os.X_OK)
    if path.is_dir() or not os.access(written, rights):
        raise UsageError("the report cannot be written there", subject=os.fspath(path), hint="check --report")


def _keys(value: Dropped | Warned | Interpreter) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__match_args__}


def document_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a document as JSON: one for each item of its lists, of which some are long."""
    # json takes three times as long where it indents
    encode = json.JSONEncoder().encode
    yield "{"
    for number, (key, value) in enumerate(document.items(), 1):
        comma = "," if number < len(document) else ""
        if isinstance(value, list) and value:
            yield f" {encode(key)}: ["
            yield from (f"  {encode(item)}," for item in value[:-1])
            yield f"  {encode(value[-1])}"
            yield f" ]{comma}"
        else:
            yield f" {encode(key)}: {encode(value)}{comma}"
    yield "}"


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write a document to ``path`` on the build host, whole or not at all unless that is a pipe or device.

    Raises TruewheelError where it cannot be written.
    """
    lines = (f"{line}\n" for line in document_lines(document))
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_text("".join(lines), encoding="utf-8")
            return
        import tempfile

        fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(fd, "w", encoding="utf-8") as stream:
                stream.writelines(lines)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        done = _DONE.get(document.get("report", ""), "")
        raise TruewheelError(
            f"{done}the report cannot be written: {error.strerror}",
            subject=os.fspath(path),
            hint="check --report",
        ) from error


def _head(kind: str, version: int = REPORT_VERSION) -> dict[str, Any]:
    return {"report": kind, "version": version, "truewheel": __version__}


def _account(manifest: Manifest) -> dict[str, Any]:
    return {
        "files": [_file(file) for file in manifest.files],
        "compiled": [_result(result) for result in manifest.compiled],
    }


def _inputs(plan: InstallPlan) -> dict[str, Any]:
    return {
        "scheme": plan.scheme.name,
        "interpreters": [_interpreter(interpreter) for interpreter in plan.interpreters],
        "wheels": [
            {"file": wheel.filename, "sha256": wheel.sha256, "name": wheel.name, "version": wheel.version}
            for wheel in plan.wheels
        ],
    }


def _file(file: InstalledFile) -> dict[str, Any]:
    return {**_planned(file), "state": file.state.value}


def _planned(file: File) -> dict[str, Any]:
    return {
        "path": file.final,
        "kind": file.kind.value,
        "mode": f"{file.mode:04o}",
        "mtime": file.mtime,
        "size": file.size,
        "sha256": file.sha256,
        "wheel": file.wheel,
    }


def _result(result: CompileResult) -> dict[str, Any]:
    return {
        "source": result.source,
        "python": result.interpreter,
        "source_hash": result.source_hash,
        "pycs": {str(target.level): target.final for target in result.pycs},
        "error": result.error or None,
    }


def _interpreter(interpreter: Interpreter) -> dict[str, Any]:
    return {
        "version": interpreter.version_text,
        "cache_tag": interpreter.cache_tag,
        "magic": interpreter.magic.hex(),
        "free_threaded": interpreter.free_threaded,
    }

"""Read what an earlier install reported; find which sources are still as it left them."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import posixpath
from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from truewheel.buildroot.tree import look
from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput, UsageError
from truewheel.model import Dropped, Found, Kind, Warned
from truewheel.report.schema import Mismatch, checker
from truewheel.textfile import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from truewheel.report.schema import Check

_HINT = "give the file that {} --report of this truewheel wrote"


@dataclass(frozen=True)
class ReportedInterpreter:
    """A target Python of the install; ``magic`` in hex digits."""

    version: str
    cache_tag: str
    magic: str
    free_threaded: bool


@dataclass(frozen=True)
class ReportedWheel:
    """A wheel that was installed: its file name, the hex digest of the file, the project."""

    file: str
    sha256: str
    name: str
    version: str


@dataclass(frozen=True)
class ReportedFile:
    """A file that was installed: its final path, and its state after the install (seconds, bytes)."""

    path: str
    kind: Kind
    mode: int
    mtime: int
    size: int
    sha256: str
    wheel: str
    state: str


@dataclass(frozen=True)
class ReportedResult:
    """A source and one Python (``3.12``): levels and final paths of its pycs, or why there are none."""

    source: str
    python: str
    source_hash: str
    pycs: tuple[tuple[int, str], ...]
    error: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The source and its pycs, as final paths."""
        return (self.source, *(path for _, path in self.pycs))


@dataclass(frozen=True)
class InstallReport:
    """The report of an install, as install.schema.json describes it."""

    truewheel: str
    scheme: str
    interpreters: tuple[ReportedInterpreter, ...]
    wheels: tuple[ReportedWheel, ...]
    files: tuple[ReportedFile, ...]
    compiled: tuple[ReportedResult, ...]
    dropped: tuple[Dropped, ...]
    warnings: tuple[Warned, ...] = ()


def load_report(report: Path) -> InstallReport:
    """Read what ``install --report`` wrote to a file of the build host.

    Raises UsageError for a file that cannot be read, RefusedInput for one that is not such a report.
    """
    document = load_document(report, "install")
    try:
        return _typed(document)
    except ValueError as error:
        raise _no_report(report, "install", error) from error


def load_document(report: Path, kind: str) -> dict[str, Any]:
    """Read a report of this kind, which is as its schema says; raises as `load_report` does."""
    document = _document(report, kind)
    try:
        _checker(kind)(document)
        return document
    except Mismatch as error:
        raise _no_report(report, kind, error) from error


def _no_report(report: Path, kind: str, error: Exception) -> RefusedInput:
    message = f"is not a report of {'an install' if kind == 'install' else kind}: {error}"
    return RefusedInput(message, subject=str(report), hint=_HINT.format(kind))


def installed_files(reports: Iterable[Path]) -> dict[str, set[str]]:
    """Return the files that reports list of each wheel, by its dist-info directory, as final paths.

    A report that does not exist, or of another kind, lists nothing.
    """
    found: dict[str, set[str]] = {}
    for path in reports:
        for files in _by_wheel(path).values():
            for name in files:
                if name.endswith(".dist-info/METADATA"):
                    found.setdefault(posixpath.dirname(name), set()).update(files)
    return found


def _by_wheel(path: Path) -> dict[str, set[str]]:
    files: dict[str, set[str]] = {}
    with contextlib.suppress(RefusedInput, UsageError):
        for file in load_report(path).files:
            files.setdefault(file.wheel, set()).add(file.path)
    return files


def settled_sources(reports: Iterable[Path], root: Path, sources: Set[str]) -> frozenset[str]:
    """Return which of these sources (final paths) lie below ``root`` as installed, with their bytecode.

    A report that does not exist covers nothing. Raises RefusedInput for a file that is not a report.
    """
    settled: set[str] = set()
    for path in reports:
        if path.exists():
            report = load_report(path)
            compiled = [result for result in report.compiled if result.source in sources]
            modules = {path for result in compiled for path in result.paths}
            files = {file.path: file for file in report.files if file.path in modules}
            found = look(root, files)
            same = {path for path, file in files.items() if path in found and _is(found[path], file)}
            settled.update(_whole(compiled, same))
    return frozenset(settled)


def _document(report: Path, wanted: str) -> dict[str, Any]:
    hint = _HINT.format(wanted)
    try:
        document = json.loads(read_text(report, hint=hint))
        kind, version = document["report"], document["version"]
        if type(kind) is not str or type(version) is not int:
            raise TypeError
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise RefusedInput("is not a report", subject=str(report), hint=hint) from error
    if (kind, version) != (wanted, 1):
        raise RefusedInput(
            f"is a report of {kind}, version {version}, not of {wanted}, version 1",
            subject=str(report),
            hint=hint,
        )
    return dict(document)


@functools.cache
def _checker(kind: str) -> Check:
    return checker(_schema(kind))


def _schema(kind: str) -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_name(f"{kind}.schema.json").read_bytes()))


def _typed(document: dict[str, Any]) -> InstallReport:
    """Make the dataclasses of a document that its schema admits; ValueError for a path no system has."""
    return InstallReport(
        truewheel=document["truewheel"],
        scheme=document["scheme"],
        interpreters=tuple(ReportedInterpreter(**each) for each in document["interpreters"]),
        wheels=tuple(ReportedWheel(**each) for each in document["wheels"]),
        files=tuple(_file(each) for each in document["files"]),
        compiled=tuple(_result(each) for each in document["compiled"]),
        dropped=tuple(Dropped(**each) for each in document["dropped"]),
        warnings=tuple(Warned(**each) for each in document.get("warnings", ())),
    )


def _file(file: dict[str, Any]) -> ReportedFile:
    changes = {"path": _path(file["path"]), "kind": Kind(file["kind"]), "mode": int(file["mode"], 8)}
    return ReportedFile(**{**file, **changes})


def _result(result: dict[str, Any]) -> ReportedResult:
    pycs = tuple((int(level), _path(path)) for level, path in sorted(result["pycs"].items()))
    changes = {"source": _path(result["source"]), "pycs": pycs, "error": result["error"] or ""}
    return ReportedResult(**{**result, **changes})


def _path(path: str) -> str:
    os.fsencode(path)  # ValueError for surrogates that stand for no byte
    return path


def _is(found: Found, file: ReportedFile) -> bool:
    return (found.sha256, found.mode) == (file.sha256, file.mode)


def _whole(results: Sequence[ReportedResult], same: set[str]) -> set[str]:
    broken = {result.source for result in results if not same.issuperset(result.paths)}
    return {result.source for result in results if not result.error} - broken

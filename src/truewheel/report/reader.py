"""Reader: what an earlier install said it put below a root."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Any

from truewheel.buildroot.tree import look
from truewheel.errors import RefusedInput
from truewheel.model import Found


def load_report(report: Path) -> dict[str, Any]:
    """The document ``install --report`` wrote to a file; raises RefusedInput for anything else."""
    try:
        document = json.loads(report.read_bytes())
        kind, version = document["report"], document["version"]
    except OSError as error:
        raise RefusedInput(
            f"cannot be read: {error.strerror}", subject=str(report), hint="give what install --report wrote"
        ) from error
    except (ValueError, LookupError, TypeError) as error:
        raise RefusedInput(
            "is not a report", subject=str(report), hint="give the file that truewheel install --report wrote"
        ) from error
    if (kind, version) != ("install", 1):
        raise RefusedInput(
            f"is a report of {kind}, version {version}, not of install, version 1",
            subject=str(report),
            hint="give the file that truewheel install --report of this truewheel wrote",
        )
    return dict(document)


def settled_sources(reports: Iterable[Path], root: Path, sources: Set[str]) -> frozenset[str]:
    """Which of these sources (final paths) lie below ``root`` as they were installed, with their bytecode.

    A report that is not there covers nothing. Raises RefusedInput for what is no report.
    """
    settled: set[str] = set()
    for report in reports:
        if report.exists():
            document = load_report(report)
            compiled = [result for result in document["compiled"] if result["source"] in sources]
            modules = {path for result in compiled for path in _paths(result)}
            files = {file["path"]: file for file in document["files"] if file["path"] in modules}
            found = look(root, files)
            same = {path for path, file in files.items() if path in found and _is(found[path], file)}
            settled.update(_whole(compiled, same))
    return frozenset(settled)


def _is(found: Found, file: dict[str, Any]) -> bool:
    return (found.sha256, f"{found.mode:04o}") == (file["sha256"], file["mode"])


def _whole(results: Sequence[dict[str, Any]], same: set[str]) -> set[str]:
    broken = {result["source"] for result in results if not same.issuperset(_paths(result))}
    return {result["source"] for result in results if not result["error"]} - broken


def _paths(result: dict[str, Any]) -> list[str]:
    return [result["source"], *result["pycs"].values()]

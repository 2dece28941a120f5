"""The report of a normalizing: written for programs and for the next run, which it spares compiling."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from truewheel import __version__
from truewheel.audit.normalize.model import Change, Compilation, Normalized
from truewheel.model import InvalidationMode
from truewheel.report.reader import load_document

VERSION = 1


def normalize_document(target: str, check: bool, done: Normalized) -> dict[str, Any]:
    """Return what was done to a target, or with ``check`` would be."""
    return {
        "report": "normalize",
        "version": VERSION,
        "truewheel": __version__,
        "target": target,
        "check": check,
        "changes": [_change(each) for each in done.changes],
        "findings": [_change(each) for each in done.findings],
        "recompiled": done.recompiled,
        "rewritten": done.rewritten,
        "vouched": done.vouched,
        "compiled": [_compilation(each) for each in done.compiled],
    }


def vouched(reports: Iterable[Path]) -> frozenset[Compilation]:
    """Return what reports of earlier runs of this version say was compiled.

    A report that does not exist says nothing. Raises RefusedInput for a file that is not a report.
    """
    documents = [load_document(path, "normalize") for path in reports if path.exists()]
    return frozenset(
        _typed(each)
        for document in documents
        if document["truewheel"] == __version__
        for each in document["compiled"]
    )


def _change(change: Change) -> dict[str, str]:
    return {"path": change.path, "what": change.what}


def _compilation(compilation: Compilation) -> dict[str, Any]:
    keys = ("source", "sha256", "python", "tag", "date")
    return {
        **{key: getattr(compilation, key) for key in keys},
        "mode": compilation.mode.value,
        "pycs": {str(level): digest for level, digest in compilation.pycs},
    }


def _typed(keys: dict[str, Any]) -> Compilation:
    pycs = tuple(sorted((int(level), digest) for level, digest in keys["pycs"].items()))
    return Compilation(**{**keys, "mode": InvalidationMode(keys["mode"]), "pycs": pycs})

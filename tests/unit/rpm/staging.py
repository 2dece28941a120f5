"""Roots and reports for file lists, without a wheel and an install."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path

SITELIB, SITEARCH = "/usr/lib/python3.7/site-packages", "/usr/lib64/python3.7/site-packages"


def stage(
    directory: Path, project: str, paths: Iterable[str], contents: Mapping[str, str]
) -> tuple[Path, Path]:
    """Make a root with a project's files and their bytecode, empty but for ``contents``, and its report."""
    root, report = directory / "root", directory / "report.json"
    finals = [final for path in paths for final in (path, *_pycs(path))]
    for path in finals:
        target = root / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(contents.get(path, ""))
    same = {"mode": "0644", "mtime": 0, "size": 0, "sha256": "0" * 64, "wheel": "x.whl", "state": "created"}
    python = {"version": "3.7.0", "cache_tag": "cpython-37", "magic": "420d0d0a", "free_threaded": False}
    document = {
        "report": "install",
        "version": 1,
        "truewheel": "0",
        "scheme": "fedora",
        "wheels": [{"file": "x.whl", "sha256": "0" * 64, "name": project, "version": "1"}],
        "interpreters": [python],
        "files": [{"path": path, "kind": _kind(path), **same} for path in finals],
        "compiled": [],
        "dropped": [],
    }
    report.write_text(json.dumps(document))
    return root, report


def _pycs(path: str) -> list[str]:
    """The bytecode of a source below a directory of modules, at two levels."""
    if not path.endswith(".py") or not path.startswith((SITELIB, SITEARCH)):
        return []
    directory, name = posixpath.split(path)
    return [f"{directory}/__pycache__/{name[:-3]}.cpython-37{level}.pyc" for level in ("", ".opt-1")]


def _kind(path: str) -> str:
    if ".dist-info/" in path:
        return "metadata"
    if not path.startswith((SITELIB, SITEARCH)):
        return "script" if "/bin/" in path else "data"
    endings = {".py": "source", ".so": "extension", ".pyc": "bytecode"}
    return endings.get(posixpath.splitext(path)[1], "module-data")

"""Finds the Pythons the tests can use as targets."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

_ASK = "import sys; print('%d.%d' % sys.version_info[:2] + getattr(sys, 'abiflags', '').replace('m', ''))"


@functools.cache
def available_pythons() -> dict[str, Path]:
    """Return Pythons by version (``3.11``, ``3.13t``), and Debian's own as ``debian``.

    Taken from TRUEWHEEL_TEST_PYTHONS, paths separated by ``os.pathsep``, else from pyenv's directories.
    """
    found = {}
    for path in _candidates():
        version = _version(path)
        if version:
            found[version] = path
    debian = Path("/usr/bin/python3")
    if Path("/etc/debian_version").exists() and _version(debian):
        found["debian"] = debian
    return found


def _candidates() -> list[Path]:
    listed = os.environ.get("TRUEWHEEL_TEST_PYTHONS")
    if listed is not None:
        return [Path(path) for path in listed.split(os.pathsep) if path]
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    return sorted(versions.glob("*/bin/python")) if os.access(versions, os.R_OK | os.X_OK) else []


def _version(path: Path) -> str:
    try:
        answer = subprocess.run(
            [path, "-S", "-c", _ASK], capture_output=True, text=True, check=False, timeout=30
        )
    except OSError:
        return ""
    return answer.stdout.strip()

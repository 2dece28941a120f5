"""The policy script in shell knows the names of bytecode that ``bytecode/pycs.py`` gives."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from truewheel.bytecode.pycs import CACHE, pyc_path, source_path

_SCRIPT = Path(__file__).parents[3] / "macros/brp-truewheel"
_SITE = "usr/lib/python3.11/site-packages"
_SOURCES = ("one.py", "odd.dots.in.py", "sp ace.py", "package/opt-1.py", "größe.py")
_TAGS = ("cpython-37", "cpython-311", "cpython-313t", "pypy39", "cpython-311-pytest-8.3.5")


def put(root: Path, paths: Iterable[str]) -> None:
    for path in paths:
        file = root / _SITE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def run(root: Path) -> set[str]:
    """Run the script without a Python, so that it only removes; returns the files that are left."""
    command = [
        "sh",
        str(_SCRIPT),
        "warn",
        "false",
        "fedora",
        str(root / "none"),
        str(root / "report"),
        "/usr",
    ]
    environ = {"PATH": os.environ["PATH"], "RPM_BUILD_ROOT": str(root)}
    subprocess.run(command, env=environ, check=True, capture_output=True)
    site = root / _SITE
    return {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}


@pytest.mark.parametrize("level", [0, 1, 2])
def test_only_bytecode_whose_source_is_gone_is_removed(tmp_path: Path, level: int) -> None:
    pycs = {pyc_path(source, tag, level) for source in _SOURCES for tag in _TAGS[:-1]}
    put(tmp_path, {*_SOURCES, *pycs, f"{CACHE}/not-a-pyc.txt"})
    gone = _SOURCES[::2]
    for source in gone:
        (tmp_path / _SITE / source).unlink()
    expected = {pyc for pyc in pycs if source_path(pyc) not in gone}
    assert run(tmp_path) == {*_SOURCES[1::2], *expected, f"{CACHE}/not-a-pyc.txt"}

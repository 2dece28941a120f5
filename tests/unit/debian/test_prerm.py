"""The prerm snippet knows the names that bytecode has: those of ``pyc_path``, and pytest's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.needs import require
from truewheel.bytecode.pycs import pyc_path

_SNIPPET = Path(__file__).parents[3] / "debhelper/autoscripts/prerm-truewheel"
_TAGS = ("cpython-37", "cpython-311", "cpython-313t", "cpython-315", "pypy39")
_SOURCES = ("one.py", "odd.dots.in.py", "test-pytest-like.py", "sp ace.py", "sub/one.py")


def _run(directory: Path, owned: Iterable[str]) -> None:
    """Run the snippet for a package that owns these paths, in a system that is this directory."""
    require("awk", "xargs", "find")
    dpkg = directory / "bin/dpkg"
    dpkg.parent.mkdir(exist_ok=True)
    listed = "\n".join(f"{directory}/{path}" for path in owned)
    dpkg.write_text(f"#!/bin/sh\n[ \"$1 $2\" = '-L thing' ] && cat <<'END'\n{listed}\nEND\n")
    dpkg.chmod(0o755)
    script = _SNIPPET.read_text().replace("#PACKAGE#", "thing")
    environ = {"PATH": f"{dpkg.parent}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-euc", script], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _put(directory: Path, paths: Iterable[str]) -> None:
    for path in paths:
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def _pycs(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*.pyc*")}


def test_every_name_that_a_pyc_can_have_is_known(tmp_path: Path) -> None:
    shipped = {pyc_path(source, "cpython-311", 0) for source in _SOURCES}
    made = {pyc_path(source, tag, level) for source in _SOURCES for tag in _TAGS for level in (0, 1, 2)}
    _put(tmp_path, {*_SOURCES, *made})
    _run(tmp_path, {*_SOURCES, *shipped})
    assert _pycs(tmp_path) == shipped
    _run(tmp_path, _SOURCES)
    assert not list(tmp_path.rglob("__pycache__"))


@pytest.mark.parametrize("version", ["7.2.1", "8.0.0rc1", "9.0.2"])
def test_bytecode_of_pytest_goes_with_the_package(tmp_path: Path, version: str) -> None:
    names = [pyc_path(source, f"cpython-311-pytest-{version}", 0) for source in _SOURCES]
    _put(tmp_path, [*_SOURCES, *names, *(f"{name}.139872" for name in names)])
    _run(tmp_path, _SOURCES)
    assert _pycs(tmp_path) == set()


def test_bytecode_of_other_modules_stays(tmp_path: Path) -> None:
    others = {pyc_path(name, tag, 0) for name in ("one.too.py", "two.py") for tag in _TAGS}
    others |= {pyc_path("one.too.py", "cpython-311-pytest-7.2.1", 0)}
    _put(tmp_path, {*_SOURCES, *others})
    _run(tmp_path, _SOURCES)
    assert _pycs(tmp_path) == others

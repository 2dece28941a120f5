"""What the clean step removes, and what is a source's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.debian.sources import below, layout, write
from truewheel.debian.cleaning import clean_build, clean_source, clean_top
from truewheel.debian.model import System

_LEFT = {
    ".coverage": "",
    ".pytest_cache/x": "",
    ".tox/x": "",
    "build/lib/x.py": "",
    "pkg/__init__.py": "",
    "pkg/__pycache__/x.pyc": "",
    "pkg/old.pyc": "",
    "pkg.egg-info/PKG-INFO": "",
    "pkg.egg-info/SOURCES.txt": "",
    ".git/x.pyc": "",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(tmp_path, _LEFT)
    return tmp_path


def _clean(source: Path, system: System = System.PYPROJECT, depends: str = "", dh_python: int = 6) -> None:
    clean_source(str(source), system, depends.split(), dh_python)


def test_all_of_it_and_again(source: Path) -> None:
    _clean(source)
    assert below(source) == [".git", ".git/x.pyc", "pkg", "pkg/__init__.py"]
    _clean(source)
    assert below(source) == [".git", ".git/x.pyc", "pkg", "pkg/__init__.py"]


def test_a_plugin_made_the_list_of_sources(source: Path) -> None:
    _clean(source, depends="python3-setuptools-scm")
    assert [name for name in below(source) if "egg" in name] == ["pkg.egg-info", "pkg.egg-info/SOURCES.txt"]


def test_beside_an_old_dh_python(source: Path) -> None:
    _clean(source, dh_python=5)
    assert (source / "pkg.egg-info" / "PKG-INFO").exists()


def test_build_may_be_a_directory_of_the_packager(source: Path) -> None:
    _clean(source, System.CUSTOM)
    assert (source / "build" / "lib" / "x.py").exists()


def test_modules_built_in_the_source_stay(tmp_path: Path) -> None:
    where = layout(tmp_path)
    clean_build(where)
    assert not Path(where.build_dir).exists() and Path(where.home_dir).exists()
    clean_build(replace(where, build_dir=where.dir))
    assert tmp_path.exists()


def test_the_end(tmp_path: Path) -> None:
    layout(tmp_path)
    write(tmp_path, {"other/x.pyc": "", "other/x.py": ""})
    clean_top(str(tmp_path))
    clean_top(str(tmp_path))
    assert below(tmp_path) == ["other", "other/x.py"]

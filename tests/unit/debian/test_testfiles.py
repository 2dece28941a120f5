"""Tests are copied beside the modules, and never stay there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.debian.sources import below, layout, write
from truewheel.debian.model import Layout
from truewheel.debian.testfiles import copy_test_files, read_test_files, remove_test_files
from truewheel.errors import RefusedInput


@pytest.fixture
def where(tmp_path: Path) -> Layout:
    place = layout(tmp_path)
    write(Path(place.build_dir), {"demo/__init__.py": ""})
    return place


def _copy(where: Layout) -> list[str]:
    copy_test_files(read_test_files(where), where)
    return below(Path(where.build_dir))


def test_the_usual_files(where: Layout, tmp_path: Path) -> None:
    write(tmp_path, {"tests/test_a.py": "", "pyproject.toml": "", "other/x": "", "README": ""})
    assert _copy(where) == ["demo", "demo/__init__.py", "pyproject.toml", "tests", "tests/test_a.py"]
    remove_test_files(where)
    assert below(Path(where.build_dir)) == ["demo", "demo/__init__.py"]
    assert below(Path(where.home_dir)) == ["build", "build/demo", "build/demo/__init__.py"]


def test_a_list_with_targets(where: Layout, tmp_path: Path) -> None:
    text = "# what tests need\n\nother\ndata/in.txt deep/er/\nREADME demo/READ.me\nmissing\n"
    write(tmp_path, {"debian/pybuild.testfiles": text, "tests/t.py": "", "other/x": "", "README": "r"})
    write(tmp_path, {"data/in.txt": "d"})
    assert _copy(where) == [
        "deep",
        "deep/er",
        "deep/er/in.txt",
        "demo",
        "demo/READ.me",
        "demo/__init__.py",
        "other",
        "other/x",
    ]
    remove_test_files(where)
    assert below(Path(where.build_dir)) == ["demo", "demo/__init__.py"]


@pytest.mark.parametrize("special", ["pybuild_python3.11", "pybuild_python3"])
def test_the_list_of_a_version(where: Layout, tmp_path: Path, special: str) -> None:
    write(
        tmp_path, {"debian/pybuild.testfiles": "a\n", f"debian/{special}.testfiles": "b\n", "a": "", "b": ""}
    )
    assert [file.source for file in read_test_files(where)] == ["b"]


def test_what_the_wheel_brought_stays(where: Layout, tmp_path: Path) -> None:
    write(Path(where.build_dir), {"tests/shipped.py": ""})
    write(tmp_path, {"tests/test_a.py": ""})
    assert "tests/test_a.py" not in _copy(where)
    remove_test_files(where)
    assert "tests/shipped.py" in below(Path(where.build_dir))


def test_tests_that_ran_twice_or_were_interrupted(where: Layout, tmp_path: Path) -> None:
    write(tmp_path, {"tests/test_a.py": "", "test/x/y": ""})
    _copy(where)
    _copy(where)
    Path(where.build_dir, "test/x/y").unlink()
    remove_test_files(where)
    remove_test_files(where)
    assert below(Path(where.build_dir)) == ["demo", "demo/__init__.py"]


def test_what_runners_leave_behind(where: Layout) -> None:
    write(
        Path(where.build_dir),
        {
            ".pytest_cache/v/x": "",
            ".hypothesis/e": "",
            ".coverage": "",
            "demo/__pycache__/a.cpython-311.pyc": "",
            "demo/.mypy_cache/x": "",
            "demo/old.pyc": "",
            "demo/.keep": "",
        },
    )
    remove_test_files(where)
    assert below(Path(where.build_dir)) == ["demo", "demo/.keep", "demo/__init__.py"]


def test_files_put_into_a_directory_made_for_tests_stay(where: Layout, tmp_path: Path) -> None:
    write(tmp_path, {"debian/pybuild.testfiles": "a made/\n", "a": ""})
    _copy(where)
    write(Path(where.build_dir), {"made/by-a-hook": ""})
    remove_test_files(where)
    assert below(Path(where.build_dir)) == ["demo", "demo/__init__.py", "made", "made/by-a-hook"]


def test_a_target_elsewhere(where: Layout, tmp_path: Path) -> None:
    write(tmp_path, {"debian/pybuild.testfiles": "a ../../up\n", "a": ""})
    with pytest.raises(RefusedInput, match=r"\.\./\.\./up: leaves the directory of the modules"):
        _copy(where)


def test_dangling_links_among_tests(where: Layout, tmp_path: Path) -> None:
    write(tmp_path, {"tests/a.py": ""})
    (tmp_path / "tests" / "gone").symlink_to("nowhere")
    (tmp_path / "tests" / "b.py").symlink_to("a.py")
    assert _copy(where)[-3:] == ["tests", "tests/a.py", "tests/b.py"]

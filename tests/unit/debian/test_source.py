"""What debian/control and the files of a source ask for."""

from __future__ import annotations

import pytest

from truewheel.debian.model import System
from truewheel.debian.source import choose_system, dependency_names, setup_file
from truewheel.errors import RefusedInput, UsageError


@pytest.mark.parametrize(
    ("asked", "depends", "files", "system"),
    [
        (None, "", "setup.py setup.cfg", System.DISTUTILS),
        (None, "", "setup.py pyproject.toml", System.DISTUTILS),
        (None, "", "setup-3.py", System.DISTUTILS),
        (None, "", "pyproject.toml README", System.PYPROJECT),
        (None, "python3-all pybuild-plugin-pyproject", "setup.py", System.PYPROJECT),
        ("distutils", "pybuild-plugin-pyproject", "setup.py", System.DISTUTILS),
        ("custom", "", "", System.CUSTOM),
        ("flit", "", "pyproject.toml setup.py", System.PYPROJECT),
    ],
)
def test_systems(asked: str | None, depends: str, files: str, system: System) -> None:
    assert choose_system(asked, depends.split(), files.split()) is system


def test_systems_of_pybuild_that_there_are_not() -> None:
    with pytest.raises(UsageError, match=r"PYBUILD_SYSTEM: .*'cmake' \(it has pyproject, distutils, custom"):
        choose_system("cmake", (), ())
    with pytest.raises(UsageError, match=r"^pybuild-plugin-flit: "):
        choose_system(None, ["pybuild-plugin-flit"], ())


def test_no_project() -> None:
    with pytest.raises(
        RefusedInput, match=r"neither setup\.py nor pyproject\.toml \(set PYBUILD_SYSTEM=custom"
    ):
        choose_system(None, (), ["CMakeLists.txt"])


def test_the_name_of_setup_py() -> None:
    assert setup_file(["setup-3.py", "x"]) == "setup-3.py"
    assert setup_file(["setup-3.py", "setup.py"]) == setup_file([]) == "setup.py"


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("", ()),
        ("debhelper-compat (= 13), python3-all", ("debhelper-compat", "python3-all")),
        ("python3:any, python3-all-dev:native (>= 3.9)", ("python3", "python3-all-dev")),
        ("python3-all|python3-all-dev(>=3)", ("python3-all", "python3-all-dev")),
        ("python3-pytest <!nocheck> , tox [amd64 arm64]", ("python3-pytest", "tox")),
        ("g++, libstdc++-dev, g++", ("g++", "libstdc++-dev")),
        ("${mine:Depends}, python3,\n , ", ("python3",)),
    ],
)
def test_names(field: str, names: tuple[str, ...]) -> None:
    assert dependency_names(field) == names

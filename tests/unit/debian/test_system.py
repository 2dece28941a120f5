"""How a source is built: what decides it."""

from __future__ import annotations

import pytest

from truewheel.debian.model import System
from truewheel.debian.system import choose_system, setup_file
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

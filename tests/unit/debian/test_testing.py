"""Which tests are run, and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.debian.sources import layout
from truewheel.debian.options import parse_options
from truewheel.debian.testing import choose_runner, default_test_args, is_nocheck, plan_tests, plan_tox
from truewheel.errors import RefusedInput


@pytest.mark.parametrize(
    ("depends", "environ", "runner"),
    [
        ("python3-all", {}, ""),
        ("python3-pytest", {}, "pytest"),
        ("python3-pytest tox", {}, "tox"),
        ("python3-stestr python3-nose2", {}, "nose2"),
        ("python3-stestr", {}, "stestr"),
        ("python3-pytest tox", {"PYBUILD_TEST_TOX": "0"}, "pytest"),
        ("python3-pytest", {"PYBUILD_TEST_PYTEST": "0"}, ""),
        ("python3-pytest", {"PYBUILD_TEST_UNITTEST": "1"}, "unittest"),
        ("", {"PYBUILD_TEST_PYTEST": "1"}, "pytest"),
        ("python3-pytest", {"PYBUILD_TEST_CUSTOM": "1"}, "custom"),
        ("python3-pytest", {"PYBUILD_INTERPRETERS": "python3"}, ""),
    ],
)
def test_runners(depends: str, environ: dict[str, str], runner: str) -> None:
    assert choose_runner(parse_options([], environ), depends.split()) == runner


def test_a_runner_behind_the_dashes() -> None:
    assert choose_runner(parse_options(["--test-nose"], {}), ["python3-pytest"]) == "nose"


def test_finding_no_tests_is_fine_only_where_nothing_asked_for_them() -> None:
    assert plan_tests("").fine == (0, 5)
    assert plan_tests("unittest").fine == plan_tests("pytest").fine == (0,)
    assert plan_tests("").command == plan_tests("unittest").command


def test_pytest_is_given_the_directory_that_was_copied(tmp_path: Path) -> None:
    nothing = parse_options([], {})
    where = layout(tmp_path)
    assert default_test_args("pytest", nothing, where, ["pyproject.toml", "tests"]) == "tests"
    assert default_test_args("pytest", nothing, where, ["test", "x"]) == "test"
    assert default_test_args("pytest", nothing, where, ["x"]) == ""
    assert default_test_args("unittest", nothing, where, ["tests"]) == ""
    assert default_test_args("pytest", parse_options([], {"PYBUILD_TEST_ARGS": ""}), where, ["tests"]) == ""
    told = layout(tmp_path / "told", args="-v")
    assert default_test_args("pytest", nothing, told, ["tests"]) == "-v"


@pytest.mark.parametrize(
    ("options", "profiles", "nocheck"),
    [
        ("", "", False),
        ("parallel=2 nocheck", "", True),
        ("", "nodoc nocheck", True),
        ("nocheckers", "mynocheck", False),
    ],
)
def test_nocheck(options: str, profiles: str, nocheck: bool) -> None:
    assert is_nocheck(options, profiles) is nocheck


def test_tox_by_its_version() -> None:
    old, new = plan_tox(["tox.ini", "setup.cfg"], 3).command, plan_tox(["pyproject.toml"], 4).command
    assert "tox -c {dir}/tox.ini --sitepackages -e py{version.major}{version.minor} {args}" in old
    assert "-c {dir}/pyproject.toml" in new and "--installpkg {wheel} {args}" in new
    with pytest.raises(RefusedInput, match=r"tox\.ini: tox has no configuration"):
        plan_tox(["setup.py"], 4)

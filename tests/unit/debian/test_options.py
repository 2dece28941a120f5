"""PYBUILD variables, the arguments behind --, and which of them counts."""

from __future__ import annotations

import pytest

from tests.unit.debian.sources import flavor
from truewheel.debian.model import Step
from truewheel.debian.options import is_disabled, parse_options
from truewheel.errors import UsageError


def test_the_most_special_variable_counts() -> None:
    environ = {
        "PYBUILD_TEST_ARGS": "a",
        "PYBUILD_TEST_ARGS_python3": "b",
        "PYBUILD_TEST_ARGS_python3.12": "c",
    }
    options = parse_options(["--test-args=d", "--install-args", "e"], environ)
    assert options.get("test_args", flavor("3.12")) == "c"
    assert options.get("test_args", flavor("3.11")) == "b"
    assert options.get("install_args", flavor()) == "e"
    assert options.get("build_args", flavor()) is None
    assert parse_options(["--test-args=d"], {"PYBUILD_TEST_ARGS": ""}).get("test_args", flavor()) == ""


def test_what_is_one_for_all() -> None:
    options = parse_options(["--system=custom"], {"PYBUILD_SYSTEM": "pyproject", "PYBUILD_NAME": "x"})
    assert options.overall("system") == "custom"
    assert options.overall("name") == "x"
    assert options.overall("dir") is None


def test_interpreters_and_versions() -> None:
    environ = {"PYBUILD_INTERPRETERS": "python3 python3.9", "PYBUILD_VERSIONS": "3.9 3.10"}
    options = parse_options([], environ)
    assert options.interpreters == ("python3", "python3.9")
    assert options.versions == ("3.9", "3.10")
    assert parse_options(["-p", "3.12 3.13", "-p3.14", "-i", "python3"], environ).versions == (
        "3.12",
        "3.13",
        "3.14",
    )


def test_arguments_may_be_abbreviated() -> None:
    options = parse_options(["--dest=d", "--test-pyt", "--interp", "python3", "--build-a=-x"], {})
    assert (options.get("destdir", flavor()), options.get("build_args", flavor())) == ("d", "-x")
    assert options.asks_for("test_pytest")
    assert options.interpreters == ("python3",)


@pytest.mark.parametrize(
    ("arguments", "environ", "quiet", "verbose"),
    [
        ([], {}, False, False),
        (["-q"], {}, True, False),
        (["-qq"], {}, True, False),
        (["--really-quiet", "-v"], {}, True, True),
        ([], {"PYBUILD_QUIET": "1"}, True, False),
        ([], {"PYBUILD_RQUIET": "1"}, True, False),
        ([], {"PYBUILD_VERBOSE": "1"}, False, True),
        ([], {"PYBUILD_VERBOSE": "0", "PYBUILD_QUIET": "0"}, False, False),
    ],
)
def test_how_much_is_said(arguments: list[str], environ: dict[str, str], quiet: bool, verbose: bool) -> None:
    options = parse_options(arguments, environ)
    assert (options.quiet, options.verbose) == (quiet, verbose)


@pytest.mark.parametrize("argument", ["--no-such", "word", "--system", "--test-no", "--ext-sub"])
def test_unknown_arguments(argument: str) -> None:
    with pytest.raises(UsageError, match="arguments behind --"):
        parse_options([argument], {})


@pytest.mark.parametrize(
    ("environ", "disabled"),
    [
        ({}, False),
        ({"PYBUILD_DISABLE": "test"}, True),
        ({"PYBUILD_DISABLE": "1"}, True),
        ({"PYBUILD_DISABLE": "build install"}, False),
        ({"PYBUILD_DISABLE": "3.11"}, True),
        ({"PYBUILD_DISABLE": "python3.11"}, True),
        ({"PYBUILD_DISABLE": "python3"}, True),
        ({"PYBUILD_DISABLE": "test/python3.11"}, True),
        ({"PYBUILD_DISABLE": "build test/3.11"}, True),
        ({"PYBUILD_DISABLE": "build/3.11"}, False),
        ({"PYBUILD_DISABLE": "3.12 test/3.12"}, False),
        ({"PYBUILD_DISABLE_python3.11": "test"}, True),
        ({"PYBUILD_DISABLE_python3.12": "test"}, False),
        ({"PYBUILD_DISABLE": "test", "PYBUILD_DISABLE_python3.11": ""}, False),
    ],
)
def test_disabled(environ: dict[str, str], disabled: bool) -> None:
    assert is_disabled(parse_options([], environ), Step.TEST, flavor()) is disabled

"""Which Pythons a source is built for."""

from __future__ import annotations

import pytest

from truewheel.debian.interpreters import choose_flavors, module_versions
from truewheel.debian.model import Supported
from truewheel.debian.options import parse_options
from truewheel.errors import RefusedInput, UsageError

SUPPORTED = Supported.of("3.12", ["3.13", "3.12", "3.9"])


def _chosen(depends: str = "", **environ: str) -> list[str]:
    options = parse_options([], environ)
    return [str(flavor.python) for flavor in choose_flavors(options, depends.split(), SUPPORTED)]


@pytest.mark.parametrize(
    ("depends", "pythons"),
    [
        ("debhelper python3-all", ["python3.9", "python3.13", "python3.12"]),
        ("python3-all-dev", ["python3.9", "python3.13", "python3.12"]),
        ("libpython3-all-dev", ["python3.9", "python3.13", "python3.12"]),
        ("python3 python3-all", ["python3.9", "python3.13", "python3.12"]),
        ("python3", ["python3.12"]),
        ("python3-dev", ["python3.12"]),
        ("libpython3-dev", ["python3.12"]),
        ("python3 python3-dbg", ["python3.12", "python3.12-dbg"]),
        ("python3-all-dbg", ["python3.9-dbg", "python3.13-dbg", "python3.12-dbg"]),
    ],
)
def test_build_depends(depends: str, pythons: list[str]) -> None:
    assert _chosen(depends) == pythons


def test_the_packager_chooses() -> None:
    assert _chosen("python3-all", PYBUILD_VERSIONS="3.12 3.9") == ["python3.9", "python3.12"]
    assert _chosen(PYBUILD_INTERPRETERS="python3") == ["python3"]
    assert _chosen(PYBUILD_INTERPRETERS="python3.9 python3") == ["python3.9", "python3"]
    assert _chosen(PYBUILD_INTERPRETERS="python{version}", PYBUILD_VERSIONS="3.13") == ["python3.13"]


def test_the_default_is_known_by_its_version() -> None:
    flavors = choose_flavors(parse_options([], {}), ["python3-all"], SUPPORTED)
    assert [flavor.python.binary_dv for flavor in flavors] == [
        "/usr/bin/python3.9",
        "/usr/bin/python3.13",
        "/usr/bin/python3",
    ]


def test_no_python_in_build_depends() -> None:
    with pytest.raises(RefusedInput) as refused:
        _chosen("debhelper dh-sequence-python3 python3-setuptools")
    assert str(refused.value).startswith("debian/control: Build-Depends ask for no Python (add python3-all")


def test_another_interpreter() -> None:
    with pytest.raises(UsageError, match="pypy3: is not an interpreter"):
        _chosen(PYBUILD_INTERPRETERS="pypy3")


@pytest.mark.parametrize(
    ("depends", "environ", "versions"),
    [
        ("dh-sequence-python3", {}, "3.12"),
        ("python3", {}, "3.12"),
        ("python3-all-dev python3-all-dbg", {}, "3.9 3.13 3.12"),
        ("python3-all", {"PYBUILD_VERSIONS": "3.13"}, "3.13"),
        ("python3-all", {"PYBUILD_INTERPRETERS": "python3"}, "3.12"),
        ("", {"PYBUILD_INTERPRETERS": "python3.9 python3.9-dbg python{version}"}, "3.9 3.13 3.12"),
    ],
)
def test_bytecode_is_for_the_pythons_that_are_built_for(
    depends: str, environ: dict[str, str], versions: str
) -> None:
    found = module_versions(parse_options([], environ), depends.split(), SUPPORTED)
    assert " ".join(map(str, found)) == versions

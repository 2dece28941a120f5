"""Which Pythons a source is built for."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.debian import interpreters
from truewheel.debian.interpreters import choose_flavors, read_supported, sort_supported
from truewheel.debian.options import parse_options
from truewheel.errors import InterpreterError, RefusedInput, UsageError

SUPPORTED = sort_supported("3.12", ["3.13", "3.12", "3.9"])


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
    with pytest.raises(UsageError, match="pypy3: is no interpreter"):
        _chosen(PYBUILD_INTERPRETERS="pypy3")


def test_the_environment_tells_the_versions() -> None:
    environ = {"DEBPYTHON3_DEFAULT": "3.12", "DEBPYTHON3_SUPPORTED": "3.12,3.13, 3.9"}
    assert read_supported(environ) == SUPPORTED


def test_py3versions_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "py3versions"
    program.write_text("#!/bin/sh\necho 'error parsing Python3-Version attribute' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(interpreters, "_PY3VERSIONS", str(program))
    with pytest.raises(InterpreterError, match=r"py3versions: -d fails: error parsing .* \(install python3"):
        read_supported({})
    monkeypatch.setattr(interpreters, "_PY3VERSIONS", str(tmp_path / "none"))
    with pytest.raises(InterpreterError, match="py3versions: cannot be run"):
        read_supported({})

"""What Debian's tools say of the machine."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.debian.sources import CROSS, HOST
from truewheel.debian import host
from truewheel.debian.host import read_architecture, read_dh_python, read_supported
from truewheel.debian.model import Supported
from truewheel.errors import InterpreterError


@pytest.mark.parametrize(
    ("version", "major"),
    [("5.20230130+deb12u1", 5), ("6.20250414", 6), ("10.1", 10), ("", 7)],
)
def test_the_dh_python_beside_it(monkeypatch: pytest.MonkeyPatch, version: str, major: int) -> None:
    answer = subprocess.CompletedProcess((), 0, stdout=version)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    assert read_dh_python() == major


def test_an_old_dh_python_names_platforms_as_dpkg_does() -> None:
    assert replace(HOST, architecture=CROSS, dh_python=5).platform == "linux-armhf"
    assert replace(HOST, architecture=CROSS, dh_python=6).platform == "linux-armv7l"
    assert replace(HOST, dh_python=5).platform == "linux-x86_64"


def test_architecture_of_the_environment() -> None:
    assert read_architecture({**CROSS, "OTHER": "x"}) == CROSS


def test_the_environment_tells_the_versions() -> None:
    environ = {"DEBPYTHON3_DEFAULT": "3.12", "DEBPYTHON3_SUPPORTED": "3.12,3.13, 3.9"}
    assert read_supported(environ) == Supported.of("3.12", ["3.13", "3.12", "3.9"])


def test_py3versions_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "py3versions"
    program.write_text("#!/bin/sh\necho 'error parsing Python3-Version attribute' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(host, "_PY3VERSIONS", str(program))
    with pytest.raises(InterpreterError, match=r"py3versions: -d fails: error parsing .* \(install python3"):
        read_supported({})
    monkeypatch.setattr(host, "_PY3VERSIONS", str(tmp_path / "none"))
    with pytest.raises(InterpreterError, match="py3versions: cannot be run"):
        read_supported({})


def test_a_range_that_leaves_no_python_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "py3versions"
    program.write_text("#!/bin/sh\n[ $2 = -d ] && echo 3.11 || echo\n")
    program.chmod(0o755)
    monkeypatch.setattr(host, "_PY3VERSIONS", str(program))
    with pytest.raises(
        InterpreterError, match=r"-r fails: .* \(X-Python3-Version of debian/control may leave no"
    ):
        read_supported({})
    with pytest.raises(InterpreterError, match=r"-s fails: .* \(install python3"):
        read_supported({}, requested=False)

"""What commands of the build find in their environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.debian.sources import ARCHITECTURE, layout
from truewheel.debian import dh_python, environment
from truewheel.debian.environment import (
    build_environment,
    flavor_environment,
    read_architecture,
    scripts_environment,
)
from truewheel.debian.model import Source, Step

_CROSS = {
    **ARCHITECTURE,
    "DEB_HOST_ARCH": "armhf",
    "DEB_HOST_GNU_CPU": "arm",
    "DEB_HOST_MULTIARCH": "arm-linux-gnueabihf",
}


def test_defaults() -> None:
    environ = build_environment(Source(()), {"PATH": "/bin"}, ARCHITECTURE, "/src")
    assert environ == {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "CCACHE_DIR": "/src/.pybuild/ccache",
        "DEB_PYTHON_INSTALL_LAYOUT": "deb",
        "_PYTHON_HOST_PLATFORM": "linux-x86_64",
        "no_proxy": "localhost",
        "http_proxy": "http://127.0.0.1:9/",
        "https_proxy": "https://127.0.0.1:9/",
    }


def test_the_caller_counts() -> None:
    mine = {"LC_ALL": "de_DE", "http_proxy": "http://mine/", "https_proxy": "", "CCACHE_DIR": "/c"}
    environ = build_environment(Source(()), mine, ARCHITECTURE, "/src")
    assert {name: environ.get(name) for name in mine} == {**mine, "https_proxy": None}


def test_versions_for_backends() -> None:
    source = Source(("python3-setuptools-scm",), version="1.0~rc1-1")
    assert build_environment(source, {}, ARCHITECTURE, "/")["SETUPTOOLS_SCM_PRETEND_VERSION"] == "1.0-rc1"


@pytest.mark.parametrize(
    ("version", "major"),
    [("5.20230130+deb12u1", 5), ("6.20250414", 6), ("10.1", 10), ("", 7)],
)
def test_the_dh_python_beside_it(monkeypatch: pytest.MonkeyPatch, version: str, major: int) -> None:
    answer = subprocess.CompletedProcess((), 0, stdout=version)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    assert dh_python.dh_python_major.__wrapped__() == major


def test_an_old_dh_python_names_platforms_as_dpkg_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "dh_python_major", lambda: 5)
    assert environment.host_platform(_CROSS) == "linux-armhf"
    assert environment.host_platform(ARCHITECTURE) == "linux-x86_64"


def test_cross_building(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "dh_python_major", lambda: 6)
    environ = build_environment(Source(()), {}, _CROSS, "/src")
    assert environ["_PYTHON_HOST_PLATFORM"] == "linux-armv7l"
    assert environ["_PYTHON_SYSCONFIGDATA_NAME"] == "_sysconfigdata__arm-linux-gnueabihf"


def test_modules_are_found(tmp_path: Path) -> None:
    where = layout(tmp_path)
    installed = f"{where.destdir}{where.install_dir}"
    assert flavor_environment({}, where, Step.BUILD)["PYTHONPATH"] == where.build_dir
    assert flavor_environment({}, where, Step.TEST)["PYTHONPATH"] == f"{installed}:{where.build_dir}"
    mine = {"PYTHONPATH": f"/mine:{where.build_dir}"}
    assert flavor_environment(mine, where, Step.BUILD) == mine
    assert flavor_environment({}, where, Step.INSTALL)["PYTHONPATH"] == ""


def test_tests_find_scripts(tmp_path: Path) -> None:
    where = layout(tmp_path)
    assert scripts_environment({"PATH": "/bin"}, where) == {"PATH": "/bin", "HOME": where.home_dir}
    Path(where.home_dir, "scripts").mkdir()
    assert scripts_environment({"PATH": "/bin"}, where)["PATH"] == f"{where.home_dir}/scripts:/bin"


def test_architecture_of_the_environment() -> None:
    assert read_architecture({**_CROSS, "OTHER": "x"}) == _CROSS

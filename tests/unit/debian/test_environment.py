"""What commands of the build find in their environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.version import Version

from tests.unit.debian.sources import CROSS, HOST, layout
from truewheel.debian.environment import (
    build_environment,
    flavor_environment,
    python_version,
    scripts_environment,
    version_variables,
)
from truewheel.debian.model import Source, Step


def test_defaults() -> None:
    environ = build_environment(Source(()), {"PATH": "/bin"}, HOST, "/src")
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
    environ = build_environment(Source(()), mine, HOST, "/src")
    assert {name: environ.get(name) for name in mine} == {**mine, "https_proxy": None}


def test_versions_for_backends() -> None:
    source = Source(("python3-setuptools-scm",), version="1.0~rc1-1")
    assert build_environment(source, {}, HOST, "/")["SETUPTOOLS_SCM_PRETEND_VERSION"] == "1.0-rc1"


def test_cross_building() -> None:
    environ = build_environment(Source(()), {}, replace(HOST, architecture=CROSS, dh_python=6), "/src")
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


@pytest.mark.parametrize(
    ("changelog", "python"),
    [
        ("1.2.3-1", "1.2.3"),
        ("1.2.3", "1.2.3"),
        ("2:1.2-3-1ubuntu2", "1.2-3"),
        ("1.2~rc1-1", "1.2-rc1"),
        ("1.2.0~b3+dfsg-1", "1.2.0-b3+dfsg"),
        ("1.2+dfsg-1", "1.2+dfsg"),
        ("1.2+git20230101.abc~1-1", "1.2+git20230101.abc-1"),
        ("1.2~git20230101-1", "1.2+git20230101"),
        ("1.2.dfsg-1", "1.2+dfsg"),
        ("1.2.post1+ds-1", "1.2.post1+ds"),
        ("20230101-1", "20230101"),
        ("trunk-1", ""),
    ],
)
def test_versions(changelog: str, python: str) -> None:
    assert python_version(changelog) == python
    assert not python or Version(python)


def test_backends_are_told_the_version() -> None:
    depends = ("python3-all", "python3-hatch-vcs", "python3-pbr", "python3-pdm-backend")
    assert version_variables(depends, "1.0-1", {}) == {
        "SETUPTOOLS_SCM_PRETEND_VERSION": "1.0",
        "PBR_VERSION": "1.0",
        "PDM_BUILD_SCM_VERSION": "1.0",
    }
    assert version_variables(("python3-poetry-dynamic-versioning",), "1.0-1", {}) == {
        "POETRY_DYNAMIC_VERSIONING_BYPASS": "1.0"
    }


def test_what_the_packager_set_counts() -> None:
    assert version_variables(("python3-pbr",), "1.0-1", {"PBR_VERSION": "7"}) == {}
    assert version_variables(("python3-setuptools",), "1.0-1", {}) == {}

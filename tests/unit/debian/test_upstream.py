"""The changelog's version as Python wants it, and who is told."""

from __future__ import annotations

import pytest
from packaging.version import Version

from truewheel.debian.upstream import python_version, version_variables


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

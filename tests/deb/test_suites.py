"""Later releases: the build system gives the packages of their own pybuild."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deb.building import same_as_pybuild
from tests.deb.debroot import DebRoot
from tests.deb.packages import packages, write_source
from tests.needs import nightly_but

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

COMPAT = {"trixie": 13, "sid": 14}
_DAILY = [("trixie", name) for name in ("six", "argon2-cffi-bindings", "findpython", "iso8601")]
_DAILY += [("sid", name) for name in ("bitarray", "cwcwidth", "meson-python", "platformdirs")]
CASES = [(release, name) for release in COMPAT for name in packages(release)]


@pytest.fixture
def root(release: str, request: pytest.FixtureRequest) -> DebRoot:
    found = request.getfixturevalue(release)
    assert isinstance(found, DebRoot)
    return found


@pytest.mark.parametrize(("release", "name"), nightly_but(_DAILY, CASES))
def test_same_as_pybuild(release: str, name: str, root: DebRoot, tmp_path: Path) -> None:
    same_as_pybuild(root, write_source(packages(release)[name], tmp_path, COMPAT[release]))

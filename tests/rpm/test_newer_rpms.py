"""rpm 4.20 with Python 3.13, and rpm 6: whole files are equal, and BuildSystem: pyproject works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.needs import nightly_but
from tests.registry import sdist
from tests.rpm.building import build_twice, tags
from tests.rpm.rpmroot import RpmRoot
from tests.rpm.specs import packages, sources_of, write_spec, written_specs

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_NAMES = ("requests", "markupsafe", "msgpack", "urllib3", "docutils", "rich", "unearth", "asciinema")
_SPECS = ("by-hand", "trixie-build-system", "two-wheels")
_WRITTEN = {spec.stem: spec for spec in written_specs() if spec.stem in _SPECS}


_CASES = [(name, release) for release in ("trixie", "sid") for name in (*_NAMES, *_WRITTEN)]
_DAILY = [(name, "trixie") for name in ("requests", "markupsafe", *_WRITTEN)]


@pytest.mark.parametrize(("name", "release"), nightly_but(_DAILY, _CASES))
def test_whole_files_are_equal(
    name: str, release: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    root: RpmRoot = request.getfixturevalue(release)
    assert root.rpm >= {"trixie": (4, 20), "sid": (6, 0)}[release]
    spec = _WRITTEN.get(name) or write_spec(packages()[name], tmp_path)
    sources = sources_of(spec) if name in _WRITTEN else [sdist(name)]
    # rpm gives libraries with debuginfo a build-id that depends on the directory
    first, second = build_twice(root, spec, sources, "debug_package %{nil}")
    for build in (first, second):
        assert build.status == 0, build.log[-5000:]
    assert first.packages
    assert [package.name for package in first.packages] == [package.name for package in second.packages]
    for one, other in zip(first.packages, second.packages, strict=True):
        assert tags(root, one).splitlines() == tags(root, other).splitlines()
        assert one.read_bytes() == other.read_bytes()

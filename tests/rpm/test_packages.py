"""Real packages from specs in Fedora's style: they build, twice alike, and stay as they were installed."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.needs import nightly_but
from tests.registry import sdist
from tests.rpm.building import Build, build_twice, tags, within
from tests.rpm.installed import CleanRoot
from tests.rpm.rpmroot import RpmRoot
from tests.rpm.specs import packages, sources_of, write_spec, written_specs
from tests.verified import findings

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

# one of each backend, and of each kind of macro's options
_DAILY = (
    *("requests", "httpie", "jaraco-functools", "pyelftools", "asciinema", "zope-testrunner", "iniconfig"),
    *("pyyaml", "cffi", "msgpack", "zope-interface", "coverage", "meson-python", "hatchling", "jsonschema"),
    *("humanize", "idna", "markdown-it-py", "iso8601", "findpython", "tox", "two-wheels"),
)
_TABLE = packages()
_WRITTEN = {spec.stem: spec for spec in written_specs() if not spec.stem.startswith("trixie-")}


@pytest.mark.parametrize("name", nightly_but(_DAILY, [*_TABLE, *_WRITTEN]))
def test_package(name: str, bookworm: RpmRoot, clean: CleanRoot, tmp_path: Path) -> None:
    spec = _WRITTEN.get(name) or write_spec(_TABLE[name], tmp_path)
    first, second = build_twice(bookworm, spec, sources_of(spec) if name in _WRITTEN else [sdist(name)])
    for build in (first, second):
        assert build.status == 0, build.log[-5000:]
    assert alike(bookworm, first, second)
    assert findings(first.packages) == []
    stays_as_installed(clean, [within(bookworm, package) for package in first.packages])


def alike(root: RpmRoot, first: Build, second: Build) -> bool:
    """The same packages, and for each the same payload and the same tags of files."""
    assert [package.name for package in first.packages] == [package.name for package in second.packages]
    for one, other in zip(first.packages, second.packages, strict=True):
        before, after = (tags(root, package).splitlines() for package in (one, other))
        assert not [*difflib.unified_diff(before, after, lineterm="", n=0)]
    return bool(first.packages)


def stays_as_installed(clean: CleanRoot, packages: list[str]) -> None:
    """Install, import all as root, touch the sources, import again, erase."""
    before = clean.below_sites()
    names = clean.install(packages)
    dates = clean.dates(names)
    installed = clean.below_sites()
    assert installed - before <= set(dates)
    modules = clean.modules(names)
    sources = {path: date for path, date in dates.items() if path.endswith(".py")}

    failed = clean.imports(modules)
    assert len(failed) < max(2, len(modules)), failed  # some want what is not in the root
    assert clean.rpm("-V", "--nodeps", *names) == ""

    clean.touch(sources)
    assert clean.imports(modules) == failed
    changed = {
        line.rsplit(maxsplit=1)[-1] for line in clean.rpm("-V", "--nodeps", *names, ok=False).splitlines()
    }
    assert changed == set(sources)
    assert clean.rpm("-V", "--nodeps", "--nomtime", *names) == ""
    clean.touch(sources, 0)
    assert clean.rpm("-V", "--nodeps", *names) == ""

    assert clean.below_sites() == installed
    clean.rpm("-e", "--nodeps", *names)
    assert clean.below_sites() == before

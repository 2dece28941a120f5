"""Roots for the tests of Debian packages, one of each release a session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.deb.building import Build, Job, build, built
from tests.deb.debroot import DebRoot, deb_root
from tests.own_source import own_source


@pytest.fixture(scope="session")
def bookworm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebRoot]:
    """Debian 12: debhelper 13.11, Python 3.11."""
    yield from _root(tmp_path_factory, "bookworm")


@pytest.fixture(scope="session")
def trixie(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebRoot]:
    """Debian 13: debhelper 13.24, Python 3.13."""
    yield from _root(tmp_path_factory, "trixie")


@pytest.fixture(scope="session")
def sid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebRoot]:
    """Debian unstable: debhelper 14, several Pythons."""
    yield from _root(tmp_path_factory, "sid")


@pytest.fixture(scope="session")
def own_packages(bookworm: DebRoot, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The packages that truewheel made of itself."""
    source = own_source(tmp_path_factory.mktemp("own"))
    shutil.copytree(source / "packaging/debian", source / "debian")
    return built(build(bookworm, Job(source)))


def _root(factory: pytest.TempPathFactory, release: str) -> Iterator[DebRoot]:
    directory = factory.mktemp(release)
    yield deb_root(directory / "root", release)
    shutil.rmtree(directory, ignore_errors=True)

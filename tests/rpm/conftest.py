"""Roots for the tests of packages, one of each release a session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.rpm.installed import CleanRoot
from tests.rpm.rpmroot import RpmRoot, clean_copy, rpm_root


@pytest.fixture(scope="session")
def bookworm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpmRoot]:
    """Debian 12: rpm 4.18, Python 3.11."""
    yield from _root(tmp_path_factory, "bookworm")


@pytest.fixture(scope="session")
def trixie(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpmRoot]:
    """Debian 13: rpm 4.20, Python 3.13."""
    yield from _root(tmp_path_factory, "trixie")


@pytest.fixture(scope="session")
def sid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpmRoot]:
    """Debian's unstable: rpm 6, the newest Python."""
    yield from _root(tmp_path_factory, "sid")


@pytest.fixture(scope="session")
def clean(bookworm: RpmRoot) -> CleanRoot:
    """A root inside of bookworm's to install packages into."""
    if not (bookworm.directory / "clean").exists():  # a test of truewheel's own package makes it, too
        clean_copy(bookworm, "bookworm", bookworm.directory / "clean")
    return CleanRoot(bookworm)


def _root(factory: pytest.TempPathFactory, release: str) -> Iterator[RpmRoot]:
    directory = factory.mktemp(release)
    yield rpm_root(directory / "root", release)
    shutil.rmtree(directory, ignore_errors=True)

"""The build system alone: real sources give pybuild's packages, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deb.building import Surroundings, same_as_pybuild
from tests.deb.debroot import DebRoot
from tests.deb.packages import packages, write_source
from tests.deb.sources import debian_source, source_pins

pytestmark = [pytest.mark.slow, pytest.mark.chroot]


@pytest.mark.parametrize("name", source_pins())
def test_debian_source(name: str, bookworm: DebRoot, tmp_path: Path) -> None:
    around = Surroundings(environ={"DEB_BUILD_OPTIONS": source_pins()[name].options})
    same_as_pybuild(bookworm, debian_source(bookworm, name, tmp_path), around)


@pytest.mark.parametrize("name", packages("bookworm"))
def test_sdist(name: str, bookworm: DebRoot, tmp_path: Path) -> None:
    same_as_pybuild(bookworm, write_source(packages("bookworm")[name], tmp_path))

"""The build system alone: real sources give pybuild's packages, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deb.building import Surroundings, same_as_pybuild
from tests.deb.debroot import DebRoot
from tests.deb.packages import packages, write_source
from tests.deb.sources import debian_source, source_pins
from tests.needs import nightly_but

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

# one of each backend, and of each kind of rules file
_DAILY = (
    *("jsonpointer", "repoze-lru", "docopt", "sortedcontainers", "chardet", "asciinema", "pystache"),
    *("bitarray", "cwcwidth", "argon2-cffi-bindings", "tabulate", "fixtures", "typing-extensions"),
    *("platformdirs", "iso8601", "marko"),
)


@pytest.mark.parametrize("name", nightly_but(("power", "py3dns", "testpath"), source_pins()))
def test_debian_source(name: str, bookworm: DebRoot, tmp_path: Path) -> None:
    around = Surroundings(environ={"DEB_BUILD_OPTIONS": source_pins()[name].options})
    same_as_pybuild(bookworm, debian_source(bookworm, name, tmp_path), around)


@pytest.mark.parametrize("name", nightly_but(_DAILY, packages("bookworm")))
def test_sdist(name: str, bookworm: DebRoot, tmp_path: Path) -> None:
    same_as_pybuild(bookworm, write_source(packages("bookworm")[name], tmp_path))

"""Real packages with shipped bytecode: sound installed, used, reinstalled, upgraded; gone when purged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deb.building import Job, Surroundings, build_all, built, ship
from tests.deb.debroot import DebRoot, clean_root
from tests.deb.lifecycle import System, Trial, write_trial
from tests.deb.packages import packages, write_source
from tests.deb.sources import debian_source, source_pins
from tests.deb.whole_life import whole_life
from tests.verified import findings

COMPAT = {"bookworm": 13, "trixie": 13, "sid": 14}
pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_FEW = ("docopt", "chardet", "cwcwidth", "six", "platformdirs", "iso8601", "argon2-cffi-bindings")
_SLOW = "pylint"  # whose manual takes as long as all else


@dataclass(frozen=True)
class Corpus:
    """A root, and the sdists whose packages are built in it; ``sources`` are Debian's own sources."""

    root: DebRoot
    sdists: list[str]
    sources: list[str]


@pytest.fixture(
    scope="module",
    params=[
        *(pytest.param((release, True), id=f"{release}-few") for release in COMPAT),
        *(pytest.param((release, False), id=release, marks=pytest.mark.nightly) for release in COMPAT),
    ],
)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    release, few = request.param
    root = request.getfixturevalue(release)
    every = packages(release)
    if few:
        return Corpus(root, [name for name in _FEW if name in every], ["testpath"] * (release == "bookworm"))
    sources = [name for name in source_pins() if name != _SLOW and release == "bookworm"]
    return Corpus(root, list(every), sources)


@pytest.fixture(scope="module")
def shipped(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The packages of the corpus."""
    root, compat = corpus.root, COMPAT[corpus.root.release]
    directory, every = tmp_path_factory.mktemp("corpus"), packages(root.release)
    sources = [write_trial(Trial(compat=compat), directory)]
    sources += [write_source(every[name], directory, compat) for name in corpus.sdists]
    sources += [debian_source(root, name, directory) for name in corpus.sources]
    around = Surroundings(environ={"DEB_BUILD_OPTIONS": "nocheck noautodbgsym"})
    builds = build_all(root, *(Job(source, around, ship) for source in sources))
    return [package for build in builds for package in built(build).packages]


def test_verify_finds_nothing(shipped: list[Path]) -> None:
    # RECORD is pybuild's: dh_strip changes libraries after their rows are written, scripts move
    as_with_pybuild = ("wrong-record-hash", "wrong-record-size", "ghost-record-row")
    assert findings(shipped, as_with_pybuild) == []


def test_sound_at_each_step(corpus: Corpus, shipped: list[Path], tmp_path: Path) -> None:
    system = System(clean_root(tmp_path / "clean", corpus.root.release))
    assert len(whole_life(system, shipped, corpus.root.pythons, fewest=15)) > 15

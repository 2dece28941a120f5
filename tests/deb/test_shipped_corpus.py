"""Real packages with shipped bytecode: sound installed, used, reinstalled, upgraded; gone when purged."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deb.building import Job, Surroundings, build_all, built, ship
from tests.deb.debroot import DebRoot, clean_root
from tests.deb.lifecycle import SITE, System, Trial, write_trial
from tests.deb.packages import packages, write_source
from tests.deb.sources import debian_source, source_pins
from tests.verified import findings

COMPAT = {"bookworm": 13, "trixie": 13, "sid": 14}
pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_FEW = ("docopt", "chardet", "cwcwidth", "six", "platformdirs", "iso8601", "argon2-cffi-bindings")
_SLOW = "pylint"  # whose manual takes as long as all else
# a module may fail for want of what is not in the root: its bytecode has been looked at by then
_IMPORT = """\
import importlib, sys
fine = 0
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        fine += 1
    except BaseException:
        pass
sys.exit(fine < 15)
"""
_NEXT = """\
dpkg-deb --raw-extract "$1" "$1.d"
sed -i 's/^Version: .*/&.1/' "$1.d/DEBIAN/control"
dpkg-deb -Znone --build "$1.d" "$1"
"""


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
    names = [package.name.partition("_")[0] for package in shipped]
    files = system.take(shipped)
    install(system, files)
    modules = modules_of(system, names, corpus.root.pythons)
    assert len(modules) > 40
    sound(system, names)
    use(system, names, modules)
    for target in ([SITE], *(["-p", name] for name in names)):
        system.root.run("py3compile", *target)
    sound(system, names)
    install(system, files)
    sound(system, names)
    for file in files:
        system.root.run("sh", "-ec", _NEXT, "sh", file)
    install(system, files)
    sound(system, names)
    use(system, names, modules)
    system.dpkg("--purge", "--force-depends", *names)
    assert system.left() == set()


def install(system: System, files: Sequence[str]) -> None:
    """Install without what the packages need, which is not in the root."""
    system.dpkg("--force-depends", "--install", *files)


def modules_of(system: System, names: Sequence[str], pythons: Sequence[str]) -> list[str]:
    """The public modules of the packages but those of tests; each one has bytecode for each Python."""
    owned = system.owned(names)
    modules = [path for path in sorted(owned) if path.startswith(f"{SITE}/") and path.endswith(".py")]
    for python in pythons:
        cached = rf"__pycache__/\1.cpython-{python.replace('.', '')}.pyc"
        assert {re.sub(r"([^/]+)\.py$", cached, path) for path in modules} <= owned
    dotted = (path.removeprefix(f"{SITE}/").removesuffix(".py").replace("/", ".") for path in modules)
    return [name.removesuffix(".__init__") for name in dotted if "test" not in name]


def use(system: System, names: Sequence[str], modules: Sequence[str]) -> None:
    """Import all as root, whose Python may write bytecode, before and after the sources get another date."""
    system.root.run("python3", "-c", _IMPORT, *modules)
    sound(system, names)
    system.touch(names)
    system.root.run("python3", "-c", _IMPORT, *modules)
    sound(system, names)


def sound(system: System, names: Sequence[str]) -> None:
    """Nothing is missing or changed, and there is no bytecode but that of the packages."""
    owned = system.owned(names)
    assert system.dpkg("--verify", *names) == ""
    assert [path for path in owned if not os.path.lexists(system.root.outside(path))] == []
    assert [path for path in system.left() - owned if path.endswith(".pyc")] == []

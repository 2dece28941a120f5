"""``truewheel wheel`` of real sdists, twice, with nothing alike but the sources: equal wheels."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.registry import sdist, wheel

pytestmark = pytest.mark.slow

# the first of a backend in every run, the rest by night
SDISTS = {
    "flit_core": ["idna", "flit-core"],
    "hatchling": ["urllib3", "hatchling", "platformdirs", "rich"],
    "poetry": ["poetry-core", "tomlkit"],
    "pdm": ["findpython", "unearth"],
    "meson": ["meson-python"],
    "setuptools": ["six", "iniconfig", "requests", "zope-event"],
    "setuptools, with C": ["markupsafe", "bitarray", "lru-dict", "multidict", "ujson"],
}
BACKENDS = [
    "cython",
    "flit-core",
    "hatch-vcs",
    "hatchling",
    "meson",
    "meson-python",
    "ninja",
    "packaging",
    "pathspec",
    "pdm-backend",
    "pluggy",
    "poetry-core",
    "pyproject-metadata",
    "setuptools",
    "setuptools-scm",
    "trove-classifiers",
    "vcs-versioning",
]
_MESON = "#!{}\nfrom mesonbuild.mesonmain import main\nraise SystemExit(main())\n"


@dataclass(frozen=True)
class Around:
    """What differs between two builds: the directory, the modes, and the environment of the process."""

    directory: str
    umask: int
    zone: str
    seed: str
    locale: str


AROUND = [
    Around("a", 0o022, "Asia/Kolkata", "1", "C"),
    Around("b b/another, longer path", 0o002, "America/St_Johns", "77", "C.UTF-8"),
]


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the modules of every backend, and in ``bin`` the programs that they call."""
    directory = tmp_path_factory.mktemp("backends")
    for name in BACKENDS:
        with zipfile.ZipFile(wheel(name, "3.11")) as archive:
            archive.extractall(directory)
    programs = directory / "bin"
    programs.mkdir()
    (ninja,) = directory.glob("ninja-*.data/scripts/ninja")
    shutil.copy(ninja, programs)
    (programs / "meson").write_text(_MESON.format(sys.executable), encoding="utf-8")
    for program in programs.iterdir():
        program.chmod(0o755)
    return directory


def _cases() -> Iterator[object]:
    for first, *others in SDISTS.values():
        yield first
        yield from (pytest.param(name, marks=pytest.mark.nightly) for name in others)


@pytest.mark.parametrize("name", list(_cases()))
def test_a_wheel_built_twice_is_one_wheel(name: str, backends: Path, tmp_path: Path) -> None:
    first, second = (_built(name, backends, tmp_path, around) for around in AROUND)
    assert first.name == second.name
    assert _entries(first) == _entries(second)
    assert first.read_bytes() == second.read_bytes()


def _built(name: str, backends: Path, tmp_path: Path, around: Around) -> Path:
    base = tmp_path / around.directory
    base.mkdir(parents=True)
    subprocess.run(["tar", "-xf", sdist(name), "-C", base, "--no-same-owner"], check=True)
    (source,) = base.iterdir()
    if around.umask == 0o002:
        subprocess.run(["chmod", "-R", "g+w", str(source)], check=True)
    environ = {
        "PATH": f"{backends / 'bin'}:{os.environ['PATH']}",
        "HOME": str(base),
        "TMPDIR": str(base),
        "PYTHONPATH": str(backends),
        "PYTHONHASHSEED": around.seed,
        "LC_ALL": around.locale,
        "TZ": around.zone,
    }
    command = [sys.executable, "-m", "truewheel", "wheel", str(source), "--outdir", str(base / "made")]
    done = subprocess.run(
        command, env=environ, umask=around.umask, cwd=base, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (made,) = (base / "made").glob("*.whl")
    shutil.rmtree(source)
    return made


def _entries(made: Path) -> list[tuple[str, int, tuple[int, ...], str]]:
    """What a reader sees of an archive, for a difference that says where it is."""
    with zipfile.ZipFile(made) as archive:
        return [
            (
                info.filename,
                info.external_attr,
                info.date_time,
                hashlib.sha256(archive.read(info)).hexdigest(),
            )
            for info in archive.infolist()
        ]

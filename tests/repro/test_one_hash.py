"""The same wheels make the same tree, whatever surrounds the run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import need, nightly_but, require, require_root
from tests.pythons import available_pythons
from tests.registry import wheel
from tests.repro.runs import Surroundings, rare_wheel, shuffled, targets, truewheel
from tests.treehash import difference, tree_hash, tree_listing

pytestmark = pytest.mark.slow

PROJECTS = ("requests", "rich")
THOROUGH = [target for target in targets() if target in ("3.8", "3.13")] or targets()[-1:]
CALLER = {
    "PYTHONNODEBUGRANGES": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPYCACHEPREFIX": "/tmp/elsewhere",
    "PYTHONWARNINGS": "error",
    "PYTHONSAFEPATH": "1",
    "PYTHONUTF8": "0",
    "PYTHONDEVMODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONTRACEMALLOC": "1",
}
ASCII = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
VARIATIONS = {
    "longer root": Surroundings(root="a/much/longer way/to/the-root/" + "x" * 100),
    "umask 077": Surroundings(umask=0o077),
    "umask 000": Surroundings(umask=0),
    "umask 777": Surroundings(umask=0o777),
    "time zone east": Surroundings({"TZ": "EAST-13:45"}),
    "time zone west": Surroundings({"TZ": "WEST+11:30SUMMER"}),
    "locale C": Surroundings({"LC_ALL": "C", "LANG": "C"}),
    "locale C, ASCII": Surroundings(ASCII),
    "locale that is not there": Surroundings({"LC_ALL": "xx_XX.UTF-8", "LANGUAGE": "xx"}),
    "hash seed 0": Surroundings({"PYTHONHASHSEED": "0"}),
    "hash seed 1": Surroundings({"PYTHONHASHSEED": "1"}),
    "hash seed random": Surroundings({"PYTHONHASHSEED": "random"}),
    "one job": Surroundings(options=("--jobs", "1")),
    "seven jobs": Surroundings(options=("--jobs", "7")),
    "jobs of the machine": Surroundings(options=()),
    "jobs of an rpm build": Surroundings({"RPM_BUILD_NCPUS": "3"}, options=()),
    "HOME elsewhere": Surroundings({"HOME": "/nonexistent", "USER": "somebody", "LOGNAME": "somebody"}),
    "no HOME": Surroundings(wrapper=("env", "-u", "HOME")),
    "no environment": Surroundings(wrapper=("env", "-i")),
    "another directory": Surroundings(cwd="/usr/lib"),
    "the caller's Python settings": Surroundings(CALLER),
    "no debug ranges": Surroundings(flags=("-X", "no_debug_ranges")),
    "python -OO": Surroundings(flags=("-OO",)),
    "python -bb -W error": Surroundings(flags=("-bb", "-W", "error")),
    "python -I": Surroundings(flags=("-I",)),
    "synced": Surroundings(options=("--sync",)),
    "a far epoch": Surroundings({"SOURCE_DATE_EPOCH": "4000000000"}),
}
ALL_AT_ONCE = Surroundings(
    environ={**CALLER, **ASCII, "PYTHONHASHSEED": "1", "TZ": "EAST-13:45", "HOME": "/nonexistent"},
    flags=("-X", "no_debug_ranges"),
    options=("--jobs", "3"),
    umask=0o077,
    cwd="/usr/lib",
    root="a/longer/way/to/the root",
)

PAIRS = [(target, variation) for target in THOROUGH for variation in VARIATIONS]
DAILY = [(target, variation) for target, variation in PAIRS if target == THOROUGH[-1]]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Real wheels, and one with all that is rare in real ones."""
    return [*map(wheel, PROJECTS), rare_wheel(tmp_path_factory.mktemp("wheels"))]


class Installs:
    """Installs of the wheels below a directory; the first tree of each target is kept to compare with."""

    def __init__(self, directory: Path, wheels: list[Path]) -> None:
        self.directory = directory
        self.wheels = wheels
        self._plain: dict[str, Path] = {}

    def install(
        self, target: str, around: Surroundings, directory: Path, wheels: list[Path] | None = None
    ) -> Path:
        root = directory / around.root
        root.parent.mkdir(parents=True, exist_ok=True)
        python = available_pythons()[target]
        arguments = ["--scheme", "fedora", "--python", python, "--root", root]
        truewheel(around, "install", "--ignore-requires-python", *arguments, *(wheels or self.wheels))
        return root

    def plain(self, target: str) -> Path:
        if target not in self._plain:
            self._plain[target] = self.install(target, Surroundings(), self.directory / target)
        return self._plain[target]

    def check(self, target: str, root: Path) -> None:
        plain = self.plain(target)
        assert tree_hash(root) == tree_hash(plain), difference(tree_listing(plain), tree_listing(root))


@pytest.fixture(scope="module")
def installs(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path]) -> Iterator[Installs]:
    directory = tmp_path_factory.mktemp("plain")
    yield Installs(directory, wheels)
    shutil.rmtree(directory)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An empty directory, emptied again."""
    directory = tmp_path / "place"
    directory.mkdir()
    yield directory
    shutil.rmtree(directory)


def test_the_hash_sees_everything(tmp_path: Path) -> None:
    def tree(name: str) -> Path:
        root = tmp_path / name
        (root / "d").mkdir(parents=True)
        (root / "d/f").write_text("x")
        (root / "d/g").write_text("x")
        (root / "l").symlink_to("d")
        for path in (root / "d/f", root / "d/g", root / "d", root):
            os.utime(path, ns=(1, 1))
        os.utime(root / "l", ns=(1, 1), follow_symlinks=False)
        os.utime(root, ns=(1, 1))
        return root

    def relink(root: Path) -> None:
        (root / "d/g").unlink()
        (root / "d/g").hardlink_to(root / "d/f")
        os.utime(root / "d", ns=(1, 1))

    def redirect(root: Path) -> None:
        (root / "l").unlink()
        (root / "l").symlink_to("e")
        os.utime(root / "l", ns=(1, 1), follow_symlinks=False)
        os.utime(root, ns=(1, 1))

    def rewrite(root: Path) -> None:
        (root / "d/f").write_text("y")
        os.utime(root / "d/f", ns=(1, 1))

    def close_file(root: Path) -> None:
        (root / "d/f").chmod(0o600)

    def close_directory(root: Path) -> None:
        (root / "d").chmod(0o700)

    def redate(root: Path) -> None:
        os.utime(root / "d", ns=(1, 2))

    assert tree_hash(tree("one")) == tree_hash(tree("other"))
    for number, change in enumerate([relink, redirect, rewrite, close_file, close_directory, redate]):
        root = tree(f"changed {number}")
        change(root)
        assert tree_hash(root) != tree_hash(tmp_path / "one"), number


@pytest.mark.parametrize("target", targets())
def test_every_target(installs: Installs, place: Path, target: str) -> None:
    backwards = installs.wheels[::-1]
    installs.check(target, installs.install(target, ALL_AT_ONCE, place, backwards))
    installs.check(target, installs.install(target, Surroundings(options=("-j1",)), place))


@pytest.mark.parametrize(("target", "variation"), nightly_but(DAILY, PAIRS))
def test_surroundings(installs: Installs, place: Path, target: str, variation: str) -> None:
    around = VARIATIONS[variation]
    if around.umask == 0o777:  # others may not enter the directories that they make
        require_root()
    installs.check(target, installs.install(target, around, place))


@pytest.mark.parametrize("locale", ["tr_TR.UTF-8", "de_DE.ISO-8859-1", "ja_JP.EUC-JP"])
def test_locale(installs: Installs, place: Path, locale: str) -> None:
    """Turkish has another lower case of I; the others have another encoding of file names."""
    require("localedef")
    need(Path("/usr/share/i18n/charmaps").is_dir(), "no sources of locales (package locales)")
    language, _, encoding = locale.partition(".")
    subprocess.run(["localedef", "-i", language, "-f", encoding, place / locale], check=True)
    environ = {"LOCPATH": str(place), "LC_ALL": locale}
    ask = [sys.executable, "-c", "import locale, sys; print(locale.setlocale(0, ''))"]
    assert subprocess.check_output(ask, env=environ, text=True).strip() == locale
    target = THOROUGH[-1]
    installs.check(target, installs.install(target, Surroundings(environ), place))


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_order_of_the_wheels(installs: Installs, place: Path, target: str) -> None:
    wheels = installs.wheels
    for number, order in enumerate([wheels[::-1], wheels[1:] + wheels[:1]]):
        installs.check(target, installs.install(target, Surroundings(root=str(number)), place, order))


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_alone_and_together(installs: Installs, place: Path, target: str) -> None:
    together = set(_no_directories(tree_listing(installs.plain(target))))
    for path in installs.wheels:
        root = installs.install(target, Surroundings(root=path.name), place, [path])
        alone = _no_directories(tree_listing(root))
        assert [line for line in alone if line not in together] == []
        assert any("__pycache__" in line for line in alone)


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_one_after_the_other(installs: Installs, place: Path, target: str) -> None:
    for path in installs.wheels:
        installs.install(target, Surroundings(), place, [path])
    installs.check(target, place / "root")


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_again(installs: Installs, place: Path, target: str) -> None:
    for _ in range(2):
        installs.check(target, installs.install(target, Surroundings(), place))


@pytest.mark.parametrize("clock", ["2001-01-01 12:34:56", "2037-12-31 23:59:59"])
@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_clock(installs: Installs, place: Path, target: str, clock: str) -> None:
    require("faketime")
    around = Surroundings(wrapper=("faketime", clock))
    shown = subprocess.run(["faketime", clock, "date", "+%Y"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == clock[:4]
    installs.check(target, installs.install(target, around, place))


def test_another_user(installs: Installs, place: Path) -> None:
    """As nobody, who may read what the tests made and write below one directory alone."""
    require_root()
    require("setpriv")
    need("debian" in targets(), "no Python that every user may run")
    read = "-all,+dac_read_search"
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    around = Surroundings(wrapper=(*user, f"--inh-caps={read}", f"--ambient-caps={read}"))
    os.chown(place, 65534, 65534)
    root = installs.install("debian", around, place)
    assert root.stat().st_uid == 65534
    installs.check("debian", root)


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_another_machine(installs: Installs, place: Path, target: str) -> None:
    """Another host name and another word for the architecture."""
    require_root()
    require("unshare", "setarch")
    rename = 'hostname elsewhere && exec setarch linux32 --uname-2.6 "$@"'
    around = Surroundings(wrapper=("unshare", "--uts", "sh", "-c", rename, "sh"))
    installs.check(target, installs.install(target, around, place))


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_another_file_system(
    installs: Installs, tmp_path_factory: pytest.TempPathFactory, target: str
) -> None:
    memory = Path("/dev/shm")
    need(os.access(memory, os.W_OK), "no /dev/shm")
    directory = memory / tmp_path_factory.mktemp("other").name
    try:
        installs.check(target, installs.install(target, Surroundings(root=f"{os.getpid()}/root"), directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_shuffled_directories(installs: Installs, place: Path, target: str) -> None:
    below = {name: place / name for name in ("wheels", "trees")}
    for directory in below.values():
        directory.mkdir()
    for path in installs.wheels:
        shutil.copy(path, below["wheels"])
    with (
        shuffled(below["wheels"], place / "shuffled wheels") as wheels,
        shuffled(below["trees"], place / "shuffled trees") as trees,
    ):
        listed = list(wheels.iterdir())
        installs.install(target, Surroundings(), trees, listed)
        installs.install(target, Surroundings(), trees, listed[:2])
    installs.check(target, below["trees"] / "root")


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_compile_of_a_shuffled_tree(installs: Installs, place: Path, target: str) -> None:
    """``compile`` makes the pycs that ``install`` made, in whatever order it finds the sources."""
    plain = installs.plain(target)
    tree = place / "tree"
    shutil.copytree(plain, tree, ignore=shutil.ignore_patterns("__pycache__"))
    with shuffled(tree, place / "shuffled") as mounted:
        arguments = ["--scheme", "fedora", "--python", available_pythons()[target], "--root", mounted]
        truewheel(Surroundings(), "compile", *arguments, "/usr")
    wanted, got = (_no_directories(tree_listing(root)) for root in (plain, tree))
    assert got == wanted, difference(wanted, got)


@pytest.mark.parametrize("target", nightly_but(THOROUGH[-1:], THOROUGH))
def test_epoch_clamps(installs: Installs, place: Path, target: str) -> None:
    epoch = 1_000_000_000
    trees = []
    for number, zone in enumerate(["UTC0", "EAST-13:45"]):
        around = Surroundings({"SOURCE_DATE_EPOCH": str(epoch), "TZ": zone}, root=f"{number}/root")
        trees.append(installs.install(target, around, place))
    one, other = trees
    assert tree_hash(one) == tree_hash(other), difference(tree_listing(one), tree_listing(other))
    dates = {path.stat().st_mtime_ns for path in [one, *one.rglob("*")]}
    assert max(dates) == epoch * 10**9
    assert _contents(one) == _contents(installs.plain(target))


def _no_directories(lines: list[str]) -> list[str]:
    return [line for line in lines if " drwx" not in line]


def _contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

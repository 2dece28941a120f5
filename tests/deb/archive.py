"""Sources that Debian's archive has, taken at random: built by pybuild and by truewheel, and compared.

For who has the time, as root: ``python -m tests.deb.archive RELEASE --count 20 --seed 1`` prints a line for
each source and the difference where there is one. With ``--ship`` a second line tells of packages with
bytecode: built twice in clean roots, by ``-b`` and by ``-A`` or ``-B``, and taken through their life. Sources
of the table and the pins of the tests are not taken.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.deb.building import (
    Build,
    Job,
    Surroundings,
    build,
    build_all,
    difference,
    ship,
    sums,
    use_truewheel,
)
from tests.deb.debroot import DebRoot, clean_root, deb_root, let_fetch, put_debhelper, pythons_of
from tests.deb.lifecycle import System
from tests.deb.packages import packages
from tests.deb.sources import source_pins
from tests.deb.whole_life import whole_life
from tests.support import give_network

_WANTED = frozenset({"dh-python", "dh-sequence-python3", "pybuild-plugin-pyproject"})
_DEAR = re.compile(r"texlive|jdk|rust|cargo|xvfb|xauth|qt[56]|gtk|webkit|postgres|mysql|mariadb|libreoffice")
_PYBUILD = re.compile(r"(--buildsystem[= ]|-S ?)pybuild\b")
_MOST_BYTES = 3_000_000
_MOST_DEPENDS = 25
_SECONDS = 60  # for a build with its tests, which are left out where they take longer
_TIMED_OUT = 124
_APT = ("timeout", "400", "eatmydata", "apt-get", "-qq", "-y", "--no-install-recommends")
_OPTIONS = ("APT::Sandbox::User=root", "Dpkg::Options::=--force-unsafe-io", "Acquire::Retries=5")


@dataclass(frozen=True)
class Listed:
    """A source package of the archive's index; ``size`` is that of its files in bytes."""

    name: str
    architecture: str
    depends: frozenset[str]
    size: int


@dataclass(frozen=True)
class Outcome:
    """What became of a source: a word, and what explains it."""

    word: str
    detail: str = ""


class Unavailable(Exception):
    """A source that is not there to compare: not served, not pybuild's, or without what it needs."""


@dataclass(frozen=True)
class Archive:
    """A release's root, which stays as it is, and the environment in which apt fetches there."""

    root: DebRoot
    environ: Mapping[str, str]

    @contextmanager
    def layer(self) -> Iterator[DebRoot]:
        """A root that begins as the release's with the checkout's truewheel, and is forgotten."""
        base = self.root.directory
        with tempfile.TemporaryDirectory(dir=base.parent) as work:
            for name in ("upper", "work", "root"):
                Path(work, name).mkdir()
            options = f"lowerdir={base},upperdir={work}/upper,workdir={work}/work"
            subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, f"{work}/root"], check=True)
            try:
                yield replace(self.root, directory=Path(work, "root"))
            finally:
                subprocess.run(["umount", f"{work}/root"], check=True)

    def apt(self, root: DebRoot, *arguments: str, cwd: str = "/") -> None:
        """Run apt-get in a layer; raises Unavailable where it fails."""
        environ = {**self.environ, "DEBIAN_FRONTEND": "noninteractive"}
        options = [word for option in _OPTIONS for word in ("-o", option)]
        try:
            root.run(*_APT, *options, *arguments, environ=environ, cwd=cwd)
        except AssertionError as error:
            raise Unavailable(str(error)[-300:]) from error


def open_archive(directory: Path, release: str, make: Callable[[Path, str], DebRoot]) -> Archive:
    """Return the root of a release at a directory, which is made where it is missing."""
    if not directory.exists():
        root = make(directory, release)
        return Archive(root, let_fetch(root))
    return Archive(DebRoot(directory, release, pythons_of(directory)), give_network(directory))


def chosen(archive: Archive, seed: int) -> list[str]:
    """The names of the small Python sources that the release has, in an order that the seed gives."""
    root = archive.root
    files = root.run("apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Sources").split()
    text = root.run("/usr/lib/apt/apt-helper", "cat-file", *files)
    found = map(_listed, text.split("\n\n"))
    names = sorted({one.name for one in found if one and _is_wanted(one) and not _is_named(one.name)})
    random.Random(seed).shuffle(names)
    return names


def _listed(paragraph: str) -> Listed | None:
    fields = dict(re.findall(r"^([\w-]+):[ \t]*((?:.|\n[ \t])*)", paragraph, re.MULTILINE))
    if "Package" not in fields or fields.get("Extra-Source-Only") == "yes":
        return None
    depends = ",".join(fields.get(f"Build-Depends{kind}", "") for kind in ("", "-Indep", "-Arch"))
    sizes = re.findall(r"^ [0-9a-f]{64} ([0-9]+) ", fields.get("Checksums-Sha256", ""), re.MULTILINE)
    names = frozenset(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)", depends))
    return Listed(fields["Package"], fields["Architecture"], names, sum(map(int, sizes)))


def _is_wanted(one: Listed) -> bool:
    return (
        not one.depends.isdisjoint(_WANTED)
        and one.architecture in ("all", "any", "any all")
        and len(one.depends) <= _MOST_DEPENDS
        and one.size <= _MOST_BYTES
        and not any(map(_DEAR.search, one.depends))
    )


def _is_named(name: str) -> bool:
    named = {*source_pins(), *packages("bookworm"), *packages("trixie"), *packages("sid")}
    return not named.isdisjoint({name, name.removeprefix("python-")})


def prepared(archive: Archive, root: DebRoot, name: str) -> Path:
    """Unpack a source in a layer and install what it needs to be built; returns its directory.

    ``name`` is a source package's, or the directory of one. Raises Unavailable.
    """
    place = root.outside("/source")
    place.mkdir()
    if Path(name).is_dir():
        shutil.copytree(name, place / Path(name).name, symlinks=True)
    else:
        archive.apt(root, "source", "--only-source", f"{name}/{root.release}", cwd="/source")
    (source,) = (path for path in place.iterdir() if path.is_dir())
    if not _PYBUILD.search((source / "debian/rules").read_text(encoding="utf-8")):
        raise Unavailable("debian/rules does not name pybuild")
    archive.apt(root, "build-dep", f"/source/{source.name}")
    put_debhelper(root.directory)
    return source


def compared(root: DebRoot, source: Path) -> Outcome:
    """Build a source with pybuild and, with one word changed, with truewheel, and compare the packages."""
    around, pybuild, truewheel = _both(root, source)
    if pybuild.status:
        return Outcome("pybuild-fails", pybuild.log[-1500:])
    if truewheel.status:
        return Outcome("refused", "\n".join([*truewheel.errors(), truewheel.log[-4000:]]))
    if sums(pybuild) == sums(truewheel):
        return Outcome("identical", around.environ["DEB_BUILD_OPTIONS"])
    twice = build(root, Job(source, around))
    word = "differs" if sums(twice) == sums(pybuild) else "differs-by-itself"
    ours, own = difference(pybuild, truewheel), difference(pybuild, twice)
    return Outcome(word, f"\n{ours[:6000]}\npybuild's from pybuild's:\n{own[:3000]}")


def _both(root: DebRoot, source: Path) -> tuple[Surroundings, Build, Build]:
    """Build with both, with the source's tests if pybuild's pass and neither takes too long."""
    for options, limit in (
        ("noautodbgsym", ("timeout", "-k", "9", str(_SECONDS))),
        ("noautodbgsym nocheck", ()),
    ):
        around = Surroundings(environ={"DEB_BUILD_OPTIONS": options})
        timed = replace(around, wrapper=limit)
        pybuild, truewheel = build_all(root, Job(source, timed), Job(source, timed, use_truewheel))
        if pybuild.status == 0 and truewheel.status != _TIMED_OUT:
            break
    return around, pybuild, truewheel


def shipped(archive: Archive, clean: Archive, root: DebRoot, source: Path) -> Outcome:
    """Build a source with bytecode in its packages, twice, and take them through their life."""
    job = Job(source, Surroundings(environ={"DEB_BUILD_OPTIONS": "noautodbgsym nocheck"}), ship)
    first = build(root, job)
    if first.status or not first.packages:
        return Outcome("fails", "\n".join([*first.errors(), first.log[-4000:]]))
    kinds = sorted({"-A" if one.name.endswith("_all.deb") else "-B" for one in first.packages})
    parts = [build(root, replace(job, which=kind)) for kind in kinds if len(kinds) > 1]
    if parts and {name: sum for part in parts for name, sum in sums(part).items()} != sums(first):
        return Outcome("parts-differ", "".join(part.log[-2000:] for part in parts))
    with archive.layer() as other:
        which = kinds[0] if len(kinds) == 1 else "-b"
        again = build(other, replace(job, source=prepared(archive, other, str(source)), which=which))
        if sums(again) != sums(first):
            return Outcome("differs", f"\n{difference(first, again)[:6000]}")
    with clean.layer() as system:
        modules = lived(clean, system, first, root.pythons)
    return Outcome("sound", f"{len(first.packages)} packages ({' '.join(kinds)}), {modules} modules")


def lived(clean: Archive, root: DebRoot, build: Build, pythons: tuple[str, ...]) -> int:
    """Take packages through their life beside what they depend on; returns the number of modules."""
    files = System(root).take(build.packages)
    names = [package.name.partition("_")[0] for package in build.packages]
    clean.apt(root, "install", *files)
    root.run("dpkg", "--force-depends", "--purge", *names)
    return len(whole_life(System(root), build.packages, pythons))


def main() -> None:
    """Print a line for each source, until there are as many results as asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.deb.archive", description=__doc__)
    parser.add_argument("release", choices=["bookworm", "trixie", "sid"])
    parser.add_argument("name", nargs="*", help="a source package or its directory, instead of random ones")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ship", action="store_true")
    parser.add_argument("--roots", type=Path, default="/var/tmp", help="where the roots are kept")
    options = parser.parse_intermixed_args()
    place = options.roots / f"deb-{options.release}"
    place.mkdir(parents=True, exist_ok=True)
    archive = open_archive(place / "root", options.release, deb_root)
    clean = open_archive(place / "clean", options.release, clean_root) if options.ship else None
    found = 0
    for name in options.name or chosen(archive, options.seed):
        for outcome, seconds in _outcomes(archive, clean, name):
            line = f"{options.release} {Path(name).name}: {outcome.word} ({seconds:.0f} s) {outcome.detail}"
            print(line, flush=True)
        found += outcome.word not in ("unavailable", "pybuild-fails")
        if found == options.count:
            break


def _outcomes(archive: Archive, clean: Archive | None, name: str) -> Iterator[tuple[Outcome, float]]:
    start = time.monotonic()
    try:
        with archive.layer() as root:
            source = prepared(archive, root, name)
            outcome = compared(root, source)
            yield outcome, time.monotonic() - start
            if clean and outcome.word != "pybuild-fails":
                yield shipped(archive, clean, root, source), time.monotonic() - start
    except (Unavailable, AssertionError) as error:
        word = "unavailable" if isinstance(error, Unavailable) else "unsound"
        yield Outcome(word, str(error)), time.monotonic() - start


if __name__ == "__main__":
    main()

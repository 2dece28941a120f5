"""Sources that Debian's archive has, taken at random: built by pybuild and by truewheel, and compared.

For who has the time, as root: ``python -m tests.deb.archive RELEASE --count 20 --seed 1`` prints a line for
each source and the difference where there is one; ``--ship`` builds with bytecode, twice, and tries the
packages. Sources that a test names are not taken.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.deb.building import Build, Job, Surroundings, build, difference, sums, use_truewheel
from tests.deb.debroot import DebRoot, deb_root, let_fetch, put_debhelper
from tests.deb.packages import packages
from tests.deb.sources import source_pins
from tests.support import give_network

_WANTED = frozenset({"dh-python", "dh-sequence-python3", "pybuild-plugin-pyproject"})
_DEAR = re.compile(r"texlive|jdk|rust|cargo|xvfb|xauth|qt[56]|gtk|webkit|postgres|mysql|mariadb|libreoffice")
_MOST_BYTES = 3_000_000
_MOST_DEPENDS = 25
_SECONDS = 90  # for the tests of a source; they are left out where they take longer
_APT = ("eatmydata", "apt-get", "-qq", "-y", "--no-install-recommends", "-o", "APT::Sandbox::User=root")
_APT_OPTIONS = ("-o", "Dpkg::Options::=--force-unsafe-io", "-o", "Acquire::Retries=5")


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


@dataclass(frozen=True)
class Archive:
    """A release's root, which stays as it is, and the environment in which apt fetches there."""

    root: DebRoot
    environ: Mapping[str, str] = field(default_factory=dict)

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
                put_debhelper(Path(work, "root"))
                yield replace(self.root, directory=Path(work, "root"))
            finally:
                subprocess.run(["umount", f"{work}/root"], check=True)


def open_archive(directory: Path, release: str) -> Archive:
    """Return the root of a release at a directory, which is made where it is missing."""
    if directory.exists():
        python = Path(os.readlink(directory / "usr/bin/python3")).name.removeprefix("python")
        return Archive(DebRoot(directory, release, (python,)), give_network(directory))
    root = deb_root(directory, release)
    return Archive(root, let_fetch(root))


def listed(archive: Archive) -> list[Listed]:
    """The small sources in Python's Debian style that the release has and no test names, by name."""
    root = archive.root
    files = root.run("apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Sources").split()
    text = root.run("/usr/lib/apt/apt-helper", "cat-file", *files)
    every = {one.name: one for one in map(_listed, text.split("\n\n")) if one and _is_candidate(one)}
    return [every[name] for name in sorted(every) if not _is_named(name)]


def _listed(paragraph: str) -> Listed | None:
    fields = dict(re.findall(r"^([\w-]+):[ \t]*((?:.|\n[ \t])*)", paragraph, re.MULTILINE))
    if "Package" not in fields or fields.get("Extra-Source-Only") == "yes":
        return None
    depends = ",".join(fields.get(f"Build-Depends{kind}", "") for kind in ("", "-Indep", "-Arch"))
    sizes = re.findall(r"^ [0-9a-f]{64} ([0-9]+) ", fields.get("Checksums-Sha256", ""), re.MULTILINE)
    names = frozenset(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)", depends))
    return Listed(fields["Package"], fields["Architecture"], names, sum(map(int, sizes)))


def _is_candidate(one: Listed) -> bool:
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


def chosen(archive: Archive, seed: int) -> list[str]:
    """The names of the release's sources in an order that the seed gives."""
    names = [one.name for one in listed(archive)]
    random.Random(seed).shuffle(names)
    return names


def prepared(archive: Archive, root: DebRoot, name: str) -> Path:
    """Unpack a source in a layer with what it needs to be built installed; returns its directory.

    Raises AssertionError where the archive does not serve it.
    """
    root.outside("/source").mkdir()
    environ = {**archive.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ("timeout", "400", *_APT, *_APT_OPTIONS)
    if Path(name).is_dir():
        shutil.copytree(name, root.outside("/source") / Path(name).name, symlinks=True)
    else:
        root.run(*apt, "source", "--only-source", f"{name}/{root.release}", environ=environ, cwd="/source")
    (source,) = (path for path in root.outside("/source").iterdir() if path.is_dir())
    if use_truewheel_refuses(source):
        raise AssertionError("debian/rules does not name pybuild")
    root.run(*apt, "build-dep", f"/source/{source.name}", environ=environ)
    return source


def use_truewheel_refuses(source: Path) -> bool:
    """Whether debian/rules has no word to change."""
    rules = (source / "debian/rules").read_text(encoding="utf-8")
    return not re.search(r"(--buildsystem[= ]|-S ?)pybuild\b", rules)


def compared(archive: Archive, name: str) -> Outcome:
    """Build a source with pybuild and, with one word changed, with truewheel, and compare the packages."""
    with archive.layer() as root:
        try:
            source = prepared(archive, root, name)
        except AssertionError as error:
            return Outcome("skipped", str(error)[-300:])
        for options in ("", "nocheck"):
            around = Surroundings(
                environ={"DEB_BUILD_OPTIONS": f"{options} noautodbgsym".strip()},
                wrapper=("timeout", "-k", "9", str(_SECONDS)),
            )
            pybuild = build(root, Job(source, around))
            if pybuild.status == 0:
                break
        else:
            return Outcome("pybuild-fails", pybuild.log[-1500:])
        truewheel = build(root, Job(source, around, use_truewheel))
        if truewheel.status != 0 and options == "":
            again = build(root, Job(source, around, use_truewheel))
            truewheel = again if again.status == 0 else truewheel
        if truewheel.status != 0:
            return Outcome("refused", "\n".join([*truewheel.errors(), truewheel.log[-4000:]]))
        if sums(pybuild) == sums(truewheel):
            return Outcome("identical", options)
        twice = build(root, Job(source, around))
        word = "differs" if sums(twice) == sums(pybuild) else "differs-by-itself"
        return Outcome(word, f"{_short(pybuild, truewheel)}\nby itself:\n{_short(pybuild, twice)}")


def _short(first: Build, second: Build) -> str:
    return difference(first, second)[:6000]


def main() -> None:
    """Print a line for each source, until there are as many results as asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.deb.archive", description=__doc__)
    parser.add_argument("release", choices=["bookworm", "trixie", "sid"])
    parser.add_argument(
        "name", nargs="*", help="a source package or the directory of one, instead of random ones"
    )
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="print the names in their order, and no more")
    parser.add_argument("--root", type=Path, help="the directory of the root, which is kept")
    options = parser.parse_args()
    directory = options.root or Path(f"/var/tmp/deb-{options.release}/root")
    archive = open_archive(directory, options.release)
    names = options.name or chosen(archive, options.seed)
    if options.list:
        print("\n".join(names))
        return
    done = 0
    for name in names:
        start = time.monotonic()
        outcome = compared(archive, name)
        done += outcome.word not in ("skipped", "pybuild-fails")
        first, _, rest = outcome.detail.partition("\n")
        print(
            f"{options.release} {Path(name).name}: {outcome.word} {first} ({time.monotonic() - start:.0f} s)",
            flush=True,
        )
        print(rest, end="\n" * bool(rest), flush=True)
        if done == options.count:
            break


if __name__ == "__main__":
    sys.exit(main())

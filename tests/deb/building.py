"""Build source packages with dpkg-buildpackage in a root, in any surroundings, and read what came out."""

from __future__ import annotations

import difflib
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.deb.debroot import USER, DebRoot
from tests.repro.runs import shuffled
from tests.support import inside

_PYBUILD = re.compile(r"(--buildsystem[= ]|-S ?)pybuild\b")
_SEQUENCE = re.compile(r"^\tdh +\$[@*]", re.M)
_TARGETS = re.compile(r"^%:", re.M)


@dataclass(frozen=True)
class Surroundings:
    """What a build finds around it, none of which may decide a byte of a package.

    ``path`` is the directory the source's directory lies in, where a ``shuffle`` gives the entries of each
    directory in another order at each look; ``wrapper`` is the command that runs the build.
    """

    path: str = "/build"
    umask: int = 0o022
    user: int = USER
    environ: Mapping[str, str] = field(default_factory=dict)
    wrapper: Sequence[str] = ()
    shuffle: bool = False


@dataclass(frozen=True)
class Build:
    """What dpkg-buildpackage left: its status, its log and the packages."""

    status: int
    log: str
    packages: tuple[Path, ...]

    def errors(self) -> list[str]:
        """The lines of ours that say what is wrong."""
        return [line for line in self.log.splitlines() if re.match(r"(truewheel|dh_truewheel): error:", line)]


@dataclass(frozen=True)
class Job:
    """A source package to build: its directory, which stays as it is, and what to change in the copy.

    ``which`` is dpkg-buildpackage's option: ``-b`` for all packages, ``-A`` or ``-B`` for some.
    """

    source: Path
    around: Surroundings = Surroundings()
    edit: Callable[[Path], None] = lambda source: None
    which: str = "-b"


def build(root: DebRoot, job: Job) -> Build:
    """Build the binary packages of a source as a user without rights.

    The copy that is built is at its path for this build alone: builds at the same path may run at a time.
    """
    place = _copy(root, job)
    around = job.around
    root.outside(around.path).mkdir(parents=True, exist_ok=True)
    user = ["setpriv", f"--reuid={around.user}", f"--regid={around.user}", "--clear-groups"]
    command = [*user, "sh", "-c", f'umask {around.umask:03o}; exec "$@"', "sh", *around.wrapper]
    command += ["dpkg-buildpackage", job.which, "-uc", "-us", "-d"]
    environ = {"HOME": "/home/builder", "USER": "builder", **around.environ}
    cwd = f"{around.path}/{job.source.name}"
    with _seen(place, around.shuffle) as seen:
        done = inside(root.directory, command, environ, cwd, {seen: around.path})
    if done.returncode == 0:
        shutil.rmtree(place / job.source.name)
    packages = (package for package in place.glob("*.deb") if "-dbgsym_" not in package.name)
    return Build(done.returncode, done.stdout, tuple(sorted(packages)))


def build_all(root: DebRoot, *jobs: Job) -> list[Build]:
    """Build, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda job: build(root, job), jobs))


def use_truewheel(source: Path) -> None:
    """Have debian/rules say truewheel where it says that pybuild is the build system."""
    _edit_rules(source, _PYBUILD, r"\1truewheel")


def ship(source: Path) -> None:
    """Use truewheel for the build system, and the add-on, whose default is to ship bytecode."""
    use_truewheel(source)
    _edit_rules(source, _SEQUENCE, r"\g<0> --with truewheel")


def compile_at_install(source: Path) -> None:
    """Use truewheel and the add-on so that bytecode is made where a package is installed, by hash."""
    ship(source)
    _edit_rules(source, _TARGETS, r"export DH_TRUEWHEEL_PYC = postinst-hash\n\g<0>")


def same_as_pybuild(root: DebRoot, source: Path, around: Surroundings = Surroundings()) -> None:
    """Build with pybuild and, with one word of debian/rules changed, with truewheel: the same packages."""
    pybuild, truewheel = map(built, build_all(root, Job(source, around), Job(source, around, use_truewheel)))
    assert sums(truewheel) == sums(pybuild), difference(pybuild, truewheel)


def sums(build: Build) -> dict[str, str]:
    """The SHA-256 of each package."""
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in build.packages}


def difference(first: Build, second: Build) -> str:
    """What differs between the packages of two builds, as a diff of all that is in them."""
    one, other = ([line for deb in build.packages for line in _content(deb)] for build in (first, second))
    return "\n".join(difflib.unified_diff(one, other, "first", "second", lineterm="", n=0))


def built(build: Build) -> Build:
    """The build, which must have made packages."""
    assert build.status == 0, build.log[-8000:]
    assert build.packages, build.log[-8000:]
    return build


def _edit_rules(source: Path, pattern: re.Pattern[str], replacement: str) -> None:
    rules = source / "debian/rules"
    text, changes = pattern.subn(replacement, rules.read_text(encoding="utf-8"))
    assert changes, f"{rules} has no {pattern.pattern}"
    rules.write_text(text, encoding="utf-8")


def _copy(root: DebRoot, job: Job) -> Path:
    """Copy the source into a new directory of the builder's."""
    (root.directory / "builds").mkdir(exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=root.directory / "builds"))
    place.chmod(0o755)
    subprocess.run(["cp", "-a", job.source, place], check=True)
    job.edit(place / job.source.name)
    subprocess.run(["chown", "-R", f"{job.around.user}:{job.around.user}", place], check=True)
    return place


@contextmanager
def _seen(place: Path, shuffle: bool) -> Iterator[Path]:
    """The directory as a build sees it."""
    if not shuffle:
        yield place
        return
    with tempfile.TemporaryDirectory() as directory:
        # the file system acts as the user of the build, who may not look into the directories of tests
        Path(directory).chmod(0o755)
        plain = Path(directory, "plain")
        plain.mkdir()
        subprocess.run(["mount", "--bind", place, plain], check=True)
        try:
            with shuffled(plain, Path(directory, "shuffled"), multi_user=True) as mounted:
                yield mounted
        finally:
            subprocess.run(["umount", plain], check=True)


def _content(package: Path) -> Iterator[str]:
    for part in ("--ctrl-tarfile", "--fsys-tarfile"):
        data = subprocess.run(["dpkg-deb", part, package], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                yield f"{package.name} {part[2:6]} {_member(archive, member)}"


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    facts = f"{member.mode:04o} {member.uname} {member.size} {member.mtime} {member.name} {member.linkname}"
    file = archive.extractfile(member) if member.isreg() else None
    data = file.read() if file else b""
    short = data.decode("utf-8", "replace") if len(data) < 4000 else ""
    return f"{facts} {hashlib.sha256(data).hexdigest()[:16] if file else ''} {short!r}"

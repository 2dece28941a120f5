"""Build specs with rpmbuild in a root, in any surroundings, and read what came out."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import Root, inside

_FIXED = (
    "_buildhost reproducible",
    "use_source_date_epoch_as_buildtime 1",
    "clamp_mtime_to_source_date_epoch 1",
    "source_date_epoch_from_changelog 1",
)
_TAGS = (
    "%{NEVRA} %{SUMMARY} %{BUILDTIME} %{BUILDHOST} %{PAYLOADDIGEST} %{PAYLOADDIGESTALT}\\n"
    "[file %{FILENAMES} %{FILEMODES:perms} %{FILEMTIMES} %{FILESIZES} %{FILEDIGESTS} %{FILEFLAGS:fflags} "
    "%{FILELINKTOS} %{FILELANGS} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEINODES}\\n]"
    "[provides %{PROVIDENEVRS}\\n][requires %{REQUIRENEVRS}\\n][recommends %{RECOMMENDNEVRS}\\n]"
)


@dataclass(frozen=True)
class Surroundings:
    """What a build finds around it, none of which may decide a byte of a package."""

    topdir: str
    umask: int = 0o022
    jobs: int = 1
    environ: Mapping[str, str] = field(default_factory=dict)
    wrapper: Sequence[str] = ()


HERE = Surroundings("/build/here")
THERE = Surroundings(
    "/srv/somewhere/else/rpmbuild",
    umask=0o077,
    jobs=3,
    environ={
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "4711",
        "HOME": "/nonexistent",
        "NO_FAKE_STAT": "1",
    },
    wrapper=("faketime", "-f", "+400d"),
)


@dataclass(frozen=True)
class Build:
    """What rpmbuild left: its status, its log and the packages."""

    status: int
    log: str
    packages: tuple[Path, ...]

    def errors(self) -> list[str]:
        """The lines of ours that say what is wrong."""
        return [line for line in self.log.splitlines() if line.startswith("truewheel: error:")]


def build(
    root: Root, spec: Path, sources: Iterable[Path], around: Surroundings = HERE, *defines: str
) -> Build:
    """Build the packages of a spec."""
    top = root.directory / around.topdir.lstrip("/") / spec.stem
    shutil.rmtree(top, ignore_errors=True)
    (top / "SOURCES").mkdir(parents=True)
    for source in sources:
        shutil.copy(source, top / "SOURCES")
    shutil.copy(spec, top / spec.name)
    inner = f"{around.topdir}/{spec.stem}"
    command = [*around.wrapper, "rpmbuild", "--nodeps", "-bb"]
    for define in (f"_topdir {inner}", f"_smp_build_ncpus {around.jobs}", *_FIXED, *defines):
        command += ["--define", define]
    line = ["sh", "-c", f'umask {around.umask:03o}; exec "$@"', "sh", *command, f"{inner}/{spec.name}"]
    done = inside(root.directory, line, around.environ)
    packages = tuple(sorted((top / "RPMS").rglob("*.rpm")))
    shutil.rmtree(top / "BUILD", ignore_errors=True)
    return Build(done.returncode, done.stdout, packages)


def build_twice(root: Root, spec: Path, sources: Sequence[Path], *defines: str) -> tuple[Build, Build]:
    """Build here and there, at the same time."""
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(build, root, spec, sources, around, *defines) for around in (HERE, THERE)]
        first, second = (run.result() for run in runs)
    return first, second


def tags(root: Root, package: Path) -> str:
    """Everything of a package's header that says what is in it, its payload's digest included."""
    return root.run("rpm", "-qp", "--nosignature", "--qf", _TAGS, within(root, package))


def within(root: Root, path: Path) -> str:
    """A path below the root as it is seen inside."""
    return "/" + str(path.relative_to(root.directory))

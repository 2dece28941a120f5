"""Build unmodified specs of Fedora's with their macros and with ours, and say how the packages differ.

    python3 -m tests.rpm.compare_suite CHECKOUTS SOURCES PYTHON SPEC... [--debug]

Runs as root in a root to throw away that has rpm, ``truewheel``, ``unearth`` and build backends: specs run
what they like. CHECKOUTS is described in ``sides.py``; SOURCES keeps the sdists; PYTHON has the backends and
pip, and is a virtual environment of Debian's Python, whose directories are named as Fedora's are.

Specs with patches or with sources that are not on PyPI are skipped, and so is what does not build with
Fedora's macros. ``%check`` does not run. Prints a line for each spec, for ours alone and for ours beside
Fedora's python-rpm-macros, and one for each difference; exits 1 if there is one. ``--debug`` makes debuginfo
and debugsource packages.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.rpm.sides import Side, make_side

_PYPI = re.compile(r"https://files\.pythonhosted\.org/\S*/((\S+)-([^-\s/]+)\.(?:tar\.gz|zip))$")
_LISTED = re.compile(r"(?im)^(Source|Patch)\d*:\s*(\S+)")
_TAGS = (
    "%{SUMMARY}\\n%{LICENSE}\\n%{URL}\\n%{ARCH}\\n%{DESCRIPTION}\\n"
    "[provides %{PROVIDENEVRS}\\n][requires %{REQUIRENEVRS}\\n][recommends %{RECOMMENDNEVRS}\\n]"
    "[suggests %{SUGGESTNEVRS}\\n][supplements %{SUPPLEMENTNEVRS}\\n][obsoletes %{OBSOLETENEVRS}\\n]"
    "[conflicts %{CONFLICTNEVRS}\\n]"
)
_FILES = (
    "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILELANGS} "
    "%{FILELINKTOS} %{FILEDIGESTS}\\n]"
)
# what docs/differences-fedora.md says of the macros' own requirements
_DEPENDENCY = re.compile(r"(provides|requires|recommends|suggests|supplements|obsoletes|conflicts) ")
_OWN_REQUIREMENTS = re.compile(
    r"^requires (pyproject-rpm-macros|python3dist\(pip\) >= 19|python3dist\(packaging\)|"
    r"\(python3dist\(tomli\) if .*\)|rpmlib\(RichDependencies\) .*)$"
)


@dataclass(frozen=True)
class Built:
    """The packages of a spec: for each name its header, and the lines of its files; the log of a failure."""

    packages: dict[str, tuple[frozenset[str], dict[str, str]]]
    scripts: dict[str, str]
    log: str | None = None


def sources_of(side: Side, spec: Path) -> list[tuple[str, str, str]]:
    """The name, project and version of each source; raises LookupError for patches and other sources."""
    done = run(side, "rpmspec", "-P", "--load", str(side.settings), str(spec))
    if done.returncode != 0:
        raise LookupError("does not parse")
    found = _LISTED.findall(done.stdout.partition("%changelog")[0])
    matches = [_PYPI.match(url) for kind, url in found if kind.lower() == "source"]
    if not matches or None in matches or len(matches) != len(found):
        raise LookupError("has patches, or sources that are not on PyPI")
    return [match.groups() for match in matches if match]  # type: ignore[misc]


def fetched(name: str, project: str, version: str, sources: Path) -> Path:
    """An sdist under the name that the spec gives it, downloaded if need be; raises LookupError."""
    kept = sources / name
    if kept.exists():
        return kept
    with tempfile.TemporaryDirectory(dir=sources) as directory:
        command = ["unearth", "--no-binary", "--download", directory, f"{project}=={version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = [*Path(directory).glob("*.tar.gz"), *Path(directory).glob("*.zip")]
        if done.returncode != 0 or len(found) != 1 or found[0].suffix != kept.suffix:
            raise LookupError(f"PyPI has no sdist of {project} {version}")
        return found[0].rename(kept)


def build(side: Side, spec: Path, sources: list[Path], top: Path, defines: list[str]) -> Built:
    """Build a spec in the directory ``top``, which is the same for both sides."""
    shutil.rmtree(top, ignore_errors=True)
    (top / "SOURCES").mkdir(parents=True)
    for source in sources:
        shutil.copy(source, top / "SOURCES")
    command = ["rpmbuild", "-ba", "--nodeps", "--nocheck", "--load", str(side.settings)]
    for define in (f"_topdir {top}", "_smp_build_ncpus 1", *defines):
        command += ["--define", define]
    done = run(side, *command, str(spec))
    if done.returncode != 0:
        return Built({}, {}, done.stdout)
    packages: dict[str, tuple[frozenset[str], dict[str, str]]] = {}
    scripts: dict[str, str] = {}
    for package in sorted(top.glob("*RPMS/**/*.rpm")):
        name = re.sub(r"-[^-]+-[^-]+$", "", package.name)
        name += ".src" if package.name.endswith(".src.rpm") else ""
        header = query(side, package, _TAGS)
        files = dict(line.split(" ", 1) for line in query(side, package, _FILES) if line.startswith("/"))
        packages[name] = (frozenset(header), files)
        if not name.endswith(".src"):
            scripts |= first_lines(package)
    return Built(packages, scripts)


def query(side: Side, package: Path, tags: str) -> list[str]:
    """The lines of a package's tags."""
    return run(side, "rpm", "-qp", "--nosignature", "--qf", tags, str(package)).stdout.splitlines()


def first_lines(package: Path) -> dict[str, str]:
    """The first line of each script in the directory of programs."""
    subprocess.run(["rpm2archive", package], check=True, capture_output=True)
    found = {}
    with tarfile.open(f"{package}.tgz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            path = "/" + member.name.removeprefix("./")
            if file and path.startswith("/usr/bin/") and (line := file.readline()).startswith(b"#!"):
                found[path] = line.decode(errors="replace").rstrip()
    return found


def run(side: Side, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of rpm's with a side's macros."""
    return subprocess.run(
        command,
        env={**os.environ, **side.environ()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def differences(stock: Built, ours: Built) -> list[str]:
    """What differs but for bytecode, bodies of scripts, the macros' own requirements, texts of extras."""
    if ours.log is not None:
        return ["does not build with ours:", *ours.log.splitlines()[-12:]]
    found = [f"package {name}: in one alone" for name in sorted(stock.packages.keys() ^ ours.packages.keys())]
    for name in sorted(stock.packages.keys() & ours.packages.keys()):
        (one, before), (other, after) = stock.packages[name], ours.packages[name]
        changed = sorted(line for line in one ^ other if not _OWN_REQUIREMENTS.match(line))
        if "+" in name:
            changed = [line for line in changed if _DEPENDENCY.match(line)]
        found += [f"{name}: {'-' if line in one else '+'}{line}" for line in changed]
        for path in sorted(before.keys() | after.keys()):
            lines = [
                comparable(path, files.get(path), side) for files, side in ((before, stock), (after, ours))
            ]
            if lines[0] != lines[1]:
                found.append(f"{name}: {path}: {lines[0]} and {lines[1]}")
    return found


def comparable(path: str, line: str | None, side: Built) -> str | None:
    """A file's line; for bytecode without its digest, for a script with its first line instead."""
    if line is None or (not path.endswith(".pyc") and path not in side.scripts):
        return line
    return f"{line.rpartition(' ')[0]} {side.scripts.get(path, '')}"


def main() -> int:
    options = argparse.ArgumentParser(description="Build specs with Fedora's macros and with ours.")
    options.add_argument("checkouts", type=Path)
    options.add_argument("sources", type=Path)
    options.add_argument("python")
    options.add_argument("specs", type=Path, nargs="+")
    options.add_argument("--debug", action="store_true", help="make debuginfo and debugsource packages")
    given = options.parse_args()
    defines = ["debug_package %{nil}", "_truewheel_map_build_path --no-map-build-path"]
    if given.debug:
        defines = ["_enable_debug_packages 1", "_debugsource_packages 1", "optflags -O2 -g"]
    status = 0
    with tempfile.TemporaryDirectory() as work:
        stock, *others = (
            make_side(name, given.checkouts, Path(work), given.python, "/usr/bin/truewheel")
            for name in ("stock", "ours", "beside")
        )
        for spec in given.specs:
            try:
                files = [fetched(*source, given.sources) for source in sources_of(stock, spec)]
                first = build_with_stock(stock, spec, files, Path(work, "build"), defines)
            except LookupError as error:
                print(f"{spec.name}: skipped: {error}", flush=True)
                continue
            for side in others:
                found = differences(first, build(side, spec, files, Path(work, "build"), defines))
                status |= bool(found)
                count = sum(len(files) for _, files in first.packages.values())
                size = f"{len(first.packages)} packages, {count} files"
                told = f"{spec.name} ({side.name}): {'DIFFERS' if found else 'equal'}, {size}"
                print("\n    ".join([told, *found]), flush=True)
    return status


def build_with_stock(stock: Side, spec: Path, files: list[Path], top: Path, defines: list[str]) -> Built:
    """Build with Fedora's macros; raises LookupError if that fails."""
    built = build(stock, spec, files, top, defines)
    if built.log is not None:
        reasons = [line for line in built.log.splitlines() if "rror" in line][-4:]
        raise LookupError("does not build with Fedora's: " + " / ".join(reasons))
    return built


if __name__ == "__main__":
    sys.exit(main())

"""Copy tests beside the modules they test, and take them away again before the modules are installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from truewheel.bytecode.pycs import CACHE, is_bytecode
from truewheel.debian.model import Layout
from truewheel.errors import RefusedInput

_USUAL = ("pyproject.toml", "pytest.ini", "test", "tests")
_RECORD = "testfiles_to_rm_before_install"
_CACHES = frozenset(
    {
        ".coverage",
        ".hypothesis",
        ".mypy_cache",
        ".pdm-build",
        ".pytest_cache",
        ".ruff_cache",
        ".stestr",
        CACHE,
    }
)


@dataclass(frozen=True)
class TestFile:
    """A file or directory of the source, and where it goes below the directory of the modules."""

    __test__ = False  # no test of pytest's

    source: str
    target: str


def read_test_files(layout: Layout) -> list[TestFile]:
    """What debian/pybuild[_pythonX.Y].testfiles lists and is there, else what usually holds tests."""
    version = layout.flavor.version
    for name in (f"pybuild_python{version}", f"pybuild_python{version.major}", "pybuild"):
        path = Path(layout.dir, "debian", f"{name}.testfiles")
        if path.is_file():
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
            wanted = [_parse(line) for line in lines if line and not line.startswith("#")]
            break
    else:
        wanted = [TestFile(name, name) for name in _USUAL]
    return [each for each in wanted if Path(layout.dir, each.source).exists()]


def copy_test_files(files: list[TestFile], layout: Layout) -> None:
    """Copy tests to where the modules are built; each path is noted before it is made.

    What is there already stays. Raises RefusedInput for a target outside the directory of the modules.
    """
    for file in files:
        target = Path(os.path.normpath(Path(layout.build_dir, file.target)))
        if not target.is_relative_to(layout.build_dir):
            raise RefusedInput(
                "leaves the directory of the modules", subject=file.target, hint="edit .testfiles"
            )
        if target.exists():
            continue
        parents = [parent for parent in target.parents if not parent.exists()]
        _note(layout, [*(f"{parent}/" for parent in reversed(parents)), str(target)])
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Path(layout.dir, file.source)
        if source.is_dir():
            shutil.copytree(source, target, ignore=_dangling)
        else:
            shutil.copyfile(source, target)


def remove_test_files(layout: Layout) -> None:
    """Remove what was copied, also by a run that failed, and what test runners leave behind."""
    record = Path(layout.home_dir, _RECORD)
    if record.is_file():
        for line in reversed(record.read_text(encoding="utf-8").splitlines()):
            if not line.endswith("/"):
                remove(line)
            elif Path(line).is_dir() and not os.listdir(line):
                Path(line).rmdir()
        record.unlink()
    for path in caches(layout.build_dir):
        remove(path)


def caches(directory: str) -> Iterator[str]:
    """Paths below a directory that test runners and Pythons leave behind."""
    for parent, directories, names in os.walk(directory):
        found = sorted(_CACHES.intersection([*directories, *names]))
        directories[:] = [name for name in directories if name not in _CACHES]
        yield from (os.path.join(parent, name) for name in found)
        yield from (os.path.join(parent, name) for name in names if is_bytecode(name))


def remove(path: str | Path) -> None:
    """Remove a file, link or directory; one that is not there is fine."""
    if Path(path).is_dir() and not Path(path).is_symlink():
        shutil.rmtree(path)
    else:
        Path(path).unlink(missing_ok=True)


def _parse(line: str) -> TestFile:
    source, *rest = line.split(maxsplit=1)
    target = rest[0] if rest else ""
    if not target or target.endswith("/"):
        target += source.rstrip("/").rpartition("/")[2]
    return TestFile(source, target)


def _dangling(directory: str, names: list[str]) -> set[str]:
    return {name for name in names if not Path(directory, name).exists()}


def _note(layout: Layout, paths: list[str]) -> None:
    with open(Path(layout.home_dir, _RECORD), "a", encoding="utf-8") as record:
        record.writelines(f"{path}\n" for path in paths)

"""Copy tests beside the modules they test, and take them away again before the modules are installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from truewheel.dataclass import dataclass
from truewheel.debian.cleaning import caches, remove
from truewheel.debian.model import Layout
from truewheel.errors import RefusedInput
from truewheel.textfile import read_text

_USUAL = ("pyproject.toml", "pytest.ini", "test", "tests")
_RECORD = "testfiles_to_rm_before_install"


@dataclass(frozen=True)
class TestFile:
    """A file or directory of the source, and where it goes below the directory of the modules."""

    __test__ = False  # no test of pytest's

    source: str
    target: str


def read_test_files(layout: Layout) -> list[TestFile]:
    """Read the list in debian/pybuild[_pythonX.Y].testfiles, else take the usual names; existing files only.

    Raises RefusedInput for a list that is not UTF-8.
    """
    version = layout.flavor.version
    for name in (f"pybuild_python{version}", f"pybuild_python{version.major}", "pybuild"):
        path = Path(layout.dir, "debian", f"{name}.testfiles")
        if path.is_file():
            lines = [line.strip() for line in read_text(path).splitlines()]
            wanted = [_parse(line) for line in lines if line and not line.startswith("#")]
            break
    else:
        wanted = [TestFile(name, name) for name in _USUAL]
    return [each for each in wanted if Path(layout.dir, each.source).exists()]


def copy_test_files(files: list[TestFile], layout: Layout) -> None:
    """Copy tests to where the modules are built; each path is recorded before it is made.

    Existing files stay. Raises RefusedInput for a target outside the directory of the modules.
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
    """Remove the copied files, also those of a run that failed, and the caches of test runners."""
    record = Path(layout.home_dir, _RECORD)
    if record.is_file():
        for line in reversed(read_text(record).splitlines()):
            if not line.endswith("/"):
                remove(line)
            elif Path(line).is_dir() and not os.listdir(line):
                Path(line).rmdir()
        record.unlink()
    for path in caches(layout.build_dir):
        remove(path)


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

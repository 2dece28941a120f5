"""Remove the files that builds and tests leave in a source."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from truewheel.bytecode.pycs import CACHE, is_bytecode
from truewheel.debian.model import Layout, System

_LEFT_BEHIND = (".coverage", ".hypothesis", ".pdm-build", ".pytest_cache", ".tox")
# these packages write SOURCES.txt from the repository; it cannot be made again from a tarball
_KEEP_SOURCES = frozenset({"python3-setuptools-scm", "python3-setuptools-git"})

_CACHES = frozenset(
    {
        ".coverage",
        ".hypothesis",
        ".mypy_cache",
        ".pdm-build",
        ".pytest_cache",
        ".ruff_cache",
        ".stestr",
        "__pycache__",
    }
)


def clean_source(directory: str, system: System, build_depends: Collection[str], dh_python: int) -> None:
    """Remove caches, bytecode, ``build`` and .egg-info directories from a source.

    SOURCES.txt stays where a plugin in Build-Depends made it. With a ``dh_python`` (major version) before 6
    all .egg-info directories stay, so that those of upstream are packaged with their dates.
    """
    for name in (*_LEFT_BEHIND, *(() if system is System.CUSTOM else ("build",))):
        remove(Path(directory, name))
    removes_egg_info = dh_python >= 6
    keep_sources = not _KEEP_SOURCES.isdisjoint(build_depends)
    for where, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name != ".git")
        for name in directories[:]:
            egg_info = removes_egg_info and name.endswith(".egg-info") and not keep_sources
            if egg_info or name == CACHE:
                remove(Path(where, name))
                directories.remove(name)
        for name in names:
            generated = removes_egg_info and where.endswith(".egg-info") and name != "SOURCES.txt"
            if generated or is_bytecode(name):
                remove(Path(where, name))


def clean_build(layout: Layout) -> None:
    """Remove the flavor's built modules, unless they are built in the source itself."""
    if not Path(layout.dir).is_relative_to(layout.build_dir):
        remove(layout.build_dir)


def clean_top(top: str) -> None:
    """Remove everything the steps made, once no flavor needs it."""
    remove(Path(top, ".pybuild"))
    for directory, directories, names in os.walk(top):
        directories[:] = [name for name in directories if name != ".git"]
        for name in names:
            if name.endswith(".pyc"):
                remove(Path(directory, name))


def caches(directory: str) -> Iterator[str]:
    """Yield the paths below a directory that test runners and Pythons leave behind."""
    for parent, directories, names in os.walk(directory):
        found = sorted(_CACHES.intersection([*directories, *names]))
        directories[:] = [name for name in directories if name not in _CACHES]
        yield from (os.path.join(parent, name) for name in found)
        yield from (os.path.join(parent, name) for name in names if name.endswith((".pyc", ".pyo")))


def remove(path: str | Path) -> None:
    """Remove a file, link or directory; a missing one is fine."""
    if Path(path).is_dir() and not Path(path).is_symlink():
        shutil.rmtree(path)
    else:
        Path(path).unlink(missing_ok=True)

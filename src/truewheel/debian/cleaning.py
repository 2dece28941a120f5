"""Remove what builds and tests leave in a source."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from truewheel.bytecode.pycs import CACHE, is_bytecode
from truewheel.debian.dh_python import dh_python_major
from truewheel.debian.model import Layout, System
from truewheel.debian.testfiles import remove

_LEFT_BEHIND = (".coverage", ".hypothesis", ".pdm-build", ".pytest_cache", ".tox")
# these put what the repository holds into SOURCES.txt, which a tarball cannot tell again
_KEEP_SOURCES = frozenset({"python3-setuptools-scm", "python3-setuptools-git"})


def clean_source(directory: str, system: System, build_depends: Collection[str]) -> None:
    """Remove caches, bytecode and ``build`` from a source, and its .egg-info directories.

    Of those SOURCES.txt stays where a plugin in Build-Depends made it. Beside an old dh-python they stay
    all, and files that upstream ships are packaged with their dates.
    """
    for name in (*_LEFT_BEHIND, *(() if system is System.CUSTOM else ("build",))):
        remove(Path(directory, name))
    keep_sources = not _KEEP_SOURCES.isdisjoint(build_depends)
    for where, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name != ".git")
        for name in directories[:]:
            egg_info = name.endswith(".egg-info") and not keep_sources and dh_python_major() >= 6
            if egg_info or name == CACHE:
                remove(Path(where, name))
                directories.remove(name)
        for name in names:
            generated = where.endswith(".egg-info") and name != "SOURCES.txt" and dh_python_major() >= 6
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

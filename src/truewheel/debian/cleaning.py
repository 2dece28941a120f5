"""Remove what builds and tests leave in a source."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from truewheel.debian.model import Layout, System
from truewheel.debian.testfiles import remove

_LEFT_BEHIND = (".coverage", ".hypothesis", ".pdm-build", ".pytest_cache", ".tox")
# these put what the repository holds into SOURCES.txt, which a tarball cannot tell again
_KEEP_SOURCES = frozenset({"python3-setuptools-scm", "python3-setuptools-git"})


def clean_source(directory: str, system: System, build_depends: Collection[str]) -> None:
    """Remove caches, byte-code, ``build`` and what setuptools writes into .egg-info from a source."""
    for name in (*_LEFT_BEHIND, *(() if system is System.CUSTOM else ("build",))):
        remove(Path(directory, name))
    keep_sources = not _KEEP_SOURCES.isdisjoint(build_depends)
    for folder, folders, names in os.walk(directory):
        for name in sorted(folders):
            if name == ".git":
                folders.remove(name)
            elif name == "__pycache__" or (name.endswith(".egg-info") and not keep_sources):
                remove(os.path.join(folder, name))
                folders.remove(name)
        for name in names:
            generated = folder.endswith(".egg-info") and name != "SOURCES.txt"
            if generated or name.endswith((".pyc", ".pyo")):
                remove(os.path.join(folder, name))


def clean_build(layout: Layout) -> None:
    """Remove the flavor's built modules, unless they are built in the source itself."""
    if not Path(layout.dir).is_relative_to(layout.build_dir):
        remove(layout.build_dir)


def clean_top(top: str) -> None:
    """Remove everything the steps made, once no flavor needs it."""
    remove(Path(top, ".pybuild"))
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(".pyc"):
                remove(os.path.join(folder, name))

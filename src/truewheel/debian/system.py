"""Decide how a source is built, in the way pybuild decides it."""

from __future__ import annotations

from collections.abc import Iterable

from truewheel.debian.model import System
from truewheel.errors import RefusedInput, UsageError

_PLUGIN = "pybuild-plugin-"
_SETUP_FILES = ("setup.py", "setup-3.py")


def choose_system(asked: str | None, build_depends: Iterable[str], files: Iterable[str]) -> System:
    """PYBUILD_SYSTEM, else a pybuild-plugin in Build-Depends, else by what lies in the source.

    ``files`` are names in the source's directory. Raises UsageError for a system that there is not,
    RefusedInput where nothing is found.
    """
    if asked:
        return _named(asked, "PYBUILD_SYSTEM")
    for name in build_depends:
        if name.startswith(_PLUGIN):
            return _named(name.removeprefix(_PLUGIN), name)
    names = frozenset(files)
    if not names.isdisjoint(_SETUP_FILES):
        return System.DISTUTILS
    if "pyproject.toml" in names:
        return System.PYPROJECT
    raise RefusedInput(
        "the source has neither setup.py nor pyproject.toml",
        hint="set PYBUILD_SYSTEM=custom and PYBUILD_BUILD_ARGS, or PYBUILD_DIR to where they are",
    )


def setup_file(files: Iterable[str]) -> str:
    """The name of the source's setup.py."""
    names = frozenset(files)
    return next((name for name in _SETUP_FILES if name in names), _SETUP_FILES[0])


def _named(name: str, where: str) -> System:
    try:
        return System(name)
    except ValueError as error:
        raise UsageError(
            f"truewheel has no build system {name!r}",
            subject=where,
            hint=f"it has {', '.join(system.value for system in System)}; for others use pybuild",
        ) from error

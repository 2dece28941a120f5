"""Decide what debian/control and the files of a source ask for, as pybuild decides it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from truewheel.debian.model import System
from truewheel.errors import RefusedInput, UsageError

_NAME = re.compile(r"\s*([a-z0-9][a-z0-9+.-]+)")
_PLUGIN = "pybuild-plugin-"
_FLIT = "flit"  # a system of its own in old pybuilds; flit is a backend like others
_SETUP_FILES = ("setup.py", "setup-3.py")


def dependency_names(field: str) -> tuple[str, ...]:
    """Return the packages that a dependency field names, each once, in its order, alternatives included.

    Versions, architectures, profiles and qualifiers such as ``:any`` are left out, and so are substitution
    variables. Source: Debian Policy, section 7.1.
    """
    found = (_NAME.match(part) for part in re.split(r"[,|]", field))
    return tuple(dict.fromkeys(match[1] for match in found if match))


def choose_system(asked: str | None, build_depends: Iterable[str], files: Iterable[str]) -> System:
    """Choose by PYBUILD_SYSTEM (``asked``), else by a pybuild-plugin in Build-Depends, else by ``files``.

    ``files`` are the names in the source's directory. Raises UsageError for an unknown system, RefusedInput
    where nothing is found.
    """
    if asked == _FLIT:
        return System.PYPROJECT
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
    """Return the name of the source's setup.py."""
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

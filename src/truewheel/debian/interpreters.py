"""Decide which Pythons to build for: of those that Debian has, those that the source asks for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from truewheel.debian.model import ALL_VERSIONS, Flavor, PythonName, PythonVersion, Supported
from truewheel.debian.options import Options
from truewheel.errors import RefusedInput, UsageError

_DEBUG = "python{version}-dbg"
_ALL = frozenset({"python3-all", "python3-all-dev", "libpython3-all-dev"})
_DEFAULT = frozenset({"python3", "python3-dev", "libpython3-dev"})
_ALL_DEBUG = frozenset({"python3-all-dbg", "libpython3-all-dbg"})
_DEFAULT_DEBUG = frozenset({"python3-dbg", "libpython3-dbg"})


def choose_flavors(options: Options, build_depends: Collection[str], supported: Supported) -> list[Flavor]:
    """Return the flavors to build, in order; PYBUILD_INTERPRETERS and PYBUILD_VERSIONS precede Build-Depends.

    Raises RefusedInput where nothing asks for a Python, UsageError for an unknown interpreter.
    """
    flavors = _wanted(options, build_depends, supported)
    if not flavors:
        raise RefusedInput(
            "Build-Depends ask for no Python",
            subject="debian/control",
            hint="add python3-all, python3-all-dev for extensions, or python3 for the default version alone",
        )
    return flavors


def module_versions(
    options: Options, build_depends: Collection[str], supported: Supported
) -> list[PythonVersion]:
    """Return the versions to ship bytecode for: those of the flavors, the default one where there are none.

    Raises UsageError for an unknown interpreter.
    """
    flavors = [flavor for flavor in _wanted(options, build_depends, supported) if not flavor.python.debug]
    return list(dict.fromkeys(flavor.version for flavor in flavors)) or [supported.default]


def _wanted(options: Options, build_depends: Collection[str], supported: Supported) -> list[Flavor]:
    versions = _wanted_versions(options, supported)
    if options.interpreters:
        wanted = [(template, versions or supported.versions) for template in options.interpreters]
    else:
        wanted = _by_build_depends(frozenset(build_depends), versions, supported)
    return [flavor for template, those in wanted for flavor in _flavors(template, those, supported)]


def _wanted_versions(options: Options, supported: Supported) -> tuple[PythonVersion, ...]:
    if not options.versions:
        return ()
    return Supported.of(str(supported.default), options.versions).versions


def _by_build_depends(
    names: frozenset[str], versions: tuple[PythonVersion, ...], supported: Supported
) -> list[tuple[str, tuple[PythonVersion, ...]]]:
    wanted = []
    for template, every, default in ((ALL_VERSIONS, _ALL, _DEFAULT), (_DEBUG, _ALL_DEBUG, _DEFAULT_DEBUG)):
        if not names.isdisjoint(every):
            wanted.append((template, versions or supported.versions))
        elif not names.isdisjoint(default):
            wanted.append((template, versions or (supported.default,)))
    return wanted


def _flavors(template: str, versions: Sequence[PythonVersion], supported: Supported) -> list[Flavor]:
    named = re.fullmatch(r"python(3\.\d+)(?:-dbg)?", template)
    if named:
        versions = [PythonVersion.parse(named[1])]
    elif template in ("python3", "python3-dbg"):
        versions = versions[-1:]
    elif template not in (ALL_VERSIONS, _DEBUG):
        raise UsageError(
            "is not an interpreter that packages can be built for",
            subject=template,
            hint="give PYBUILD_INTERPRETERS such as python3, python3.11 or python{version}",
        )
    return [
        Flavor(template, PythonName(template.format(version=version), version, version == supported.default))
        for version in versions
    ]

"""Which Pythons to build for: what Debian has, and what Build-Depends ask for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from truewheel.debian.model import ALL_VERSIONS, Flavor, PythonName, PythonVersion
from truewheel.debian.options import Options
from truewheel.errors import InterpreterError, RefusedInput, UsageError

_DEBUG = "python{version}-dbg"
_ALL = frozenset({"python3-all", "python3-all-dev", "libpython3-all-dev"})
_DEFAULT = frozenset({"python3", "python3-dev", "libpython3-dev"})
_ALL_DEBUG = frozenset({"python3-all-dbg", "libpython3-all-dbg"})
_DEFAULT_DEBUG = frozenset({"python3-dbg", "libpython3-dbg"})
_PY3VERSIONS = "/usr/bin/py3versions"
_NO_PY3VERSIONS = "install python3, or set DEBPYTHON3_DEFAULT and DEBPYTHON3_SUPPORTED"


@dataclass(frozen=True)
class Supported:
    """The Pythons a package is built for, the default one last, and which one the default is."""

    versions: tuple[PythonVersion, ...]
    default: PythonVersion


def read_supported(environ: Mapping[str, str]) -> Supported:
    """Ask py3versions (X-Python3-Version counts), or take DEBPYTHON3_SUPPORTED and DEBPYTHON3_DEFAULT.

    Raises InterpreterError where it fails.
    """
    told = {"-d": environ.get("DEBPYTHON3_DEFAULT"), "-r": environ.get("DEBPYTHON3_SUPPORTED")}
    asked = {option: _ask(option) for option, answer in told.items() if not answer}
    said = {option: process.communicate() for option, process in asked.items()}
    for option, process in asked.items():
        told[option] = _answer(option, process.returncode, *said[option])
    default, supported = told["-d"] or "", told["-r"] or ""
    return sort_supported(default, re.split(r"[\s,]+", supported.strip(" ,\n")))


def sort_supported(default: str, supported: Sequence[str]) -> Supported:
    """Sort versions in the order they are built in: the default last, so that its scripts are kept."""
    last = PythonVersion.parse(default.strip())
    versions = {PythonVersion.parse(text) for text in supported}
    return Supported(tuple(sorted(versions, key=lambda v: (v == last, v.major, v.minor))), last)


def choose_flavors(options: Options, build_depends: Collection[str], supported: Supported) -> list[Flavor]:
    """The flavors to build, in order; PYBUILD_INTERPRETERS and PYBUILD_VERSIONS count before Build-Depends.

    Raises RefusedInput where nothing asks for a Python.
    """
    versions = _wanted_versions(options, supported)
    if options.interpreters:
        wanted = [(template, versions or supported.versions) for template in options.interpreters]
    else:
        wanted = _by_build_depends(frozenset(build_depends), versions, supported)
    flavors = [flavor for template, those in wanted for flavor in _flavors(template, those, supported)]
    if not flavors:
        raise RefusedInput(
            "Build-Depends ask for no Python",
            subject="debian/control",
            hint="add python3-all, python3-all-dev for extensions, or python3 for the default version alone",
        )
    return flavors


def _wanted_versions(options: Options, supported: Supported) -> tuple[PythonVersion, ...]:
    if not options.versions:
        return ()
    return sort_supported(str(supported.default), options.versions).versions


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
            "is no interpreter this can build for",
            subject=template,
            hint="give PYBUILD_INTERPRETERS such as python3, python3.11 or python{version}",
        )
    return [
        Flavor(template, PythonName(template.format(version=version), version, version == supported.default))
        for version in versions
    ]


def _ask(option: str) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            (_PY3VERSIONS, "-v", option), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise InterpreterError(
            f"cannot be run: {error.strerror}", subject="py3versions", hint=_NO_PY3VERSIONS
        ) from error


def _answer(option: str, status: int, output: str, errors: str) -> str:
    if status or not output.strip():
        said = "".join(errors.strip().splitlines()[-1:]) or f"exit status {status}"
        raise InterpreterError(f"{option} fails: {said}", subject="py3versions", hint=_NO_PY3VERSIONS)
    return output.strip()

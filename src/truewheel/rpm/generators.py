"""Decider: what an installed project provides and requires, in the words of rpm's dependency generators.

The package's name says which part of a project it is: ``python3-foo+bar`` stands for ``foo[bar]``.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from truewheel.errors import RefusedInput
from truewheel.rpm.dependency import rpm_clauses, rpm_version
from truewheel.rpm.installed_dist import InstalledDist


def extra_of_package(package: str) -> str:
    """The extra that a package of this name stands for, "" for none: what follows the last ``+``."""
    return package.rpartition("+")[2].lower() if "+" in package else ""


def run_provides(dist: InstalledDist, extra: str, main_python: str) -> list[str]:
    """What others require of it: for its Python version and, unless another is the main one, for Python 3."""
    _check_extra(dist, extra)
    names = [f"python{dist.python}"]
    if main_python in ("", dist.python):
        names.append(f"python{dist.python.partition('.')[0]}")
    return [f"{_subject(name, dist.name, extra)} = {rpm_version(dist.version)}" for name in names]


def run_requires(dist: InstalledDist, extra: str, with_extras: bool) -> list[str]:
    """What it requires: the ABI of its Python, and the projects whose markers hold for that.

    With ``extra``, what that one adds. With ``with_extras``, the extras that requirements name as well.
    Raises RefusedInput for a version clause that rpm cannot say and for an extra that is not there.
    """
    _check_extra(dist, extra)
    clauses: dict[str, set[str]] = {}
    for subject, specifiers in _wanted(dist, extra, with_extras):
        clauses.setdefault(subject, set()).update(rpm_clauses(subject, specifiers))
    lines = [f"python(abi) = {dist.python}"]
    for subject, known in sorted(clauses.items()):
        several = f"({' with '.join(sorted(known))})" if len(known) > 1 else "".join(known)
        lines.append(several or subject)
    return lines


def markers_of(python: str) -> dict[str, str]:
    """Values of environment markers for a Python version on this kind of machine, none of its kernel."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": python,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": "",
        "platform_system": platform.system(),
        "platform_version": "",
        "python_full_version": python,
        "python_version": python,
        "sys_platform": sys.platform,
    }


def _wanted(dist: InstalledDist, extra: str, with_extras: bool) -> Iterator[tuple[str, SpecifierSet]]:
    markers = markers_of(dist.python)
    for requirement in dist.requirements:
        marker = requirement.marker
        plain = marker is None or marker.evaluate({**markers, "extra": ""})
        if extra and (plain or marker is None or not marker.evaluate({**markers, "extra": extra})):
            continue
        if not extra and not plain:
            continue
        for each in ("", *(sorted(requirement.extras) if with_extras else ())):
            yield _subject(f"python{dist.python}", requirement.name, each.lower()), requirement.specifier


def _subject(python: str, name: str, extra: str) -> str:
    return f"{python}dist({canonicalize_name(name)}{f'[{extra}]' if extra else ''})"


def _check_extra(dist: InstalledDist, extra: str) -> None:
    if extra and canonicalize_name(extra) not in {canonicalize_name(known) for known in dist.extras}:
        known = ", ".join(sorted(dist.extras)) or "none"
        raise RefusedInput(
            f"{dist.name} has no extra {extra!r}",
            subject=dist.path,
            hint=f"extras: {known}; drop the sub-package or patch the metadata",
        )

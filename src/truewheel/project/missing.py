"""Decide which requirements of a build are not installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from truewheel.errors import RefusedInput
from truewheel.project.packages import PythonPackages

_SHOWN = 120  # characters of a foreign text in a message


def missing_requirements(texts: Iterable[str], packages: PythonPackages) -> Iterator[str]:
    """Yield each requirement (PEP 508) that counts and that ``packages`` do not meet, with what is there.

    Requirements of requirements are not looked at. Raises RefusedInput for what is no requirement.
    """
    for text in texts:
        try:
            requirement = Requirement(text)
            marker = requirement.marker
            counts = marker is None or marker.evaluate({**packages.markers, "extra": ""})
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise RefusedInput(
                f"{text[:_SHOWN]!r} is not a requirement", subject="pyproject.toml", hint="see PEP 508"
            ) from error
        version = packages.installed.get(canonicalize_name(requirement.name))
        if counts and version is None:
            yield f"{text} (not installed)"
        elif counts and version is not None and not _meets(requirement, version):
            yield f"{text} (installed: {version})"


def _meets(requirement: Requirement, version: str) -> bool:
    try:
        return requirement.specifier.contains(version, prereleases=True)
    except ValueError:  # no version of PEP 440
        return False

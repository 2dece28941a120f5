"""Reader: the metadata of a project that is installed below a root, from its .dist-info or .egg-info."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from truewheel.errors import RefusedInput

_METADATA = (".dist-info", ".egg-info")
_PYTHON = re.compile(r"/python([0-9]+\.[0-9]+)/")


@dataclass(frozen=True)
class InstalledDist:
    """A project below a root: ``python`` is the version of the Python whose directory it is in, such as
    3.11."""

    path: str
    name: str
    version: Version
    python: str
    extras: tuple[str, ...]
    requirements: tuple[Requirement, ...]


def is_metadata(path: str) -> bool:
    """Tell whether a path is that of a project's metadata."""
    return path.endswith(_METADATA)


def read_dist(path: str) -> InstalledDist:
    """Read a .dist-info or .egg-info; raises RefusedInput where what dependencies need is missing."""
    python = _PYTHON.search(path)
    if python is None:
        raise RefusedInput(
            "is below no directory of a Python version", subject=path, hint="it belongs below lib/pythonX.Y/"
        )
    distribution = PathDistribution(Path(path))
    try:
        fields = distribution.metadata
        name, version = (str((fields and fields[key]) or "").strip() for key in ("Name", "Version"))
        extras = tuple(fields.get_all("Provides-Extra") or ()) if fields else ()
        texts = distribution.requires or []
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedInput(f"cannot be read: {error}", subject=path) from error
    if not name:
        raise RefusedInput(
            "has no Name in its metadata", subject=path, hint="the metadata is missing or damaged"
        )
    return InstalledDist(
        path=path,
        name=name,
        version=_version(path, version),
        python=python[1],
        extras=extras,
        requirements=tuple(_requirement(path, text) for text in texts),
    )


def _version(path: str, text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion as error:
        raise RefusedInput(
            f"has the version {text!r}", subject=path, hint="versions are those of PEP 440"
        ) from error


def _requirement(path: str, text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise RefusedInput(f"{text!r} is no requirement", subject=path, hint="see PEP 508") from error

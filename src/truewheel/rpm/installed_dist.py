"""Read the metadata of a project that is installed below a root, from its .dist-info or .egg-info."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from truewheel.errors import RefusedInput
from truewheel.rpm.dependency import parse_requirement

_METADATA = (".dist-info", ".egg-info")
_PYTHON = re.compile(r"/python([0-9]+\.[0-9]+)/")


@dataclass(frozen=True)
class InstalledDist:
    """A project below a root; ``python`` is the version of the Python whose directory it is in, such as 3.11.

    ``path`` is that of its .dist-info or .egg-info, as rpm gives it: in the buildroot.
    """

    path: str
    name: str
    version: Version
    python: str
    extras: tuple[str, ...]
    requirements: tuple[Requirement, ...]


def is_metadata(path: str) -> bool:
    """Tell whether a path is that of a .dist-info or .egg-info."""
    return path.endswith(_METADATA)


def read_dist(path: str) -> InstalledDist:
    """Read a .dist-info or .egg-info.

    Raises RefusedInput for a path below no lib/pythonX.Y, for metadata that cannot be read, without Name or
    Version, or with a requirement that is malformed.
    """
    python = _PYTHON.search(path)
    if python is None:
        raise RefusedInput(
            "is not below the directory of a Python version",
            subject=path,
            hint="it belongs below lib/pythonX.Y/",
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
        requirements=tuple(parse_requirement(text, path) for text in texts),
    )


def _version(path: str, text: str) -> Version:
    try:
        return Version(text)
    except ValueError as error:  # not of PEP 440, or of more digits than int() takes
        raise RefusedInput(
            f"has the version {text[:80]!r}", subject=path, hint="versions are those of PEP 440"
        ) from error

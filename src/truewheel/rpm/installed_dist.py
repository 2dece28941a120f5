"""Read the metadata of a project that is installed below a root, from its .dist-info or .egg-info."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput
from truewheel.metadata import is_project_name, parse_fields
from truewheel.rpm.dependency import parse_requirement, parse_version
from truewheel.rpm.plain_requirement import PlainRequirement, plain_requirement
from truewheel.textfile import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from truewheel.rpm.dependency import Version

_METADATA = (".dist-info", ".egg-info")


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
    requirement_texts: tuple[str, ...]

    @property
    def requirements(self) -> tuple[Requirement | PlainRequirement, ...]:
        """What it requires; raises RefusedInput for a requirement that is malformed."""
        return tuple(
            plain_requirement(text) or parse_requirement(text, self.path) for text in self.requirement_texts
        )


def is_metadata(path: str) -> bool:
    """Tell whether a path is that of a .dist-info or .egg-info."""
    return path.endswith(_METADATA)


def read_dist(path: str) -> InstalledDist:
    """Read a .dist-info or .egg-info.

    Raises RefusedInput for a path below no lib/pythonX.Y and for metadata that cannot be read, without Name
    or Version.
    """
    python = re.search(r"/python([0-9]+\.[0-9]+)/", path)
    if python is None:
        raise RefusedInput(
            "is not below the directory of a Python version",
            subject=path,
            hint="it belongs below lib/pythonX.Y/",
        )
    fields = parse_fields(_text(path, "METADATA") or _text(path, "PKG-INFO") or _text(path, ""))
    texts = fields.all("Requires-Dist") or _egg_requirements(_text(path, "requires.txt"))
    return InstalledDist(
        path=path,
        name=_name(path, fields.first("Name")),
        version=_version(path, fields.first("Version")),
        python=python[1],
        extras=tuple(fields.all("Provides-Extra")),
        requirement_texts=tuple(texts),
    )


def _text(path: str, name: str) -> str:
    file = os.path.join(path, name) if name else path
    return read_text(file) if os.path.isfile(file) else ""  # noqa: PTH113 pathlib imports others


def _egg_requirements(text: str) -> Iterator[str]:
    """Yield the requirements of an egg's requires.txt, whose sections are ``[extra:marker]``."""
    marker = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            extra, _, condition = line.strip("[]").partition(":")
            parts = [f"({condition})"] if condition else []
            parts += [f'extra == "{extra}"'] if extra else []
            marker = f" ; {' and '.join(parts)}" if parts else ""
        elif line:
            yield f"{line}{marker}"


def _name(path: str, text: str) -> str:
    if not text:
        raise RefusedInput(
            "has no Name in its metadata", subject=path, hint="the metadata is missing or damaged"
        )
    if not is_project_name(text):
        hint = "names are of letters, digits, '.', '_' and '-'"
        raise RefusedInput(f"has the Name {text!r}", subject=path, hint=hint)
    return text


def _version(path: str, text: str) -> Version:
    try:
        return parse_version(text)
    except ValueError as error:  # not of PEP 440, or of more digits than int() takes
        raise RefusedInput(
            f"has the version {text[:80]!r}", subject=path, hint="versions are those of PEP 440"
        ) from error

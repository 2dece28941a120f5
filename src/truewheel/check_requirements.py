"""Find the requirements of projects installed below a root that nothing there meets."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from truewheel.beneath import is_directory, is_file, leads_to
from truewheel.dataclass import dataclass
from truewheel.metadata import normalized, parse_fields
from truewheel.model import Interpreter
from truewheel.textfile import read_text

# what is installed by wheels, by setup.py and by Debian's packages
_METADATA = re.compile(r"[^.].*\.(dist-info|egg-info)")
_PLACES = ("METADATA", "PKG-INFO", "")


@dataclass(frozen=True)
class Installed:
    """A project: its Name, its Version, what it requires, and the final path of its metadata."""

    name: str
    version: str
    requirements: tuple[str, ...]
    place: str


@dataclass(frozen=True)
class Unmet:
    """A requirement, and why it is not met, in a few words."""

    project: Installed
    requirement: str
    reason: str


def read_projects(root: Path, directories: Sequence[str]) -> dict[str, Installed]:
    """Return the projects below a root by normalised name; of two, that of the first directory.

    ``directories`` are final paths of directories of modules, in the order of ``sys.path``; one that is not
    there has none. Raises RefusedInput for metadata that cannot be read as text.
    """
    found: dict[str, Installed] = {}
    for directory in dict.fromkeys(directories):
        if is_directory(root, directory):
            names = os.listdir(root / leads_to(root, directory).lstrip("/"))
            for name in sorted(filter(_METADATA.fullmatch, names)):
                project = _project(root, posixpath.join(directory, name))
                if project:
                    found.setdefault(normalized(project.name), project)
    return found


def unmet(projects: Mapping[str, Installed], interpreter: Interpreter) -> Iterator[Unmet]:
    """Yield each requirement that the target's markers want and no installed project meets, as pip check.

    Extras of projects are not asked for; a pre-release meets what its version does.
    """
    environment = marker_environment(interpreter)
    for _, project in sorted(projects.items()):
        for text in project.requirements:
            reason = _reason(text, projects, environment)
            if reason:
                yield Unmet(project, text, reason)


def marker_environment(interpreter: Interpreter) -> dict[str, str]:
    """Return the variables of environment markers on the target (dependency specifiers specification)."""
    version = interpreter.version_text
    linux = [tag for tag in interpreter.platforms if tag.startswith(("linux_", "manylinux", "musllinux"))]
    found = re.match(
        r"(?:linux|(?:many|musl)linux(?:\d+)?(?:_\d+_\d+)?)_(?P<machine>.+)", (linux or [""])[-1]
    )
    return {
        "implementation_name": interpreter.implementation,
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": found["machine"] if found else "",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": version,
        "python_version": interpreter.short_version,
        "sys_platform": "linux",
        "extra": "",
    }


def _project(root: Path, place: str) -> Installed | None:
    for name in _PLACES:
        path = posixpath.join(place, name) if name else place
        if is_file(root, path):
            fields = parse_fields(_text(root, path))
            wanted = tuple(fields.all("Requires-Dist")) or _of_egg(root, place)
            named = Installed(fields.first("Name"), fields.first("Version"), wanted, place)
            return named if named.name else None
    return None


def _of_egg(root: Path, place: str) -> tuple[str, ...]:
    """Return what the requires.txt of setuptools says, where PKG-INFO has no such fields.

    Requirements come first, then sections of them: ``[:MARKER]``, and ``[EXTRA]`` or ``[EXTRA:MARKER]``.
    """
    path = posixpath.join(place, "requires.txt")
    found, extra, marker = [], "", ""
    for line in _text(root, path).splitlines() if is_file(root, path) else ():
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            extra, _, marker = text[1:-1].partition(":")
        elif text and not text.startswith("#") and not extra:
            found.append(f"{text} ; {marker}" if marker else text)
    return tuple(found)


def _text(root: Path, path: str) -> str:
    return read_text(root / leads_to(root, path).lstrip("/"), subject=path)


def _reason(text: str, projects: Mapping[str, Installed], environment: Mapping[str, str]) -> str:
    try:
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate(dict(environment)):
            return ""
    except (InvalidRequirement, ValueError) as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    there = projects.get(normalized(wanted.name))
    if there is None:
        return f"{wanted.name} is not installed"
    try:
        fits = wanted.specifier.contains(Version(there.version), prereleases=True)
    except InvalidVersion:
        return f"the version of {there.place}, {there.version!r}, cannot be read"
    return "" if fits else f"{there.name} {there.version} is installed"

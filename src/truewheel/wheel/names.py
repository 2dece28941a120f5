"""Names of entries: what makes one unsafe, and when two of them meet.

Source: the binary distribution format specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from truewheel.wheel.faults import Fault

_LIMIT_COMPONENT = 255  # bytes: NAME_MAX
_LIMIT_NAME = 4095  # bytes: PATH_MAX without its NUL
_LIMIT_DEPTH = 250  # directories; Pythons recurse into each, up to a thousand
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_ORDINARY = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)*")


def name_problem(name: str) -> str:
    """Say why an archive name is not a plain relative POSIX path; an empty text where it is one."""
    if len(name) <= _LIMIT_COMPONENT and _ORDINARY.fullmatch(name):
        return ""
    parts = name.split("/")
    problems = {
        "holds a control character": not name.isprintable() and _has_controls(name),
        "holds a backslash": "\\" in name,
        "is an absolute path": name.startswith("/"),
        "starts with a drive letter": name[1:2] == ":" and name[0].isascii() and name[0].isalpha(),
        "climbs out of the wheel with '..'": ".." in parts,
        "has an empty or '.' component": "" in parts or "." in parts,
    }
    return next((text for text, found in problems.items() if found), "") or _length_problem(name, parts)


def _has_controls(name: str) -> bool:
    import unicodedata  # most names are printable

    return any(unicodedata.category(character) in _UNSAFE for character in name)


def _length_problem(name: str, parts: list[str]) -> str:
    # no character takes more than four bytes
    if len(name) * 4 <= _LIMIT_COMPONENT:
        return ""
    if any(len(part.encode()) > _LIMIT_COMPONENT for part in parts):
        return f"has a component of more than {_LIMIT_COMPONENT} bytes"
    if len(parts) > _LIMIT_DEPTH:
        return f"is more than {_LIMIT_DEPTH} directories deep"
    if len(name.encode()) > _LIMIT_NAME:
        return f"is longer than {_LIMIT_NAME} bytes"
    return ""


def check_collisions(files: Iterable[str], directories: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each name that is there twice or is both a file and a directory."""
    names = list(files)
    seen = set(names)
    if len(seen) < len(names):
        yield from _twice(names)
    parents = set(directories)
    for directory in {name.rpartition("/")[0] for name in seen}:
        parent = directory
        while parent and parent not in parents:
            parents.add(parent)
            parent = parent.rpartition("/")[0]
    for name in sorted(seen & parents):
        yield Fault("file-and-directory", name, "is both a file and a directory")


def _twice(names: Iterable[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Fault("duplicate-entry", name, "is there twice")
        seen.add(name)

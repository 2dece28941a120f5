"""Tell paths and times of a build from what really differs."""

from __future__ import annotations

import posixpath
import re

_PATH = re.compile(r"/[^\s'\"<>|;:,()\[\]{}\0]+")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?|\b\d\d:\d\d(:\d\d)?\b"
    r"|\b1\d{9}(\.\d+|\d{3}|\d{6}|\d{9})?\b"  # seconds since the epoch, and fractions of them
)


def split_tail(one: str, other: str) -> tuple[str, str]:
    """Return two paths without the components that both end in."""
    first, second = one.split("/"), other.split("/")
    while len(first) > 1 and len(second) > 1 and first[-1] == second[-1]:
        first.pop()
        second.pop()
    return "/".join(first) or "/", "/".join(second) or "/"


def moved(one: str, other: str) -> bool:
    """Whether two paths lead to the same thing in different directories."""
    return one != other and posixpath.basename(one) == posixpath.basename(other) != ""


def differing_paths(one: str, other: str) -> tuple[str, str] | None:
    """Return the first paths that differ, where two texts differ by directories in paths alone.

    None where they are equal, or differ by anything else.
    """
    if _PATH.sub("/", one) != _PATH.sub("/", other):
        return None
    pairs = list(zip(_PATH.findall(one), _PATH.findall(other), strict=True))
    different = [pair for pair in pairs if pair[0] != pair[1]]
    return different[0] if different and all(moved(*pair) for pair in different) else None


def differ_by_time(one: str, other: str) -> bool:
    """Whether two texts differ by dates and times alone."""
    return one != other and _TIME.sub("", one) == _TIME.sub("", other)

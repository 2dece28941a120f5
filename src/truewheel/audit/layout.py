"""Where in a target Python finds modules, and which Python that is."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from truewheel.audit.model import Site

_SITE = re.compile(
    r"(?:^|/)(?:lib|lib64)/(?:python3(?:\.(?P<minor>\d+)(?P<threads>t?))?)/(?:site|dist)-packages$"
)
_TAG = re.compile(r"cpython-(\d)(\d+)t?")


def find_sites(paths: Iterable[str]) -> tuple[Site, ...]:
    """Return the directories of installed projects among the paths of a target.

    They are known by their names, below ``lib/python3.N``; where there are none, the target itself is one if
    it has a dist-info directory.
    """
    directories = {
        posixpath.dirname(path) for path in paths if path.endswith((".py", ".pyc", ".so", "/RECORD"))
    }
    above = {each for path in directories for each in _with_parents(path)}
    found = {path: match for path in above if (match := _SITE.search(path))}
    if not found and any(path.count("/") == 0 and path.endswith(".dist-info") for path in above):
        return (Site("", ""),)
    return tuple(Site(path, _tag(found[path])) for path in sorted(found))


def python_of_tag(tag: str) -> tuple[int, int] | None:
    """Return the CPython, (major, minor), of a cache tag; None for a tag of something else."""
    match = _TAG.fullmatch(tag)
    return (int(match[1]), int(match[2])) if match else None


def _tag(match: re.Match[str]) -> str:
    return f"cpython-3{match['minor']}" if match["minor"] else ""


def _with_parents(path: str) -> Iterable[str]:
    while path:
        yield path
        path = posixpath.dirname(path)

"""Decide the modes and dates of a tree, and which of its paths they are for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping

from truewheel.audit.normalize.model import Entry, Options
from truewheel.package.model import MemberKind

_LIBRARY = re.compile(r"(?:^|/)(?:lib|lib64)/python3(?:\.\d+t?)?(?:/|$)")
_SPECIAL, _STICKY, _WRITE = 0o7000, 0o1000, 0o200


def wanted_mode(entry: Entry, options: Options, in_scope: bool) -> int:
    """Return the mode that a path is to have: 0644 or 0755 by the execute bit, with setuid and its like."""
    stays = options.keep_modes or not in_scope or entry.settled or entry.mode & _STICKY
    stays = stays or (entry.kind is MemberKind.DIRECTORY and not entry.mode & _WRITE)  # as rpm's /usr/bin
    if stays or entry.kind is MemberKind.LINK or entry.kind is MemberKind.OTHER:
        return entry.mode
    executable = entry.kind is MemberKind.DIRECTORY or entry.mode & 0o111
    return (0o755 if executable else 0o644) | (entry.mode & _SPECIAL)


def python_paths(entries: Mapping[str, Entry], listed: Collection[str], whole: bool) -> set[str]:
    """Return the paths whose modes are an installer's to decide: all of a tree that is ``whole`` its own.

    Of a system's root they are what lies in a Python's library or is ``listed`` in a RECORD, and the
    directories above: the modes of /tmp or /etc/shadow mean something.
    """
    if whole:
        return set(entries)
    found = {path for path in entries if path in listed or _LIBRARY.search(path)}
    above = {posixpath.dirname(path) for path in found}
    while above - found:
        found |= above
        above = {posixpath.dirname(path) for path in above}
    inodes = {entries[path].inode for path in found & entries.keys()} - {""}
    return {path for path, entry in entries.items() if path in found or entry.inode in inodes}

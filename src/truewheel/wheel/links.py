"""Symbolic links of an archive: which file each of them leads to.

Source: Info-ZIP, which keeps Unix modes in the external attributes and a link's target as its content.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Collection, Iterable, Mapping
from functools import partial

from truewheel.wheel.directory import ArchiveEntry
from truewheel.wheel.faults import Checked, Fault, attempt
from truewheel.wheel.unpacking import Entries

_LONGEST = 4095  # bytes: PATH_MAX without its NUL


def follow_links(opened: Entries, files: Iterable[ArchiveEntry]) -> Checked[dict[str, str]]:
    """Return the entry whose bytes each link stands for, by the link's name.

    A link without a target stands for the empty file that it is. Yields a fault for each link.
    """
    entries = {entry.name: entry for entry in files}
    targets: dict[str, str] = {}
    for name, entry in entries.items():
        if stat.S_ISLNK(entry.mode):
            targets[name] = yield from _target(opened, entry)
    members = {}
    for name, target in targets.items():
        member = _followed(name, targets, entries.keys())
        if member:
            members[name] = member
            says = f"to {target}" if target else "without a target"
            yield Fault("symbolic-link", name, f"is a symbolic link {says}")
        else:
            yield Fault("stray-link", name, f"is a symbolic link to {target}, which is no file of the wheel")
    return members


def _target(opened: Entries, entry: ArchiveEntry) -> Checked[str]:
    content = b"/" if entry.size > _LONGEST else (yield from attempt(partial(opened.read, entry)))
    return (content or b"").decode("utf-8", "replace")


def _followed(name: str, targets: Mapping[str, str], files: Collection[str]) -> str:
    """Return the file at the end of a chain of links, empty where there is none."""
    passed: set[str] = set()
    while targets.get(name):
        if name in passed:
            return ""
        passed.add(name)
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), targets[name]))
    return name if name in files else ""

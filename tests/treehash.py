"""One hash over everything a package of a tree would record, and the same as text to compare."""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path


def tree_hash(root: Path) -> str:
    """SHA-256 over names, types, modes, dates, sizes, contents, link targets, hard links; not the owner."""
    return hashlib.sha256("\n".join(tree_listing(root)).encode("utf-8", "surrogateescape")).hexdigest()


def tree_listing(root: Path) -> list[str]:
    """A line for the root (``.``) and each path below it, sorted by name.

    Hard links name the first path of their group. A directory has no size: that is the file system's affair.
    """
    groups: dict[tuple[int, int], str] = {}
    lines = []
    for name, path in sorted(_walk(root)):
        info = path.lstat()
        fields = [name, stat.filemode(info.st_mode), str(info.st_mtime_ns)]
        if stat.S_ISLNK(info.st_mode):
            fields.append(f"-> {path.readlink()}")
        elif stat.S_ISREG(info.st_mode):
            first = groups.setdefault((info.st_dev, info.st_ino), name)
            fields += [str(info.st_size), hashlib.sha256(path.read_bytes()).hexdigest()]
            fields += [f"= {first} ({info.st_nlink} links)"] if info.st_nlink > 1 else []
        lines.append(" ".join(fields))
    return lines


def difference(one: list[str], other: list[str], most: int = 40) -> str:
    """The lines two listings do not share, for a failure's message."""
    lines = list(difflib.unified_diff(one, other, "one", "other", lineterm="", n=0))
    return "\n".join(lines[:most] + ([f"and {len(lines) - most} lines more"] if lines[most:] else []))


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    yield ".", root
    for directory, directories, names in os.walk(root):
        for name in directories + names:
            path = Path(directory, name)
            yield str(path.relative_to(root)), path

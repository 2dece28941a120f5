"""Follow links as a process inside a root would: an absolute one begins at the root, and none leads out."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable
from pathlib import Path

_MOST_LINKS = 40  # as the kernel


def leads_to(root: Path, final: str) -> str:
    """Return the final path that a final path leads to inside ``root``; what is missing is no link.

    Raises OSError with ELOOP for links that lead to one another, ENOTDIR for a file in place of a directory.
    """
    return resolved(final, lambda path: _link(root / path.lstrip("/")))


def resolved(final: str, link: Callable[[str], str]) -> str:
    """Return where a final path leads by links; ``link`` gives the text of the one at a path, "" for none.

    Raises OSError with ELOOP for links that lead to one another.
    """
    done, left, links = "/", _parts(final), 0
    while left:
        name = left.pop(0)
        if name == "..":
            done = posixpath.dirname(done)
            continue
        path = posixpath.join(done, name)
        target = link(path)
        if not target:
            done = path
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), final)
        done = "/" if target.startswith("/") else done
        left = [*_parts(target), *left]
    return done


def is_file(root: Path, final: str) -> bool:
    """Whether a final path leads to a regular file inside the root."""
    try:
        return stat.S_ISREG(os.lstat(root / leads_to(root, final).lstrip("/")).st_mode)
    except OSError:
        return False


def is_directory(root: Path, final: str) -> bool:
    """Whether a final path leads to a directory inside the root."""
    try:
        return stat.S_ISDIR(os.lstat(root / leads_to(root, final).lstrip("/")).st_mode)
    except OSError:
        return False


def _link(path: Path) -> str:
    try:
        return str(path.readlink()) if stat.S_ISLNK(os.lstat(path).st_mode) else ""
    except FileNotFoundError:
        return ""


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]

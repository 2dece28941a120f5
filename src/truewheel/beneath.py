"""Follow links as a process inside a root would: an absolute one begins at the root, and none leads out."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from pathlib import Path

_MOST_LINKS = 40  # as the kernel


def leads_to(root: Path, final: str) -> str:
    """Return the final path that a final path leads to inside ``root``; what is missing is no link.

    Raises OSError with ELOOP for links that lead to one another, ENOTDIR for a file in place of a directory.
    """
    done, left, links = "/", _parts(final), 0
    while left:
        name = left.pop(0)
        if name == "..":
            done = posixpath.dirname(done)
            continue
        path = posixpath.join(done, name)
        try:
            mode = os.lstat(root / path.lstrip("/")).st_mode
        except FileNotFoundError:
            mode = 0
        if not stat.S_ISLNK(mode):
            done = path
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), final)
        target = str((root / path.lstrip("/")).readlink())
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


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]

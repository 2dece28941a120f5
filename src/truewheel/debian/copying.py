"""Copy what was built into a package's directory, all of it or nothing."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import below, look
from truewheel.errors import ConflictRefused, RefusedInput

_DIRECTORY_MODE = 0o755
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Copy:
    """A file or directory to copy from the build host to a final path; ``mtime`` in seconds since the
    epoch."""

    source: str
    final: str
    directory: bool
    mode: int
    mtime: int


def plan_copies(source: str, final: str) -> list[Copy]:
    """What lies below a directory of the build host and where it goes, links followed, in a stable order.

    Raises RefusedInput for a link that leads nowhere or in a circle, and for what is neither file nor
    directory.
    """
    return list(_walk(source, final, ()))


def copy_all(copies: Sequence[Copy], root: Path) -> None:
    """Copy below ``root``; of two copies to one path the later one counts, and what is there is replaced.

    Raises ConflictRefused for a link or device in the way, StageError for trouble; the root is then
    as it was.
    """
    last = {copy.final: copy for copy in copies}
    files = [copy for copy in last.values() if not copy.directory]
    found = look(root, [copy.final for copy in files])
    for path in found.values():
        if not path.regular:
            raise ConflictRefused(
                "is there already and is not a regular file",
                subject=str(below(root, path.final)),
                hint="remove it before dh_auto_install",
            )
    with Buildroot(root, _DIRECTORY_MODE) as buildroot:
        for copy in last.values():
            if copy.directory:
                buildroot.directory(copy.final, copy.mtime)
            elif copy.final in found:
                buildroot.replace(copy.final, _chunks(copy.source), copy.mode, copy.mtime)
            else:
                buildroot.create(copy.final, _chunks(copy.source), copy.mode, copy.mtime)
        buildroot.commit()


def move_matching(source: str, target: str, pattern: str, sub: str, repl: str) -> None:
    """Move files whose path matches a regular expression to another directory, and drop directories left
    empty.

    Where ``sub`` is given, what it matches in the path below ``source`` becomes ``repl``.
    """
    for directory, _, names in list(os.walk(source)):
        for name in sorted(names):
            path = os.path.join(directory, name)
            if re.search(pattern, path):
                relative = os.path.relpath(path, source)
                relative = re.sub(sub, repl, relative) if sub else relative
                os.renames(path, os.path.join(target, relative))


def _walk(source: str, final: str, above: tuple[tuple[int, int], ...]) -> Iterator[Copy]:
    try:
        info = os.stat(source)
    except OSError as error:
        raise RefusedInput(
            f"cannot be copied: {error.strerror}", subject=source, hint="remove it after the build step"
        ) from error
    mtime = info.st_mtime_ns // 10**9
    if stat.S_ISREG(info.st_mode):
        yield Copy(source, final, False, stat.S_IMODE(info.st_mode), mtime)
        return
    inode = (info.st_dev, info.st_ino)
    if not stat.S_ISDIR(info.st_mode) or inode in above:
        problem = (
            "is neither a file nor a directory" if inode not in above else "is a link to a directory above it"
        )
        raise RefusedInput(problem, subject=source, hint="remove it after the build step")
    yield Copy(source, final, True, _DIRECTORY_MODE, mtime)
    for name in sorted(os.listdir(source)):
        yield from _walk(os.path.join(source, name), f"{final.rstrip('/')}/{name}", (*above, inode))


def _chunks(path: str) -> Iterator[bytes]:
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk

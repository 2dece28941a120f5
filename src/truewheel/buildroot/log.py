"""The file of a journal: written before each step, read by the run after one that was killed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Sequence

from truewheel.errors import ConflictRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

JOURNAL = ".truewheel-journal"
_MARK = "user.truewheel.dates"
_LIMIT = 1 << 30  # bytes; a hundred for each file of a run
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HINT = "remove it from the root, or empty the root, if no other program needs it"


def create(root: int) -> int:
    """Make the file in a root, given by descriptor; returns its descriptor, raises OSError."""
    return os.open(JOURNAL, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=root)


def append(descriptor: int, entries: Sequence[list[Any]]) -> None:
    """Append entries as one line, all or none of them; raises OSError."""
    data = f"{json.dumps(entries if entries[1:] else entries[0])}\n".encode("ascii")
    done = 0
    try:
        while done < len(data):
            done += os.write(descriptor, data[done:])
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - done)
        raise


def read(root: int) -> tuple[int, list[list[Any]]] | None:
    """Open what a run left that was killed: its descriptor and entries; None where there is nothing.

    A last line that is not whole is cut off, as the step that it announces was never taken. Raises
    ConflictRefused for a file that is not a journal of this user, OSError for trouble.
    """
    try:
        descriptor = os.open(JOURNAL, _FLAGS, dir_fd=root)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EACCES):
            raise
        raise _refused(f"cannot be opened: {error.strerror}") from error
    try:
        return descriptor, _entries(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def remove(root: int, times: tuple[int, int] | None) -> None:
    """Remove the file from an open root, which has the dates ``times`` then, in nanoseconds, unless None."""
    if times is not None:
        mark_times(root, times)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(JOURNAL, dir_fd=root)
    if times is not None:
        os.utime(root, ns=times)
        unmark_times(root)


def mark_times(root: int, times: tuple[int, int]) -> None:
    """Keep the dates of an open root in an attribute of it, as making or removing the file changes them."""
    with contextlib.suppress(OSError):
        os.setxattr(root, _MARK, b"%d %d" % times)


def unmark_times(root: int) -> None:
    """Remove the attribute of `mark_times`."""
    with contextlib.suppress(OSError):
        os.removexattr(root, _MARK)


def times(root: int) -> tuple[int, int]:
    """The dates of an open root, put right where a run was killed between `mark_times` and `unmark_times`."""
    with contextlib.suppress(OSError, ValueError):
        atime, mtime = map(int, os.getxattr(root, _MARK).split())
        os.utime(root, ns=(atime, mtime))
        unmark_times(root)
    info = os.fstat(root)
    return info.st_atime_ns, info.st_mtime_ns


def _entries(descriptor: int) -> list[list[Any]]:
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
        raise _refused("is not a regular file with one name")
    if info.st_uid != os.geteuid() or info.st_mode & 0o022:
        raise _refused("belongs to another user, or others may write to it")
    if info.st_size > _LIMIT:
        raise _refused(f"has more than {_LIMIT} bytes")
    with open(descriptor, "rb", closefd=False) as stream:
        whole, _, torn = stream.read(_LIMIT).rpartition(b"\n")
    if torn:
        os.ftruncate(descriptor, info.st_size - len(torn))
    try:
        return [entry for line in whole.split(b"\n") if line for entry in _of_line(json.loads(line))]
    except (ValueError, RecursionError) as error:
        raise malformed() from error


def _of_line(noted: Any) -> list[list[Any]]:
    """The entries of a line: one, or a list of some that were noted together."""
    return noted if isinstance(noted, list) and noted and isinstance(noted[0], list) else [noted]


def malformed() -> ConflictRefused:
    """The error of a file that no run of ours wrote."""
    return _refused("is not a journal that this truewheel wrote")


def _refused(message: str) -> ConflictRefused:
    return ConflictRefused(message, subject=f"/{JOURNAL}", hint=_HINT)

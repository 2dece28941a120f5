"""Undo or finish what a run noted: the run itself does it, or the next one after it was killed."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
from collections.abc import Iterator

from truewheel.buildroot.journal import Facts, Identity, Kept, Times, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Opener(Protocol):
        """Gives descriptors of directories below the root."""

        def find(self, path: str) -> int:
            """The descriptor of a directory, by its final path; raises OSError where it is not there."""

        def names(self, path: str) -> list[str]:
            """The names in a directory; raises OSError where it is not there."""

        def date(self, path: str, nanoseconds: int) -> None:
            """Set the dates of a directory."""


def undo(facts: Facts, directories: Opener) -> dict[str, int]:
    """Bring the root to what it was, but for its own date; returns the final paths that failed, with errno.

    A file that another put in a place of ours stays, and with it the directory.
    """
    failed: dict[str, int] = {}
    for final, kept in facts.kept.items():
        with _noting(failed, final):
            _restore(directories.find(posixpath.dirname(final)), posixpath.basename(final), kept)
    for final, new in facts.files.backwards():
        with _noting(failed, final):
            _unlink(directories.find(posixpath.dirname(final)), posixpath.basename(final), new)
    for path in (*facts.dates, *facts.others, *facts.directories):
        with _noting(failed, path):
            for name in directories.names(path):
                if name.startswith(facts.prefix):
                    os.unlink(name, dir_fd=directories.find(path))
    for path in reversed(facts.directories):
        with _noting(failed, path):
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(posixpath.basename(path), dir_fd=directories.find(posixpath.dirname(path)))
            failed.pop(path, None)  # it could not be listed, but nothing was in it
    for path, times in facts.dates.items():
        with _noting(failed, path):
            os.utime(directories.find(path), ns=times)
    return failed


def finish(facts: Facts, directories: Opener) -> None:
    """Remove what was kept and directories that are empty now, date directories again; raises OSError."""
    for final, kept in facts.kept.items():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(kept.name, dir_fd=directories.find(posixpath.dirname(final)))
    for path in sorted(facts.emptied, reverse=True):
        with _ignoring(errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            os.rmdir(posixpath.basename(path), dir_fd=directories.find(posixpath.dirname(path)))
    for path, nanoseconds in (facts.settled or {}).items():
        with contextlib.suppress(FileNotFoundError):
            directories.date(path, nanoseconds)


def settled_times(facts: Facts) -> Times | None:
    """The dates that the root has when all is settled or undone; None where they are as they are."""
    if "/" in facts.others:
        return None
    date = (facts.settled or {}).get("/")
    return facts.root if date is None else (date, date)


@contextlib.contextmanager
def _ignoring(*codes: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in codes:
            raise


@contextlib.contextmanager
def _noting(failed: dict[str, int], final: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:  # noted, but never made, or gone already
        pass
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            failed[final] = error.errno or errno.EIO


def _restore(directory: int, name: str, kept: Kept) -> None:
    before = os.stat(kept.name, dir_fd=directory, follow_symlinks=False)
    with contextlib.suppress(FileNotFoundError):
        there = os.stat(name, dir_fd=directory, follow_symlinks=False)
        # not replaced yet, when a rename would leave both names; or replaced by another since
        if os.path.samestat(before, there) or identity(there) != kept.new:
            os.unlink(kept.name, dir_fd=directory)
            return
    os.rename(kept.name, name, src_dir_fd=directory, dst_dir_fd=directory)


def _unlink(directory: int, name: str, new: Identity) -> None:
    if identity(os.stat(name, dir_fd=directory, follow_symlinks=False)) == new:
        os.unlink(name, dir_fd=directory)

"""Note what a run makes below a root, and undo it."""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol


class Opener(Protocol):
    """Gives descriptors of directories below the root."""

    def find(self, path: str) -> int:
        """The descriptor of a directory, by its final path; raises OSError where it is not there."""


class Journal:
    """What was made, moved away or dated, each noted before it happens: a signal may come right after it.

    Paths are final ones, but for those of the root and its parents, which are of the build host.
    """

    def __init__(self) -> None:
        self._roots: list[Path] = []
        self._directories: dict[str, None] = {}
        self._files: list[str] = []
        self._kept: dict[str, str] = {}
        self._dates: dict[str, tuple[int, int]] = {}

    @property
    def dates(self) -> Mapping[str, tuple[int, int]]:
        """Access and modification times, in nanoseconds, of the directories that were there before."""
        return self._dates

    @contextlib.contextmanager
    def making_root(self, path: Path) -> Iterator[None]:
        """Note the root or a parent of it while it is made."""
        self._roots.append(path)
        try:
            yield
        except OSError:
            self._roots.pop()
            raise

    @contextlib.contextmanager
    def making_file(self, final: str) -> Iterator[None]:
        """Note a file while it is made."""
        self.file(final)
        try:
            yield
        except OSError:
            self.no_file()
            raise

    def file(self, final: str) -> None:
        """Note a file that is made next."""
        self._files.append(final)

    def no_file(self) -> None:
        """Take back the last note of a file, which could not be made."""
        self._files.pop()

    def directory(self, path: str) -> bool:
        """Note a directory that is made next; False if this run made it before."""
        new = path not in self._directories
        self._directories[path] = None
        return new

    def no_directory(self, path: str) -> None:
        """Take back the note of a directory that could not be made."""
        del self._directories[path]

    def is_ours(self, path: str) -> bool:
        """Whether this run made a directory."""
        return path in self._directories

    def date(self, path: str, descriptor: int) -> None:
        """Note the dates of a directory that is there, when it is opened first."""
        if path not in self._dates and path not in self._directories:
            info = os.fstat(descriptor)
            self._dates[path] = (info.st_atime_ns, info.st_mtime_ns)

    def keep(self, final: str, name: str) -> None:
        """Note the name, in its directory, under which a file that is replaced or removed is kept."""
        self._kept[final] = name

    def keep_nothing(self, final: str) -> None:
        """Take back a note of `keep`: there was no file, so what comes in its place is ours."""
        del self._kept[final]
        self.file(final)

    def drop_kept(self, directories: Opener) -> bool:
        """Remove what is kept, as nothing is undone any more; says whether there was anything."""
        for final, name in self._kept.items():
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=directories.find(posixpath.dirname(final)))
        return bool(self._kept)

    def undo(self, directories: Opener) -> list[str]:
        """Bring the root to what it was; returns the paths for which that failed, final ones."""
        failed: list[str] = []
        for final, name in self._kept.items():
            with _noting(failed, final):
                _restore(directories.find(posixpath.dirname(final)), posixpath.basename(final), name)
        for final in reversed(self._files):
            with _noting(failed, final):
                os.unlink(posixpath.basename(final), dir_fd=directories.find(posixpath.dirname(final)))
        for path in reversed(self._directories):
            with _noting(failed, path):
                os.rmdir(posixpath.basename(path), dir_fd=directories.find(posixpath.dirname(path)))
        for path, times in self._dates.items():
            with _noting(failed, path):
                os.utime(directories.find(path), ns=times)
        for root in reversed(self._roots):
            with _noting(failed, "/"):
                root.rmdir()
        return failed


@contextlib.contextmanager
def _noting(failed: list[str], final: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:  # noted, but never made, or gone already
        pass
    except OSError:
        failed.append(final)


def _restore(directory: int, name: str, kept: str) -> None:
    before = os.stat(kept, dir_fd=directory, follow_symlinks=False)
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(before, os.stat(name, dir_fd=directory, follow_symlinks=False)):
            os.unlink(kept, dir_fd=directory)  # not replaced yet, and a rename would leave both names
            return
    os.rename(kept, name, src_dir_fd=directory, dst_dir_fd=directory)

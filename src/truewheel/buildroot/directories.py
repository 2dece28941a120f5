"""Open and make the directories below a root, by descriptor, never through a link."""

from __future__ import annotations

import errno
import os
import posixpath
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from truewheel.buildroot.journal import Journal

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_OPEN = 256


class Directories:
    """The directories of one root, the last used ones open; those that are missing are made with ``mode``.

    Paths are final ones without a slash at the end. What is made, and the dates of what is there, is noted in
    the journal. Methods raise the OSError of the system.
    """

    def __init__(self, root: Path, mode: int, journal: Journal) -> None:
        self._root = root
        self._mode = mode
        self._journal = journal
        self._open: OrderedDict[str, int] = OrderedDict()

    def open_root(self) -> None:
        """Open the root; it is made with its parents where it is missing."""
        missing = [path for path in (self._root, *self._root.parents) if not path.exists()]
        for path in reversed(missing):
            with self._journal.making_root(path):
                path.mkdir()
            path.chmod(self._mode)
        self._open["/"] = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if not missing:
            self._journal.date("/", self._open["/"])

    def get(self, path: str) -> int:
        """The descriptor of a directory, which is made where it is missing."""
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        return self._reach(path, self._open_or_make)

    def find(self, path: str) -> int:
        """The descriptor of a directory; raises FileNotFoundError where it is missing."""
        return self._open[path] if path in self._open else self._reach(path, self._open_there)

    def date(self, path: str, nanoseconds: int) -> None:
        """Set the dates of a directory, without opening it."""
        times = (nanoseconds, nanoseconds)
        if path in self._open:
            os.utime(self._open[path], ns=times)
            return
        above, _, name = path.rpartition("/")
        os.utime(name, ns=times, dir_fd=self.get(above or "/"), follow_symlinks=False)

    def close(self) -> None:
        """Close everything."""
        for descriptor in self._open.values():
            with suppress(OSError):
                os.close(descriptor)
        self._open.clear()

    def _reach(self, path: str, step: Callable[[int, str, str], int]) -> int:
        missing = []
        above = path
        while above not in self._open:
            missing.append(above)
            above = posixpath.dirname(above)
        descriptor = self._open[above]
        for each in reversed(missing):
            descriptor = step(descriptor, posixpath.basename(each), each)
            self._open[each] = descriptor
            if len(self._open) > _MOST_OPEN:
                self._close_oldest()
        return descriptor

    def _close_oldest(self) -> None:
        path = next(path for path in self._open if path != "/")
        os.close(self._open.pop(path))

    def _open_or_make(self, above: int, name: str, path: str) -> int:
        # below a directory that is new everything else is, too
        if self._journal.is_ours(path) or not self._journal.is_ours(path.rpartition("/")[0] or "/"):
            with suppress(FileNotFoundError):
                return self._open_there(above, name, path)
        new = self._journal.directory(path)
        try:
            os.mkdir(name, 0o700, dir_fd=above)
        except OSError as error:
            if new:
                self._journal.no_directory(path)
            if error.errno != errno.EEXIST:
                raise
            return self._open_there(above, name, path)
        descriptor = os.open(name, _FLAGS, dir_fd=above)
        os.fchmod(descriptor, self._mode)
        return descriptor

    def _open_there(self, above: int, name: str, path: str) -> int:
        descriptor = os.open(name, _FLAGS, dir_fd=above)
        self._journal.date(path, descriptor)
        return descriptor

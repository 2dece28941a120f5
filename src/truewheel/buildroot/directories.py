"""Open and make the directories below a root, by descriptor, never through a link."""

from __future__ import annotations

import errno
import os
import posixpath
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from truewheel.buildroot.journal import Journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")


_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_OPEN = 256


class Directories:
    """The directories of one root, the last used ones open; those that are missing are made with ``mode``.

    Paths are final ones without a slash at the end. What is made, and the dates of what is there, is noted in
    the journal. Methods raise the OSError of the system.
    """

    def __init__(self, mode: int, journal: Journal) -> None:
        self._mode = mode
        self._journal = journal
        self._open: OrderedDict[str, int] = OrderedDict()

    def open_root(self, descriptor: int) -> None:
        """Take the open root; it is closed with the others."""
        self._open["/"] = descriptor

    def get(self, path: str) -> int:
        """The descriptor of a directory, which is made where it is missing."""
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        return self._reach(path, self._open_or_make)

    def find(self, path: str) -> int:
        """The descriptor of a directory; raises FileNotFoundError where it is missing."""
        return self._open[path] if path in self._open else self._reach(path, self._open_there)

    def names(self, path: str) -> list[str]:
        """The names in a directory; raises FileNotFoundError where it is missing."""
        descriptor = self.find(path)
        return self._with_room(path, lambda: os.listdir(descriptor))

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
            above = above.rpartition("/")[0] or "/"
        descriptor = self._open[above]
        for each in reversed(missing):
            descriptor = step(descriptor, each.rpartition("/")[2], each)
            self._open[each] = descriptor
            if len(self._open) > _MOST_OPEN:
                self._close_oldest(each)
        return descriptor

    def _with_room(self, needed: str, call: Callable[[], _T]) -> _T:
        """Close directories but the ``needed`` one as long as the call has no descriptor left."""
        while True:
            try:
                return call()
            except OSError as error:
                if error.errno != errno.EMFILE or not self._close_oldest(needed):
                    raise

    def _close_oldest(self, needed: str) -> bool:
        path = next((path for path in self._open if path not in ("/", needed)), None)
        if path is not None:
            os.close(self._open.pop(path))
        return path is not None

    def _opened(self, above: int, name: str, path: str) -> int:
        needed = posixpath.dirname(path)
        return self._with_room(needed, lambda: os.open(name, _FLAGS, dir_fd=above))

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
        descriptor = self._opened(above, name, path)
        os.fchmod(descriptor, self._mode)
        return descriptor

    def _open_there(self, above: int, name: str, path: str) -> int:
        descriptor = self._opened(above, name, path)
        self._journal.date(path, descriptor)
        return descriptor

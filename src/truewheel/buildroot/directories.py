"""Open and make the directories below a root, by descriptor, never through a link."""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from truewheel.buildroot.dates import Dates
from truewheel.buildroot.journal import Journal

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_OPEN = 256


class Directories:
    """The directories of one root, the last used ones open; those that are missing are made with ``mode``.

    Paths are final ones without a slash at the end. What is made, and the dates of what is there, is noted in
    the journal. Methods raise the OSError of the system.
    """

    def __init__(self, mode: int, journal: Journal, dates: Dates) -> None:
        self._mode = mode
        self._journal = journal
        self._dates = dates
        self._dated: dict[str, int] = {}
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
        while True:
            try:
                return os.listdir(descriptor)
            except OSError as error:
                self._make_room(error, path)

    def date(self, path: str, nanoseconds: int) -> None:
        """Set the dates of a directory, without opening it."""
        if self._dated.get(path) == nanoseconds:
            return
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

    def _reach(self, path: str, step: Callable[[str, str, str], int]) -> int:
        """The descriptor of a directory; each that is not open is opened by a ``step`` from the one above."""
        missing = []
        above = path
        while above not in self._open:
            directory, _, name = above.rpartition("/")
            missing.append((directory or "/", name, above))
            above = directory or "/"
        for each in reversed(missing):
            descriptor = self._open[each[2]] = step(*each)
            self._dated.pop(each[2], None)
            if len(self._open) > _MOST_OPEN:
                self._close_oldest(each[2])
        return descriptor

    def _make_room(self, error: OSError, needed: str) -> None:
        """Close a directory but the ``needed`` one for a call that had no descriptor left, else raise."""
        if error.errno != errno.EMFILE or not self._close_oldest(needed):
            raise error

    def _close_oldest(self, needed: str) -> bool:
        path = next((path for path in self._open if path not in ("/", needed)), None)
        if path is not None:
            self._date_early(path)
            os.close(self._open.pop(path))
        return path is not None

    def _date_early(self, path: str) -> None:
        """Date a directory of ours before it is closed: later, the one above must be opened for that."""
        date = self._dates.newest(path)
        if date is not None and self._journal.is_ours(path):
            with suppress(OSError):  # what fails is told at commit
                os.utime(self._open[path], ns=(date, date))
                self._dated[path] = date

    def _opened(self, above: str, name: str) -> int:
        while True:
            try:
                return os.open(name, _FLAGS, dir_fd=self._open[above])
            except OSError as error:
                self._make_room(error, above)

    def _open_or_make(self, above: str, name: str, path: str) -> int:
        # below a directory that is new everything else is, too
        if self._journal.is_ours(path) or not self._journal.is_ours(above):
            with suppress(FileNotFoundError):
                return self._open_there(above, name, path)
        new = self._journal.directory(path)
        try:
            os.mkdir(name, 0o700, dir_fd=self._open[above])
        except OSError as error:
            if new:
                self._journal.no_directory(path)
            if error.errno != errno.EEXIST:
                raise
            return self._open_there(above, name, path)
        descriptor = self._opened(above, name)
        os.fchmod(descriptor, self._mode)
        return descriptor

    def _open_there(self, above: str, name: str, path: str) -> int:
        descriptor = self._opened(above, name)
        self._journal.date(path, descriptor)
        return descriptor

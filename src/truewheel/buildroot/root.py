"""Open, make and lock the directory that is the root: one run at a time writes below it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path

from truewheel.buildroot.log import JOURNAL

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# file systems that do not lock directories, such as NFS
_NO_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)
_PATIENCE = 1.0  # seconds until a run that waits says so


class Root:
    """The root directory ``path`` of the build host, locked by its descriptor while that is open.

    A root that is missing is made under another name beside its own, and appears with its mode and journal.
    Methods raise the OSError of the system.
    """

    def __init__(self, path: Path, mode: int) -> None:
        self._path = path
        self._mode = mode
        self._staging = path.with_name(f".truewheel-{path.name}.new") if path.name else path
        self._staged = False
        self._parents: list[Path] = []

    def open(self, begin: Callable[[int], None]) -> tuple[int, bool]:
        """The descriptor, and whether the root was made; ``begin`` writes the journal of one that is."""
        while True:
            descriptor = self._locked(self._path)
            if descriptor is not None:
                return descriptor, False
            descriptor = self._made(begin)
            if descriptor is not None:
                return descriptor, True

    def remove(self, names: Collection[str] | None) -> None:
        """Remove a root that holds only its journal, of all its ``names``, and parents made for it.

        Without names the root was not made, but perhaps begun.
        """
        if names is not None and not self._staged:
            if set(names) - {JOURNAL}:
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
            self._path.rename(self._staging)
            self._staged = True
        if self._staged:
            self._clear()
        while self._parents:
            with contextlib.suppress(FileNotFoundError):
                self._parents[-1].rmdir()
            self._parents.pop()

    def _made(self, begin: Callable[[int], None]) -> int | None:
        self._make_parents()
        self._staged = True
        try:
            self._staging.mkdir(0o700)
        except OSError as error:
            self._staged = False
            if error.errno != errno.EEXIST:
                raise
            self._discard()
            return None
        descriptor = self._locked(self._staging)
        if descriptor is None:
            return None
        os.fchmod(descriptor, self._mode)
        begin(descriptor)
        try:
            self._staging.rename(self._path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            self._clear()
            os.close(descriptor)
            return None
        self._staged = False
        return descriptor

    def _make_parents(self) -> None:
        missing = [path for path in self._path.parents if not path.exists()]
        for path in reversed(missing):
            self._parents.append(path)
            path.mkdir()
            path.chmod(self._mode)

    def _discard(self) -> None:
        """Remove what a run left that was killed while it made the root; waits for one that is not."""
        descriptor = self._locked(self._staging, os.O_NOFOLLOW)
        if descriptor is not None:
            try:
                self._clear()
            finally:
                os.close(descriptor)

    def _clear(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._staging / JOURNAL).unlink()
        with contextlib.suppress(FileNotFoundError):
            self._staging.rmdir()
        self._staged = False

    def _locked(self, path: Path, more: int = 0) -> int | None:
        """Open and lock a directory; None where it is missing, or another took its place meanwhile."""
        try:
            descriptor = os.open(path, _FLAGS | more)
        except FileNotFoundError:
            return None
        try:
            _lock(descriptor, self._path)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None


def _lock(descriptor: int, path: Path) -> None:
    """Wait until no other run has the directory; without a lock where the file system has none."""
    begin = time.monotonic()
    try:
        while time.monotonic() < begin + _PATIENCE:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(0.02)
        import logging  # slow to import, and seldom needed

        logging.getLogger("truewheel").warning(
            "truewheel: warning: %s: waits for another run that has it", path
        )
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise

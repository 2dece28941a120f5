"""Write below a root: never through a link, never half a file, all of it or nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from truewheel.buildroot.dates import Dates
from truewheel.buildroot.directories import Directories
from truewheel.buildroot.journal import Journal
from truewheel.buildroot.trouble import as_stage_error, stage_error, undo_error

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SECOND = 10**9
_NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV, errno.ENOSYS)


@dataclass
class _Pending:
    """What waits for the commit, by final path: new files under their temporary names, what goes."""

    replacements: dict[str, str] = field(default_factory=dict)
    last: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)

    def in_order(self) -> list[str]:
        """The replacements in the order in which they take their places."""
        return sorted(self.replacements, key=lambda final: (final in self.last, final))


class Buildroot:
    """A transaction below ``root``, a directory of the build host; all other paths are final ones.

    A file appears under its name only when it is whole. New files appear at once, replaced ones when
    ``commit`` is called, those put with ``last`` after all others. Leaving the ``with`` block without a
    ``commit`` removes what was made and restores the dates of directories. Modes never depend on the umask;
    directories get the newest date of what was put below them. Raises StageError for every refusal of the
    operating system.
    """

    def __init__(self, root: Path, directory_mode: int) -> None:
        self._journal = Journal()
        self._directories = Directories(root, directory_mode, self._journal)
        self._dates = Dates()
        self._pending = _Pending()
        self._names = _TemporaryNames()
        self._committed = False

    def __enter__(self) -> Buildroot:
        try:
            with as_stage_error("/"):
                self._directories.open_root()
        except BaseException as error:
            self._close(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(error)

    def _close(self, error: BaseException | None) -> None:
        failed: list[str] = []
        try:
            if self._committed:
                self._journal.drop_kept(self._directories)
            else:
                failed = self._journal.undo(self._directories)
        finally:
            self._directories.close()
        if failed:
            raise undo_error(failed, error)

    def create(self, final: str, content: Iterable[bytes], mode: int, mtime: int) -> None:
        """Put a new file of ``content`` at ``final``; ``mtime`` in seconds since the epoch."""
        try:  # measured: no context manager for what is done once a file
            directory, path, name = self._place(final, mtime)
            temporary = self._write(path, directory, content, mode, mtime)
            self._journal.file(final)
            try:
                os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except OSError:
                self._journal.no_file()
                raise
        except OSError as error:
            raise stage_error(final, error) from error

    def directory(self, final: str, mtime: int) -> None:
        """Make a directory unless it is there, even if nothing is put below it, dated ``mtime`` at least."""
        with as_stage_error(final):
            self._directories.get(final)
            self._dates.note(final, mtime)

    def replace(
        self, final: str, content: Iterable[bytes], mode: int, mtime: int, last: bool = False
    ) -> None:
        """Put a file that takes the place of ``final`` at commit; with ``last``, after all the others."""
        with as_stage_error(final):
            directory, path, _ = self._place(final, mtime)
            self._pending.replacements[final] = self._write(path, directory, content, mode, mtime)
            if last:
                self._pending.last.add(final)

    def link(self, existing: str, final: str, mtime: int, replace: bool) -> bool:
        """Make ``final`` a hard link of ``existing`` in the same directory; False where that cannot be."""
        with as_stage_error(final):
            directory, path, name = self._place(final, mtime)
            source = self._pending.replacements.get(existing, posixpath.basename(existing))
            target = self._names.new() if replace else name
            try:
                with self._journal.making_file(f"{path}/{target}"):
                    os.link(source, target, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
            except OSError as error:
                if error.errno in _NO_LINKS:
                    return False
                raise
            if replace:
                self._pending.replacements[final] = target
            return True

    def remove(self, final: str) -> None:
        """Remove a file at commit."""
        self._pending.removed.add(final)

    def remove_directory(self, final: str) -> None:
        """Remove a directory at commit if nothing is in it then."""
        self._pending.emptied.add(final)

    def commit(self, sync: bool = False) -> None:
        """Let replacements take their places, date the directories; from here on nothing is undone.

        With ``sync`` it returns only when the file system has everything on the disk, and raises
        StageError for what it could not write.
        """
        for final in self._pending.in_order():
            with as_stage_error(final):
                self._take_place(final, self._pending.replacements[final])
        for final in sorted(self._pending.removed):
            with as_stage_error(final):
                self._remove(final)
        self._date_directories()
        if sync:
            with as_stage_error("/"):
                _syncfs(self._directories.get("/"))
        self._committed = True
        if self._journal.drop_kept(self._directories):
            self._remove_directories()
            self._date_directories(hint="everything is in place, only dates of directories are not")

    def _take_place(self, final: str, temporary: str) -> None:
        directory, name = self._directories.get(posixpath.dirname(final)), posixpath.basename(final)
        self._keep(final, directory, name)
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)

    def _remove(self, final: str) -> None:
        path, name = posixpath.split(final)
        directory = self._directories.get(path)
        self._dates.touch(path)
        self._keep(final, directory, name)
        os.unlink(name, dir_fd=directory)

    def _keep(self, final: str, directory: int, name: str) -> None:
        """Keep the file that is replaced until all are; without one the new file is ours to remove."""
        kept = self._names.new()
        self._journal.keep(final, kept)
        try:
            os.link(name, kept, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            self._journal.keep_nothing(final)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.rename(name, kept, src_dir_fd=directory, dst_dir_fd=directory)

    def _remove_directories(self) -> None:
        for path in self._pending.emptied:
            above, name = posixpath.split(path)
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=self._directories.get(above))
                self._dates.touch(above)
                self._dates.forget(path)

    def _date_directories(self, hint: str = "") -> None:
        for path, nanoseconds in self._dates.wanted(self._journal.dates).items():
            with as_stage_error(path, hint):
                self._directories.date(path, nanoseconds)

    def _place(self, final: str, mtime: int) -> tuple[int, str, str]:
        """The directory of a file, open, by its path without a last slash, and the file's name there."""
        path, _, name = final.rpartition("/")
        directory = self._directories.get(path or "/")
        self._dates.note(path or "/", mtime)
        return directory, path, name

    def _write(self, path: str, directory: int, content: Iterable[bytes], mode: int, mtime: int) -> str:
        name = self._names.new()
        self._journal.file(f"{path}/{name}")
        descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
        try:
            for chunk in content:
                if chunk and (done := os.write(descriptor, chunk)) < len(chunk):
                    _write_all(descriptor, chunk[done:])
            os.fchmod(descriptor, mode)
            os.utime(descriptor, ns=(mtime * _SECOND, mtime * _SECOND))
        finally:
            os.close(descriptor)
        return name


class _TemporaryNames:
    """Names of files that are ours alone: a process id comes again, above all in containers."""

    def __init__(self) -> None:
        self._run = os.urandom(8).hex()
        self._count = 0

    def new(self) -> str:
        """A name that was not given out before."""
        self._count += 1
        return f".truewheel-{self._run}-{self._count}.tmp"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _syncfs(descriptor: int) -> None:
    import ctypes  # slow to import, and seldom asked for

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(descriptor) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))

"""Write below a root: never through a link, never half a file, all of it or nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from truewheel.buildroot import log
from truewheel.buildroot.dates import Dates
from truewheel.buildroot.directories import Directories
from truewheel.buildroot.journal import Facts, Identity, Journal, Times, identity
from truewheel.buildroot.root import Root
from truewheel.buildroot.signals import uninterrupted
from truewheel.buildroot.trouble import LEFT_HINT, as_stage_error, stage_error, undo_error
from truewheel.buildroot.undo import finish, settled_times, undo
from truewheel.dataclass import dataclass, field

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SECOND = 10**9
_TOGETHER = 200  # files that take their places at a time
_NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV, errno.ENOSYS)
_TO_TIDY = "everything is in place; run again to remove temporary files and empty directories that are left"
# what another put in the place of a directory or file of ours, or into it, is not ours to remove
_OF_OTHERS = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.ELOOP}


@dataclass
class _Pending:
    """What waits, by final path: files under their temporary names, those that go.

    ``additions`` take their places together, ``replacements`` at commit.
    """

    additions: dict[str, tuple[str, Identity]] = field(default_factory=dict)
    replacements: dict[str, tuple[str, Identity]] = field(default_factory=dict)
    last: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)

    def in_order(self) -> list[str]:
        """The replacements in the order in which they take their places."""
        return sorted(self.replacements, key=lambda final: (final in self.last, final))


class Buildroot:
    """A transaction below ``root``, a directory of the build host; all other paths are final ones.

    One run at a time has a root; the others wait. What a killed run left is undone first, or finished where
    all of it was in place. A file appears under its name only when it is whole. New files appear at once, or
    some together; replaced ones when ``commit`` is called, those put with ``last`` after all others. Leaving
    the ``with`` block without a ``commit`` removes what was made and restores the dates of directories.

    Modes never depend on the umask; directories get the newest date of what was put below them. One that was
    there keeps a later date, but none later than ``epoch``, in seconds, where there is one. A directory of
    another user, who alone can date it, has the time of the run; with an ``epoch`` it is refused. Raises
    StageError for every refusal of the operating system, ConflictRefused for a journal that is not ours.
    """

    def __init__(self, root: Path, directory_mode: int, epoch: int | None = None) -> None:
        self._path = root
        self._root = Root(root, directory_mode)
        self._epoch = epoch
        self._journal = Journal(dated=epoch is not None)
        self._dates = Dates()
        self._directories = Directories(directory_mode, self._journal, self._dates)
        self._pending = _Pending()
        self._descriptor: int | None = None
        self._settled = False

    def __enter__(self) -> Buildroot:
        try:
            with as_stage_error(os.fspath(self._path)):
                self._descriptor, made = self._root.open(self._begin)
                self._directories.open_root(self._descriptor)
                if not made:
                    self._recover(self._descriptor)
        except BaseException as error:
            self._close(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(error)

    def _begin(self, descriptor: int) -> None:
        self._journal.begin(descriptor, None)
        self._journal.write()

    def _recover(self, descriptor: int) -> None:
        """Undo or finish what a killed run left, and begin where it began."""
        times = log.times(descriptor)
        dead = self._journal.read_dead(descriptor)
        if dead is None:
            self._journal.begin(descriptor, times)
            return
        directories = Directories(0, Journal(), Dates())  # what they hold open may be gone afterwards
        directories.open_root(os.dup(descriptor))
        try:
            self._journal.begin(descriptor, _recovered(dead, directories, times))
        finally:
            directories.close()

    def _close(self, error: BaseException | None) -> None:
        with uninterrupted():
            failed: dict[str, int] = {}
            try:
                if self._settled:
                    self._finish()
                else:
                    failed = self._undo()
            finally:
                self._journal.close()
                self._directories.close()
        if failed:
            raise undo_error(failed, error)
        if isinstance(error, KeyboardInterrupt) and not error.args:
            error.args = ("everything is in place" if self._settled else self._as_it_was(),)

    def _as_it_was(self) -> str:
        others = self._journal.facts.others
        return f"the root is as it was{', but for dates of directories of other users' if others else ''}"

    def _undo(self) -> dict[str, int]:
        """Undo all; the journal stays where the next run may have more success."""
        self._journal.forget_expected()
        facts = self._journal.facts
        failed = undo(facts, self._directories)
        if set(failed.values()) - _OF_OTHERS:
            return failed
        try:
            self._leave(facts)
        except OSError as error:
            failed.setdefault("/", error.errno or errno.EIO)
        return failed

    def _leave(self, facts: Facts) -> None:
        if self._descriptor is None or not self._journal.is_begun:
            self._root.remove(None)
        elif facts.root is not None:
            if self._journal.is_written:
                self._journal.release()
                log.remove(self._descriptor, settled_times(facts))
        else:
            try:
                self._root.remove(self._directories.names("/"))
            except OSError as error:
                if error.errno in _OF_OTHERS:
                    log.remove(self._descriptor, None)
                raise

    def expect(self, directories: Iterable[str]) -> None:
        """Note at once which directories are to be made: to write down each by itself takes its time."""
        finals = {"/"}
        for directory in directories:
            path = directory
            while path not in finals:
                finals.add(path)
                path = path.rpartition("/")[0] or "/"
        self._journal.expect(path for path in sorted(finals) if not self._is_there(path))

    def _is_there(self, path: str) -> bool:
        """Whether a directory is there; what is below a missing one is not looked for."""
        if not self._journal.is_expected(path.rpartition("/")[0] or "/"):
            with as_stage_error(path), contextlib.suppress(FileNotFoundError):
                self._directories.find(path)
                return True
        return False

    def create(self, final: str, content: Iterable[bytes], mode: int, mtime: int) -> None:
        """Put a new file of ``content`` at ``final``; ``mtime`` in seconds since the epoch."""
        self.add(final, content, mode, mtime)
        self.place()

    def add(self, final: str, content: Iterable[bytes], mode: int, mtime: int) -> None:
        """Write a new file of ``content``, which gets to ``final`` with others, at the latest at commit."""
        try:  # measured: no context manager for what is done once a file
            directory = self._place(final, mtime)
            self._pending.additions[final] = self._write(directory, content, mode, mtime)
        except OSError as error:
            raise stage_error(final, error) from error
        if len(self._pending.additions) >= _TOGETHER:
            self.place()

    def place(self) -> None:
        """Give new files their names, once all of them are noted."""
        additions = self._pending.additions
        if not additions:
            return
        with as_stage_error(next(iter(additions))):
            self._journal.files({final: new for final, (_, new) in additions.items()})
        for final, (temporary, _) in additions.items():
            path, _, name = final.rpartition("/")
            try:
                directory = self._directories.get(path or "/")
                os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except OSError as error:
                raise stage_error(final, error) from error
        additions.clear()

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
            directory = self._place(final, mtime)
            self._pending.replacements[final] = self._write(directory, content, mode, mtime)
            if last:
                self._pending.last.add(final)

    def link(self, existing: str, final: str, mtime: int, replace: bool) -> bool:
        """Make ``final`` a hard link of ``existing`` in the same directory; False where that cannot be."""
        with as_stage_error(final):
            directory = self._place(final, mtime)
            target = self._journal.new_name()
            self._journal.write()
            source, new = self._source(existing, directory)
            try:
                os.link(source, target, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
            except OSError as error:
                if error.errno in _NO_LINKS:
                    return False
                raise
            self._wait(final, target, new, replace)
            return True

    def symlink(self, existing: str, final: str, mtime: int, replace: bool) -> bool:
        """Make ``final`` a symbolic link to ``existing`` beside it; False where that cannot be."""
        with as_stage_error(final):
            directory = self._place(final, mtime)
            name = self._journal.new_name()
            self._journal.write()
            try:
                os.symlink(posixpath.basename(existing), name, dir_fd=directory)
            except OSError as error:
                if error.errno in _NO_LINKS:
                    return False
                raise
            nanoseconds = mtime * _SECOND
            os.utime(name, ns=(nanoseconds, nanoseconds), dir_fd=directory, follow_symlinks=False)
            new = identity(os.stat(name, dir_fd=directory, follow_symlinks=False))
            self._wait(final, name, new, replace)
            return True

    def _wait(self, final: str, temporary: str, new: Identity, replace: bool) -> None:
        waiting = self._pending.replacements if replace else self._pending.additions
        waiting[final] = temporary, new

    def _source(self, final: str, directory: int) -> tuple[str, Identity]:
        """The name that a file has now, perhaps a temporary one, and its identity."""
        pending = self._pending.replacements.get(final) or self._pending.additions.get(final)
        if pending is not None:
            return pending
        name = posixpath.basename(final)
        return name, identity(os.stat(name, dir_fd=directory, follow_symlinks=False))

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
        self.place()
        for final in self._pending.in_order():
            with as_stage_error(final):
                self._take_place(final, *self._pending.replacements[final])
        for final in sorted(self._pending.removed):
            with as_stage_error(final):
                self._remove(final)
        for path in self._pending.emptied:
            self._dates.touch(posixpath.dirname(path))
        wanted = self._dates.wanted(self._journal.facts, self._epoch)
        with as_stage_error("/"):
            if wanted:
                self._journal.write()
        for path, nanoseconds in wanted.items():
            try:
                self._directories.date(path, nanoseconds)
            except OSError as error:
                raise stage_error(path, error) from error
        if sync:
            self._sync()
        with uninterrupted():
            self._settle(wanted)
            self._finish()
        if sync and wanted:
            self._sync("everything is in place, but after a loss of power it may not be")

    def _settle(self, wanted: Mapping[str, int]) -> None:
        self._settled = True
        if self._journal.is_written:
            try:
                self._journal.settle(wanted, sorted(self._pending.emptied))
            except OSError as error:
                self._settled = False
                self._journal.unsettle()
                raise stage_error("/", error) from error

    def _finish(self) -> None:
        facts = self._journal.facts
        if self._descriptor is None or not self._journal.is_written:
            return
        with as_stage_error("/", _TO_TIDY):
            if facts.kept or facts.emptied:
                finish(facts, self._directories)
            self._journal.release()
            log.remove(self._descriptor, settled_times(facts))
            self._journal.close()

    def _sync(self, hint: str = "") -> None:
        with as_stage_error("/", hint):
            _syncfs(self._directories.get("/"))

    def _take_place(self, final: str, temporary: str, new: Identity) -> None:
        directory, name = self._directories.get(posixpath.dirname(final)), posixpath.basename(final)
        self._keep(final, directory, name, new)
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)

    def _remove(self, final: str) -> None:
        path, name = posixpath.split(final)
        directory = self._directories.get(path)
        self._dates.touch(path)
        self._keep(final, directory, name, None)
        os.unlink(name, dir_fd=directory)

    def _keep(self, final: str, directory: int, name: str, new: Identity | None) -> None:
        """Keep the file that is replaced until all are; without one the new file is ours to remove."""
        kept = self._journal.new_name()
        self._journal.keep(final, kept, new)
        try:
            os.link(name, kept, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            self._journal.keep_nothing(final)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.rename(name, kept, src_dir_fd=directory, dst_dir_fd=directory)

    def _place(self, final: str, mtime: int) -> int:
        """The directory of a file, open."""
        path = final.rpartition("/")[0] or "/"
        directory = self._directories.get(path)
        self._dates.note(path, mtime)
        return directory

    def _write(self, directory: int, content: Iterable[bytes], mode: int, mtime: int) -> tuple[str, Identity]:
        name = self._journal.new_name()
        self._journal.write()
        descriptor = os.open(name, _NEW_FILE, mode & 0o666 | 0o600, dir_fd=directory)
        try:
            for chunk in content:
                if chunk and (done := os.write(descriptor, chunk)) < len(chunk):
                    _write_all(descriptor, chunk[done:])
            os.utime(descriptor, ns=(mtime * _SECOND, mtime * _SECOND))
            info = os.fstat(descriptor)
            if stat.S_IMODE(info.st_mode) != mode:  # the umask took something away
                os.fchmod(descriptor, mode)
            return name, identity(info)
        finally:
            os.close(descriptor)


def _recovered(dead: Facts, directories: Directories, times: Times) -> Times | None:
    """Undo or finish what a killed run noted; returns the dates of the root, None where it made that."""
    if dead.settled is not None:
        finish(dead, directories)
        return settled_times(dead) or times
    for path, code in undo(dead, directories).items():
        if code not in _OF_OTHERS:
            raise stage_error(path, OSError(code, os.strerror(code)), LEFT_HINT)
    return dead.root


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

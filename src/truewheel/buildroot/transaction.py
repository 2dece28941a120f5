"""Write below a root through directory descriptors: never through a link, never half a file, all or
nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from truewheel.errors import StageError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_DIRECTORIES = 256
_SECOND = 10**9
_NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV, errno.ENOSYS)
_HINTS = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "the root must be writable by this user",
    errno.EPERM: "the root must be writable by this user",
    errno.EROFS: "the root is on a read-only file system",
    errno.ELOOP: "a link stands where a directory or file of the root is expected",
    errno.ENOTDIR: "a link or a file stands where a directory of the root is expected",
    errno.EFBIG: "raise the file size limit (ulimit -f)",
    errno.EMFILE: "raise the number of open files (ulimit -n)",
    errno.ENAMETOOLONG: "the file system does not take names this long",
}


class Buildroot:
    """A transaction below ``root``, a directory of the build host; all other paths are final ones.

    A file appears under its name only when it is whole. New files appear at once, replaced ones when
    ``commit`` is called, those put with ``last`` after all others. Leaving the ``with`` block without a
    ``commit`` removes what was made and restores the dates of directories. Modes never depend on the umask;
    directories get the newest date of what was put below them. Raises StageError for every refusal of the
    operating system.
    """

    def __init__(self, root: Path, directory_mode: int) -> None:
        self._root = root
        self._directory_mode = directory_mode
        self._directories: OrderedDict[str, int] = OrderedDict()
        self._made_directories: dict[str, None] = {}
        self._made_roots: list[Path] = []
        self._made_files: list[str] = []
        self._deferred: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._removed: set[str] = set()
        self._emptied: set[str] = set()
        self._last: set[str] = set()
        self._before: dict[str, tuple[int, int]] = {}
        self._dates: dict[str, int] = {}
        self._count = 0
        self._process = os.getpid()
        self._committed = False

    def __enter__(self) -> Buildroot:
        try:
            with _as_stage_error("/"):
                self._make_root()
                fd = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                self._directories["/"] = fd
                if not self._made_roots:
                    self._remember("/", fd)
        except BaseException:
            self._close()
            raise
        return self

    def _make_root(self) -> None:
        missing = [path for path in (self._root, *self._root.parents) if not path.exists()]
        for path in reversed(missing):
            self._made_roots.append(path)
            try:
                path.mkdir()
            except OSError:
                self._made_roots.pop()
                raise
            path.chmod(self._directory_mode)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        try:
            if self._committed:
                self._forget()
            else:
                self._roll_back()
        finally:
            for fd in self._directories.values():
                with contextlib.suppress(OSError):
                    os.close(fd)
            self._directories.clear()

    def create(self, final: str, content: Iterable[bytes], mode: int, mtime: int) -> None:
        """Put a new file of ``content`` at ``final``; ``mtime`` in seconds since the epoch."""
        made = self._made_files
        try:  # measured: no context manager for what is done once a file
            directory, path, name = self._place(final, mtime)
            temporary = self._write(path, directory, content, mode, mtime)
            made.append(final)  # before it is made: a signal may come right after the call
            try:
                os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except OSError:
                made.pop()
                raise
        except OSError as error:
            raise _stage_error(final, error) from error

    def directory(self, final: str, mtime: int) -> None:
        """Make a directory unless it is there, even if nothing is put below it, dated ``mtime`` at least."""
        with _as_stage_error(final):
            self._directory(final)
            self._dates[final] = max(mtime, self._dates.get(final, 0))

    def replace(
        self, final: str, content: Iterable[bytes], mode: int, mtime: int, last: bool = False
    ) -> None:
        """Put a file that takes the place of ``final`` at commit; with ``last``, after all the others."""
        with _as_stage_error(final):
            directory, path, _ = self._place(final, mtime)
            self._deferred[final] = self._write(path, directory, content, mode, mtime)
            if last:
                self._last.add(final)

    def link(self, existing: str, final: str, mtime: int, replace: bool) -> bool:
        """Make ``final`` a hard link of ``existing`` in the same directory; False where that cannot be."""
        with _as_stage_error(final):
            directory, path, name = self._place(final, mtime)
            source = self._deferred.get(existing, posixpath.basename(existing))
            target = self._temporary() if replace else name
            try:
                with self._making(self._made_files, f"{path}/{target}"):
                    os.link(source, target, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
            except OSError as error:
                if error.errno in _NO_LINKS:
                    return False
                raise
            if replace:
                self._deferred[final] = target
            return True

    def remove(self, final: str) -> None:
        """Remove a file at commit."""
        self._removed.add(final)

    def remove_directory(self, final: str) -> None:
        """Remove a directory at commit if nothing is in it then."""
        self._emptied.add(final)

    def commit(self, sync: bool = False) -> None:
        """Let replacements take their places, date the directories; from here on nothing is undone.

        With ``sync`` it returns only when the file system has everything on the disk, and raises
        StageError for what it could not write.
        """
        order = sorted(self._deferred, key=lambda final: (final in self._last, final))
        for final in order:
            with _as_stage_error(final):
                directory = self._directory(posixpath.dirname(final))
                name = posixpath.basename(final)
                self._keep(final, directory, name)
                os.rename(self._deferred[final], name, src_dir_fd=directory, dst_dir_fd=directory)
        for final in sorted(self._removed):
            with _as_stage_error(final):
                directory, name = self._directory(posixpath.dirname(final)), posixpath.basename(final)
                self._dates.setdefault(posixpath.dirname(final), 0)
                self._keep(final, directory, name)
                os.unlink(name, dir_fd=directory)
        self._date_all()
        if sync:
            with _as_stage_error("/"):
                _syncfs(self._directories["/"])
        self._committed = True
        if self._kept:
            self._forget()
            self._remove_directories()
            self._date_all()

    def _keep(self, final: str, directory: int, name: str) -> None:
        """Keep the file that is replaced until all are; without one the new file is ours to remove."""
        kept = self._kept[final] = self._temporary()
        try:
            os.link(name, kept, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            del self._kept[final]
            self._made_files.append(final)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.rename(name, kept, src_dir_fd=directory, dst_dir_fd=directory)

    def _forget(self) -> None:
        for final, kept in self._kept.items():
            with contextlib.suppress(OSError):
                os.unlink(kept, dir_fd=self._directory(posixpath.dirname(final)))

    def _remove_directories(self) -> None:
        for path in self._emptied:
            above = posixpath.dirname(path)
            with contextlib.suppress(OSError):
                os.rmdir(posixpath.basename(path), dir_fd=self._directory(above))
                self._dates.setdefault(above, 0)
                self._dates.pop(path, None)

    def _restore(self, final: str, kept: str) -> None:
        directory = self._directory(posixpath.dirname(final))
        with contextlib.suppress(OSError):
            os.rename(kept, posixpath.basename(final), src_dir_fd=directory, dst_dir_fd=directory)
        with contextlib.suppress(OSError):  # still there where both were one file
            os.unlink(kept, dir_fd=directory)

    def _date_all(self) -> None:
        for path, seconds in sorted(self._all_dates().items()):
            with _as_stage_error(path):
                self._date(path, seconds)

    @staticmethod
    @contextlib.contextmanager
    def _making(made: list[str], path: str) -> Iterator[None]:
        """Note what is being made before it is: a signal may come right after the call."""
        made.append(path)
        try:
            yield
        except OSError:
            made.pop()
            raise

    def _place(self, final: str, mtime: int) -> tuple[int, str, str]:
        """The directory of a file, open, by its path without a last slash, and the file's name there."""
        path, _, name = final.rpartition("/")
        directory = self._directory(path or "/")
        if mtime > self._dates.get(path or "/", -1):
            self._dates[path or "/"] = max(mtime, 0)
        return directory, path, name

    def _temporary(self) -> str:
        self._count += 1
        return f".truewheel-{self._process}-{self._count}.tmp"

    def _write(self, path: str, directory: int, content: Iterable[bytes], mode: int, mtime: int) -> str:
        name = self._temporary()
        self._made_files.append(f"{path}/{name}")
        fd = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
        try:
            for chunk in content:
                if chunk and (done := os.write(fd, chunk)) < len(chunk):
                    _write_all(fd, chunk[done:])
            os.fchmod(fd, mode)
            os.utime(fd, ns=(mtime * _SECOND, mtime * _SECOND))
        finally:
            os.close(fd)
        return name

    def _directory(self, path: str) -> int:
        if path in self._directories:
            self._directories.move_to_end(path)
            return self._directories[path]
        missing = []
        above = path
        while above not in self._directories:
            missing.append(above)
            above = posixpath.dirname(above)
        fd = self._directories[above]
        for each in reversed(missing):
            fd = self._open_or_make(fd, posixpath.basename(each), each)
            self._directories[each] = fd
            if len(self._directories) > _OPEN_DIRECTORIES:
                self._close_oldest()
        return fd

    def _close_oldest(self) -> None:
        path = next(path for path in self._directories if path != "/")
        os.close(self._directories.pop(path))

    def _open_or_make(self, above: int, name: str, path: str) -> int:
        if (path.rpartition("/")[0] or "/") not in self._made_directories or path in self._made_directories:
            try:
                return self._open(above, name, path)
            except FileNotFoundError:
                pass
        earlier = path in self._made_directories
        self._made_directories[path] = None
        try:
            os.mkdir(name, 0o700, dir_fd=above)
        except OSError as error:
            if not earlier:
                del self._made_directories[path]
            if error.errno != errno.EEXIST:
                raise
            return self._open(above, name, path)
        fd = os.open(name, _DIRECTORY, dir_fd=above)
        os.fchmod(fd, self._directory_mode)
        return fd

    def _open(self, above: int, name: str, path: str) -> int:
        fd = os.open(name, _DIRECTORY, dir_fd=above)
        if path not in self._made_directories:
            self._remember(path, fd)
        return fd

    def _remember(self, path: str, fd: int) -> None:
        if path not in self._before:
            info = os.fstat(fd)
            self._before[path] = (info.st_atime_ns, info.st_mtime_ns)

    def _all_dates(self) -> dict[str, int]:
        dates: dict[str, int] = {}
        for path, seconds in self._dates.items():
            above = path
            while seconds > dates.get(above, -1):
                dates[above] = seconds
                above = posixpath.dirname(above)
        return dates

    def _date(self, path: str, seconds: int) -> None:
        wanted = max(seconds * _SECOND, self._before.get(path, (0, 0))[1])
        if path in self._directories:
            os.utime(self._directories[path], ns=(wanted, wanted))
            return
        above, _, name = path.rpartition("/")
        os.utime(name, ns=(wanted, wanted), dir_fd=self._directory(above or "/"), follow_symlinks=False)

    def _roll_back(self) -> None:
        for final, kept in self._kept.items():
            with contextlib.suppress(OSError):
                self._restore(final, kept)
        for final in reversed(self._made_files):
            with contextlib.suppress(OSError):
                os.unlink(posixpath.basename(final), dir_fd=self._directory(posixpath.dirname(final)))
        for path in reversed(self._made_directories):
            with contextlib.suppress(OSError):
                os.rmdir(posixpath.basename(path), dir_fd=self._directory(posixpath.dirname(path)))
        for path, times in self._before.items():
            with contextlib.suppress(OSError):
                os.utime(self._directory(path), ns=times)
        for root in reversed(self._made_roots):
            with contextlib.suppress(OSError):
                root.rmdir()


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _syncfs(fd: int) -> None:
    import ctypes  # slow to import, and seldom asked for

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(fd) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _stage_error(final: str, error: OSError) -> StageError:
    reason = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "everything this run made was removed again")
    return StageError(f"cannot be written: {reason}", subject=final, hint=hint)


@contextlib.contextmanager
def _as_stage_error(final: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _stage_error(final, error) from error

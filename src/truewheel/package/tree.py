"""Read a tree by directory descriptors: no link is followed, whatever it leads to."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from truewheel.bytecode.pycs import CACHE
from truewheel.errors import UsageError
from truewheel.package.model import CHUNK, Member, MemberKind, no_content

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {stat.S_IFREG: MemberKind.FILE, stat.S_IFDIR: MemberKind.DIRECTORY, stat.S_IFLNK: MemberKind.LINK}
_VIRTUAL = frozenset(("proc", "sys", "dev", "run"))
_HELD = 100  # directories in one another whose descriptors are kept


def tree_members(root: Path, start: str = "") -> Iterator[Member]:
    """Yield what lies in the directory ``start`` of ``root``, itself left out.

    A directory's bytecode comes first, then what else it holds by name, then the directories in it. Raises
    UsageError for what cannot be read.
    """
    return directory_members(root, directories(root, start))


def directories(root: Path, start: str = "") -> Iterator[str]:
    """Yield ``start`` and the directories below it, as paths from ``root``, those of bytecode left out.

    File systems that the kernel makes up are left out, too, in a root and in roots below it.
    """
    waiting = [start]
    with _Walk(root) as walk:
        while waiting:
            directory = waiting.pop()
            with walk.about(directory):
                descriptor = walk.enter(directory)
                with os.scandir(descriptor) as entries:
                    inner = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
                waiting += [
                    os.path.join(directory, name)
                    for name in reversed(inner)
                    if name != CACHE and not (name in _VIRTUAL and walk.is_mounted(name))
                ]
                yield directory


def directory_members(root: Path, paths: Iterable[str]) -> Iterator[Member]:
    """Yield what lies in directories of ``root``, and in each one's directory of bytecode before all else.

    What goes away during the walk, as in the root of a running system, is left out.
    """
    with _Walk(root) as walk:
        for directory in paths:
            for inside in (os.path.join(directory, CACHE), directory):
                with walk.about(inside):
                    descriptor = walk.enter(inside)
                    names = sorted(os.listdir(descriptor))
                    yield from filter(None, (walk.member(inside, name) for name in names))


class _Walk:
    """The descriptors of the directory that a walk is in, and of those above it; no link is followed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: list[str] = []
        self._descriptors: list[int] = []
        self._deep = -1

    def __enter__(self) -> _Walk:
        try:
            self._descriptors.append(os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            raise _unreadable("", error) from error
        return self

    def __exit__(self, *error: object) -> None:
        self._leave_deep()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def enter(self, directory: str) -> int:
        """Return the descriptor of a directory, reached through those that are open; raises OSError."""
        every = directory.split("/") if directory else []
        names, deeper = every[:_HELD], every[_HELD:]
        common = 0
        while common < min(len(names), len(self._names)) and names[common] == self._names[common]:
            common += 1
        while len(self._names) > common:
            self._names.pop()
            os.close(self._descriptors.pop())
        for name in names[common:]:
            self._descriptors.append(os.open(name, _DIRECTORY, dir_fd=self._descriptors[-1]))
            self._names.append(name)
        self._go_deeper(deeper)
        return self._here

    @property
    def _here(self) -> int:
        return self._descriptors[-1] if self._deep < 0 else self._deep

    def _go_deeper(self, names: Iterable[str]) -> None:
        """Open what lies below the directories that are held, one after another."""
        self._leave_deep()
        for name in names:
            inner = os.open(name, _DIRECTORY, dir_fd=self._here)
            self._leave_deep()
            self._deep = inner

    def _leave_deep(self) -> None:
        if self._deep >= 0:
            os.close(self._deep)
            self._deep = -1

    def is_mounted(self, name: str) -> bool:
        """Whether a directory in this one is of another file system."""
        here = self._here
        return os.stat(name, dir_fd=here, follow_symlinks=False).st_dev != os.fstat(here).st_dev

    def member(self, directory: str, name: str) -> Member | None:
        """Return what has this name in the directory that the walk is in, None if it is gone."""
        path = f"{directory}/{name}" if directory else name
        try:
            return _member(self._here, path, name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    @contextmanager
    def about(self, path: str) -> Iterator[None]:
        """Name a path of the root in errors; what is gone, or no directory of bytecode, is none."""
        try:
            yield
        except FileNotFoundError:
            pass
        except OSError as error:
            if not (path.endswith(CACHE) and error.errno in (errno.ENOTDIR, errno.ELOOP)):
                raise _unreadable(path, error) from error


def _member(descriptor: int, path: str, name: str) -> Member:
    info = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    kind = _KINDS.get(stat.S_IFMT(info.st_mode), MemberKind.OTHER)
    return Member(
        path=path,
        kind=kind,
        mode=stat.S_IMODE(info.st_mode),
        uid=info.st_uid,
        gid=info.st_gid,
        owner=None,
        group=None,
        mtime=info.st_mtime_ns // 10**9,
        size=info.st_size if kind is MemberKind.FILE else 0,
        target=os.readlink(name, dir_fd=descriptor) if kind is MemberKind.LINK else "",
        inode=f"{info.st_dev}:{info.st_ino}" if kind is MemberKind.FILE and info.st_nlink > 1 else "",
        open_chunks=partial(_chunks, descriptor, name, path) if kind is MemberKind.FILE else no_content,
    )


def _chunks(descriptor: int, name: str, path: str) -> Iterator[bytes]:
    try:
        opened = os.open(name, _FILE, dir_fd=descriptor)
        try:
            while piece := os.read(opened, CHUNK):
                yield piece
        finally:
            os.close(opened)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> UsageError:
    return UsageError(f"cannot be read: {error.strerror}", subject=f"/{path}")

"""Read a tree by directory descriptors: no link is followed, whatever it leads to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from truewheel.bytecode.pycs import CACHE
from truewheel.errors import TargetDamaged, UsageError
from truewheel.package.model import CHUNK, Member, MemberKind, no_content

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {stat.S_IFREG: MemberKind.FILE, stat.S_IFDIR: MemberKind.DIRECTORY, stat.S_IFLNK: MemberKind.LINK}
_VIRTUAL = frozenset(("proc", "sys", "dev", "run"))
_DEPTH = 1000  # directories; a path of Linux has at most 2,048


def tree_members(root: Path, start: str = "") -> Iterator[Member]:
    """Yield what lies in the directory ``start`` of ``root``, itself left out.

    A directory's bytecode comes first, then what else it holds by name, then the directories in it. Raises
    UsageError for what cannot be read.
    """
    for directory in directories(root, start):
        yield from directory_members(root, directory)


def directories(root: Path, start: str = "") -> Iterator[str]:
    """Yield ``start`` and the directories below it, as paths from ``root``, those of bytecode left out.

    File systems that the kernel makes up are left out, too, where they are mounted in the root.
    """
    device = os.stat(root).st_dev if not start else -1
    waiting = [start]
    while waiting:
        directory = waiting.pop()
        if directory.count("/") > _DEPTH:
            raise TargetDamaged("has too many directories in one another", subject=f"/{directory}")
        yield directory
        with _Reading(root, directory) as descriptor, os.scandir(descriptor) as entries:
            names = sorted(
                (each.name for each in entries if each.is_dir(follow_symlinks=False)), reverse=True
            )
            waiting += [
                os.path.join(directory, name)
                for name in names
                if name != CACHE
                and not (name in _VIRTUAL and _is_mounted(descriptor, name, device, directory))
            ]


def directory_members(root: Path, directory: str) -> Iterator[Member]:
    """Yield what lies in one directory of ``root``, and in its directory of bytecode before all else."""
    with _Reading(root, directory) as descriptor:
        names = sorted(os.listdir(descriptor))
        if CACHE in names:
            names.remove(CACHE)
            cache = _member(descriptor, directory, CACHE)
            yield cache
            if cache.kind is MemberKind.DIRECTORY:
                with _Reading(root, cache.path) as inner:
                    yield from (_member(inner, cache.path, name) for name in sorted(os.listdir(inner)))
        yield from (_member(descriptor, directory, name) for name in names)


class _Reading:
    """Open a directory of a root, component by component, and name it in errors."""

    def __init__(self, root: Path, directory: str) -> None:
        self.root = root
        self.directory = directory

    def __enter__(self) -> int:
        descriptor = -1
        try:
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for name in filter(None, self.directory.split("/")):
                above = descriptor
                descriptor = os.open(name, _DIRECTORY, dir_fd=above)
                os.close(above)
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            raise _unreadable(self.directory, error) from error
        self.descriptor = descriptor
        return descriptor

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        os.close(self.descriptor)
        if isinstance(error, OSError):
            raise _unreadable(self.directory, error) from error


def _is_mounted(descriptor: int, name: str, device: int, directory: str) -> bool:
    return not directory and os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_dev != device


def _member(descriptor: int, directory: str, name: str) -> Member:
    info = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    kind = _KINDS.get(stat.S_IFMT(info.st_mode), MemberKind.OTHER)
    path = os.path.join(directory, name)
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

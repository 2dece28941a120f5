"""Read a tree that is there, and set modes and dates in it: by descriptors, never through a link."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from truewheel.buildroot.log import JOURNAL
from truewheel.buildroot.trouble import as_stage_error
from truewheel.dataclass import dataclass
from truewheel.errors import UsageError
from truewheel.package.model import CHUNK, Member
from truewheel.package.tree import tree_members

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SECOND = 10**9
_MOST_OPEN = 128  # directories, more than a path has components for most


@dataclass(frozen=True)
class Settled:
    """What a path is to have: None for what stays as it is; ``mtime`` in seconds since the epoch."""

    mode: int | None
    mtime: int
    owner: tuple[int, int] | None = None


class ExistingTree:
    """A directory of the build host, for a ``with``; paths are those below it, "" is itself.

    ``journal`` is that of another run, which goes on or was killed, "" where there is none.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: OrderedDict[str, int] = OrderedDict()
        try:
            info = root.stat()
            members = list(tree_members(root))
            self.members = [member for member in members if member.path != JOURNAL]
            self.journal = JOURNAL if len(self.members) < len(members) else ""
            self.top = info
            self._outside = self._links_outside()
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", subject=os.fspath(root)) from error

    def __enter__(self) -> ExistingTree:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            os.close(self._open.popitem()[1])

    def is_outside(self, member: Member) -> bool:
        """Whether a file has more links than the tree has."""
        return member.inode in self._outside

    def _links_outside(self) -> set[str]:
        counts = Counter(member.inode for member in self.members if member.inode)
        first = {member.inode: member.path for member in self.members if member.inode}
        return {inode for inode, path in first.items() if os.lstat(self.root / path).st_nlink > counts[inode]}

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        pieces: list[bytes] = []
        self._feed(path, pieces.append)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def digest(self, path: str) -> tuple[bytes, int]:
        """Return the sha256 of a file and its size."""
        state = hashlib.sha256()
        size = self._feed(path, state.update)
        return state.digest(), size

    def attributes(self, path: str) -> dict[str, bytes]:
        """Return the extended attributes of a file, which a copy of it lacks."""
        with self._parent(path) as (above, name), _opened(name, _FILE, above) as descriptor:
            try:
                return {each: os.getxattr(descriptor, each) for each in os.listxattr(descriptor)}
            except OSError:  # a file system that has none
                return {}

    def settle(
        self, wanted: Mapping[str, Settled], attributes: Mapping[str, Mapping[str, bytes]]
    ) -> list[str]:
        """Give paths what they are to have, the innermost first; return those that had something else."""
        changed = []
        by_directory: dict[str, list[str]] = {}
        for path in wanted:
            if path:
                by_directory.setdefault(posixpath.dirname(path), []).append(path)
        for directory in sorted(by_directory, key=lambda each: (-each.count("/") - bool(each), each)):
            with as_stage_error(f"/{directory}"):
                above = self._directory(directory)
                for path in by_directory[directory]:
                    more = attributes.get(path, {})
                    if _settle(posixpath.basename(path), above, wanted[path], more):
                        changed.append(path)
        if "" in wanted:
            with as_stage_error("/"):
                if _settle(".", self._directory(""), wanted[""], {}):
                    changed.append("")
        return changed

    def _feed(self, path: str, take: Callable[[bytes], object]) -> int:
        """Hand over a file piece by piece; return its size in bytes."""
        above, _, name = path.rpartition("/")
        size = 0
        try:
            descriptor = os.open(name, _FILE, dir_fd=self._directory(above))
            try:
                while piece := os.read(descriptor, CHUNK):
                    take(piece)
                    size += len(piece)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unreadable(path, error) from error
        return size

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        try:
            above, _, name = path.rpartition("/")
            yield self._directory(above), name
        except OSError as error:
            raise _unreadable(path, error) from error

    def _directory(self, path: str) -> int:
        """Return the descriptor of a directory; those that were used last stay open."""
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        if not path:
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        else:
            above, _, name = path.rpartition("/")
            descriptor = os.open(name, _DIRECTORY, dir_fd=self._directory(above))
        self._open[path] = descriptor
        if len(self._open) > _MOST_OPEN:
            os.close(self._open.popitem(last=False)[1])
        return descriptor


def _unreadable(path: str, error: OSError) -> UsageError:
    return UsageError(f"cannot be read: {error.strerror}", subject=f"/{path}")


@contextmanager
def _opened(name: str, flags: int, above: int) -> Iterator[int]:
    descriptor = os.open(name, flags, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _settle(name: str, above: int, wanted: Settled, attributes: Mapping[str, bytes]) -> bool:
    info = os.stat(name, dir_fd=above, follow_symlinks=False)
    changed = False
    is_link = stat.S_ISLNK(info.st_mode)
    if wanted.owner not in (None, (info.st_uid, info.st_gid)) and os.geteuid() == 0 and wanted.owner:
        os.chown(name, *wanted.owner, dir_fd=above, follow_symlinks=False)
        info = os.stat(name, dir_fd=above, follow_symlinks=False)
    if not is_link and wanted.mode is not None and stat.S_IMODE(info.st_mode) != wanted.mode:
        _chmod(name, above, wanted.mode)
        changed = True
    for key, value in attributes.items():
        with _opened(name, _FILE, above) as descriptor:
            os.setxattr(descriptor, key, value)
    if info.st_mtime_ns // _SECOND != wanted.mtime:
        nanoseconds = wanted.mtime * _SECOND
        os.utime(name, ns=(nanoseconds, nanoseconds), dir_fd=above, follow_symlinks=False)
        changed = True
    return changed


def _chmod(name: str, above: int, mode: int) -> None:
    """Set the mode of what is no link; a descriptor that needs no right to read is enough."""
    with _opened(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, above) as descriptor:
        if not stat.S_ISLNK(os.fstat(descriptor).st_mode):
            Path(f"/proc/self/fd/{descriptor}").chmod(mode)

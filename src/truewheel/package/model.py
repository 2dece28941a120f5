"""What an audit reads: a target as a stream of members, nothing extracted, nothing executed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from truewheel.dataclass import dataclass, field

CHUNK = 1 << 20  # bytes


class MemberKind(str, Enum):
    """What a member is; ``other`` are devices, FIFOs and sockets."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


def no_content() -> Iterator[bytes]:
    """Yield nothing, as what is no file does."""
    return iter(())


@dataclass(frozen=True)
class Member:
    """One path of a target.

    ``path`` is seen from the target's root, without a leading slash; ``mode`` has the permission bits, setuid
    and so on alone; ``owner`` and ``group`` are None where the target has numbers only; ``mtime`` in seconds
    since the epoch, ``size`` in bytes; ``target`` is where a symbolic link leads. Members with the same
    ``inode`` are hard links of one file; ``repeats`` is the path of the earlier one of the stream that has
    the content, "" where the member has it itself. ``open_chunks`` gives the content once, while the stream
    is at the member.
    """

    path: str
    kind: MemberKind
    mode: int
    uid: int
    gid: int
    owner: str | None
    group: str | None
    mtime: int
    size: int
    target: str = ""
    inode: str = ""
    repeats: str = ""
    open_chunks: Callable[[], Iterator[bytes]] = field(default=no_content, compare=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces of at most 1 MiB."""
        return self.open_chunks()

    def read(self, limit: int) -> bytes:
        """Return the first ``limit`` bytes of the content, or all where there are fewer."""
        pieces, left = [], limit
        for piece in self.open_chunks():
            pieces.append(piece[:left])
            left -= len(pieces[-1])
            if not left:
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class TargetKind(str, Enum):
    """What a target is, as told by its content."""

    TREE = "tree"
    ROOT = "root"
    VENV = "venv"
    WHEEL = "wheel"
    RPM = "rpm"
    DEB = "deb"
    ARCHIVE = "archive"
    IMAGE = "image"


@dataclass(frozen=True)
class Package:
    """What a package says of itself: ``depends`` are the names and paths that it requires."""

    name: str
    version: str
    depends: tuple[str, ...] = ()
    architecture: str = ""


@dataclass(frozen=True)
class Target:
    """A target of an audit.

    ``name`` is as it was asked for; ``base`` is the final directory of the members, "/" for roots and
    packages; ``root`` the directory of the host that a tree lies in, "" for others, and ``start`` the part of
    it that is the target. ``open_members`` gives a new stream each time.
    """

    name: str
    kind: TargetKind
    base: str
    open_members: Callable[[], Iterable[Member]]
    root: str = ""
    start: str = ""
    package: Package | None = None

    def members(self) -> Iterator[Member]:
        """Yield the members; raises TargetDamaged where the target is cut off or contradicts itself."""
        return iter(self.open_members())

    def final(self, path: str) -> str:
        """Return the final path of a member's path."""
        return f"{self.base.rstrip('/')}/{path}"

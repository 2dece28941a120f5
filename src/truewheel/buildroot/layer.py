"""Read a layer, or another tar archive, with all that a member has, and write it again in a fixed order.

Sources: POSIX.1-2017 pax, the OCI image specification (layer), Python's tarfile for reading.
"""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, BinaryIO

from truewheel.dataclass import dataclass
from truewheel.errors import TargetDamaged
from truewheel.package.archive import clean_path
from truewheel.package.model import CHUNK, MemberKind
from truewheel.package.streams import Readable, decompressed

WHITEOUT = ".wh."
_BLOCK = 512
_END = 20 * _BLOCK  # archives are padded to this, as tar does
_DAMAGE = (tarfile.TarError, EOFError, ValueError, OverflowError, OSError)
_XATTRS = ("SCHILY.xattr.", "LIBARCHIVE.xattr.")
_KINDS = {tarfile.DIRTYPE: MemberKind.DIRECTORY, tarfile.SYMTYPE: MemberKind.LINK}


@dataclass(frozen=True)
class Stat:
    """What the header of a member has, besides its path; ``mtime`` in seconds since the epoch."""

    type: bytes
    mode: int
    uid: int
    gid: int
    uname: str
    gname: str
    mtime: int
    linkname: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()


def _is_plain(info: tarfile.TarInfo) -> bool:
    return info.isreg() and not info.issparse()


class Layer:
    """A tar archive, unpacked from its compression into a temporary file; for a ``with``.

    ``stats`` are the members by path, the last one of each path; "" is the archive's root. ``digest`` is the
    sha256 of the plain archive in hex. Raises TargetDamaged for what is no tar archive or is cut off.
    """

    def __init__(self, source: Readable, size: int) -> None:
        self._spool: IO[bytes] = tempfile.TemporaryFile()
        try:
            with decompressed(source, size) as stream:
                digest = hashlib.sha256()
                while piece := stream.read(CHUNK):
                    self._spool.write(piece)
                    digest.update(piece)
            self.digest = digest.hexdigest()
            whole = self._spool.tell()
            self._spool.write(bytes(-whole % _BLOCK))  # which umoci 0.4 leaves out at the end of a layer
            self._spool.seek(0)
            self._archive = tarfile.open(fileobj=self._spool, mode="r:", encoding="utf-8")
            self._infos = {clean_path(info.name): info for info in self._archive}
            if any(each.offset_data + each.size > whole for each in self._infos.values() if _is_plain(each)):
                raise EOFError("unexpected end of data")
        except _DAMAGE as error:
            self._spool.close()
            raise TargetDamaged(f"is no tar archive, or is damaged: {error}") from error
        self.stats = {path: _stat(info) for path, info in self._infos.items()}

    def __enter__(self) -> Layer:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()
        self._spool.close()

    def kind(self, path: str) -> MemberKind:
        """Return what a member is; a whiteout is neither file nor directory."""
        info = self._infos[path]
        if path.rpartition("/")[2].startswith(WHITEOUT):
            return MemberKind.OTHER
        if info.isreg() or (info.islnk() and self.holder(path) is not None):
            return MemberKind.FILE
        return _KINDS.get(info.type, MemberKind.OTHER)

    def holder(self, path: str) -> str | None:
        """Return the path of the member that has a file's content: itself, or what it is a hard link of."""
        seen: set[str] = set()
        while path in self._infos and path not in seen:
            info = self._infos[path]
            if not info.islnk():
                return path if info.isreg() else None
            seen.add(path)
            path = clean_path(info.linkname)
        return None

    def linked(self) -> Counter[str]:
        """Return how many members each file's content has."""
        return Counter(
            holder
            for path in self._infos
            if self.kind(path) is MemberKind.FILE and (holder := self.holder(path))
        )

    def size(self, path: str) -> int:
        """Return the size of a file in bytes."""
        holder = self.holder(path)
        return self._infos[holder].size if holder is not None else 0

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the content of a file."""
        holder = self.holder(path)
        stream = None if holder is None else self._archive.extractfile(self._infos[holder])
        if stream is None:
            raise TargetDamaged("has no content", subject=path)
        left = self.size(path)
        try:
            while left and (piece := stream.read(min(left, CHUNK))):
                yield piece
                left -= len(piece)
        except _DAMAGE as error:
            raise TargetDamaged(f"cannot be read: {error}", subject=path) from error
        if left:
            raise TargetDamaged("is cut off", subject=path)


def _stat(info: tarfile.TarInfo) -> Stat:
    xattrs = tuple(
        (key, value.encode("utf-8", "surrogateescape"))
        for key, value in sorted(info.pax_headers.items())
        if key.startswith(_XATTRS)
    )
    return Stat(
        type=tarfile.REGTYPE if info.isreg() else info.type,
        mode=info.mode & 0o7777,
        uid=info.uid,
        gid=info.gid,
        uname=info.uname,
        gname=info.gname,
        mtime=int(info.mtime // 1),
        linkname=info.linkname,
        device=(info.devmajor, info.devminor) if info.isdev() else (0, 0),
        xattrs=xattrs,
    )


class LayerOutput:
    """Writes a tar archive, its members in the order of the calls."""

    def __init__(self, stream: BinaryIO | IO[bytes]) -> None:
        self._stream = stream
        self._state = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        """The sha256 of what was written, in hex."""
        return self._state.hexdigest()

    def member(self, path: str, stat: Stat, size: int, content: Iterable[bytes]) -> None:
        """Write a member; ``size`` bytes of content."""
        name = f"{path or '.'}/" if stat.type == tarfile.DIRTYPE else path
        for block in _headers(name.encode("utf-8", "surrogateescape"), stat, size):
            self._write(block)
        for piece in content:
            self._write(piece)
        self._write(bytes(-size % _BLOCK))

    def end(self) -> None:
        """Write the end of the archive."""
        self._write(bytes(2 * _BLOCK))
        self._write(bytes(-self.size % _END))

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._state.update(data)
        self.size += len(data)


def _headers(name: bytes, stat: Stat, size: int) -> Iterator[bytes]:
    """Yield a pax header for what a plain one cannot hold, then the plain one."""
    link = stat.linkname.encode("utf-8", "surrogateescape")
    records: dict[str, bytes] = {}
    for key, value, width in (("path", name, 100), ("linkpath", link, 100)):
        if len(value) > width or not value.isascii():
            records[key] = value
    for key, text in (("uname", stat.uname), ("gname", stat.gname)):
        if len(text) > 31 or not text.isascii():
            records[key] = text.encode("utf-8", "surrogateescape")
    for key, number, digits in (
        ("size", size, 11),
        ("uid", stat.uid, 7),
        ("gid", stat.gid, 7),
        ("mtime", stat.mtime, 11),
    ):
        if not 0 <= number < 8**digits:
            records[key] = b"%d" % number
    records.update(stat.xattrs)
    if records:
        data = b"".join(
            _record(key.encode("utf-8", "surrogateescape"), records[key]) for key in sorted(records)
        )
        plain = Stat(b"x", 0o644, 0, 0, "", "", 0)
        yield (
            _block(b"PaxHeaders/" + name.rstrip(b"/")[-80:], b"", plain, len(data))
            + data
            + bytes(-len(data) % _BLOCK)
        )
    yield _block(name, link, stat, size)


def _record(key: bytes, value: bytes) -> bytes:
    """Return ``LENGTH KEY=VALUE`` with a line break, where the length counts itself."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + len(str(len(rest)))
    length = len(rest) + len(str(length))
    return b"%d" % length + rest


def _block(name: bytes, link: bytes, stat: Stat, size: int) -> bytes:
    block = bytearray(_BLOCK)

    def put(at: int, width: int, data: bytes) -> None:
        block[at : at + min(width, len(data))] = data[:width]

    def number(at: int, width: int, value: int) -> None:
        put(at, width, b"%0*o" % (width - 1, value if 0 <= value < 8 ** (width - 1) else 0))

    put(0, 100, name)
    put(157, 100, link)
    put(257, 8, b"ustar\x0000")
    put(265, 31, stat.uname.encode("ascii", "ignore"))
    put(297, 31, stat.gname.encode("ascii", "ignore"))
    put(156, 1, stat.type)
    for at, width, value in (
        (100, 8, stat.mode), (108, 8, stat.uid), (116, 8, stat.gid), (124, 12, size), (136, 12, stat.mtime),
        (329, 8, stat.device[0]), (337, 8, stat.device[1]),
    ):  # fmt: skip
        number(at, width, value)
    put(148, 8, b" " * 8)
    put(148, 8, b"%06o\0 " % sum(block))
    return bytes(block)

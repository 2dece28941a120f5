"""Read tar archives: layers of images, the two in a .deb.

Sources: POSIX.1-2017 pax, GNU tar's manual (long names, base-256 numbers, old sparse files).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from truewheel.dataclass import dataclass
from truewheel.errors import TargetDamaged
from truewheel.package.model import Member, MemberKind
from truewheel.package.streams import Bytes

BLOCK = 512
_KINDS = {b"0": MemberKind.FILE, b"\0": MemberKind.FILE, b"7": MemberKind.FILE, b"1": MemberKind.FILE}
_KINDS |= {b"5": MemberKind.DIRECTORY, b"2": MemberKind.LINK}
_KINDS |= {b"3": MemberKind.OTHER, b"4": MemberKind.OTHER, b"6": MemberKind.OTHER, b"S": MemberKind.FILE}
_HEADER = 1 << 20  # bytes of one pax header or long name
_LONGEST = 4096  # bytes of a path
MOST_MEMBERS = 4_000_000


def clean_path(path: str) -> str:
    """Return a path of an archive as seen from its root; raises TargetDamaged where it leads out of it."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or len(path) > _LONGEST or "\0" in path:
        raise TargetDamaged(f"has the path {path[:100]!r}, which is none of a package")
    return "/".join(parts)


@dataclass
class _Header:
    """A header block, and what long names and pax headers before it say instead."""

    kind: bytes
    path: str
    link: str
    size: int
    mode: int
    uid: int
    gid: int
    owner: str
    group: str
    mtime: int

    def override(self, name: str, value: str) -> None:
        """Take a pax record over; raises ValueError for what is no number."""
        if name == "path":
            self.path = value
        elif name == "linkpath":
            self.link = value
        elif name in ("uname", "gname"):
            setattr(self, {"uname": "owner", "gname": "group"}[name], value)
        elif name in ("size", "uid", "gid"):
            setattr(self, name, _natural(value))
        elif name == "mtime":
            self.mtime = int(float(value))


def tar_members(stream: Bytes) -> Iterator[Member]:
    """Yield the members of a tar archive that ``stream`` is at the begin of.

    Without blocks of zeros at its end, which umoci leaves out, an archive ends behind the content of a
    member. Raises TargetDamaged for what is no tar archive, is cut off, or has names that lead out of it.
    """
    for count, header in enumerate(_headers(stream)):
        if count > MOST_MEMBERS:
            raise TargetDamaged(f"has more than {MOST_MEMBERS} members")
        kind = _KINDS.get(header.kind, MemberKind.OTHER)
        linked = header.kind == b"1"
        size = header.size if kind is MemberKind.FILE and not linked else 0
        content = Content(stream, size)
        path = clean_path(header.path)
        if path:
            yield Member(
                path=path,
                kind=MemberKind.DIRECTORY if header.path.endswith("/") and not linked else kind,
                mode=header.mode & 0o7777,
                uid=header.uid,
                gid=header.gid,
                owner=header.owner or None,
                group=header.group or None,
                mtime=header.mtime,
                size=size,
                target=header.link if kind is MemberKind.LINK else "",
                inode=clean_path(header.link) if linked else "",
                repeats=clean_path(header.link) if linked else "",
                open_chunks=content.chunks,
            )
        content.skip()
        _pad(stream, size)


class Content:
    """The bytes of one member, of which the reader of the stream may take some, once."""

    def __init__(self, stream: Bytes, size: int) -> None:
        self._stream = stream
        self._end = stream.position + size
        self._opened = False

    def chunks(self) -> Iterator[bytes]:
        """Yield the content; raises ValueError where the stream has gone on."""
        if self._opened or self._stream.position > self._end:
            raise ValueError("the content of a member is read once, while its stream is there")
        self._opened = True
        yield from self._stream.chunks(self._end - self._stream.position)

    def skip(self) -> None:
        """Read over what is left of the content."""
        self._stream.skip(self._end - self._stream.position)


def _headers(stream: Bytes) -> Iterator[_Header]:
    """Yield the headers of members; the stream is at the content of each."""
    common: dict[str, str] = {}
    own: dict[str, str] = {}
    some = False
    while (block := stream.read(BLOCK)).strip(b"\0"):
        header = _header(block)
        if header.kind in (b"x", b"g", b"L", b"K"):
            if header.size > _HEADER:
                raise TargetDamaged(f"has a header of {header.size} bytes")
            data = stream.exactly(header.size)
            _pad(stream, header.size)
            if header.kind in (b"x", b"g"):
                (own if header.kind == b"x" else common).update(_pax(data))
            else:
                own["path" if header.kind == b"L" else "linkpath"] = _text(data)
            continue
        try:
            for name, value in {**common, **own}.items():
                header.override(name, value)
        except (ValueError, OverflowError) as error:
            raise TargetDamaged(f"has a pax header that makes no sense: {error}") from error
        own = {}
        if header.kind == b"S":
            _skip_sparse(stream, block)
        some = True
        yield header
    is_end = some and not own and not block
    if len(block) < BLOCK and not is_end:
        raise TargetDamaged(f"ends after {stream.position} bytes, before the end of the archive")
    stream.finish()


def _pad(stream: Bytes, size: int) -> None:
    """Skip what fills the last block of a content, unless the archive ends with that."""
    padding = stream.read(-size % BLOCK)
    if padding and len(padding) < -size % BLOCK:
        raise TargetDamaged(f"ends after {stream.position} bytes, in the middle of a block")


def _header(block: bytes) -> _Header:
    if len(block) < BLOCK:
        raise TargetDamaged("is no tar archive, or is cut off")
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    if _number(block[148:156]) != total:
        raise TargetDamaged("is no tar archive, or is damaged: the checksum of a header is wrong")
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    path = _text(block[:100])
    return _Header(
        kind=block[156:157],
        path=posixpath.join(prefix, path) if prefix else path,
        link=_text(block[157:257]),
        size=_number(block[124:136]),
        mode=_number(block[100:108]),
        uid=_number(block[108:116]),
        gid=_number(block[116:124]),
        owner=_text(block[265:297]),
        group=_text(block[297:329]),
        mtime=_number(block[136:148], signed=True),
    )


def _number(field: bytes, signed: bool = False) -> int:
    """Read an octal number, or one in base 256 as GNU tar writes large ones."""
    if field[0] & 0x80:
        value = int.from_bytes(field[1:], "big")
        if field[0] == 0xFF:
            value -= 1 << 8 * (len(field) - 1)
        if value < 0 and not signed:
            raise TargetDamaged("has a negative number in a header")
        return value
    digits = field.split(b"\0", 1)[0].strip()
    if not digits:
        return 0
    if digits.translate(None, b"01234567"):
        raise TargetDamaged(f"has {digits[:20]!r} in place of a number")
    return int(digits, 8)


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(f"{text[:20]!r} is not a number")
    return int(text)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _pax(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the records ``LENGTH KEY=VALUE`` of a pax header; those of vendors are left out."""
    while data:
        digits, blank, _ = data[:12].partition(b" ")
        if not (blank and digits.isdigit() and len(digits) < int(digits) <= len(data)):
            raise TargetDamaged("has a pax header that makes no sense")
        record = data[len(digits) + 1 : int(digits)]
        data = data[int(digits) :]
        key, equal, value = record.rstrip(b"\n").partition(b"=")
        if equal and value:
            yield key.decode("utf-8", "replace"), value.decode("utf-8", "surrogateescape")


def _skip_sparse(stream: Bytes, block: bytes) -> None:
    """Skip the blocks that continue the map of an old GNU sparse file; its holes are not made up."""
    more = block[482]
    while more:
        more = stream.exactly(BLOCK)[504]

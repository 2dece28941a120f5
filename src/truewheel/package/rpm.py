"""Read a .rpm: its header, and the cpio archive of its files.

Sources: rpm's docs/manual/format_v4.md, and cpio's newc format; ``07070X`` is rpm's for files over 4 GiB,
whose entries have the number of the file in the header alone.
"""

from __future__ import annotations

import os
import stat
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from truewheel.errors import TargetDamaged
from truewheel.package.archive import MOST_MEMBERS, Content, clean_path
from truewheel.package.model import Member, MemberKind, Package, no_content
from truewheel.package.streams import Bytes, Part, decompressed

MAGIC = b"\xed\xab\xee\xdb"
_HEADER = b"\x8e\xad\xe8\x01"
_LARGEST = 256 << 20  # bytes of a header, as in rpm
_KINDS = {stat.S_IFREG: MemberKind.FILE, stat.S_IFDIR: MemberKind.DIRECTORY, stat.S_IFLNK: MemberKind.LINK}
_NUMBERS = {3: ">H", 4: ">I", 5: ">Q"}  # the types of a header's entries, and 6, 8, 9 of texts
_TEXTS = (6, 8, 9)

_NAME, _VERSION, _RELEASE, _ARCHITECTURE, _REQUIRES = 1000, 1001, 1002, 1022, 1049
_BASENAMES, _DIRINDEXES, _DIRNAMES = 1117, 1116, 1118
_MODES, _MTIMES, _SIZES, _LONG_SIZES, _INODES = 1030, 1034, 1028, 5008, 1096
_OWNERS, _GROUPS = 1039, 1040

_Tags = Mapping[int, tuple[int, int, int]]


@dataclass(frozen=True)
class _Header:
    """The entries of a header by tag: type, offset and count; and the store they are in."""

    tags: _Tags
    store: bytes

    def texts(self, tag: int) -> list[str]:
        kind, offset, count = self.tags.get(tag, (8, 0, 0))
        if kind not in _TEXTS or count > len(self.store):
            raise TargetDamaged(f"has the tag {tag} of another type in its header")
        texts = []
        for _ in range(count):
            end = self.store.find(b"\0", offset)
            if end < 0:
                raise TargetDamaged("has a text without an end in its header")
            texts.append(self.store[offset:end].decode("utf-8", "surrogateescape"))
            offset = end + 1
        return texts

    def text(self, tag: int) -> str:
        return next(iter(self.texts(tag)), "")

    def numbers(self, tag: int) -> list[int]:
        kind, offset, count = self.tags.get(tag, (4, 0, 0))
        if kind not in _NUMBERS:
            raise TargetDamaged(f"has the tag {tag} of another type in its header")
        size = struct.calcsize(_NUMBERS[kind])
        data = self.store[offset : offset + size * count]
        if len(data) < size * count:
            raise TargetDamaged("has numbers beyond the end of its header")
        return [number for (number,) in struct.iter_unpack(_NUMBERS[kind], data)]


@dataclass(frozen=True)
class _File:
    """What the header says of a file."""

    path: str
    mode: int
    mtime: int
    size: int
    inode: int
    owner: str
    group: str


def rpm_package(path: Path) -> Package:
    """Return what a .rpm says of itself; raises TargetDamaged for what is none or is cut off."""
    with path.open("rb") as stream:
        header = _read_header(stream)
    version = f"{header.text(_VERSION)}-{header.text(_RELEASE)}"
    return Package(header.text(_NAME), version, tuple(header.texts(_REQUIRES)), header.text(_ARCHITECTURE))


def rpm_members(path: Path) -> Iterator[Member]:
    """Yield the files of a .rpm; raises TargetDamaged for what is none or is cut off."""
    with _opened(path) as (header, payload):
        files = _files(header)
        yield from _linked_together(_cpio(payload, files))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[_Header, Bytes]]:
    with path.open("rb") as stream:
        header = _read_header(stream)
        begin = stream.tell()
        size = stream.seek(0, 2) - begin
        with decompressed(Part(stream, begin, size), size) as payload:
            yield header, payload


def _read_header(stream: BinaryIO) -> _Header:
    """Read lead, signature and header; the stream is at the payload then."""
    if stream.read(96)[:4] != MAGIC:
        raise TargetDamaged("is no rpm package, or is cut off")
    _read_part(stream)
    stream.seek(-stream.tell() % 8, 1)
    return _read_part(stream)


def _read_part(stream: BinaryIO) -> _Header:
    intro = stream.read(16)
    if len(intro) < 16 or intro[:4] != _HEADER:
        raise TargetDamaged("has no header where one must be, or is cut off")
    count, size = struct.unpack(">II", intro[8:])
    if count > _LARGEST // 16 or size > _LARGEST:
        raise TargetDamaged(f"has a header of {size} bytes")
    index, store = stream.read(16 * count), stream.read(size)
    if len(index) < 16 * count or len(store) < size:
        raise TargetDamaged("is cut off in its header")
    tags = {tag: (kind, offset, number) for tag, kind, offset, number in struct.iter_unpack(">IIII", index)}
    return _Header(tags, store)


def _files(header: _Header) -> list[_File]:
    names, directories = header.texts(_BASENAMES), header.texts(_DIRNAMES)
    try:
        columns = zip(
            names,
            header.numbers(_DIRINDEXES),
            header.numbers(_MODES),
            header.numbers(_MTIMES),
            header.numbers(_LONG_SIZES) or header.numbers(_SIZES),
            header.numbers(_INODES) or range(len(names)),
            header.texts(_OWNERS),
            header.texts(_GROUPS),
            strict=True,
        )
        return [_File(clean_path(directories[directory] + name), *rest) for name, directory, *rest in columns]
    except (ValueError, IndexError) as error:
        raise TargetDamaged("has lists of files of different lengths in its header") from error


def _cpio(stream: Bytes, files: list[_File]) -> Iterator[Member]:
    """Yield the entries of a cpio archive, with hard links as it has them: the last has the content."""
    by_path = {file.path: file for file in files}
    for _ in range(MOST_MEMBERS):
        entry = _entry(stream, files, by_path)
        if entry is None:
            stream.finish()
            return
        file, size, inode = entry
        content = Content(stream, size)
        if file.path:
            yield _member(file, size, inode, content)
        content.skip()
        stream.skip(-stream.position % 4)
    raise TargetDamaged(f"has more than {MOST_MEMBERS} files")


def _member(file: _File, size: int, inode: str, content: Content) -> Member:
    kind = _KINDS.get(stat.S_IFMT(file.mode), MemberKind.OTHER)
    link = b"".join(content.chunks()) if kind is MemberKind.LINK else b""
    return Member(
        path=file.path,
        kind=kind,
        mode=stat.S_IMODE(file.mode),
        uid=0 if file.owner == "root" else -1,
        gid=0 if file.group == "root" else -1,
        owner=file.owner,
        group=file.group,
        mtime=file.mtime,
        size=size if kind is MemberKind.FILE else 0,
        target=os.fsdecode(link),
        inode=inode,
        open_chunks=content.chunks if kind is MemberKind.FILE and size else no_content,
    )


def _entry(stream: Bytes, files: list[_File], by_path: Mapping[str, _File]) -> tuple[_File, int, str] | None:
    """Read the head of an entry: its file, the bytes that follow, and its hard-link key; None at the end."""
    magic = stream.exactly(6)
    if magic == b"07070X":
        return _stripped(stream, files)
    if magic not in (b"070701", b"070702"):
        raise TargetDamaged(f"has no cpio entry at byte {stream.position - 6} of its payload")
    inode, mode, _, _, links, mtime, size, _, _, _, _, length, _ = _hexadecimals(stream.exactly(104))
    if length > 4096:
        raise TargetDamaged("has a name of more than 4096 bytes in its payload")
    name = stream.exactly(length).rstrip(b"\0").decode("utf-8", "surrogateescape")
    stream.skip(-stream.position % 4)
    if name == "TRAILER!!!":
        return None
    path = clean_path(name)
    file = by_path.get(path) or _File(path, mode, mtime, size, inode, "root", "root")
    return file, size, str(inode) if links > 1 and stat.S_ISREG(mode) else ""


def _stripped(stream: Bytes, files: list[_File]) -> tuple[_File, int, str] | None:
    (number,) = _hexadecimals(stream.exactly(8))
    stream.skip(-stream.position % 4)
    if number >= len(files):
        raise TargetDamaged("has a file in its payload that is not in its header")
    file = files[number]
    regular = stat.S_ISREG(file.mode)
    same = [each.path for each in files if each.inode == file.inode] if regular else []
    has_content = regular and same[-1] == file.path
    size = file.size if has_content or stat.S_ISLNK(file.mode) else 0
    return file, size, str(file.inode) if len(same) > 1 else ""


def _hexadecimals(data: bytes) -> list[int]:
    if data.translate(None, b"0123456789abcdefABCDEF"):  # int() would take signs and underscores
        raise TargetDamaged("has something else in place of a number in its payload")
    return [int(data[at : at + 8], 16) for at in range(0, len(data), 8)]


def _linked_together(members: Iterator[Member]) -> Iterator[Member]:
    """Yield hard links after the one that has the content."""
    waiting: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        if member.inode and not member.size:
            waiting[member.inode].append(member)
            continue
        yield member
        for link in waiting.pop(member.inode, ()):
            yield replace(link, repeats=member.path)
    for links in waiting.values():  # of empty files
        yield links[0]
        yield from (replace(link, repeats=links[0].path) for link in links[1:])

"""The framing of a ZIP archive: its two copies of a field agree, and every byte belongs to something.

Two readers that start at different ends, or believe different copies, see one and the same archive then.
Source: PKWARE's APPNOTE 6.3.9, sections 4.3 (structure) and 4.5 (extra fields).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from operator import attrgetter

from truewheel.wheel.directory import CENTRAL_HEADER, END, EXTRA_64, ArchiveEntry, Directory
from truewheel.wheel.faults import Checked, Fault

LOCAL_HEADER = struct.Struct("<4sHHHHHLLLHH")
LOCAL_SIGNATURE = b"PK\3\4"

# what both headers have, from the flags to the lengths of name and extra field
_COPIES = struct.Struct("<HHHHLLLHH")
_IN_CENTRAL, _IN_LOCAL = 8, 6
_LENGTHS = struct.Struct("<HHHH")  # of name, extra field and comment, and the disk
_LENGTHS_AT = 28
_HAS_DESCRIPTOR = 0x8
_LONGEST_DESCRIPTOR = 24  # bytes
_EXTRA_NAME = 0x7075
_COPIED = ("flags", "compression method", "time", "date", "checksum", "packed size", "size")


def check_framing(directory: Directory, file: int) -> Checked[dict[int, int]]:
    """Check an archive from its first byte to its last.

    Returns where in the file the bytes of entries begin, by their records, for those of which that is sure.
    """
    starts: dict[int, int] = {}
    entries = sorted(directory.entries, key=attrgetter("offset"))
    if entries and entries[0].offset != 0:
        yield Fault("stray-bytes", "", "has data before the first entry")
        return starts
    if not (yield from _check_end(directory)):
        return starts
    limits = [*(entry.offset for entry in entries), directory.start][1:]
    for entry, limit in zip(entries, limits, strict=True):
        start = _plain_start(directory.content, file, entry, limit)
        if not start:
            start = yield from _check_entry(directory.content, file, entry, limit)
        if start:
            starts[entry.record] = start
    return starts


def _check_end(directory: Directory) -> Checked[bool]:
    """Check the end records; returns whether the central directory is as they say."""
    end, count, size = directory.end, len(directory.entries), len(directory.content)
    behind = end.size - end.at - END.size
    if behind > end.comment:
        yield Fault("stray-bytes", "", "has data after the end of the archive")
        return False
    if behind < end.comment:
        yield Fault("corrupt-archive", "", "ends in its comment")
        return False
    values = end.values
    if end.has_locator:
        pairs = zip(values, end.values_64, strict=False)
        merged = tuple(many if few in (0xFFFF, 0xFFFFFFFF) else few for few, many in pairs)
        values = merged if end.is_whole and merged == end.values_64 else ()
    if values != (0, 0, count, count, size, directory.start):
        yield Fault("contradictory-header", "", "has an end record that is not true of the archive")
        return False
    last = directory.entries[-1].record if count else -1
    if count and last + CENTRAL_HEADER.size + sum(_lengths(directory.content, last)[:3]) != size:
        yield Fault("contradictory-header", "", "has a central directory of another size than it says")
        return False
    return True


def _plain_start(content: bytes, file: int, entry: ArchiveEntry, limit: int) -> int:
    """Return where the bytes of an entry begin that is as most are, 0 for others.

    Its local header repeats its record, which has no extra field, and its bytes end at ``limit``.
    """
    at = entry.record
    name, extra, _, disk = _lengths(content, at)
    size = LOCAL_HEADER.size + name
    start = entry.offset + size
    if extra or disk or start + entry.packed_size != limit:
        return 0
    header = os.pread(file, size, entry.offset)
    copies, name_at = at + _IN_CENTRAL, at + CENTRAL_HEADER.size
    wanted = content[copies : copies + _COPIES.size] + content[name_at : name_at + name]
    return start if header[:4] == LOCAL_SIGNATURE and header[_IN_LOCAL:] == wanted else 0


def _check_entry(content: bytes, file: int, entry: ArchiveEntry, limit: int) -> Checked[int]:
    """Check an entry, which ends where the next thing begins, at ``limit``.

    Returns where its bytes begin, 0 where that is not sure.
    """
    header = os.pread(file, LOCAL_HEADER.size, entry.offset) if entry.offset <= limit else b""
    if len(header) < LOCAL_HEADER.size or header[:4] != LOCAL_SIGNATURE:
        yield Fault("corrupt-entry", entry.name, "has no local header")
        return 0
    _, _, *copied, name_size, extra_size = LOCAL_HEADER.unpack(header)
    behind = os.pread(file, name_size + extra_size, entry.offset + LOCAL_HEADER.size)
    start = entry.offset + LOCAL_HEADER.size + len(behind)
    gap = limit - (start + entry.packed_size)
    if gap < 0:
        yield Fault("overlapping-entries", entry.name, "overlaps what comes next in the archive")
        return 0
    sizes = (entry.checksum, entry.packed_size, entry.size)
    may_be_described = copied[0] & _HAS_DESCRIPTOR and gap <= _LONGEST_DESCRIPTOR
    if gap and not (may_be_described and _is_descriptor(os.pread(file, gap, limit - gap), sizes)):
        yield Fault("stray-bytes", entry.name, f"has {gap} bytes behind it that belong to no entry")
    extra = behind[name_size:]
    is_named = yield from _check_record(content, entry, behind[:name_size], extra)
    wanted = [*_COPIES.unpack_from(content, entry.record + _IN_CENTRAL)[:4], *sizes]
    local = [*copied[:4], *_local_sizes(copied, extra, sizes if gap else None)]
    for field, ours, theirs in zip(_COPIED, local, wanted, strict=True):
        if ours != theirs:
            message = f"has another {field} in its local header than in the central directory"
            yield Fault("contradictory-header", entry.name, message)
    return start if is_named else 0


def _check_record(content: bytes, entry: ArchiveEntry, name: bytes, extra: bytes) -> Checked[bool]:
    """Check name, disk and extra fields of an entry; returns whether its record has this name."""
    name_size, extra_size, _, disk = _lengths(content, entry.record)
    at = entry.record + CENTRAL_HEADER.size
    is_named = name == content[at : at + name_size]
    if not is_named:
        yield Fault("contradictory-header", entry.name, "has another name in its local header")
    if disk:
        yield Fault("contradictory-header", entry.name, "lies on another disk")
    at += name_size
    yield from _check_extra(entry.name, extra, content[at : at + extra_size])
    return is_named


def _lengths(content: bytes, record: int) -> tuple[int, int, int, int]:
    """Return the bytes of name, extra field and comment of a record, and the disk it names."""
    name, extra, comment, disk = _LENGTHS.unpack_from(content, record + _LENGTHS_AT)
    return name, extra, comment, disk


def _check_extra(entry: str, *places: bytes) -> Iterator[Fault]:
    for extra in places:
        if _EXTRA_NAME in _extra_fields(extra):
            yield Fault("ambiguous-name", entry, "has a second name in an extra field")


def _local_sizes(copied: list[int], extra: bytes, described: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return checksum, packed size and size of a local header, ``described`` where all are zero."""
    crc, packed, size = copied[4:]
    if packed == size == 0xFFFFFFFF and len(large := _extra_fields(extra).get(EXTRA_64, b"")) >= 16:
        size, packed = struct.unpack_from("<QQ", large)
    return described if described is not None and crc == packed == size == 0 else (crc, packed, size)


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    fields, at = {}, 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        fields[kind] = extra[at + 4 : at + 4 + size]
        at += 4 + size
    return fields


def _is_descriptor(data: bytes, sizes: tuple[int, ...]) -> bool:
    """Tell whether ``data`` is the data descriptor of an entry, of either width, signed or not."""
    data = data.removeprefix(b"PK\7\x08") if len(data) in (16, 24) else data
    if len(data) == 12:
        return max(sizes) < 1 << 32 and data == struct.pack("<LLL", *sizes)
    return data == struct.pack("<LQQ", *sizes)

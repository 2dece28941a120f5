"""The framing of a ZIP archive: its two copies of a field agree, and every byte belongs to something.

Two readers that start at different ends, or believe different copies, see one and the same archive then.
Source: PKWARE's APPNOTE 6.3.9, sections 4.3 (structure) and 4.5 (extra fields).
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator

from truewheel.dataclass import dataclass
from truewheel.wheel.faults import Checked, Fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

LOCAL_HEADER = struct.Struct("<4sHHHHHLLLHH")

_CENTRAL_HEADER = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_END_64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR_64 = struct.Struct("<4sLQL")
_TAIL = (1 << 16) + _END.size + _LOCATOR_64.size + _END_64.size  # the end records and the longest comment
_HAS_DESCRIPTOR = 0x8
_EXTRA_64, _EXTRA_NAME = 0x0001, 0x7075
_COPIED = ("flags", "compression method", "time", "date", "checksum", "packed size", "size")


@dataclass(frozen=True)
class _Central:
    """A record of the central directory: the fields that the local header repeats, and what else matters."""

    copied: tuple[int, ...]
    name: bytes
    extra: bytes
    disk: int


def directory_size(file: int) -> int:
    """Return the bytes of the central directory by the end record, 0 where there is none."""
    size = os.fstat(file).st_size
    tail = os.pread(file, _TAIL, max(size - _TAIL, 0))
    sizes = [0]
    for at in (len(tail) - _END.size, tail.rfind(b"PK\5\6")):
        if at >= 0 and tail[at : at + 4] == b"PK\5\6" and len(tail) - at >= _END.size:
            sizes.append(_END.unpack_from(tail, at)[5])
            long = at - _LOCATOR_64.size - _END_64.size
            if long >= 0 and tail[long : long + 4] == b"PK\6\6":
                sizes.append(_END_64.unpack_from(tail, long)[8])
    return max(size for size in sizes if size != 0xFFFFFFFF)


def has_odd_zip64_end(file: int) -> bool:
    """Tell whether the ZIP64 end record gives a wrong size of its own, which new zipfiles refuse."""
    at = os.fstat(file).st_size - _END.size - _LOCATOR_64.size
    if at < _END_64.size or os.pread(file, 4, at) != b"PK\6\7":
        return False
    signature, size, *_ = _END_64.unpack(os.pread(file, _END_64.size, at - _END_64.size))
    return bool(signature == b"PK\6\6" and size != _END_64.size - 12)


def check_framing(archive: zipfile.ZipFile, stream: BinaryIO) -> Iterator[Fault]:
    """Check an archive from its first byte to its last."""
    infos = archive.infolist()
    if infos and min(info.header_offset for info in infos) != 0:
        yield Fault("stray-bytes", "", "has data before the first entry")
        return
    end = yield from _check_end(archive, stream.fileno())
    if end is None:
        return
    start = archive.start_dir
    records = _central_records(os.pread(stream.fileno(), end - start, start))
    if len(records) != len(infos):
        yield Fault("contradictory-header", "", "has a central directory of another size than it says")
        return
    found = sorted(zip(infos, records, strict=True), key=lambda pair: pair[0].header_offset)
    limits = [*(info.header_offset for info, _ in found), start][1:]
    for (info, record), limit in zip(found, limits, strict=True):
        yield from _check_entry(stream.fileno(), info, record, limit)


def _check_end(archive: zipfile.ZipFile, file: int) -> Checked[int | None]:
    """Return where the central directory ends; None where the end records do not say."""
    at = os.fstat(file).st_size - len(archive.comment) - _END.size
    signature, *values, comment = _END.unpack(os.pread(file, _END.size, at))
    if signature != b"PK\5\6":
        yield Fault("stray-bytes", "", "has data after the end of the archive")
        return None
    if comment != len(archive.comment):
        yield Fault("corrupt-archive", "", "ends in its comment")
        return None
    end = at
    if os.pread(file, 4, max(at - _LOCATOR_64.size, 0)) == b"PK\6\7":
        end = at - _LOCATOR_64.size - _END_64.size
        large = _end_64(file, end)
        short = [
            many if few in (0xFFFF, 0xFFFFFFFF) else few for few, many in zip(values, large, strict=True)
        ]
        values = large if short == large else []
    entries = len(archive.infolist())
    if values != [0, 0, entries, entries, end - archive.start_dir, archive.start_dir]:
        yield Fault("contradictory-header", "", "has an end record that is not true of the archive")
        return None
    return end


def _end_64(file: int, at: int) -> list[int]:
    """Return the fields of the ZIP64 end record that the short one has too; zeros where it is not there."""
    record = os.pread(file, _END_64.size + _LOCATOR_64.size, max(at, 0))
    signature, size, _, _, *values = _END_64.unpack_from(record.ljust(_END_64.size))
    locator = _LOCATOR_64.pack(b"PK\6\7", 0, max(at, 0), 1)
    whole = (signature, size) == (b"PK\6\6", _END_64.size - 12) and record.endswith(locator)
    return values if whole else [0] * len(values)


def _central_records(data: bytes) -> list[_Central]:
    """Return the records that fill ``data``, none where they do not fill it."""
    records, at = [], 0
    while at + _CENTRAL_HEADER.size <= len(data):
        fields = _CENTRAL_HEADER.unpack_from(data, at)
        name, extra, comment, disk = fields[10:14]
        at += _CENTRAL_HEADER.size
        record = _Central(fields[3:10], data[at : at + name], data[at + name : at + name + extra], disk)
        records.append(record)
        at += name + extra + comment
    return records if at == len(data) else []


def _check_entry(file: int, info: zipfile.ZipInfo, record: _Central, limit: int) -> Iterator[Fault]:
    """Check an entry, which ends where the next thing begins, at ``limit``."""
    entry, offset = info.filename, info.header_offset
    # most have the same name and extra fields in both places
    header = os.pread(file, LOCAL_HEADER.size + len(record.name) + len(record.extra), offset)
    if len(header) < LOCAL_HEADER.size or header[:4] != b"PK\3\4":
        yield Fault("corrupt-entry", entry, "has no local header")
        return
    _, _, *copied, name, extra = LOCAL_HEADER.unpack_from(header)
    if LOCAL_HEADER.size + name + extra > len(header):
        header = os.pread(file, LOCAL_HEADER.size + name + extra, offset)
    behind = header[LOCAL_HEADER.size :][: name + extra]
    gap = limit - (offset + LOCAL_HEADER.size + len(behind) + info.compress_size)
    if gap < 0:
        yield Fault("overlapping-entries", entry, "overlaps what comes next in the archive")
        return
    sizes = (info.CRC, info.compress_size, info.file_size)
    if gap and not (copied[0] & _HAS_DESCRIPTOR and _is_descriptor(os.pread(file, gap, limit - gap), sizes)):
        yield Fault("stray-bytes", entry, f"has {gap} bytes behind it that belong to no entry")
    if behind[:name] != record.name:
        yield Fault("contradictory-header", entry, "has another name in its local header")
    if record.disk:
        yield Fault("contradictory-header", entry, "lies on another disk")
    if behind[name:] or record.extra:
        yield from _check_extra(entry, behind[name:], record.extra)
    wanted = [*record.copied[:4], *sizes]
    local = [*copied[:4], *_local_sizes(copied, behind[name:], sizes if gap else None)]
    for field, ours, theirs in zip(_COPIED, local, wanted, strict=True) if local != wanted else ():
        if ours != theirs:
            message = f"has another {field} in its local header than in the central directory"
            yield Fault("contradictory-header", entry, message)


def _check_extra(entry: str, *places: bytes) -> Iterator[Fault]:
    for extra in places:
        if _EXTRA_NAME in _extra_fields(extra):
            yield Fault("ambiguous-name", entry, "has a second name in an extra field")


def _local_sizes(copied: list[int], extra: bytes, described: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return checksum, packed size and size of a local header, ``described`` where all are zero."""
    crc, packed, size = copied[4:]
    if packed == size == 0xFFFFFFFF and len(large := _extra_fields(extra).get(_EXTRA_64, b"")) >= 16:
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

"""Read the entries of a wheel's archive, with bounds.

Source: PKWARE's APPNOTE 6.3.9 for the ZIP fields.
"""

from __future__ import annotations

import errno
import functools
import itertools
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from truewheel.wheel.directory import ArchiveEntry, Directory, read_directory
from truewheel.wheel.faults import Fault, FaultFound
from truewheel.wheel.framing import LOCAL_HEADER, LOCAL_SIGNATURE

CHUNK = 1 << 20  # bytes
STORED, DEFLATED = 0, 8

_LIMITS = {"RECORD": 64 << 20, "METADATA": 16 << 20}  # bytes; of texts, the largest seen have a fortieth
_LIMIT_TEXT = 1 << 20
_PATCHED = 0x20
_CORRUPT = (zlib.error, EOFError, struct.error, OverflowError, ValueError, LookupError)


@contextmanager
def corruption_found(entry: str = "") -> Iterator[None]:
    """Turn what the ZIP and text decoders raise into FaultFound; OSError from reading passes."""
    try:
        yield
    except _CORRUPT as error:
        raise FaultFound(_damage(entry, error)) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a seek to where a damaged header points
            raise
        raise FaultFound(_damage(entry, error)) from error


def _damage(entry: str, error: Exception) -> Fault:
    message = f"cannot be unpacked: {str(error) or type(error).__name__}"
    return Fault("corrupt-entry" if entry else "corrupt-archive", entry, message)


def open_directory(file: int) -> Directory:
    """Return the central directory of an open file; raises FaultFound when it is not readable."""
    with corruption_found():
        return read_directory(file)


class Entries:
    """Reads the entries of an archive, also from several threads.

    ``starts`` is where the bytes begin of those whose local header was checked, by their records. The
    others' headers are checked when they are read. An entry must fill its place.
    """

    def __init__(self, file: int, directory: Directory, starts: Mapping[int, int] | None = None) -> None:
        self._file = file
        self._directory = directory
        self._starts = starts or {}

    def read(self, entry: ArchiveEntry) -> bytes:
        """Return the bytes of an entry; raises what `chunks` raises."""
        is_small = entry.size < CHUNK and entry.packed_size < CHUNK
        data = self._small(entry) if is_small else None
        return b"".join(self.chunks(entry)) if data is None else data

    def _small(self, entry: ArchiveEntry) -> bytes | None:
        """Return the bytes of a small entry without a fault; None for others: `chunks` names the fault."""
        start = self._starts.get(entry.record)
        if start is None or entry.flags & _PATCHED:
            return None
        data, is_whole = os.pread(self._file, entry.packed_size, start), True
        if entry.method != STORED:
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                # 0 would be no limit
                data = unpacker.decompress(data, entry.size or 1)
            except zlib.error:
                return None
            is_whole = unpacker.eof and not unpacker.unused_data
        is_right = is_whole and len(data) == entry.size and zlib.crc32(data) == entry.checksum
        return data if is_right else None

    def chunks(self, entry: ArchiveEntry) -> Iterator[bytes]:
        """Yield the bytes of an entry, at most 1 MiB at a time and never more than the size it declares.

        Raises FaultFound when they cannot be unpacked, or are more or fewer than declared.
        """
        done = checksum = 0
        with corruption_found(entry.name):
            for data in self._unpacked(entry):
                done += len(data)
                checksum = zlib.crc32(data, checksum)
                if data and done <= entry.size:
                    yield data
            if checksum != entry.checksum:
                raise ValueError(f"Bad CRC-32 for file {entry.name!r}")
        if done != entry.size:
            relation = "more" if done > entry.size else "fewer"
            message = f"unpacks to {relation} than its {entry.size} bytes"
            raise FaultFound(Fault("wrong-entry-size", entry.name, message))

    def _unpacked(self, entry: ArchiveEntry) -> Iterator[bytes]:
        """Yield the bytes of an entry, at most one more than it declares."""
        left = entry.size + 1
        if entry.method == STORED:
            for packed in self._packed(entry):
                yield packed[:left]
                left -= len(packed[:left])
            return
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        behind = 0
        for piece in self._packed(entry):
            behind += len(piece) if unpacker.eof else 0
            packed, data = piece, piece
            while left and not unpacker.eof and (packed or data):
                data = unpacker.decompress(packed, min(CHUNK, left))
                packed = unpacker.unconsumed_tail
                left -= len(data)
                yield data
        if left == 1:  # as many as declared
            _check_stream(entry.name, unpacker.eof, behind + len(unpacker.unused_data))

    def _packed(self, entry: ArchiveEntry) -> Iterator[bytes]:
        """Yield the compressed bytes of an entry, its local header checked."""
        start = self._starts.get(entry.record) or self._start(entry)
        if entry.flags & _PATCHED:
            raise ValueError("compressed patched data (flag bit 5)")
        done, size = 0, entry.packed_size
        while done < size:
            data = os.pread(self._file, min(CHUNK, size - done), start + done)
            if not data:
                raise EOFError("the file ends in this entry")
            yield data
            done += len(data)

    def _start(self, entry: ArchiveEntry) -> int:
        """Return where the bytes of an entry begin by its local header."""
        header = os.pread(self._file, LOCAL_HEADER.size, entry.offset)
        if len(header) < LOCAL_HEADER.size:
            raise EOFError("the file ends in its local header")
        signature, *_, name_size, extra_size = LOCAL_HEADER.unpack(header)
        if signature != LOCAL_SIGNATURE:
            raise ValueError("Bad magic number for file header")
        at = entry.offset + LOCAL_HEADER.size
        if os.pread(self._file, name_size, at) != entry.name.encode():
            raise ValueError(f"File name in directory {entry.name!r} and header differ.")
        start = at + int(name_size) + int(extra_size)
        if start + entry.packed_size > self._ends[entry.offset]:
            raise ValueError(f"Overlapped entries: {entry.name!r} (possible zip bomb)")
        return start

    @functools.cached_property
    def _ends(self) -> dict[int, int]:
        offsets = sorted({entry.offset for entry in self._directory.entries})
        return dict(itertools.pairwise([*offsets, self._directory.start]))


def _check_stream(entry: str, ended: bool, behind: int) -> None:
    if not ended:
        raise ValueError("the compressed stream has no end")
    if behind:
        message = f"has {behind} bytes behind the end of its compressed stream"
        raise FaultFound(Fault("stray-bytes", entry, message))


def read_text(entries: Entries, entry: ArchiveEntry) -> str:
    """Return an entry of the .dist-info directory as text; raises FaultFound unless it is UTF-8."""
    limit = _LIMITS.get(entry.name.rpartition("/")[2], _LIMIT_TEXT)
    if entry.size > limit:
        message = f"has {entry.size} bytes, more than {limit}"
        raise FaultFound(Fault("oversized-metadata", entry.name, message))
    data = entries.read(entry)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}"
        raise FaultFound(Fault("not-utf-8", entry.name, message)) from error

"""Read the entries of a wheel's archive, with bounds.

Source: PKWARE's APPNOTE 6.3.9 for the ZIP fields.
"""

from __future__ import annotations

import errno
import itertools
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from truewheel.wheel.faults import Fault, FaultFound
from truewheel.wheel.framing import LOCAL_HEADER, directory_size, has_odd_zip64_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

CHUNK = 1 << 20  # bytes

_LIMIT_DIRECTORY = 32 << 20  # bytes; zipfile takes twenty times as much memory
_LIMITS = {"RECORD": 64 << 20, "METADATA": 16 << 20}  # bytes; of texts, the largest seen have a fortieth
_LIMIT_TEXT = 1 << 20
# ValueError holds UnicodeError and zipfile's seeks to negative offsets, RuntimeError NotImplementedError.
_CORRUPT = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    OverflowError,
    ValueError,
    LookupError,
    RuntimeError,
)


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


def open_zip(stream: BinaryIO) -> zipfile.ZipFile:
    """Return the archive in an open file; raises FaultFound when its central directory is not readable."""
    size = directory_size(stream.fileno())
    if size > _LIMIT_DIRECTORY:
        message = f"has a central directory of {size} bytes, more than {_LIMIT_DIRECTORY}"
        raise FaultFound(Fault("too-many-entries", "", message))
    if has_odd_zip64_end(stream.fileno()):
        message = "has an end record that is not true of the archive"
        raise FaultFound(Fault("contradictory-header", "", message))
    stream.seek(0)
    with corruption_found():
        return zipfile.ZipFile(stream)


class Entries:
    """Reads the entries of an archive; zipfile takes five times as long for a small one.

    What it checks of an entry is what zipfile.ZipFile.open and ZipExtFile check, and that the compressed
    stream fills its place.
    """

    def __init__(self, archive: zipfile.ZipFile, stream: BinaryIO) -> None:
        self._file = stream.fileno()
        offsets = sorted({info.header_offset for info in archive.infolist()})
        self._ends = dict(itertools.pairwise([*offsets, archive.start_dir]))

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """Return the bytes of an entry; raises what `chunks` raises."""
        data = self._small(info) if max(info.file_size, info.compress_size) < CHUNK else None
        return b"".join(self.chunks(info)) if data is None else data

    def _small(self, info: zipfile.ZipInfo) -> bytes | None:
        """Return the bytes of a small entry without a fault; None for others: `chunks` names the fault."""
        try:
            packed, _ = self._begin(info)
            if info.compress_type == zipfile.ZIP_STORED:
                data, is_whole = packed, True
            else:
                unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
                data = unpacker.decompress(packed, info.file_size + 1)
                is_whole = unpacker.eof and not unpacker.unused_data
        except (*_CORRUPT, OSError):
            return None
        is_right = is_whole and len(data) == info.file_size and zlib.crc32(data) == info.CRC
        return data if is_right else None

    def chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield the bytes of an entry, at most 1 MiB at a time and never more than the size it declares.

        Raises FaultFound when they cannot be unpacked, or are more or fewer than declared.
        """
        done = checksum = 0
        with corruption_found(info.filename):
            for data in self._unpacked(info):
                done += len(data)
                checksum = zlib.crc32(data, checksum)
                if done <= info.file_size:
                    yield data
            if checksum != info.CRC:
                raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
        if done != info.file_size:
            relation = "more" if done > info.file_size else "fewer"
            message = f"unpacks to {relation} than its {info.file_size} bytes"
            raise FaultFound(Fault("wrong-entry-size", info.filename, message))

    def _unpacked(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield the bytes of an entry, at most one more than it declares."""
        left = info.file_size + 1
        if info.compress_type == zipfile.ZIP_STORED:
            for packed in self._packed(info):
                yield packed[:left]
                left -= len(packed[:left])
            return
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        behind = 0
        for piece in self._packed(info):
            behind += len(piece) if unpacker.eof else 0
            packed, data = piece, piece
            while left and not unpacker.eof and (packed or data):
                data = unpacker.decompress(packed, min(CHUNK, left))
                packed = unpacker.unconsumed_tail
                left -= len(data)
                yield data
        if left == 1:  # as many as declared
            _check_stream(info.filename, unpacker.eof, behind + len(unpacker.unused_data))

    def _packed(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield the compressed bytes of an entry, its local header checked."""
        data, start = self._begin(info)
        yield data
        done, size = len(data), info.compress_size
        while done < size:
            data = os.pread(self._file, min(CHUNK, size - done), start + done)
            if not data:
                raise EOFError("the file ends in this entry")
            yield data
            done += len(data)

    def _begin(self, info: zipfile.ZipInfo) -> tuple[bytes, int]:
        """Return the first compressed bytes of an entry, and where they are; checks its local header."""
        name, offset, size = info.orig_filename.encode(), info.header_offset, info.compress_size
        # most have the same extra fields here and in the central directory
        wanted = LOCAL_HEADER.size + len(name) + len(info.extra) + min(size, CHUNK)
        data = os.pread(self._file, wanted, offset)
        if len(data) < LOCAL_HEADER.size:
            raise zipfile.BadZipFile("Truncated file header")
        signature, *_, name_size, extra_size = LOCAL_HEADER.unpack_from(data)
        if signature != b"PK\3\4":
            raise zipfile.BadZipFile("Bad magic number for file header")
        if info.flag_bits & 0x20:
            raise NotImplementedError("compressed patched data (flag bit 5)")
        start = LOCAL_HEADER.size + name_size + extra_size
        if data[LOCAL_HEADER.size : LOCAL_HEADER.size + name_size] != name:
            raise zipfile.BadZipFile(f"File name in directory {info.orig_filename!r} and header differ.")
        if offset + start + size > self._ends[offset]:
            raise zipfile.BadZipFile(f"Overlapped entries: {info.orig_filename!r} (possible zip bomb)")
        return data[start : start + size], offset + start


def _check_stream(entry: str, ended: bool, behind: int) -> None:
    if not ended:
        raise zipfile.BadZipFile("the compressed stream has no end")
    if behind:
        message = f"has {behind} bytes behind the end of its compressed stream"
        raise FaultFound(Fault("stray-bytes", entry, message))


def read_text(entries: Entries, info: zipfile.ZipInfo) -> str:
    """Return an entry of the .dist-info directory as text; raises FaultFound unless it is UTF-8."""
    limit = _LIMITS.get(info.filename.rpartition("/")[2], _LIMIT_TEXT)
    if info.file_size > limit:
        message = f"has {info.file_size} bytes, more than {limit}"
        raise FaultFound(Fault("oversized-metadata", info.filename, message))
    data = entries.read(info)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}"
        raise FaultFound(Fault("not-utf-8", info.filename, message)) from error

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
from typing import BinaryIO

from truewheel.wheel.faults import Fault, FaultFound

CHUNK = 1 << 20  # bytes

_LIMIT_TEXT = 64 << 20  # bytes
_LOCAL_HEADER = 30
_sizes = struct.Struct("<HH").unpack_from
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
    stream.seek(0)
    with corruption_found():
        return zipfile.ZipFile(stream)


def chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of an entry, at most 1 MiB at a time and never more than the size it declares.

    Raises FaultFound when they cannot be unpacked or are more or fewer than declared.
    """
    declared = info.file_size
    done = 0
    with corruption_found(info.filename):
        # zipfile cuts what it reads at file_size: one more lets an overlong stream show itself
        info.file_size = declared + 1
        try:
            member = archive.open(info)
        finally:
            info.file_size = declared
        with member:
            while data := member.read(min(CHUNK, declared - done + 1)):
                done += len(data)
                if done > declared:
                    break
                yield data
    if done != declared:
        raise FaultFound(_missized(info, done))


class SmallEntries:
    """Reads entries at once; zipfile, made for those of any size, takes five times as long for a small one.

    What it checks of an entry and what it raises is as in zipfile.ZipFile.open and ZipExtFile.
    """

    def __init__(self, archive: zipfile.ZipFile, stream: BinaryIO) -> None:
        self._file = stream.fileno()
        offsets = sorted({info.header_offset for info in archive.infolist()})
        self._ends = dict(itertools.pairwise([*offsets, archive.start_dir]))

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """Return the bytes of an entry; raises what `chunks` raises."""
        try:
            data = self._content(info)
        except (*_CORRUPT, OSError) as error:
            with corruption_found(info.filename):
                raise error
        if len(data) != info.file_size:
            raise FaultFound(_missized(info, len(data)))
        return data

    def _content(self, info: zipfile.ZipInfo) -> bytes:
        """Return the bytes of an entry, or one more than it declares."""
        packed = self._packed(info)
        limit = info.file_size + 1
        if info.compress_type == zipfile.ZIP_STORED:
            data = packed[:limit]
        else:
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
            data = unpacker.decompress(packed, limit)
            if len(data) < limit:
                data += unpacker.flush()
        if zlib.crc32(data) != info.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
        return data

    def _packed(self, info: zipfile.ZipInfo) -> bytes:
        """Return the compressed bytes of an entry, its local header checked."""
        name = info.orig_filename.encode()
        wanted = _LOCAL_HEADER + len(name) + info.compress_size
        data = os.pread(self._file, wanted, info.header_offset)
        if len(data) < _LOCAL_HEADER:
            raise zipfile.BadZipFile("Truncated file header")
        if data[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile("Bad magic number for file header")
        if info.flag_bits & 0x20:
            raise NotImplementedError("compressed patched data (flag bit 5)")
        name_size, extra_size = _sizes(data, 26)
        start = _LOCAL_HEADER + name_size + extra_size
        if data[_LOCAL_HEADER : _LOCAL_HEADER + name_size] != name:
            raise zipfile.BadZipFile(f"File name in directory {info.orig_filename!r} and header differ.")
        end = start + info.compress_size
        if info.header_offset + end > self._ends[info.header_offset]:
            raise zipfile.BadZipFile(f"Overlapped entries: {info.orig_filename!r} (possible zip bomb)")
        if end > wanted:
            data = os.pread(self._file, end, info.header_offset)
        if len(data) < end:
            raise EOFError("the file ends in this entry")
        return data[start:end]


def _missized(info: zipfile.ZipInfo, size: int) -> Fault:
    relation = "more" if size > info.file_size else "fewer"
    message = f"unpacks to {relation} than its {info.file_size} bytes"
    return Fault("wrong-entry-size", info.filename, message)


def read_text(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Return an entry of the .dist-info directory as text; raises FaultFound unless it is UTF-8."""
    if info.file_size > _LIMIT_TEXT:
        message = f"has {info.file_size} bytes, more than {_LIMIT_TEXT}"
        raise FaultFound(Fault("oversized-metadata", info.filename, message))
    data = b"".join(chunks(archive, info))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}"
        raise FaultFound(Fault("not-utf-8", info.filename, message)) from error

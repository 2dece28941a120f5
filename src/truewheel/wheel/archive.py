"""The ZIP layer of a wheel: opening it, the names and kinds of its entries, bounded reading.

Sources: the binary distribution format specification, PKWARE's APPNOTE 6.3.9 for the ZIP fields, and the
rules against archives that two readers understand differently (duplicates, trailing data, overlaps).
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from truewheel.errors import UsageError, WheelRefused

CHUNK = 1 << 20
REBUILD = "build the wheel again"

_LIMIT_COMPONENT = 255
_LIMIT_NAME = 4095
_LIMIT_TEXT = 64 << 20
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8_NAME = 0x800
_LOCAL_HEADER = 30
_END_RECORD = 22
_sizes = struct.Struct("<HH").unpack_from
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DRIVE = re.compile(r"[A-Za-z]:")
_ORDINARY = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)*")
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


def refusal(filename: str, message: str, *, entry: str = "", hint: str = REBUILD) -> WheelRefused:
    """The error for a bad wheel; ``filename`` is its base name, ``entry`` what is wrong in it."""
    path = f"{filename}: {_shortened(entry)}" if entry else filename
    return WheelRefused(_shortened(message, 400), subject=path, hint=hint)


def _shortened(text: str, limit: int = 200) -> str:
    half = limit // 2 - 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"


@contextmanager
def corruption_refused(filename: str, entry: str = "") -> Iterator[None]:
    """Turn what the ZIP and text decoders raise into WheelRefused, failing reads into UsageError."""
    try:
        yield
    except _CORRUPT as error:
        raise _damaged(filename, entry, error) from error
    except OSError as error:
        # a seek to where a damaged header points
        if error.errno == errno.EINVAL:
            raise _damaged(filename, entry, error) from error
        hint = "check the disk the wheel lies on"
        raise UsageError(f"cannot be read: {error.strerror}", subject=filename, hint=hint) from error


def _damaged(filename: str, entry: str, error: Exception) -> WheelRefused:
    reason = str(error) or type(error).__name__
    hint = "the file is damaged: fetch it again or build it again"
    return refusal(filename, f"cannot be unpacked: {reason}", entry=entry, hint=hint)


def open_file(path: Path) -> BinaryIO:
    """Open a wheel for reading; raises UsageError when there is no readable regular file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError("is not a regular file", subject=str(path), hint="name a .whl file")
        return path.open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "check the path of the wheel and its permissions"
        raise UsageError(f"cannot be opened: {reason}", subject=str(path), hint=hint) from error
    except ValueError as error:
        raise UsageError(f"is not a path: {error}", subject=str(path), hint="name a .whl file") from error


@contextmanager
def open_zip(stream: BinaryIO, filename: str) -> Iterator[zipfile.ZipFile]:
    """The archive in an open file; raises WheelRefused when its central directory is not readable."""
    stream.seek(0)
    with corruption_refused(filename):
        archive = zipfile.ZipFile(stream)
    with archive:
        yield archive


def archive_files(archive: zipfile.ZipFile, stream: BinaryIO, filename: str) -> tuple[zipfile.ZipInfo, ...]:
    """The files of an archive in their order there, without directories.

    Raises WheelRefused for what one ZIP reader may see and another not, for names that are not plain
    relative paths, for links and devices, encryption, and compression other than stored and deflated.
    """
    _check_framing(archive, stream, filename)
    infos = archive.infolist()
    for info in infos:
        _check_entry(info, filename)
    files = tuple(info for info in infos if not info.filename.endswith("/"))
    directories = [info.filename.rstrip("/") for info in infos if info.filename.endswith("/")]
    check_collisions([info.filename for info in files], directories, filename)
    return files


def chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, filename: str) -> Iterator[bytes]:
    """The bytes of an entry, at most 1 MiB at a time; never more than the size it declares.

    Raises WheelRefused when they cannot be unpacked or are more or fewer than declared.
    """
    declared = info.file_size
    done = 0
    with corruption_refused(filename, info.filename):
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
        raise _missized(info, done, filename)


class SmallEntries:
    """Reads entries at once; zipfile, made for those of any size, takes five times as long for a small one.

    What it checks of an entry and what it raises is as in zipfile.ZipFile.open and ZipExtFile.
    """

    def __init__(self, archive: zipfile.ZipFile, stream: BinaryIO) -> None:
        self._file = stream.fileno()
        offsets = sorted({info.header_offset for info in archive.infolist()})
        self._ends = dict(itertools.pairwise([*offsets, archive.start_dir]))

    def read(self, info: zipfile.ZipInfo, filename: str) -> bytes:
        """The bytes of an entry; raises what `chunks` raises."""
        try:
            data = self._content(info)
        except (*_CORRUPT, OSError) as error:
            with corruption_refused(filename, info.filename):
                raise error
        if len(data) != info.file_size:
            raise _missized(info, len(data), filename)
        return data

    def _content(self, info: zipfile.ZipInfo) -> bytes:
        """The bytes of an entry, or one more than it declares."""
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
        """The compressed bytes of an entry, its local header checked."""
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


def _missized(info: zipfile.ZipInfo, size: int, filename: str) -> WheelRefused:
    relation = "more" if size > info.file_size else "fewer"
    return refusal(filename, f"unpacks to {relation} than its {info.file_size} bytes", entry=info.filename)


def read_text(archive: zipfile.ZipFile, info: zipfile.ZipInfo, filename: str) -> str:
    """An entry of the .dist-info directory as text; raises WheelRefused unless it is UTF-8."""
    if info.file_size > _LIMIT_TEXT:
        message = f"has {info.file_size} bytes, more than {_LIMIT_TEXT}"
        raise refusal(filename, message, entry=info.filename)
    data = b"".join(chunks(archive, info, filename))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}"
        raise refusal(filename, message, entry=info.filename, hint="write it in UTF-8") from error


def name_fault(name: str) -> str:
    """What is wrong with an archive name as a relative POSIX path, or an empty text."""
    if len(name) <= _LIMIT_COMPONENT and _ORDINARY.fullmatch(name):
        return ""
    parts = name.split("/")
    faults = {
        "holds a control character": not name.isprintable() and _has_controls(name),
        "holds a backslash": "\\" in name,
        "is an absolute path": name.startswith("/"),
        "starts with a drive letter": bool(_DRIVE.match(name)),
        "climbs out of the wheel with '..'": ".." in parts,
        "has an empty or '.' component": "" in parts or "." in parts,
    }
    return next((text for text, found in faults.items() if found), "") or _length_fault(name, parts)


def _has_controls(name: str) -> bool:
    return any(unicodedata.category(character) in _UNSAFE for character in name)


def _length_fault(name: str, parts: list[str]) -> str:
    # no character takes more than four bytes
    if len(name) * 4 <= _LIMIT_COMPONENT:
        return ""
    if any(len(part.encode()) > _LIMIT_COMPONENT for part in parts):
        return f"has a component of more than {_LIMIT_COMPONENT} bytes"
    if len(name.encode()) > _LIMIT_NAME:
        return f"is longer than {_LIMIT_NAME} bytes"
    return ""


def check_collisions(files: Iterable[str], directories: Iterable[str], filename: str) -> None:
    """Raise WheelRefused when a name is there twice or is both a file and a directory."""
    seen: set[str] = set()
    for name in files:
        if name in seen:
            raise refusal(filename, "is there twice", entry=name)
        seen.add(name)
    parents: set[str] = set(directories)
    for name in seen:
        parent = name.rpartition("/")[0]
        while parent and parent not in parents:
            parents.add(parent)
            parent = parent.rpartition("/")[0]
    for name in sorted(seen & parents):
        raise refusal(filename, "is both a file and a directory", entry=name)


def _check_framing(archive: zipfile.ZipFile, stream: BinaryIO, filename: str) -> None:
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    if infos and infos[0].header_offset != 0:
        raise refusal(filename, "has data before the first entry")
    stream.seek(0, 2)
    end = stream.tell() - len(archive.comment) - _END_RECORD
    stream.seek(max(end, 0))
    if stream.read(4) != b"PK\x05\x06":
        raise refusal(filename, "has data after the end of the archive")
    for info, after in itertools.pairwise(infos):
        least = _LOCAL_HEADER + len(info.orig_filename) + info.compress_size
        if info.header_offset + least > after.header_offset:
            raise refusal(filename, f"overlaps {after.filename}", entry=info.filename)


def _check_entry(info: zipfile.ZipInfo, filename: str) -> None:
    # the name as the archive has it: zipfile cuts filename at a NUL
    name = info.orig_filename
    fault = name_fault(name[:-1] if name.endswith("/") else name)
    if not fault and not info.flag_bits & _UTF8_NAME and not name.isascii():
        fault = "is not marked as UTF-8"
    if not fault and name != info.filename:
        fault = "is ambiguous"
    if fault:
        raise refusal(filename, f"the name {fault}", entry=name)
    if info.flag_bits & _ENCRYPTED:
        raise refusal(filename, "is encrypted", entry=name, hint="a wheel cannot be encrypted")
    if info.compress_type not in _METHODS:
        hint = "use deflate or no compression"
        raise refusal(filename, f"has compression method {info.compress_type}", entry=name, hint=hint)
    _check_kind(info, filename)


def _check_kind(info: zipfile.ZipInfo, filename: str) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    directory = info.filename.endswith("/")
    if kind == stat.S_IFLNK:
        hint = "wheels hold no links: put a copy in"
        raise refusal(filename, "is a symbolic link", entry=info.filename, hint=hint)
    if kind not in (0, stat.S_IFDIR if directory else stat.S_IFREG):
        raise refusal(filename, "is not a regular file", entry=info.filename)
    if directory and info.file_size:
        raise refusal(filename, "is a directory with content", entry=info.filename)

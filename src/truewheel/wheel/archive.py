"""The ZIP layer of a wheel: opening the file, the names and kinds of its entries.

Sources: the binary distribution format specification, PKWARE's APPNOTE 6.3.9 for the ZIP fields, and the
rules against archives that two readers understand differently (duplicates, trailing data, overlaps).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from truewheel.errors import UsageError
from truewheel.wheel.directory import ArchiveEntry, Directory
from truewheel.wheel.faults import Checked, Fault
from truewheel.wheel.names import check_collisions, name_problem
from truewheel.wheel.unpacking import DEFLATED, STORED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_METHODS = {STORED, DEFLATED}
# several times what the largest of 1,472 wheels have: 16,235 entries, 1.3 GB, eighteenfold
_LIMIT_ENTRIES = 100_000
_LIMIT_SIZE = 16 << 30  # bytes
_LIMIT_RATIO = 200
_LIMIT_SMALL = 64 << 20  # bytes that any wheel may unpack to
_ENCRYPTED = 0x1 | 0x40 | 0x2000


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


def archive_files(directory: Directory) -> Checked[tuple[ArchiveEntry, ...]]:
    """Return the files of an archive in their order there, without directories.

    Yields faults for names that are not plain relative paths or are there twice, devices, encryption, and
    compression other than stored and deflated.
    """
    for entry in directory.entries:
        yield from _check_name(entry)
        yield from _check_kind(entry)
    files = tuple(entry for entry in directory.entries if not entry.name.endswith("/"))
    directories = [entry.name.rstrip("/") for entry in directory.entries if entry.name.endswith("/")]
    yield from check_collisions([entry.name for entry in files], directories)
    return files


def check_bounds(directory: Directory, copies: int = 0) -> Iterator[Fault]:
    """Check how much an archive unpacks to, by what it declares.

    ``copies`` are the bytes of what is unpacked once more in place of links.
    """
    count = len(directory.entries)
    unpacked = sum(entry.size for entry in directory.entries) + copies
    if count > _LIMIT_ENTRIES:
        yield Fault("too-many-entries", "", f"has {count} entries, more than {_LIMIT_ENTRIES}")
    if unpacked > _LIMIT_SIZE:
        yield Fault("too-large", "", f"unpacks to {unpacked} bytes, more than {_LIMIT_SIZE}")
    elif unpacked > max(_LIMIT_RATIO * directory.end.size, _LIMIT_SMALL):
        yield Fault("zip-bomb", "", f"unpacks to {unpacked} bytes, more than {_LIMIT_RATIO} times its size")


def _check_name(entry: ArchiveEntry) -> Iterator[Fault]:
    name = entry.name
    if problem := name_problem(name[:-1] if name.endswith("/") else name):
        yield Fault("unsafe-name", name, f"the name {problem}")
    elif not entry.is_marked_utf8 and not name.isascii():
        yield Fault("ambiguous-name", name, "the name is not marked as UTF-8")


def _check_kind(entry: ArchiveEntry) -> Iterator[Fault]:
    name = entry.name
    if entry.flags & _ENCRYPTED:
        yield Fault("encrypted-entry", name, "is encrypted")
    if entry.method not in _METHODS:
        yield Fault("unknown-compression", name, f"has compression method {entry.method}")
    kind = stat.S_IFMT(entry.mode)
    directory = name.endswith("/")
    if kind == stat.S_IFLNK:
        if directory:
            yield Fault("stray-link", name, "is both a symbolic link and a directory")
    elif kind not in (0, stat.S_IFDIR if directory else stat.S_IFREG):
        yield Fault("special-file", name, "is not a regular file")
    elif directory and entry.size:
        yield Fault("directory-with-content", name, "is a directory with content")

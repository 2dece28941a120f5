"""Read the sixteen bytes before the code of a pyc (PEP 552)."""

from __future__ import annotations

import struct

from truewheel.dataclass import dataclass
from truewheel.errors import PycUnreadable
from truewheel.model import InvalidationMode

SIZE = 16  # bytes

# the magic number of each release, from importlib's _bootstrap_external.py
_RELEASED = {
    3394: (3, 7),
    3413: (3, 8),
    3425: (3, 9),
    3439: (3, 10),
    3495: (3, 11),
    3531: (3, 12),
    3571: (3, 13),
    3627: (3, 14),
    3666: (3, 15),
}
NEWEST = max(_RELEASED.values())
_MODES = {
    0b00: InvalidationMode.TIMESTAMP,
    0b01: InvalidationMode.UNCHECKED_HASH,
    0b11: InvalidationMode.CHECKED_HASH,
}


@dataclass(frozen=True)
class Header:
    """The header of a pyc.

    ``magic`` is four bytes; ``python`` the CPython, (major, minor), that writes it, None for another Python
    or version. ``source_hash`` is eight bytes, or empty with TIMESTAMP, for which ``mtime`` in seconds since
    the epoch and ``size`` in bytes are those of the source.
    """

    magic: bytes
    python: tuple[int, int] | None
    mode: InvalidationMode
    source_hash: bytes = b""
    mtime: int = 0
    size: int = 0


def python_of(magic: bytes) -> tuple[int, int] | None:
    """Return the CPython, (major, minor), with this magic number of four bytes; None for an unknown one."""
    number = int.from_bytes(magic[:2], "little")
    if magic[2:] != b"\r\n":
        return None
    return _RELEASED.get(number)


def read_header(data: bytes) -> Header:
    """Read the header of a pyc of Python 3.7 or later; ``data`` is the file or its begin.

    Raises PycUnreadable where it is shorter than a header, begins with no magic number, or has flags that
    PEP 552 does not define.
    """
    if len(data) < SIZE:
        raise PycUnreadable(f"is truncated: {len(data)} bytes of the {SIZE} of a header")
    magic, flags, first, second = struct.unpack_from("<4sIII", data)
    if magic[2:] != b"\r\n":
        raise PycUnreadable("is no pyc: it does not begin with a magic number")
    mode = _MODES.get(flags)
    if mode is None:
        raise PycUnreadable(f"has the flags {flags:#x}, which PEP 552 does not define")
    if mode is InvalidationMode.TIMESTAMP:
        return Header(magic, python_of(magic), mode, b"", first, second)
    return Header(magic, python_of(magic), mode, data[8:SIZE])

"""The hash of a source in the header of its pyc (PEP 552), for any Python.

It is SipHash of the source with the magic number as the key: SipHash-2-4 up to Python 3.10, then SipHash-1-3.
Sources: _imp.source_hash and Python/pyhash.c of CPython.
"""

from __future__ import annotations

import _imp
import struct
import sys

_SINCE_13 = 3450  # the first magic number of Python 3.11
_OWN = sys.version_info >= (3, 11)
_MASK = (1 << 64) - 1


def source_hash(magic: bytes, source: bytes) -> bytes:
    """Return the eight bytes for a source; ``magic`` are the four bytes that the pyc begins with."""
    newer = int.from_bytes(magic[:2], "little") >= _SINCE_13
    if newer == _OWN:
        return _imp.source_hash(int.from_bytes(magic, "little"), source)
    return _siphash(int.from_bytes(magic, "little"), source, 1 if newer else 2, 3 if newer else 4)


def _siphash(key: int, data: bytes, rounds: int, last_rounds: int) -> bytes:
    """Return SipHash of ``data`` with a key of ``key`` and zero (Aumasson and Bernstein, 2012)."""
    state = (key ^ 0x736F6D6570736575, 0x646F72616E646F6D, key ^ 0x6C7967656E657261, 0x7465646279746573)
    tail = data[len(data) & ~7 :]
    words = [word for (word,) in struct.iter_unpack("<Q", data[: len(data) & ~7])]
    words.append(int.from_bytes(tail, "little") | (len(data) & 0xFF) << 56)
    for word in words:
        a, b, c, d = state
        a, b, c, d = _rounds(a, b, c, d ^ word, rounds)
        state = (a ^ word, b, c, d)
    a, b, c, d = state
    a, b, c, d = _rounds(a, b, c ^ 0xFF, d, last_rounds)
    return struct.pack("<Q", a ^ b ^ c ^ d)


def _rounds(a: int, b: int, c: int, d: int, count: int) -> tuple[int, int, int, int]:
    for _ in range(count):
        a = (a + b) & _MASK
        b = ((b << 13 | b >> 51) & _MASK) ^ a
        a = (a << 32 | a >> 32) & _MASK
        c = (c + d) & _MASK
        d = ((d << 16 | d >> 48) & _MASK) ^ c
        a = (a + d) & _MASK
        d = ((d << 21 | d >> 43) & _MASK) ^ a
        c = (c + b) & _MASK
        b = ((b << 17 | b >> 47) & _MASK) ^ c
        c = (c << 32 | c >> 32) & _MASK
    return a, b, c, d

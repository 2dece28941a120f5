"""Digests as ``hashlib`` has them, without OpenSSL while there is little to hash.

To load that library takes as long as to hash a megabyte without it, or all of a small wheel several times.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable

    _small: Callable[[bytes], hashlib._Hash] | None

try:
    from _sha2 import sha256 as _small  # type: ignore[import-not-found, no-redef]
except ImportError:
    try:
        from _sha256 import sha256 as _small  # type: ignore[import-not-found, no-redef] # Python 3.11
    except ImportError:  # this Python has OpenSSL's alone
        _small = None

_left = 1 << 18  # bytes


def sha256(data: bytes | None = None) -> hashlib._Hash:
    """Return the SHA-256 of ``data``; None for one that much may follow for."""
    global _left  # noqa: PLW0603 the library is loaded once
    if data is not None and _small is not None and _left >= len(data):
        _left -= len(data)
        return _small(data)
    import hashlib

    return hashlib.sha256(data or b"")


def new(algorithm: str, data: bytes = b"") -> hashlib._Hash:
    """Return a digest by the name of its algorithm, as ``hashlib.new`` does."""
    import hashlib

    return hashlib.new(algorithm, data)

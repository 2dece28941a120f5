"""Bytes of a target from its begin to its end, decompressed on the way and bounded."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from truewheel.errors import TargetDamaged, UsageError
from truewheel.package.model import CHUNK

_MAGICS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"]\x00\x00": "lzma",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_MEMORY = 512 << 20  # bytes for the dictionary of xz; its largest preset takes 65 MiB
# what a package unpacks to: far more than any does, far less than fills a day
_RATIO = 250
_LEAST = 256 << 20

_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)


def is_compressed(head: bytes) -> bool:
    """Whether this is the begin of a file in one of the formats that `decompressed` knows."""
    return head.startswith(tuple(_MAGICS))


class Readable(Protocol):
    """Anything with a ``read``."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes, none at the end."""
        ...


class Bytes:
    """A stream that is read once: ``read`` gives all that is asked for, or what is left at the end.

    ``limit`` bounds what is read of it over its life, in bytes. Raises TargetDamaged.
    """

    def __init__(self, source: Readable, limit: int) -> None:
        self._source = source
        self._left = limit
        self.position = 0

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer only where the stream ends."""
        pieces = []
        while size > 0:
            piece = self._some(min(size, CHUNK))
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def exactly(self, size: int) -> bytes:
        """Return ``size`` bytes; raises TargetDamaged where there are fewer."""
        data = self.read(size)
        if len(data) < size:
            raise TargetDamaged(f"ends after {self.position} bytes, in the middle of something")
        return data

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the next ``size`` bytes in pieces; raises TargetDamaged where there are fewer."""
        while size > 0:
            piece = self.exactly(min(size, CHUNK))
            yield piece
            size -= len(piece)

    def skip(self, size: int) -> None:
        """Read over ``size`` bytes."""
        for _ in self.chunks(size):
            pass

    def finish(self) -> None:
        """Read to the end, where a compressed stream has its checksum."""
        while self._some(CHUNK):
            pass

    def _some(self, size: int) -> bytes:
        try:
            piece = self._source.read(size)
        except _DAMAGE as error:
            raise TargetDamaged(f"cannot be decompressed: {error or type(error).__name__}") from error
        except OSError as error:
            raise TargetDamaged(f"cannot be read: {error.strerror or error}") from error
        self._left -= len(piece)
        if self._left < 0:
            raise TargetDamaged("unpacks to far more bytes than a package has")
        self.position += len(piece)
        return piece


class Part:
    """``size`` bytes of a file from ``offset`` on, which is where the file is then read."""

    def __init__(self, stream: BinaryIO, offset: int, size: int) -> None:
        self._stream = stream
        self._offset = offset
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes."""
        self._stream.seek(self._offset)
        piece = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._offset += len(piece)
        self._left -= len(piece)
        return piece


class _Lzma:
    """Streams of xz or bzip2 behind one another, with bounded memory."""

    def __init__(self, source: Readable, kind: str) -> None:
        self._source = source
        self._kind = kind
        self._decoder = self._new()
        self._input = b""
        self._fresh = True

    def _new(self) -> lzma.LZMADecompressor | bz2.BZ2Decompressor:
        return bz2.BZ2Decompressor() if self._kind == "bzip2" else lzma.LZMADecompressor(memlimit=_MEMORY)

    def read(self, size: int = -1, /) -> bytes:
        while True:
            if self._decoder.eof:
                self._input = self._decoder.unused_data.lstrip(b"\0") or self._source.read(CHUNK).lstrip(
                    b"\0"
                )
                if not self._input:
                    return b""
                self._decoder = self._new()
            elif self._decoder.needs_input and not self._input:
                self._input = self._source.read(CHUNK)
                if not self._input:
                    raise EOFError("it ends early")
            data, self._input = self._decoder.decompress(self._input, size), b""
            if data:
                return data


@contextmanager
def decompressed(source: Readable, size: int) -> Iterator[Bytes]:
    """Give the content of ``source``, which has ``size`` bytes, decompressed if it is compressed.

    Formats are told by their first bytes: gzip, bzip2, xz, lzma, zstd. Raises UsageError for zstd where there
    is no ``zstd`` to run.
    """
    head = source.read(6)
    kind = next((name for magic, name in _MAGICS.items() if head.startswith(magic)), "")
    whole = _Prefixed(head, source)
    limit = max(_LEAST, _RATIO * size)
    if kind == "zstd":
        with _zstd(whole) as unpacked:
            yield Bytes(unpacked, limit)
    elif kind == "gzip":
        yield Bytes(gzip.GzipFile(mode="rb", fileobj=whole), limit)
    elif kind:
        yield Bytes(_Lzma(whole, kind), limit)
    else:
        yield Bytes(whole, limit)


class _Prefixed(io.RawIOBase):
    def __init__(self, head: bytes, source: Readable) -> None:
        self._head = head
        self._source = source

    def read(self, size: int = -1, /) -> bytes:
        if self._head:
            piece = self._head if size < 0 else self._head[:size]
            self._head = self._head[len(piece) :]
            return piece
        return self._source.read(size)


@contextmanager
def _zstd(source: Readable) -> Iterator[Readable]:
    """Run zstd over a copy of the compressed bytes, which no process then has to feed."""
    with tempfile.TemporaryFile() as packed:
        while piece := source.read(CHUNK):
            packed.write(piece)
        packed.seek(0)
        try:
            process = subprocess.Popen(
                ["zstd", "-dcq"],  # noqa: S607
                stdin=packed,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise UsageError(
                "is compressed by zstd, which is not installed", hint="install the package zstd"
            ) from error
        with process:
            assert process.stdout is not None  # noqa: S101
            try:
                yield _Piped(process)
            finally:
                process.kill()


class _Piped:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def read(self, size: int = -1, /) -> bytes:
        assert self._process.stdout is not None  # noqa: S101
        piece = self._process.stdout.read(size)
        if not piece and self._process.wait():
            raise EOFError("zstd finds it damaged")
        return piece

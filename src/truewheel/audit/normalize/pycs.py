"""Make a pyc canonical from its own bytes, without a compiler."""

from __future__ import annotations

from collections.abc import Callable

from truewheel.bytecode.canonical_form import rewrite
from truewheel.bytecode.pycs import pyc_header
from truewheel.dataclass import dataclass
from truewheel.errors import PycUnreadable
from truewheel.model import InvalidationMode
from truewheel.pyc.header import SIZE, Header, read_header
from truewheel.pyc.source_hash import source_hash
from truewheel.pyc.stream import file_names


@dataclass(frozen=True)
class Source:
    """The source of a pyc: its bytes and its date in seconds, as they are and as they will be.

    The pyc stays valid where another first line, a comment, is all that changes.
    """

    content: bytes
    mtime: int
    new_content: bytes
    new_mtime: int
    final: str


@dataclass(frozen=True)
class Remade:
    """A pyc that was made again: its bytes, or why it goes (``stale``) or stays as it is (``kept``)."""

    content: bytes = b""
    stale: str = ""
    kept: str = ""


def remake(data: bytes, source: Source | None, mode: InvalidationMode, moved: Callable[[str], str]) -> Remade:
    """Return a pyc in the canonical form, with the header that ``mode`` wants.

    Without a source, as a program that is shipped without any, it has the date and size zero, which nobody
    reads, and its co_filename becomes what ``moved`` makes of it.
    """
    try:
        header = read_header(data)
        if header.python is None:
            return Remade(kept="is of a Python that is not known")
        if source is None:
            return Remade(
                _header(header, InvalidationMode.TIMESTAMP, b"", 0) + _sourceless(data, header, moved)
            )
        if not _is_valid(header, source):
            return Remade(stale="is stale")
        body = rewrite(data[SIZE:], header.python, source.final)
    except (PycUnreadable, ValueError) as error:
        return Remade(kept=error.message if isinstance(error, PycUnreadable) else f"cannot be read: {error}")
    return Remade(_header(header, mode, source.new_content, source.new_mtime) + body)


def _sourceless(data: bytes, header: Header, moved: Callable[[str], str]) -> bytes:
    assert header.python is not None  # noqa: S101 - told to mypy
    names = file_names(data[SIZE:], header.python)
    return rewrite(data[SIZE:], header.python, moved(names[0]) if len(names) == 1 else None)


def _is_valid(header: Header, source: Source) -> bool:
    """Whether an import takes the pyc; an unchecked one counts as what its hash says."""
    if header.mode is InvalidationMode.TIMESTAMP:
        size = len(source.content) & 0xFFFFFFFF
        return (header.mtime, header.size) == (source.mtime & 0xFFFFFFFF, size)
    return header.source_hash == source_hash(header.magic, source.content)


def _header(header: Header, mode: InvalidationMode, content: bytes, mtime: int) -> bytes:
    hashed = b"" if mode is InvalidationMode.TIMESTAMP else source_hash(header.magic, content)
    return pyc_header(mode, header.magic, hashed, mtime, len(content))

"""Compare the content of two files of one path, by what they are."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from truewheel.audit.diff.causes import Cause, Sort, cause
from truewheel.audit.diff.elf import elf_causes, is_elf
from truewheel.audit.diff.pycs import first_offset, pyc_causes
from truewheel.audit.diff.texts import metadata_causes, record_causes, text_causes
from truewheel.audit.diff.zips import is_zip, zip_causes
from truewheel.bytecode.pycs import is_bytecode
from truewheel.errors import TruewheelError
from truewheel.package.streams import decompressed

_METADATA = ("METADATA", "WHEEL", "PKG-INFO")
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst")
_UNPACKED = 64 << 20  # bytes of a compressed file that are looked at


class Compared(NamedTuple):
    """What sort of file it is in a word, and why its two sides differ."""

    kind: str
    causes: list[Cause]


def compare_files(path: str, one: bytes, other: bytes, known: Mapping[str, Sort] | None = None) -> Compared:
    """Return why two different contents of one path differ; never nothing.

    ``known`` maps each path below the same root that differs to how much that matters, for a RECORD.
    """
    kind, causes = _compare(path, one, other, known or {})
    if causes:
        return Compared(kind, causes)
    sizes = f", {len(one)} and {len(other)} bytes" if len(one) != len(other) else ""
    return Compared(kind, [cause("bytes", f"from byte {first_offset(one, other)} on{sizes}")])


def _compare(path: str, one: bytes, other: bytes, known: Mapping[str, Sort]) -> Compared:
    stem, ending = posixpath.splitext(path)
    if is_bytecode(path):
        return Compared("pyc", pyc_causes(one, other))
    if is_elf(one) and is_elf(other):
        return Compared("ELF", elf_causes(one, other))
    if is_zip(one) and is_zip(other):
        return Compared(
            "ZIP", zip_causes(one, other, lambda name, *sides: compare_files(name, *sides).causes)
        )
    if ending in _COMPRESSED:
        return _compare_compressed(stem, one, other)
    first, second = _text(one), _text(other)
    return (
        Compared("file", [])
        if first is None or second is None
        else _compare_texts(path, first, second, known)
    )


def _compare_texts(path: str, one: str, other: str, known: Mapping[str, Sort]) -> Compared:
    directory, name = posixpath.split(path)
    if name == "RECORD" and directory.endswith(".dist-info"):
        return Compared("RECORD", record_causes(one, other, posixpath.dirname(directory), known))
    if name in _METADATA and directory.endswith((".dist-info", ".egg-info")):
        return Compared("metadata", metadata_causes(one, other))
    return Compared("script" if one[:2] == "#!" else "text", text_causes(one, other))


def _compare_compressed(stem: str, one: bytes, other: bytes) -> Compared:
    """Compare what two files unpack to; nothing where they do not."""
    try:
        first, second = (_unpacked(data) for data in (one, other))
    except TruewheelError:
        return Compared("file", [])
    if first == second:
        return Compared("file", [cause("compression", f"{len(one)} and {len(other)} bytes")])
    return compare_files(stem, first, second)


def _unpacked(data: bytes) -> bytes:
    with decompressed(io.BytesIO(data), len(data)) as stream:
        return stream.read(_UNPACKED)


def _text(data: bytes) -> str | None:
    """Return the text that this is; None for what is no UTF-8, or has NUL bytes."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None

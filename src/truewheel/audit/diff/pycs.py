"""Compare two pycs: header, file name, code, and how the same code is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from truewheel.audit.diff.causes import Cause, cause
from truewheel.audit.diff.code import code_causes
from truewheel.audit.diff.paths import split_tail
from truewheel.bytecode.canonical_form import rewrite
from truewheel.errors import PycUnreadable
from truewheel.model import InvalidationMode
from truewheel.pyc.header import SIZE, Header, read_header
from truewheel.pyc.stream import file_names, read_code
from truewheel.pyc.writing import Writings, compare_writings


def pyc_causes(one: bytes, other: bytes) -> list[Cause]:
    """Return why two pycs differ; nothing of them is unmarshalled."""
    headers: list[Header] = []
    for which, data in (("first", one), ("second", other)):
        try:
            headers.append(read_header(data))
        except PycUnreadable as error:
            return [cause("pyc-damaged", f"the {which} {error.message}")]
    first, second = headers
    found = list(_header_causes(first, second))
    if one[SIZE:] == other[SIZE:] or first.magic != second.magic:
        return found
    if first.python is None:
        return [
            *found,
            cause("bytes", f"code of a Python that is not known, from byte {first_offset(one, other)}"),
        ]
    return [*found, *_body_causes(one[SIZE:], other[SIZE:], first.python, _same_source(first, second))]


def first_offset(one: bytes, other: bytes) -> int:
    """Return where two different strings of bytes differ first, or where the shorter one ends."""
    step, end = 1 << 12, min(len(one), len(other))
    for begin in range(0, end, step):
        if one[begin : begin + step] != other[begin : begin + step]:
            return next((at for at in range(begin, end) if one[at] != other[at]), end)
    return end


def _header_causes(one: Header, other: Header) -> Iterator[Cause]:
    if one.magic != other.magic:
        texts = [_python(header) for header in (one, other)]
        yield cause("pyc-python", f"{texts[0]} and {texts[1]}", f"{texts[0]} and {texts[1]}")
    if one.mode is not other.mode:
        modes = f"{one.mode.value} and {other.mode.value}"
        yield cause("pyc-mode", modes, f"invalidation mode {modes}")
    elif one.mode is InvalidationMode.TIMESTAMP:
        if one.mtime != other.mtime:
            yield cause("pyc-mtime", f"{one.mtime} and {other.mtime} seconds since the epoch")
        if one.size != other.size:
            yield cause("pyc-size", f"{one.size} and {other.size} bytes")
    elif one.source_hash != other.source_hash:
        yield cause("pyc-hash", f"{one.source_hash.hex()} and {other.source_hash.hex()}")


def _python(header: Header) -> str:
    number = int.from_bytes(header.magic[:2], "little")
    return "Python {}.{}".format(*header.python) if header.python else f"magic number {number}"


def _same_source(one: Header, other: Header) -> bool:
    return one.mode is not other.mode or (one.source_hash, one.size) == (other.source_hash, other.size)


def _body_causes(one: bytes, other: bytes, python: tuple[int, int], same_source: bool) -> list[Cause]:
    bodies = []
    for which, body in (("first", one), ("second", other)):
        try:
            bodies.append((rewrite(body, python, ""), file_names(body, python)))
        except (PycUnreadable, ValueError) as error:
            return [cause("pyc-damaged", f"the code of the {which} cannot be read: {_reason(error)}")]
    (first, names), (second, other_names) = bodies
    found = []
    if names != other_names or (first == second and rewrite(one, python) != rewrite(other, python)):
        found.append(_path_cause(names, other_names))
    if first != second:
        codes = code_causes(read_code(one, python, ""), read_code(other, python, ""), python, same_source)
        return found + (codes or [cause("bytes", f"code from byte {SIZE + first_offset(one, other)}")])
    return found + list(_writing_causes(compare_writings(one, other, python)))


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, PycUnreadable) else str(error)


def _path_cause(one: tuple[str, ...], other: tuple[str, ...]) -> Cause:
    pairs = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    if not pairs:
        return cause("pyc-path", f"{len(one)} and {len(other)} different ones, of {one[0]}")
    left, right = split_tail(*pairs[0])
    return cause("pyc-path", f"{pairs[0][0]} and {pairs[0][1]}", f"co_filename below {left} and {right}")


def _writing_causes(writings: Writings) -> Iterator[Cause]:
    for field in fields(writings):
        values = getattr(writings, field.name)
        if values:
            more = f" and {len(values) - 1} more" if len(values) > 1 else ""
            yield cause(f"pyc-{field.name.replace('encodings', 'encoding')}", f"of {values[0]}{more}")

"""Read the line tables of code objects."""

from __future__ import annotations

from collections.abc import Iterator

from truewheel.pyc.stream import Code

# of the locations of Python 3.11 and later, Objects/locations.md: kinds of an entry
_NO_COLUMNS, _LONG, _NO_LOCATION = 13, 14, 15


def line_ranges(code: Code, python: tuple[int, int]) -> Iterator[tuple[int, int | None]]:
    """Yield where each run of instructions ends, in bytes of ``code.code``, and its line, None for no line.

    A table that goes on behind the instructions, or is cut off, ends where they or it end. Sources:
    Objects/lnotab_notes.txt up to Python 3.10, Objects/locations.md since.
    """
    if python >= (3, 11):
        return ((end, line) for end, line, _ in _locations(code))
    return _linetable(code) if python >= (3, 10) else _lnotab(code)


def line_at(code: Code, offset: int, python: tuple[int, int]) -> int | None:
    """Return the line of the instruction at ``offset``, in bytes of ``code.code``; None for no line."""
    return next((line for end, line in line_ranges(code, python) if offset < end), None)


def has_columns(code: Code, python: tuple[int, int]) -> bool:
    """Whether the table says in which columns an instruction's source is; no Python before 3.11 does."""
    return python >= (3, 11) and any(columns for _, _, columns in _locations(code))


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def _lnotab(code: Code) -> Iterator[tuple[int, int | None]]:
    offset, line = 0, code.firstlineno
    for index in range(0, len(code.lines) - 1, 2):
        step, change = code.lines[index], _signed(code.lines[index + 1])
        if step:
            offset += step
            yield offset, line
        line += change
    yield len(code.code), line


def _linetable(code: Code) -> Iterator[tuple[int, int | None]]:
    offset, line = 0, code.firstlineno
    for index in range(0, len(code.lines) - 1, 2):
        change = _signed(code.lines[index + 1])
        offset += code.lines[index]
        line += 0 if change == -128 else change
        yield offset, None if change == -128 else line


def _locations(code: Code) -> Iterator[tuple[int, int | None, bool]]:
    """Yield the end of each entry, its line and whether it has columns."""
    offset, line, position, table = 0, code.firstlineno, 0, code.lines
    while position < len(table):
        first = table[position]
        kind, units = first >> 3 & 15, (first & 7) + 1
        position += 1
        if kind in (_NO_COLUMNS, _LONG):
            change, position = _varint(table, position)
            line += -(change >> 1) if change & 1 else change >> 1
        elif 10 <= kind <= 12:
            line += kind - 10
        while position < len(table) and not table[position] & 0x80:
            position += 1
        offset += 2 * units
        yield offset, None if kind == _NO_LOCATION else line, kind < _NO_COLUMNS or kind == _LONG


def _varint(table: bytes, position: int) -> tuple[int, int]:
    """Return the number of 6-bit digits at ``position``, and the position behind it."""
    value = shift = 0
    while position < len(table):
        byte = table[position]
        value |= (byte & 63) << shift
        position += 1
        if not byte & 64 or shift > 60:
            break
        shift += 6
    return value, position

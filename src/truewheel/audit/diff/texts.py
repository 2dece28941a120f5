"""Compare texts: scripts, RECORD, METADATA, all others."""

from __future__ import annotations

import difflib
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from truewheel import record
from truewheel.audit.diff.causes import Cause, Sort, cause, gravest
from truewheel.audit.diff.paths import differ_by_time, differing_paths, moved, split_tail
from truewheel.errors import one_line
from truewheel.metadata import parse_fields

_MOST_LINES = 2000  # of a text that is compared line by line: the time that takes grows with their square
_SHOWN = 20  # lines of a comparison
_LONGEST = 160  # characters of a line that is shown


def shorten(text: str) -> str:
    """Return a text as one line to show, cut and without control characters."""
    clean = one_line(text)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}..."


def text_causes(one: str, other: str) -> list[Cause]:
    """Return why two texts differ."""
    found, first, second = [], one, other
    if one[:2] == other[:2] == "#!":
        left, first = _cut_line(one)
        right, second = _cut_line(other)
        if left != right:
            found.append(_shebang_cause(left, right))
    if first == second:
        return found
    paths = differing_paths(first, second)
    if paths:
        heads = split_tail(*paths)
        return [
            *found,
            cause("text-path", f"{paths[0]} and {paths[1]}", f"paths below {heads[0]} and {heads[1]}"),
        ]
    if differ_by_time(first, second):
        return [*found, cause("text-time", *_first_lines(first, second))]
    return [*found, cause("text", *_first_lines(first, second), detail=_lines_of_both(first, second))]


def _cut_line(text: str) -> tuple[str, str]:
    line, _, rest = text.partition("\n")
    return line, rest


def _shebang_cause(one: str, other: str) -> Cause:
    first, second = one[2:].split(), other[2:].split()
    text = f"{shorten(one)} and {shorten(other)}"
    if first[1:] == second[1:] and first and second and moved(first[0], second[0]):
        left, right = split_tail(first[0], second[0])
        return cause("shebang-path", text, f"first line below {left} and {right}")
    return cause("shebang", text, text)


def _first_lines(one: str, other: str) -> tuple[str]:
    """Return the first line that differs, in words."""
    first, second = one.splitlines(), other.splitlines()
    for number, (left, right) in enumerate(zip(first, second, strict=False), 1):
        if left != right:
            return (f"line {number}: {shorten(left)!r} and {shorten(right)!r}",)
    same = len(first) == len(second)
    return ("other ends of lines" if same else f"{len(first)} and {len(second)} lines",)


def _lines_of_both(one: str, other: str) -> Sequence[str]:
    """Return a unified comparison, cut; nothing of long texts."""
    first, second = one.splitlines(), other.splitlines()
    if len(first) > _MOST_LINES or len(second) > _MOST_LINES:
        return ()
    lines = list(difflib.unified_diff(first, second, lineterm="", n=1))[2:]
    more = [f"({len(lines) - _SHOWN} lines more)"] if len(lines) > _SHOWN else []
    return [*map(shorten, lines[:_SHOWN]), *more]


def record_causes(one: str, other: str, base: str, known: Mapping[str, Sort]) -> list[Cause]:
    """Return why two RECORDs differ.

    ``base`` is the directory that their rows are relative to; ``known`` maps each path, below the same root,
    whose two sides differ to how much that matters.
    """
    try:
        first, second = record.read_rows(one), record.read_rows(other)
    except ValueError:
        return text_causes(one, other)
    found = list(_row_causes(first, second, base, known))
    if not found and Counter(map(tuple, first)) == Counter(map(tuple, second)):
        number = next(
            (at for at, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]), 0
        )
        if first != second:
            return [cause("record-order", f"row {number + 1} is {shorten(first[number][0])} and "
                          f"{shorten(second[number][0])}")]  # fmt: skip
        return text_causes(one, other)
    return found or text_causes(one, other)


def _row_causes(
    one: list[list[str]], other: list[list[str]], base: str, known: Mapping[str, Sort]
) -> Iterator[Cause]:
    first, second = ({row[0]: row[1:] for row in rows if row} for rows in (one, other))
    for alone, others, which in ((first, second, "first"), (second, first, "second")):
        rows = sorted(alone.keys() - others.keys())
        if rows:
            yield cause("record-rows", f"the {which} alone has {_some(rows)}")
    values = sorted(path for path in first.keys() & second.keys() if first[path] != second[path])
    follow = [path for path in values if posixpath.normpath(posixpath.join(base, path)) in known]
    if follow:
        sorts = (known[posixpath.normpath(posixpath.join(base, path))] for path in follow)
        yield cause("record-follows", _some(follow), sort=gravest(sorts))
    wrong = sorted(set(values) - set(follow))
    if wrong:
        yield cause("record-values", _some(wrong))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(shorten, names[:3])) + more


def metadata_causes(one: str, other: str) -> list[Cause]:
    """Return why two METADATA, WHEEL or PKG-INFO differ."""
    (head, _, body), (other_head, _, other_body) = (text.partition("\n\n") for text in (one, other))
    fields, others = (parse_fields(f"{text}\n").items() for text in (head, other_head))
    found = []
    if Counter(fields) != Counter(others):
        left = [f"{name}: {value}" for name, value in (Counter(fields) - Counter(others))]
        right = [f"{name}: {value}" for name, value in (Counter(others) - Counter(fields))]
        found.append(cause("metadata-fields", f"{_some(left) or 'none'} and {_some(right) or 'none'}"))
    elif fields != others:
        found.append(cause("metadata-order", f"{fields[0][0]} comes first and {others[0][0]}"))
    if body != other_body:
        found.append(
            cause("metadata-text", *_first_lines(body, other_body), detail=_lines_of_both(body, other_body))
        )
    return found or text_causes(one, other)

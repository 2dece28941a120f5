"""Compare two code objects: the first difference of each kind, with its function and line."""

from __future__ import annotations

import dis
import sys
from collections import Counter
from collections.abc import Callable, Iterator

from truewheel.audit.diff.causes import Cause, cause
from truewheel.dataclass import dataclass
from truewheel.pyc.lines import has_columns, line_at, line_ranges
from truewheel.pyc.spelling import spell
from truewheel.pyc.stream import Code, Value, same

Python = tuple[int, int]

# the instruction that an assert statement has; there is none of its own before Python 3.9
_ASSERTION = {(3, 9): 74, (3, 10): 74, (3, 11): 74, (3, 12): 74, (3, 13): 23}
_OPTIMIZED, _HAS_DOCSTRING = 0x1, 0x4000000  # of co_flags
_MOST_PAIRS = 100_000


@dataclass(frozen=True)
class _Pair:
    one: Code
    other: Code
    where: str


def code_causes(one: Code, other: Code, python: Python, same_source: bool) -> list[Cause]:
    """Return why the code of two modules differs, whose file names are equal; ``python`` wrote both.

    ``same_source``: as far as their headers say, one source was compiled.
    """
    level = _level_cause(one, other, python) if same_source else None
    texts: dict[str, list[str]] = {name: [] for name in _ASPECTS}
    for pair in _differing(one, other):
        found = {
            name: text
            for name, compare in _ASPECTS.items()
            if (text := compare(pair.one, pair.other, python))
        }
        for name, text in found.items():
            if not (name in _FOLLOWING and found.keys() & _FOLLOWING[name]):
                texts[name].append(f"{pair.where}: {text}")
    causes = [cause(name, f"{each[0]}{_more(each)}") for name, each in texts.items() if each]
    return causes if level is None else [level, *causes]


def _more(texts: list[str]) -> str:
    return f"; {len(texts) - 1} more" if len(texts) > 1 else ""


def _differing(one: Code, other: Code) -> Iterator[_Pair]:
    """Yield pairs of code objects that differ, from the outside in: those of one name in their order."""
    waiting = [_Pair(one, other, "module")]
    seen: set[tuple[bytes, bytes]] = set()
    while waiting and len(seen) < _MOST_PAIRS:
        pair = waiting.pop()
        key = (pair.one.digest, pair.other.digest)
        if key[0] == key[1] or key in seen:
            continue
        seen.add(key)
        yield pair
        inner = _by_name(pair.other)
        waiting += [
            _Pair(code, inner[name], _where(code, pair.where))
            for name, code in reversed(_by_name(pair.one).items())
            if name in inner
        ]


def _by_name(code: Code) -> dict[tuple[str, int], Code]:
    """Map the code objects among the constants by name, and by number among those of one name."""
    counts: Counter[str] = Counter()
    found = {}
    for each in code.consts:
        if isinstance(each, Code):
            found[each.name, counts[each.name]] = each
            counts[each.name] += 1
    return found


def _where(code: Code, above: str) -> str:
    outer = above.partition(" (")[0]
    name = code.qualname or (code.name if outer == "module" else f"{outer}.{code.name}")
    return f"{name} (line {code.firstlineno})"


def _walk(code: Code) -> Iterator[Code]:
    """Yield a code object and all in it, each once."""
    waiting, seen = [code], {code.digest}
    while waiting:
        code = waiting.pop()
        yield code
        for each in code.consts:
            if isinstance(each, Code) and each.digest not in seen:
                seen.add(each.digest)
                waiting.append(each)


def _level_cause(one: Code, other: Code, python: Python) -> Cause | None:
    """Return the cause where one side has docstrings or asserts somewhere and the other nowhere."""
    for what, has in (("docstrings", _docstring_of_any), ("assert statements", _asserts)):
        sides = [any(has(code, python) for code in _walk(side)) for side in (one, other)]
        if sides[0] != sides[1]:
            which = "second" if sides[0] else "first"
            return cause("pyc-level", f"the {which} has no {what}, as at level {2 if what[0] == 'd' else 1}")
    return None


def _asserts(code: Code, python: Python) -> bool:
    if python < (3, 9):
        return "AssertionError" in code.names
    if python <= max(_ASSERTION):
        return _ASSERTION[python] in code.code[::2]
    common = dis.opmap.get("LOAD_COMMON_CONSTANT") if python == sys.version_info[:2] else None
    return any(
        code.code[at : at + 2] == bytes((common or 0, 0)) for at in range(0, len(code.code), 2) if common
    )


def _docstring_of_any(code: Code, python: Python) -> bool:
    return docstring(code, python) is not None


def docstring(code: Code, python: Python) -> str | None:
    """Return the docstring of a module, class or function; None for none."""
    if code.flags & _OPTIMIZED:
        if code.name.startswith("<") or (python >= (3, 14) and not code.flags & _HAS_DOCSTRING):
            return None
        first = code.consts[0] if code.consts else None
        return first if isinstance(first, str) else None
    texts = [each for each in code.consts[:3] if isinstance(each, str)]
    if "__doc__" not in code.names or not texts:
        return None
    return texts[:2][-1] if "__qualname__" in code.names else texts[0]  # a class has its name before it


def _compare_docstrings(one: Code, other: Code, python: Python) -> str:
    first, second = docstring(one, python), docstring(other, python)
    if first == second:
        return ""
    return f"{'none' if first is None else spell(first)} and {'none' if second is None else spell(second)}"


def _constants(code: Code, python: Python) -> list[Value]:
    """Return the constants but for code, the docstring and the first line, which a class has from 3.13 on."""
    found: list[Value] = [each for each in code.consts if not isinstance(each, Code)]
    apart: list[Value | None] = [docstring(code, python)]
    apart += [code.firstlineno] if "__firstlineno__" in code.names else []
    for value in apart:
        at = next((at for at, each in enumerate(found) if value is not None and same(each, value)), None)
        if at is not None:
            del found[at]
    return found


def _compare_constants(one: Code, other: Code, python: Python) -> str:
    first, second = _constants(one, python), _constants(other, python)
    for number, (left, right) in enumerate(zip(first, second, strict=False)):
        if not same(left, right):
            return f"constant {number} is {spell(left)} and {spell(right)}"
    if len(first) == len(second):
        return ""
    longer, which = (first, "first") if len(first) > len(second) else (second, "second")
    return f"the {which} alone has the constant {spell(longer[min(len(first), len(second))])}"


def _compare_functions(one: Code, other: Code, python: Python) -> str:
    first, second = _by_name(one), _by_name(other)
    for code, others, which in ((first, second, "first"), (second, first, "second")):
        for name, _ in code.keys() - others.keys():
            return f"the {which} alone has {name}"
    return "" if list(first) == list(second) else "they come in another order"


def _compare_names(one: Code, other: Code, python: Python) -> str:
    for left, right in zip((one.names, *one.variables), (other.names, *other.variables), strict=True):
        if left != right:
            return _first_name(left, right)
    return "" if one.kinds == other.kinds else "the kinds of variables"


def _first_name(left: tuple[str, ...], right: tuple[str, ...]) -> str:
    for first, second in zip(left, right, strict=False):
        if first != second:
            return f"the name {first} and {second}"
    longer, which = (left, "first") if len(left) > len(right) else (right, "second")
    return f"the {which} alone has the name {longer[min(len(left), len(right))]}"


def _compare_signatures(one: Code, other: Code, python: Python) -> str:
    if one.counts != other.counts:
        return f"{sum(one.counts)} and {sum(other.counts)} arguments" + (
            ", of other kinds" if sum(one.counts) == sum(other.counts) else ""
        )
    if one.flags != other.flags:
        return f"the flags {one.flags:#x} and {other.flags:#x}"
    return "" if one.stacksize == other.stacksize else f"the stack size {one.stacksize} and {other.stacksize}"


def _compare_instructions(one: Code, other: Code, python: Python) -> str:
    for at in range(0, max(len(one.code), len(other.code)), 2):
        first, second = one.code[at : at + 2], other.code[at : at + 2]
        if first != second:
            line = line_at(one, at, python) or line_at(other, at, python)
            place = f"at line {line}, byte {at}" if line else f"at byte {at}"
            return f"{place}: {_instruction(first, one, python)} and {_instruction(second, other, python)}"
    return ""


def _instruction(unit: bytes, code: Code, python: Python) -> str:
    if len(unit) < 2:
        return "the end"
    name = dis.opname[unit[0]] if python == sys.version_info[:2] else f"opcode {unit[0]}"
    if name == "LOAD_CONST" and unit[1] < len(code.consts):
        return f"{name} {spell(code.consts[unit[1]])}"
    return f"{name} {unit[1]}"


def _compare_lines(one: Code, other: Code, python: Python) -> str:
    if one.firstlineno != other.firstlineno:
        return f"begins at line {one.firstlineno} and {other.firstlineno}"
    if one.lines == other.lines:
        return ""
    for (end, line), (other_end, other_line) in zip(
        line_ranges(one, python), line_ranges(other, python), strict=False
    ):
        if line != other_line:
            return f"line {line or 'none'} and {other_line or 'none'} before byte {min(end, other_end)}"
    return "" if _columns_alone(one, other, python) else "the same lines, written differently"


def _columns_alone(one: Code, other: Code, python: Python) -> bool:
    """Whether two line tables have the same lines, but not the same columns."""
    return python >= (3, 11) and one.lines != other.lines and _lines(one, python) == _lines(other, python)


def _lines(code: Code, python: Python) -> list[int | None]:
    """Return the line of each instruction."""
    found: list[int | None] = []
    for end, line in line_ranges(code, python):
        found += [line] * (min(end, len(code.code)) // 2 - len(found))
    return found


def _compare_columns(one: Code, other: Code, python: Python) -> str:
    if not _columns_alone(one, other, python):
        return ""
    sides = has_columns(one, python), has_columns(other, python)
    return f"the {'second' if sides[0] else 'first'} has none" if sides[0] != sides[1] else "other columns"


def _compare_exceptions(one: Code, other: Code, python: Python) -> str:
    return "" if one.exceptions == other.exceptions else "other handlers"


_ASPECTS: dict[str, Callable[[Code, Code, Python], str]] = {
    "pyc-docstring": _compare_docstrings,
    "pyc-functions": _compare_functions,
    "pyc-signature": _compare_signatures,
    "pyc-names": _compare_names,
    "pyc-constants": _compare_constants,
    "pyc-instructions": _compare_instructions,
    "pyc-exceptions": _compare_exceptions,
    "pyc-lines": _compare_lines,
    "pyc-columns": _compare_columns,
}
# what follows from other differences of the same function, and says nothing beside them
_FOLLOWING = {
    "pyc-exceptions": frozenset(("pyc-instructions",)),
    "pyc-lines": frozenset(("pyc-instructions",)),
    "pyc-columns": frozenset(_ASPECTS) - {"pyc-columns"},
}

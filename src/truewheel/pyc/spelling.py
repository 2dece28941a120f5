"""Spell values of bytecode for people, in one short line."""

from __future__ import annotations

from truewheel.errors import one_line
from truewheel.pyc.stream import Code, Items, Singleton, Value

_LONGEST = 60  # characters
_DEEPEST = 4
_BRACKETS = {"tuple": "()", "frozenset": "{}", "slice": "[]"}


def spell(value: Value) -> str:
    """Return a value as source code has it, cut to 60 characters."""
    return _cut(_spell(value, _DEEPEST))


def _spell(value: Value, depth: int) -> str:
    if isinstance(value, Code):
        return f"the code of {value.qualname or value.name}"
    if isinstance(value, Singleton):
        return value.name
    if isinstance(value, Items):
        return _spell_items(value, depth)
    if isinstance(value, int):  # as decimal digits a large one takes long, or is refused
        return str(value) if value.bit_length() < 200 else hex(value)
    if isinstance(value, (str, bytes)) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]!r}..."
    return repr(value)


def _spell_items(items: Items, depth: int) -> str:
    """Spell the first parts: what has references may be a tree without end."""
    brackets = _BRACKETS[items.kind]
    if items.kind == "frozenset" and not items.parts:
        return "frozenset()"
    if not depth:
        return f"{brackets[0]}...{brackets[1]}"
    texts: list[str] = []
    for part in items.parts:
        texts.append(_spell(part, depth - 1))
        if sum(map(len, texts)) > _LONGEST:
            break
    between = ":" if items.kind == "slice" else ", "
    comma = "," if items.kind == "tuple" and len(texts) == 1 else ""
    return f"{brackets[0]}{between.join(texts)}{comma}{brackets[1]}"


def _cut(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

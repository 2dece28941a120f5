"""What the walk of canonical.encode must find again: equal code, tuples with code, names in constants."""

from __future__ import annotations

import marshal
import sys
from types import CodeType
from typing import Any

import pytest

from truewheel._target.canonical import encode
from truewheel._target.marshal_stream import rewrite

PLAIN: CodeType = compile("x = 1", "/usr/lib/m.py", "exec", dont_inherit=True)
OTHER: CodeType = compile("x = 1\ny = 1", "/usr/lib/m.py", "exec", dont_inherit=True)


def code(*consts: Any, line: int = 1, names: tuple[str, ...] = ("x",)) -> CodeType:
    return PLAIN.replace(co_consts=(1, None, *consts), co_firstlineno=line, co_names=names)


def copy(value: Any) -> Any:
    return marshal.loads(marshal.dumps(value, 2))


CASES: dict[str, Any] = {
    "equal code in two places": lambda: (code(), code("x y", copy(code()))),
    "equal code but for a constant": lambda: (code(1), code(True), code(1.0), code("1"), code(b"1")),
    "equal constants with code": lambda: (
        code("a b", code()),
        copy(code("a b", code(), line=2)),
        code(line=3),
    ),
    "constants with known code": lambda: (
        code(),
        code(code()),
        code(code(), 1, line=2),
        code(code(), True, line=3),
    ),
    "tuples with code": lambda: ((code(), 1), (code(), True), (code(), 1), ((code(), 1),), (OTHER, code())),
    "code within itself": lambda: (code(code(code())), code(code(code(code())))),
    "chains": lambda: (chain(30, 1), chain(30, 2), chain(30, 1), chain(29, 1)),
    "names as constants": lambda: (
        ("a.b", "c d"),
        code("c d", "e f", names=("a.b", "c d", "e f")),
        code("e f"),
    ),
    "constants as names": lambda: (code(names=("a.b",)), ("a.b",), "a.b", ("c d",), code(names=("c d",))),
    "sets": lambda: (
        code(frozenset(("a b", "c", (1, 2)))),
        code(frozenset(((1, 2), "c", "a b"))),
        (frozenset(("a b", "c", (1, 2))), (1, 2), (True, 2)),
        frozenset((frozenset((1, 2)), frozenset((True, 2)))),
    ),
    "tuples of numbers": lambda: (
        (1, None, "a"),
        (True, None, "a"),
        (1.0, None, "a"),
        (1, None, "a"),
        (1, (1,)),
    ),
    "signs": lambda: ((0.0, 1), (-0.0, 1), (0.0, 1), 0.0, -0.0, 0, False, (0,), (False,), 0j, -0j),
    "empty": lambda: ((), "", b"", 0, frozenset(), ((),), code(names=()), "."),
}


def chain(depth: int, last: int) -> CodeType:
    made = code(last)
    for _ in range(depth):
        made = code(made)
    return made


@pytest.mark.skipif(sys.version_info < (3, 8), reason="no code.replace")
@pytest.mark.parametrize("name", CASES)
def test_equals_rewritten_stream(name: str) -> None:
    made = PLAIN.replace(co_consts=CASES[name]())
    expected = rewrite(marshal.dumps(made), sys.version_info[:2])
    assert encode(made) == expected
    assert encode(copy(made)) == expected

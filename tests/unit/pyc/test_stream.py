"""The code of pycs as values: equal to what the compiler made, bounded and one line for garbage."""

from __future__ import annotations

import marshal
import random
import sys
from struct import pack
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.target.test_marshal_stream import VERSIONS, code_stream
from truewheel.errors import PycUnreadable
from truewheel.pyc.stream import Code, Items, Singleton, file_names, read_code

VERSION = sys.version_info[:2]
SOURCE = '''
"""A module."""
class A:
    x = {1: 'a b', 2: 'é', 3: '\\ud800', 4: b'b'}
    def f(self, y, /, z=1.5, *, v, **w):
        return y in {'q', 2}, [v for v in y], 2**70, -2**31, 2**31, -2**100, -1j, ..., None, True, 0.0, -0.0
    g = lambda self: (lambda: self, 'A.f', (1, (True, (1.0,))))
'''


def made(source: str = SOURCE, name: str = "/usr/lib/m.py") -> CodeType:
    return compile(source, name, "exec", dont_inherit=True)


def same(value: Any, real: Any) -> bool:
    """Whether a value that was read is what Python has."""
    if isinstance(value, Code):
        return same_code(value, real)
    if isinstance(value, Items) and value.kind == "frozenset":
        return len(value.parts) == len(real) and all(
            any(same(part, each) for each in real) for part in value.parts
        )
    if isinstance(value, Items):
        return len(value.parts) == len(real) and all(map(same, value.parts, real))
    if isinstance(value, Singleton):
        return value.name == {Ellipsis: "..."}.get(real, str(real))
    return type(value) is type(real) and repr(value) == repr(real)


def same_code(code: Code, real: CodeType) -> bool:
    assert code.counts == (real.co_argcount, real.co_posonlyargcount, real.co_kwonlyargcount)
    assert (code.stacksize, code.flags) == (real.co_stacksize, real.co_flags)
    assert (code.code, code.names) == (real.co_code, real.co_names)
    assert (code.filename, code.name) == (real.co_filename, real.co_name)
    assert code.firstlineno == real.co_firstlineno
    if sys.version_info >= (3, 11):
        assert (code.lines, code.exceptions) == (real.co_linetable, real.co_exceptiontable)
        assert code.qualname == real.co_qualname
        assert set(code.variables[0]) == {*real.co_varnames, *real.co_cellvars, *real.co_freevars}
    else:
        assert code.variables == (real.co_varnames, real.co_freevars, real.co_cellvars)
    assert len(code.consts) == len(real.co_consts)
    return all(map(same, code.consts, real.co_consts))


def test_what_is_read_is_what_the_compiler_made() -> None:
    assert same_code(read_code(marshal.dumps(made()), VERSION), made())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_layout(version: tuple[int, int]) -> None:
    code = read_code(code_stream(version, b")\2N" + code_stream(version, lineno=7)), version)
    assert (code.filename, code.name, code.firstlineno) == ("file.py", "f", 1)
    assert code.names == ("print",)
    assert code.counts == (0,) * (2 if version < (3, 8) else 3)
    assert code.variables[0] == ("a b",)
    assert isinstance(code.consts[1], Code)
    assert code.consts[1].firstlineno == 7


def test_file_names() -> None:
    inner = code_stream(VERSION).replace(b"file.py", b"elif.py")
    assert file_names(code_stream(VERSION, b")\1" + inner), VERSION) == ("elif.py", "file.py")
    assert file_names(marshal.dumps(made(name="/a b/\udcff.py")), VERSION) == ("/a b/\udcff.py",)


@pytest.mark.parametrize(
    "body, message",
    [
        (b"", "offset 0: 1 bytes wanted, 0 left"),
        (b"N", "is no code object"),
        (b")\0", "is no code object"),
        (code_stream(VERSION) + b"N", "bytes after the end"),
        (code_stream(VERSION)[:-1], "bytes wanted|beyond the stream's end"),
        (b")\1" * 3000 + b"N", "nested deeper"),
        (b"[\0\0\0\0", "has no place"),
    ],
)
def test_no_code(body: bytes, message: str) -> None:
    for read in (read_code, file_names):
        with pytest.raises(PycUnreadable, match=message):
            read(body, VERSION)


def test_python_that_is_too_old() -> None:
    with pytest.raises(PycUnreadable, match=r"3\.7 is the oldest"):
        read_code(code_stream((3, 7)), (3, 6))


def test_graph_that_is_a_huge_tree_is_read_as_a_graph() -> None:
    count = 1000
    items = [b"\xa9\1N"] + [b"\xa9\2" + (b"r" + pack("<I", n)) * 2 for n in range(count)]
    consts = b"(" + pack("<I", count + 1) + b"".join(items)
    code = read_code(code_stream((3, 11), consts), (3, 11))
    last = code.consts[-1]
    assert isinstance(last, Items)
    assert last.parts[0] is last.parts[1] is code.consts[-2]


def test_huge_number() -> None:
    code = read_code(marshal.dumps(made(f"x = {hex(2**200000 + 5)}")), VERSION)
    assert code.consts[0] == 2**200000 + 5


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.sampled_from(VERSIONS))
def test_any_bytes_are_read_or_refused(body: bytes, version: tuple[int, int]) -> None:
    try:
        read_code(body, version)
    except PycUnreadable as error:
        assert 0 <= error.offset <= len(body)


def test_mutated_streams_are_read_or_refused() -> None:
    chance, sample = random.Random(14), marshal.dumps(made())
    for _ in range(600):
        data = bytearray(sample)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            assert isinstance(read_code(bytes(data), VERSION), Code)
        except PycUnreadable as error:
            assert str(error)

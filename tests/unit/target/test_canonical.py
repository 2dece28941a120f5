# ruff: noqa: E501
"""Properties of canonical.encode in the running interpreter."""

from __future__ import annotations

import gc
import marshal
import math
import struct
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truewheel._target import canonical
from truewheel._target.canonical import encode
from truewheel._target.marshal_stream import rewrite
from truewheel._target.versions import KNOWN

VERSION = sys.version_info[:2]

SNIPPETS = {
    "empty": "",
    "constants": "a = (1, True, 1.0, 1j, '1', b'1', None, ..., 0.0, -0.0, -0j, '', b'', (), -1, 2**31, -2**31, 2**31-1)",
    "big": "a = 2**200; b = -2**64; c = 2**31; d = -2**31 - 1; e = 123456789012345678901234567890",
    "float": "a = 1e999; b = -1e999; c = 1e999 - 1e999; d = 5e-324; e = (1e999j, -0.0j)",
    "same twice": "a = (1, 'x y', b'z', 2.5); b = (1, 'x y', b'z', 2.5); c = 'x y'; d = b'z'",
    "one or true": "a = (1, 2); b = (True, 2); c = (1.0, 2); d = ((1,), (True,), (1.0,)); e = (0.0, 1); f = (-0.0, 1)",
    "sets": "a = x in {'a b', 'c', 1, True, 2.0, None, ..., (1, 2), (1.0, 2), b'q', 3j, ()}; b = x in {('a', ('b c',))}",
    "issue 129724": "def f(x): return x in {'foo', 2, 3}\ndef g(x): return x in {'foo', 2, 3}",
    "nested classes": "class A:\n class B:\n  class C:\n   def f(self): return 'A.B', 'A.B.C'",
    "closure": "def f(a, b=1, *c, d, **e):\n def g(): nonlocal a; a = b; return lambda: (a, c, d, e)\n x = 1\n return g, lambda: x",
    "class cell": "class A:\n def f(self): return super().f(), __class__",
    "module comprehension": "a = [x for x in y]; b = {x: [z for z in x] for x in y}; c = [lambda: i for i in y]; d = list(x for x in y)",
    "class comprehension": "def f(n):\n class A:\n  x = n\n  a = [x + i for i in n]\n  b = [lambda: (i, x) for i in n]\n  c = {k: [j for j in k] for k in n}",
    "non-ASCII": "é = 1\ndef f(ß): return ß, 'ß', 'µ', 'é'\nclass Ö:\n def ü(self): self.ä = 'ä ö'; return '\\ud800', '\\U0001f600'",
    "keyword name": "f(é=1, naïve='naïve', plain=2)",
    "latin": "a = ('.', ' ', 'x', '\\xff', '\\u0100', '\\0', '*'); from os import *",
    "deep": "a = " + "(" * 60 + "1," + ")," * 59 + ")",
    "lambdas": "f = " + "lambda: " * 40 + "0",
    "long": "a = " + repr("x" * 300) + "; b = " + repr("x y" * 100) + "; c = (" + "1," * 300 + ")",
    "twins": "f = [lambda: 1, lambda: 1]; g = [lambda: (1, 'q r'), lambda: (1, 'q r')]",
    "async": "async def f(a):\n async with a as b: return [x async for x in b if await x]",
    "positional only": "def f(a, b, /, c): return a" if VERSION >= (3, 8) else "",
    "match": "match a:\n case {'x': [1, *r]}: pass\n case A(b=c): pass" if VERSION >= (3, 10) else "",
    "except star": "try: pass\nexcept* ValueError as e: pass" if VERSION >= (3, 11) else "",
    "type params": "class A[T: int]:\n def f[U](self, a: T) -> U: return [a for T in a]\ntype X[K] = dict[K, 'K']"
    if VERSION >= (3, 12)
    else "",
    "slices": "a = b[1:2]; c = b[::3]; d = b[1:2]",
}


def made(source: str, name: str = "/usr/lib/python3/dist/m.py", optimize: int = 0) -> CodeType:
    code: CodeType = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
    return code


def exact(value: Any) -> Any:
    """A value's content with its types; equal only for deeply type-exact equal values."""
    kind = type(value)
    if kind is CodeType:
        fields = [
            name for name in dir(value) if name.startswith("co_") and name not in ("co_lines", "co_positions")
        ]
        if VERSION >= (3, 10):  # deprecated, and gone from 3.15
            fields = [name for name in fields if name != "co_lnotab"]
        return kind, [exact(getattr(value, name)) for name in fields if not callable(getattr(value, name))]
    if kind is tuple:
        return kind, [exact(item) for item in value]
    if kind is frozenset:
        return kind, sorted((exact(item) for item in value), key=repr)
    if kind is float:
        return kind, struct.pack("<d", value)
    if kind is complex:
        return kind, struct.pack("<dd", value.real, value.imag)
    return kind, value


def codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from codes(const)


@pytest.mark.parametrize("source", SNIPPETS.values(), ids=SNIPPETS.keys())
def test_equals_rewritten_stream(source: str) -> None:
    code = made(source)
    data = encode(code)
    assert data == rewrite(marshal.dumps(code), VERSION)
    assert rewrite(data, VERSION) == data
    assert exact(marshal.loads(data)) == exact(code)


@pytest.mark.parametrize("source", SNIPPETS.values(), ids=SNIPPETS.keys())
def test_independent_of_history(source: str) -> None:
    first = encode(made(source))
    keep = [marshal.loads(marshal.dumps(made(source))) for _ in range(2)]
    code = made(source)
    touched = [(part.co_consts, part.co_names, part.co_varnames, part.co_code) for part in codes(code)]
    strings = [sys.intern(text) for part in codes(code) for text in part.co_consts if type(text) is str]
    assert encode(code) == first
    assert encode(keep[0]) == first
    assert rewrite(marshal.dumps(code), VERSION) == first
    assert rewrite(marshal.dumps(keep[1]), VERSION) == first
    if not (VERSION >= (3, 14) and source == SNIPPETS["slices"]):  # slices need version 5
        for older in (4, 3, 2):
            assert rewrite(marshal.dumps(code, older), VERSION) == first
    del touched, strings


@pytest.mark.parametrize("source", SNIPPETS.values(), ids=SNIPPETS.keys())
def test_walk_does_not_fall_back(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if VERSION not in KNOWN:
        pytest.skip("no walk for this version")

    def refuse(*args: Any) -> bytes:
        raise AssertionError("fell back")

    monkeypatch.setattr(canonical, "rewrite", refuse)
    encode(made(source))


def test_falls_back_for_unknown_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    code = made(SNIPPETS["closure"])
    expected = encode(code)
    monkeypatch.setattr(canonical, "KNOWN", {})
    assert encode(code) == expected


def test_falls_back_when_nested_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    value: Any = ()
    for _ in range(900):
        value = (value, 1)
    code = made("x = 1")
    if VERSION < (3, 8):
        pytest.skip("no code.replace")
    code = code.replace(co_consts=(value,))
    assert encode(code) == rewrite(marshal.dumps(code), VERSION)


def test_nan_by_bits() -> None:
    one, other = struct.unpack("<dd", struct.pack("<QQ", 0x7FF8000000000000, 0x7FF8000000000001))
    if VERSION < (3, 8):
        pytest.skip("no code.replace")
    code = made("x = 1").replace(co_consts=(one, other, one, math.nan, None))
    data = encode(code)
    assert data == rewrite(marshal.dumps(code), VERSION)
    assert exact(marshal.loads(data).co_consts) == exact(code.co_consts)


def test_interned_elsewhere() -> None:
    source = SNIPPETS["issue 129724"]
    before = encode(made(source))
    foo = sys.intern("".join(["fo", "o"]))
    exec("def k(x): return x in {'foo', 2, 3}", {})
    assert encode(made(source)) == before
    assert foo


def test_equal_code_is_one() -> None:
    source = "f = [lambda: 'qqqq qqqq', lambda: 'qqqq qqqq']"
    data = encode(made(source))
    assert data.count(b"qqqq qqqq") == 1
    if VERSION >= (3, 11):  # positions differ before the columns are cut off
        assert data.count(b"<lambda>") == 1


def test_filename_is_kept() -> None:
    name = "/d\udc80r/é.py"
    assert marshal.loads(encode(made("def f(): pass", name))).co_filename == name


def test_unknown_constant_is_an_error() -> None:
    if VERSION < (3, 8):
        pytest.skip("no code.replace")
    with pytest.raises(ValueError):
        encode(made("x = 1").replace(co_consts=(object(),)))


def test_leaves_no_cycles() -> None:
    code = made(SNIPPETS["closure"])
    encode(code)
    gc.collect()
    gc.disable()
    try:
        encode(code)
        assert gc.collect() == 0
    finally:
        gc.enable()


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(st.characters(), max_size=4),
    st.sampled_from(["", "a", "x", "f", "é", "a b", "<module>", "."]),
    st.binary(max_size=4),
    st.just(...),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4).map(tuple), st.frozensets(inner, max_size=4)),
    max_leaves=12,
)


@pytest.mark.skipif(VERSION < (3, 8), reason="no code.replace")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(values, max_size=5))
def test_any_constants(constants: list[Any]) -> None:
    code = made("def f(x, y): z = x\nf(1, 2)").replace(co_consts=tuple(constants))
    data = encode(code)
    assert data == rewrite(marshal.dumps(code), VERSION)
    assert data == encode(marshal.loads(marshal.dumps(code, 2)))
    assert rewrite(data, VERSION) == data
    assert exact(marshal.loads(data).co_consts) == exact(code.co_consts)

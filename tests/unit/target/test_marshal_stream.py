# ruff: noqa: E501
"""The reader of marshal streams: all layouts, canonical output, and nothing but MarshalError for garbage."""

from __future__ import annotations

import marshal
import random
import sys
import time
from struct import pack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truewheel._target.marshal_stream import MAX_DEPTH, MarshalError, rewrite

VERSION = sys.version_info[:2]
VERSIONS = [(3, minor) for minor in range(7, 16)]


def short(text: str, code: bytes = b"z") -> bytes:
    return code + pack("B", len(text)) + text.encode("latin-1")


def names(*items: str) -> bytes:
    return b")" + pack("B", len(items)) + b"".join(short(item) for item in items)


def code_stream(version: tuple[int, int], consts: bytes = b")\0", name: str = "f", lineno: int = 1) -> bytes:
    """A code object written by hand in the layout of `version`, without flags."""
    blob = b"s\0\0\0\0"
    head = b"c" + pack("<i", 0) * (6 if (3, 8) <= version < (3, 11) else 5)
    if version >= (3, 11):
        slots = names("a b") + b"s\1\0\0\0\x20"
        tail = short("file.py") + short(name) + short("C." + name) + pack("<i", lineno) + blob + blob
    else:
        slots = names("a b") + names() + names()
        tail = short("file.py") + short(name) + pack("<i", lineno) + blob
    return head + blob + consts + names("print") + slots + tail


@pytest.mark.parametrize("version", VERSIONS)
def test_layout(version: tuple[int, int]) -> None:
    data = rewrite(code_stream(version), version)
    assert rewrite(data, version) == data
    assert short("a b", b"Z") in data  # a name position
    assert short("print", b"Z") in data
    assert short("f", b"Z") in data
    assert (short("file.py", b"Z") in data) == (version >= (3, 13))
    assert data.count(b"s\0\0\0\0") + data.count(b"\xf3\0\0\0\0") == 1


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["<module>", "<lambda>", "<genexpr>"])
def test_compiler_names(version: tuple[int, int], name: str) -> None:
    data = rewrite(code_stream(version, name=name), version)
    if version >= (3, 13) or (3, 8) <= version <= (3, 10):
        interned = True
    else:
        interned = version == (3, 7) and name != "<genexpr>"
    assert (short(name, b"Z") in data) == interned


@pytest.mark.parametrize("version", VERSIONS)
def test_equal_code_becomes_a_reference(version: tuple[int, int]) -> None:
    one = code_stream(version)
    data = rewrite(code_stream(version, b")\2" + one + one), version)
    assert data.count(b"print") == 1
    assert rewrite(code_stream(version, b")\2" + one + one), version) == data
    different = code_stream(version, lineno=2)
    assert rewrite(code_stream(version, b")\2" + one + different), version) != data


@pytest.mark.parametrize(
    "stream, expected",
    [
        (b"N", b"N"),
        (b"\xce", b"N"),
        (b"a\1\0\0\0.", b"z\1."),
        (b"u\1\0\0\0x", b"Z\1x"),
        (b"u\2\0\0\0\xc3\xa9", b"u\2\0\0\0\xc3\xa9"),
        (b"z\1\xe9", b"u\2\0\0\0\xc3\xa9"),
        (b"(\1\0\0\0N", b")\1N"),
        (b"l\0\0\0\0", b"i\0\0\0\0"),
        (b"l\1\0\0\0\5\0", b"i\5\0\0\0"),
        (b"l\xfd\xff\xff\xff\0\0\0\0\2\0", b"i\0\0\0\x80"),
        (b"l\3\0\0\0\0\0\0\0\2\0", b"l\3\0\0\0\0\0\0\0\2\0"),
        (b")\2TN", b")\2TN"),
        (b")\2z\2a.z\2a.", b")\2\xfa\2a.r\0\0\0\0"),
        (b"\xa9\2\xfa\2a.\xfa\2b.", b")\2z\2a.z\2b."),
        (b")\2)\1.\xa9\1.", b")\2\xa9\1.r\0\0\0\0"),
        (b")\3\xa9\1z\2a.)\1z\2a.r\0\0\0\0", b")\3\xa9\1z\2a.r\0\0\0\0r\0\0\0\0"),
        (b">\2\0\0\0z\2b.z\2a.", b">\2\0\0\0z\2a.z\2b."),
        (b">\2\0\0\0z\2a.z\2a.", b">\1\0\0\0z\2a."),
        (b")\2i\1\0\0\0T", b")\2i\1\0\0\0T"),
    ],
)
def test_normal_encodings(stream: bytes, expected: bytes) -> None:
    assert rewrite(stream, (3, 11)) == expected


def test_one_latin_character() -> None:
    assert rewrite(b"z\1.", (3, 12)) == b"z\1."
    assert rewrite(b"z\1.", (3, 13)) == b"Z\1."
    assert rewrite(b"u\2\0\0\0\xc3\xa9", (3, 13)) == b"t\2\0\0\0\xc3\xa9"


@pytest.mark.parametrize("version", VERSIONS)
def test_characters_every_process_interns(version: tuple[int, int]) -> None:
    expected = "\n*." if version < (3, 11) else "*" if version < (3, 13) else "\n*.{"
    found = [text for text in "\n*.{" if rewrite(short(text), version) == short(text, b"Z")]
    assert "".join(found) == expected


def test_slice_from_3_14() -> None:
    assert rewrite(b")\2:NNi\1\0\0\0:NNi\1\0\0\0", (3, 14)) == b")\2\xba" + b"NNi\1\0\0\0r\0\0\0\0"
    with pytest.raises(MarshalError):
        rewrite(b":NNN", (3, 13))


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"z",
        b"z\5ab",
        b"s\xff\xff\xff\x7f",
        b"s\xff\xff\xff\xff",
        b"(\xff\xff\xff\x7f",
        b"l\xff\xff\xff\x7f",
        b"l\0\0\0\x80",
        b"l\1\0\0\0\0\0",
        b"l\1\0\0\0\xff\xff",
        b"r\0\0\0\0",
        b"\xa9\1r\0\0\0\0",
        b")\1r\xff\xff\xff\xff",
        b"NN",
        b"0",
        b"[\0\0\0\0",
        b"{0",
        b"<\0\0\0\0",
        b"?",
        b"u\1\0\0\0\xff",
        b"f\x031.0",
        b"I" + b"\0" * 8,
        b"c",
        b"c" + b"\0" * 20,
        b"\x00" * 30,
    ],
)
@pytest.mark.parametrize("version", [(3, 7), (3, 9), (3, 13)])
def test_malformed(stream: bytes, version: tuple[int, int]) -> None:
    with pytest.raises(MarshalError) as caught:
        rewrite(stream, version)
    assert 0 <= caught.value.offset <= len(stream)
    assert str(caught.value).startswith("offset ")


@pytest.mark.parametrize("version", VERSIONS)
def test_wrong_field_types(version: tuple[int, int]) -> None:
    good = code_stream(version)
    for old, new in (
        (b"s\0\0\0\0", b"N"),
        (names("print"), b")\1N"),
        (short("file.py"), b"N"),
        (names("a b"), b"."),
    ):
        with pytest.raises(MarshalError):
            rewrite(good.replace(old, new, 1), version)


def test_old_version_is_refused() -> None:
    with pytest.raises(ValueError):
        rewrite(b"N", (3, 6))


def test_depth_limit() -> None:
    assert rewrite(b")\1" * MAX_DEPTH + b"N", (3, 11)) == b")\1" * MAX_DEPTH + b"N"
    with pytest.raises(MarshalError):
        rewrite(b")\1" * (MAX_DEPTH + 1) + b"N", (3, 11))


def test_depth_through_references() -> None:
    """Each tuple refers to the one before, and a frozenset's order puts the deepest first."""
    count = 3000
    items = [b"\xa9\1N"] + [b"\xa9\1r" + pack("<I", n) for n in range(count)]
    stream = b"(" + pack("<I", count + 2) + b"".join(items) + b">\1\0\0\0r" + pack("<I", count)
    data = rewrite(stream, (3, 11))
    assert rewrite(data, (3, 11)) == data


def test_reference_bomb_ends_soon() -> None:
    count = 60
    items = [b"\xa9\1N"] + [b"\xa9\2" + (b"r" + pack("<I", n)) * 2 for n in range(count)]
    bomb = b"(" + pack("<I", count + 1) + b"".join(items)
    begin = time.process_time()
    rewrite(bomb, (3, 11))
    everything = b">" + pack("<I", count) + b"".join(b"r" + pack("<I", n) for n in range(count))
    rewrite(b")\2" + bomb + everything, (3, 11))
    many = 4000
    deep = [b"\xa9\1N"] + [b"\xa9\2" + (b"r" + pack("<I", n)) * 2 for n in range(many)]
    order = b">" + pack("<I", many) + b"".join(b"r" + pack("<I", n) for n in range(many))
    with pytest.raises(MarshalError):
        rewrite(b")\2(" + pack("<I", many + 1) + b"".join(deep) + order, (3, 11))
    assert time.process_time() - begin < 10


def test_depth_of_the_result() -> None:
    """The order of a frozenset can put first what the stream defines flat, and nest it."""

    def deep(count: int) -> bytes:
        items = [b"\xa9\1N"] + [b"\xa9\1r" + pack("<I", n) for n in range(count)]
        groups = [items[at : at + 255] for at in range(0, len(items), 255)]
        flat = b"".join(b")" + pack("B", len(group)) + b"".join(group) for group in groups)
        return b">\2\0\0\0" + b")" + pack("B", len(groups)) + flat + b"r" + pack("<I", count)

    data = rewrite(deep(MAX_DEPTH - 2), (3, 11))
    assert rewrite(data, (3, 11)) == data
    with pytest.raises(MarshalError, match="offset 0: the canonical form is nested deeper than 2000"):
        rewrite(deep(MAX_DEPTH - 1), (3, 11))


def test_long_elements_of_many_frozensets_are_refused() -> None:
    size = 1 << 16
    long = b"\xe1" + pack("<I", size) + b" " * size
    pair = long + b"\xe1" + pack("<I", size + 1) + b" " * (size + 1)
    pairs = b">\2\0\0\0" + b"r\0\0\0\0r\1\0\0\0"
    assert rewrite(b")\3" + pair + pairs, (3, 11))
    with pytest.raises(MarshalError, match="frozensets of too large elements"):
        rewrite(b")\xff" + pair + pairs * 253, (3, 11))


def test_result_of_a_long_stream_with_a_short_form() -> None:
    """What is spent on a frozenset must fit to the result as well, or that would be refused itself."""
    count = 1200
    chain = b"".join(b"\xa9\1r" + pack("<I", n) for n in range(count - 1))
    every = b">" + pack("<I", count) + b"".join(b"r" + pack("<I", n) for n in range(count))
    parts = b"\xa9\1N" + chain + every
    long = b"a" + pack("<I", 4000) + b" " * 4000
    with pytest.raises(MarshalError, match="offset 0: frozensets of too large elements"):
        rewrite(b"(" + pack("<I", count + 1 + 8) + parts + long * 8, (3, 11))
    longer = b"a" + pack("<I", 20000) + b" " * 20000
    data = rewrite(b"(" + pack("<I", count + 2) + parts + longer, (3, 11))
    assert rewrite(data, (3, 11)) == data


def test_names_of_many_code_objects_are_read_once() -> None:
    """Would take minutes otherwise."""
    many, count = 100000, 5000
    code = code_stream((3, 11)).replace(names("print"), b"r\0\0\0\0").replace(names("a b"), b"r\0\0\0\0")
    codes = b"".join(code[:1] + pack("<i", number) + code[5:] for number in range(count))
    slots = b"\xa8" + pack("<I", many) + short("a b") * many
    data = rewrite(b"(" + pack("<I", count + 1) + slots + codes, (3, 11))
    assert data.count(short("a b", b"\xda")) == 1


SAMPLE = marshal.dumps(
    compile(
        "class A:\n x = {1: 'a b'}\n def f(self, y):\n  return y in {'q', 2, (3, b'4')}, [z for z in y], 2**70, 1.5",
        "m",
        "exec",
    )
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes(data: bytes) -> None:
    for version in ((3, 7), (3, 10), (3, 14)):
        try:
            result = rewrite(data, version)
        except MarshalError:
            continue
        assert rewrite(result, version) == result


def test_mutations() -> None:
    """Changed, cut and spliced real streams: a clean refusal, or a canonical result."""
    chance = random.Random(20)
    for _ in range(1500):
        data = bytearray(SAMPLE)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data))
            action = chance.randrange(4)
            if action == 0:
                data[place] = chance.randrange(256)
            elif action == 1:
                data[place] ^= 0x80
            elif action == 2:
                del data[place : place + chance.randint(1, 5)]
            else:
                data[place:place] = data[: chance.randint(1, 20)]
        try:
            result = rewrite(bytes(data), VERSION)
        except MarshalError:
            continue
        assert rewrite(result, VERSION) == result


def test_every_truncation() -> None:
    for size in range(len(SAMPLE)):
        with pytest.raises(MarshalError):
            rewrite(SAMPLE[:size], VERSION)


def test_values_survive() -> None:
    value: Any = (
        1,
        True,
        1.0,
        "a",
        b"a",
        "a b",
        ("a b", 2**40, -(2**100)),
        frozenset(["a", 3]),
        None,
        ...,
        2j,
        "\ud800é",
    )
    result = marshal.loads(rewrite(marshal.dumps(value), VERSION))
    assert repr(result) == repr(value) or result == value
    assert [type(item) for item in result] == [type(item) for item in value]

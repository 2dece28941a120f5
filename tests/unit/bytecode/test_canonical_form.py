"""The extension gives what marshal_stream.py gives, refusals included: real, broken and hostile streams."""

from __future__ import annotations

import importlib.util
import marshal
import random
import sys
import sysconfig
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truewheel._target import marshal_stream, versions
from truewheel._target.marshal_stream import MAX_DEPTH, MarshalError
from truewheel.bytecode import canonical_form

Version = tuple[int, int]
Rewrite = Callable[[bytes, Version, "str | None"], bytes]

VERSION = sys.version_info[:2]
VERSIONS = [(3, minor) for minor in range(7, 16)]

needs_extension = pytest.mark.skipif(
    not canonical_form.IN_C, reason="truewheel was built without its extension"
)


def outcome(rewrite: Rewrite, stream: bytes, version: Version, filename: str | None = None) -> object:
    try:
        return rewrite(stream, version, filename)
    except MarshalError as error:
        return str(error), error.offset


def same(stream: bytes, version: Version) -> object:
    """Demand the same outcome of both; return it."""
    expected = outcome(marshal_stream.rewrite, stream, version)
    assert outcome(canonical_form.rewrite, stream, version) == expected
    for filename in ("a b", "é"):
        renamed = outcome(marshal_stream.rewrite, stream, version, filename)
        assert outcome(canonical_form.rewrite, stream, version, filename) == renamed
    return expected


def compiled(source: bytes | str) -> bytes:
    return marshal.dumps(compile(source, "/usr/lib/m.py", "exec", dont_inherit=True))


SOURCE = """
class A:
    x = {1: 'a b', 2: 'é', 3: '\\ud800\\U0001f600', 4: b'b'}
    def f(self, y, *, z=1.5, **w):
        return y in {'q', 2, (3, b'4'), 'A.f', ()}, [v for v in y], 2**70, -2**31, 2**31, -1j, ..., 0.0, -0.0
    g = lambda self: (lambda: self, 'A.f', (1, True, 1.0), (1, 2), (True, 2), y[1:2])
"""
SAMPLE = compiled(SOURCE)


def integer(size: int, digits: list[int]) -> bytes:
    return b"l" + pack("<i", size) + b"".join(pack("<H", digit) for digit in digits)


def code_stream(version: Version, fields: list[bytes], line: int) -> bytes:
    """A code object in the layout of `version`; `fields` are its objects, as many as there are."""
    head = b"c" + b"\1\0\0\0" * (6 if (3, 8) <= version < (3, 11) else 5)
    tail = fields[8:10] if version >= (3, 11) else fields[8:9]
    return head + b"".join(fields[:8]) + pack("<i", line) + b"".join(tail)


def fields(version: Version, text: bytes) -> list[bytes]:
    """Fields of which all strings, the names apart, are this one."""
    blob, names = b"s\0\0\0\0", b")\1z\2x "
    before = [blob, b")\2N" + text, names, names]
    middle = [blob, text, text, text] if version >= (3, 11) else [names, names, text, text]
    return [*before, *middle, blob, blob]


def streams(version: Version) -> st.SearchStrategy[bytes]:
    """Streams that mostly follow the grammar, with references that mostly hit."""
    text = st.sampled_from(
        [b"z\1a", b"Z\1.", b"z\3a b", b"Z\3a b", b"z\1\xe9", b"u\2\0\0\0\xc3\xa9", b"z\7<listco"]
    )
    leaf = st.one_of(
        st.sampled_from([b"N", b"T", b"F", b".", b"S", b"i\5\0\0\0", b"l\1\0\0\0\5\0", b"s\1\0\0\0q"]),
        st.sampled_from([b"z\x08<module>", b"z\x08<lambda>", b"z\1*", b"z\1\n", b"u\3\0\0\0\xed\xa0\x80"]),
        text,
        st.binary(min_size=8, max_size=8).map(lambda data: b"g" + data),
        st.binary(max_size=4).map(lambda data: b"u" + pack("<I", len(data)) + data),
        st.lists(st.integers(0, 0x7FFF), max_size=4).map(lambda digits: integer(-len(digits), digits)),
        st.integers(0, 5).map(lambda index: b"r" + pack("<i", index)),
    )  # fmt: skip
    names = st.lists(text, max_size=3).map(lambda parts: b")" + pack("B", len(parts)) + b"".join(parts))
    blob = st.sampled_from([b"s\0\0\0\0", b"s\1\0\0\0x", b"\xf3\0\0\0\0"])

    def composite(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
        parts = st.lists(inner, max_size=4)
        consts = parts.map(lambda parts: b")" + pack("B", len(parts)) + b"".join(parts))
        if version >= (3, 11):
            fields_of_code = st.tuples(blob, consts, names, names, blob, text, text, text, blob, blob)
        else:
            fields_of_code = st.tuples(blob, consts, names, names, names, names, text, text, blob, blob)
        code = st.builds(
            lambda found, line: code_stream(version, list(found), line), fields_of_code, st.integers(0, 2)
        )
        many = parts.map(lambda parts: b"(" + pack("<I", len(parts)) + b"".join(parts))
        some = parts.map(lambda parts: b">" + pack("<I", len(parts)) + b"".join(parts))
        slices = st.tuples(inner, inner, inner).map(lambda parts: b":" + b"".join(parts))
        return st.one_of(consts, many, some, code, slices)

    def flagged(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
        return st.builds(
            lambda data, flag: bytes([data[0] | flag]) + data[1:], values, st.sampled_from([0, 0x80])
        )

    return flagged(st.recursive(flagged(leaf), lambda inner: flagged(composite(inner)), max_leaves=30))


@needs_extension
@pytest.mark.parametrize("version", VERSIONS)
def test_generated_streams(version: Version) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(streams(version))
    def check(stream: bytes) -> None:
        result = same(stream, version)
        if isinstance(result, bytes):
            assert same(result, version) == result

    check()


@needs_extension
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(VERSIONS))
def test_any_bytes(stream: bytes, version: Version) -> None:
    same(stream, version)


leaves = st.one_of(
    st.sampled_from([None, True, ..., 0, 1, -1, 0.0, -0.0, 1.0, "", "a", "é", "a b", ".", "<module>", b"a"]),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(), max_size=4),
    st.binary(max_size=4),
)  # fmt: skip
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4).map(tuple), st.frozensets(inner, max_size=4)),
    max_leaves=20,
)


@needs_extension
@settings(max_examples=300, deadline=None)
@given(values, st.sampled_from([2, 3, 4]), st.sampled_from(VERSIONS))
def test_values_that_marshal_writes(value: Any, form: int, version: Version) -> None:
    result = same(marshal.dumps(value, form), version)
    assert isinstance(result, bytes)
    assert same(result, version) == result


@needs_extension
def test_sample_of_the_standard_library() -> None:
    warnings.simplefilter("ignore")
    paths = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))[::8]
    assert len(paths) > 10
    for path in paths:
        assert isinstance(same(compiled(path.read_bytes()), VERSION), bytes), path


@needs_extension
@pytest.mark.parametrize("version", VERSIONS)
def test_every_truncation(version: Version) -> None:
    for size in range(len(SAMPLE)):
        same(SAMPLE[:size], version)


@needs_extension
@pytest.mark.parametrize("version", VERSIONS)
def test_mutations(version: Version) -> None:
    chance = random.Random(version[1])
    for _ in range(500):
        data = bytearray(SAMPLE)
        for _ in range(chance.randint(1, 4)):
            place, other = chance.randrange(len(data)), chance.randrange(len(data))
            action = chance.randrange(5)
            if action == 0:
                data[place] = chance.randrange(256)
            elif action == 1:
                data[place] ^= 0x80
            elif action == 2:
                del data[place : place + chance.randint(1, 5)]
            elif action == 3:
                data[place:place] = data[other : other + chance.randint(1, 20)]
            else:
                data[place : place + 4] = pack("<i", chance.choice([-1, 0, 1, 255, 256, 2**31 - 1, -(2**31)]))
        same(bytes(data), version)


@needs_extension
@pytest.mark.parametrize("code", range(256))
def test_every_type_code(code: int) -> None:
    for tail in (b"", b"\0", b"\0" * 4, b"\0\0\0\0N", b"\1\0\0\0z\1a", b"\0" * 8, b"\0" * 16, b"\xff" * 40):
        for version in ((3, 7), (3, 13), (3, 14)):
            same(bytes([code]) + tail, version)


def utf8_edges() -> Iterator[bytes]:
    edges = [b"", b"a", b"\x7f", b"\x80", b"\x8f", b"\x90", b"\x9f", b"\xa0", b"\xbf", b"\xc0"]
    for first in [*range(0x7E, 0x82), *range(0xC0, 0xC3), *range(0xDF, 0xE2), *range(0xEC, 0xF6), 0xFF]:
        for second in edges:
            yield from (
                bytes([first]) + second + third + tail for third in edges for tail in (b"", b"\x80", b"\x80a")
            )


@needs_extension
def test_edges_of_utf8() -> None:
    for text in utf8_edges():
        for code in (b"u", b"a", b"z"):
            head = code + pack("B", len(text)) if code == b"z" else code + pack("<I", len(text))
            same(head + text, VERSION)


@needs_extension
@pytest.mark.parametrize("digits", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("top", [0, 1, 2, 3, 0x3FFF, 0x4000, 0x7FFF, 0x8000])
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_of_digits(digits: int, top: int, sign: int) -> None:
    for low in (0, 1, 0x7FFF):
        data = [low] * (digits - 1) + [top] if digits else []
        same(integer(sign * digits, data), VERSION)


def bomb(count: int) -> bytes:
    chain = b"".join(b"\xa9\2" + (b"r" + pack("<I", number)) * 2 for number in range(count - 1))
    every = b">" + pack("<I", count) + b"".join(b"r" + pack("<I", number) for number in range(count))
    return b"(" + pack("<I", count + 1) + b"\xa9\1N" + chain + every


def deep(count: int) -> bytes:
    items = [b"\xa9\1N"] + [b"\xa9\1r" + pack("<I", number) for number in range(count)]
    groups = [items[at : at + 255] for at in range(0, len(items), 255)]
    flat = b"".join(b")" + pack("B", len(group)) + b"".join(group) for group in groups)
    return b">\2\0\0\0" + b")" + pack("B", len(groups)) + flat + b"r" + pack("<I", count)


HOSTILE = {
    "nested up to the limit": b")\1" * MAX_DEPTH + b"N",
    "nested beyond the limit": b")\1" * (MAX_DEPTH + 1) + b"N",
    "frozensets beyond the limit": b">\1\0\0\0" * (MAX_DEPTH + 1) + b"N",
    "empty beyond the limit": b")\1" * MAX_DEPTH + b")\0",
    "unknown beyond the limit": b")\1" * MAX_DEPTH + b"?",
    "result up to the limit": deep(MAX_DEPTH - 2),
    "result beyond the limit": deep(MAX_DEPTH - 1),
    "little to order": bomb(60),
    "too much to order": bomb(3000),
    "long elements": b")\3\xe1\0\0\1\0" + b" " * (1 << 16) + b"T" + b">\1\0\0\0r\0\0\0\0",
    "many frozensets of one long element": b")\xff\xe1\0\0\1\0"
    + b" " * (1 << 16)
    + b">\1\0\0\0r\0\0\0\0" * 254,
    "sizes": b"(\xff\xff\xff\x7f",
    "negative size": b"(\xff\xff\xff\xff",
    "many references": b"(\x10\x27\0\0\xa9\0" + b"r\0\0\0\0" * 9999,
    "reference to itself": b"\xa9\1r\0\0\0\0",
}


@needs_extension
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    result = same(HOSTILE[name], (3, 11))
    if isinstance(result, bytes):
        assert same(result, (3, 11)) == result


@needs_extension
@pytest.mark.parametrize("version", [(3, 6), (2, 7), (3, -1), (0, 0)])
def test_old_versions_are_refused(version: Version) -> None:
    said = []
    for rewrite in (marshal_stream.rewrite, canonical_form.rewrite):
        with pytest.raises(ValueError, match=r"3\.7 is the oldest") as caught:
            rewrite(b"N", version)
        said.append(str(caught.value))
    assert said[0] == said[1]


@needs_extension
def test_version_after_the_known_ones() -> None:
    for version in ((3, 99), (4, 0)):
        same(SAMPLE, version)
        same(b":NNN", version)


@needs_extension
@pytest.mark.parametrize("version", [(3, 7), (3, 10), (3, 11), (3, 14)])
@pytest.mark.parametrize("paths", [True, False])
@pytest.mark.parametrize("latin1", [True, False])
@pytest.mark.parametrize("own_names", [None, (), ("<module>",), ("<x>", "<lambda>", "<module>")])
def test_rules_are_those_of_the_table(
    monkeypatch: pytest.MonkeyPatch,
    version: Version,
    paths: bool,
    latin1: bool,
    own_names: tuple[str, ...] | None,
) -> None:
    """Any row, also of a version that may come."""
    old = versions.KNOWN[version]
    row = old.but(paths=paths, latin1=latin1, own_names=own_names, slices=not old.slices)
    monkeypatch.setitem(versions.KNOWN, version, row)
    canonical_form._row.cache_clear()
    try:
        for text in (b"z\x08<module>", b"z\x08<lambda>", b"z\3<x>", b"z\x05a.b c", b"z\1.", b"z\1\xe9"):
            same(code_stream(version, fields(version, text), 7), version)
        same(b":NNN", version)
    finally:
        canonical_form._row.cache_clear()


@needs_extension
@pytest.mark.parametrize("arguments", [("N", (3, 11)), (b"N",), (b"N", "3.11"), (None, (3, 11))])
def test_wrong_arguments_are_type_errors(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        canonical_form.rewrite(*arguments)


@needs_extension
@pytest.mark.parametrize("secret", [b"\0" * 16, b"\xff" * 16, bytes(range(16))])
def test_result_does_not_depend_on_the_secret(secret: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: secret[:size])
    spec = importlib.util.find_spec("truewheel._canonical")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(canonical_form, "_rewrite", module.rewrite)
    assert isinstance(same(SAMPLE, VERSION), bytes)


@needs_extension
@pytest.mark.parametrize(
    "filename", ["", "x", "A", "a b", "/usr/lib/m.py", "/é/m.py", "/\udcff/m.py", "x" * 70000]
)
def test_file_name_is_replaced_in_every_code_object(filename: str) -> None:
    stream = marshal.dumps(compile(SOURCE, "/build/root/usr/lib/m.py", "exec", dont_inherit=True))
    expected = marshal_stream.rewrite(
        marshal.dumps(compile(SOURCE, filename, "exec", dont_inherit=True)), VERSION
    )
    for rewrite in (marshal_stream.rewrite, canonical_form.rewrite):
        assert rewrite(stream, VERSION, filename) == expected
        assert rewrite(expected, VERSION, filename) == expected
        assert rewrite(expected, VERSION) == expected


@needs_extension
@pytest.mark.parametrize("version", VERSIONS)
def test_old_file_name_stays_where_it_is_a_constant(version: Version) -> None:
    stream = code_stream(version, fields(version, b"z\5/a.py"), 1)
    for rewrite in (marshal_stream.rewrite, canonical_form.rewrite):
        renamed = rewrite(stream, version, "/b.py")
        assert renamed.count(b"/a.py") == renamed.count(b"/b.py") == 1


@needs_extension
def test_threads_rewrite_side_by_side() -> None:
    streams = [compiled(SOURCE * (number + 1)) for number in range(8)]
    expected = [marshal_stream.rewrite(stream, VERSION) for stream in streams]
    found: list[bytes] = [b""] * len(streams)

    def work(number: int) -> None:
        for _ in range(50):
            found[number] = canonical_form.rewrite(streams[number], VERSION)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(streams))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_python_takes_the_place_of_a_missing_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "truewheel._canonical", None)
    try:
        module = importlib.reload(canonical_form)
        assert not module.IN_C
        stream, version = marshal.dumps(compile("x = [1.5, 'a b']", "a.py", "exec")), sys.version_info[:2]
        assert module.rewrite(stream, version, "/a.py") == marshal_stream.rewrite(stream, version, "/a.py")
    finally:
        monkeypatch.undo()
        importlib.reload(canonical_form)

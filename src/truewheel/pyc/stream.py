"""Read the code of a pyc as values, whichever Python wrote it: nothing is unmarshalled or executed."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import cast

from truewheel._target.marshal_form import TOKEN, Key
from truewheel._target.marshal_stream import Layout, MarshalError, Reader
from truewheel._target.versions import code_format
from truewheel.dataclass import dataclass
from truewheel.errors import PycUnreadable

__all__ = ["Code", "Items", "Singleton", "Value", "file_names", "read_code"]


@dataclass(frozen=True)
class Singleton:
    """A constant that marshal writes as its type alone, by the name that source code has for it."""

    name: str


_SINGLETONS = {
    b"N": Singleton("None"),
    b"T": Singleton("True"),
    b"F": Singleton("False"),
    b".": Singleton("..."),
    b"S": Singleton("StopIteration"),
}


@dataclass(frozen=True, eq=False)
class Items:
    """A tuple, frozenset or slice; ``kind`` is that name.

    Equal values of one stream are one object, so that a stream whose parts refer to one another is a small
    graph and a very large tree: go through it with a bound. ``digest`` is that of the value.
    """

    kind: str
    parts: tuple[Value, ...]
    digest: bytes


@dataclass(frozen=True, eq=False)
class Code:
    """A code object; the fields are the attributes of a code object, without ``co_``.

    ``counts`` are the numbers of arguments: all positional ones, those that are positional only (from Python
    3.8 on), keyword only. ``variables`` are co_varnames, co_freevars and co_cellvars before Python 3.11; from
    then on one tuple of all, with the kind of each in ``kinds``. ``lines`` is co_lnotab or co_linetable as
    it is; ``exceptions`` and ``qualname`` are empty before Python 3.11. ``digest`` is equal for code that is
    equal in all of it.
    """

    counts: tuple[int, ...]
    stacksize: int
    flags: int
    code: bytes
    consts: tuple[Value, ...]
    names: tuple[str, ...]
    variables: tuple[tuple[str, ...], ...]
    kinds: bytes
    filename: str
    name: str
    qualname: str
    firstlineno: int
    lines: bytes
    exceptions: bytes
    digest: bytes


Value = Singleton | str | bytes | int | float | complex | Items | Code
_KINDS = {b")": "tuple", b"(": "tuple", b">": "frozenset", b":": "slice"}


def read_code(body: bytes, python: tuple[int, int], filename: str | None = None) -> Code:
    """Return the code object of a pyc; ``body`` is what follows its header, written by that Python.

    With ``filename`` each co_filename becomes that. Any Python does the reading, in time and memory
    proportional to the size. Raises PycUnreadable, whose ``offset`` is a place in ``body``, for a stream that
    is malformed, is no code object or goes on after its end, and for a Python below 3.7. Source:
    Python/marshal.c.
    """
    reader, root = _read(body, python, filename)
    return _Builder(reader, python).root(root)


def file_names(body: bytes, python: tuple[int, int]) -> tuple[str, ...]:
    """Return the different co_filename of a pyc's code objects, sorted; one of a pyc that a compiler wrote.

    The arguments and errors are those of `read_code`.
    """
    reader, _ = _read(body, python)
    values = reader.values
    at = reader.layout.filename
    return tuple(
        sorted(
            {cast(str, values.parts[token][at]) for token, head in values.heads.items() if head[:1] == b"c"}
        )
    )


def _read(body: bytes, python: tuple[int, int], filename: str | None = None) -> tuple[Reader, int]:
    """Read a whole stream; return its reader and the key of the code object."""
    try:
        reader = Reader(body, python, filename)
        root = reader.read()
    except MarshalError as error:
        raise PycUnreadable(f"has code that cannot be read: {error}", offset=error.offset) from error
    except ValueError as error:
        raise PycUnreadable(str(error)) from error
    if not isinstance(root, int) or reader.values.heads[root][:1] != b"c":
        raise PycUnreadable("has a value in the place of its code that is no code object")
    return reader, root


class _Builder:
    """Makes values of the keys of a stream, each once."""

    def __init__(self, reader: Reader, python: tuple[int, int]) -> None:
        self._layout: Layout = reader.layout
        self._counts = len(code_format(python).counts)
        self._made: dict[Key, Value] = {}
        self._digests: dict[Key, bytes] = {}
        values = reader.values
        for token in range(TOKEN, TOKEN + len(values.heads)):  # parts come before what they are parts of
            head, parts = values.heads[token], values.parts[token]
            self._digests[token] = digest = self._digest(head, parts)
            self._made[token] = self._composite(head, parts, digest)

    def root(self, token: int) -> Code:
        return cast(Code, self._made[token])

    def _digest(self, head: bytes, parts: Sequence[Key]) -> bytes:
        state = hashlib.blake2b(head, digest_size=16)
        for key in parts:
            state.update(self._digests.get(key) or _digest_of(key))
        return state.digest()

    def _composite(self, head: bytes, parts: Sequence[Key], digest: bytes) -> Value:
        if head[:1] == b"c":
            return self._code(head, parts, digest)
        return Items(_KINDS[head[:1]], tuple(map(self._value, parts)), digest)

    def _value(self, key: Key) -> Value:
        if isinstance(key, str):
            return key
        made = self._made.get(key)
        if made is None:
            self._made[key] = made = leaf(cast(bytes, key))
        return made

    def _parts(self, key: Key) -> tuple[Value, ...]:
        return cast(Items, self._made[key]).parts

    def _names(self, key: Key) -> tuple[str, ...]:
        return cast("tuple[str, ...]", self._parts(key))

    def _bytes(self, key: Key) -> bytes:
        return cast(bytes, self._value(key))

    def _code(self, head: bytes, parts: Sequence[Key], digest: bytes) -> Code:
        layout, new = self._layout, self._layout.qualname is not None
        numbers = struct.unpack(f"<{layout.ints}i", head[1:])
        return Code(
            counts=numbers[: self._counts],
            stacksize=numbers[-2],
            flags=numbers[-1],
            code=self._bytes(parts[0]),
            consts=self._parts(parts[1]),
            names=self._names(parts[2]),
            variables=tuple(map(self._names, parts[3 : 4 if new else 6])),
            kinds=self._bytes(parts[4]) if new else b"",
            filename=cast(str, parts[layout.filename]),
            name=cast(str, parts[layout.name]),
            qualname=cast(str, parts[layout.qualname]) if layout.qualname is not None else "",
            firstlineno=cast(int, parts[8]),
            lines=self._bytes(parts[9]),
            exceptions=self._bytes(parts[10]) if new else b"",
            digest=digest,
        )


def _digest_of(key: Key) -> bytes:
    """Return bytes of one size that tell a leaf, or a bare number, from all others."""
    if isinstance(key, str):
        data = b"u" + key.encode("utf-8", "surrogatepass")
    else:
        data = key if isinstance(key, bytes) else b"#%d" % key
    return hashlib.blake2b(data, digest_size=16).digest()


def leaf(key: bytes) -> Value:
    """Return the value of a leaf's encoding."""
    kind, data = key[:1], key[1:]
    if kind == b"s":
        return data[4:]
    if kind == b"i":
        return int.from_bytes(data, "little", signed=True)
    if kind == b"g":
        return cast(float, struct.unpack("<d", data)[0])
    if kind == b"y":
        return complex(*struct.unpack("<2d", data))
    return _long(data) if kind == b"l" else _SINGLETONS[key]


def _long(data: bytes) -> int:
    """Return the number with these 15-bit digits behind their signed count."""
    (size,) = struct.unpack_from("<i", data)
    digits = struct.unpack_from(f"<{abs(size)}H", data, 4)
    total = int("".join(f"{digit:015b}" for digit in reversed(digits)), 2)
    return -total if size < 0 else total


def same(one: Value, other: Value) -> bool:
    """Whether two constants are equal in type and value; floats are compared by their bits."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (Items, Code)):
        return one.digest == cast("Items | Code", other).digest
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", cast(float, other))
    if isinstance(one, complex):
        second = cast(complex, other)
        return struct.pack("<2d", one.real, one.imag) == struct.pack("<2d", second.real, second.imag)
    return one == other

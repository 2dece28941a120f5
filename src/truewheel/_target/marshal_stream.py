"""Reads a marshal stream without executing it, and writes its canonical form.

The format is CPython's Python/marshal.c, versions 2 to 5, as far as code objects need it: no lists, dicts
or sets, and none of the type codes that Python 3.7 and later no longer write (I, f, x).
"""

from __future__ import annotations

import marshal
from struct import pack, unpack_from
from typing import Callable, Dict, List, Optional, Tuple

from .marshal_form import SINGLETONS, Key
from .marshal_values import Values
from .versions import code_format

MAX_DEPTH = 2000  # MAX_MARSHAL_STACK_DEPTH in marshal.c


class MarshalError(ValueError):
    """A malformed stream.  `offset` is the place in the stream, in bytes from its begin."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__("offset {}: {}".format(offset, message))
        self.offset = offset


class Layout:
    """Where the fields of a code object are in the streams of one Python version.

    `ints` 4-byte numbers come first, `before` objects, the first line number (4 bytes), `after` objects.
    """

    def __init__(self, version: Tuple[int, int]) -> None:
        row = code_format(version)
        new = row.localsplus
        self.ints = row.ints
        self.slices = row.slices
        self.before = 8
        self.after = 2 if new else 1
        kinds = "bTNNbsss" if new else "bTNNNNss"
        self.kinds = kinds + ("bb" if new else "b")
        self.qualname: Optional[int] = 7 if new else None
        self.filename = 5 if new else 6
        self.name = self.filename + 1


class Frame:
    """A composite value being read: what it is, how many parts are missing, what is there already."""

    __slots__ = ("head", "kind", "missing", "offset", "parts", "slot")

    def __init__(self, kind: str, missing: int, slot: int, offset: int, head: bytes = b"") -> None:
        self.kind = kind
        self.missing = missing
        self.parts: List[Key] = []
        self.slot = slot
        self.offset = offset
        self.head = head


class Reader:
    """One pass over one stream; `values` gets its distinct values, each after its parts.

    Each co_filename becomes `filename`, unless that is None.
    """

    def __init__(self, data: bytes, version: Tuple[int, int], filename: Optional[str] = None) -> None:
        self.data = data
        self.pos = 0
        self.version = version
        self.filename = filename
        self.layout = Layout(version)
        self.values = Values(version, len(data))
        self.refs: List[Optional[Key]] = []
        self.stack: List[Frame] = []
        self.texts: Dict[bytes, str] = {}

    def fail(self, message: str, offset: Optional[int] = None) -> MarshalError:
        return MarshalError(message, self.pos if offset is None else offset)

    def take(self, size: int) -> bytes:
        end = self.pos + size
        if end > len(self.data):
            raise self.fail("{} bytes wanted, {} left".format(size, len(self.data) - self.pos))
        piece = self.data[self.pos : end]
        self.pos = end
        return piece

    def number(self) -> int:
        value: int = unpack_from("<i", self.take(4))[0]
        return value

    def size(self) -> int:
        value = self.number()
        if not 0 <= value <= len(self.data) - self.pos:
            raise self.fail("size {} is beyond the stream's end".format(value), self.pos - 4)
        return value

    def read(self) -> Key:
        """Read the whole stream; return the key of its value."""
        root = self.value()
        while root is None or self.stack:
            key = self.value() if root is None else root
            root = None
            if key is not None:
                root = self.fill(key)
        if self.pos != len(self.data):
            raise self.fail("{} bytes after the end".format(len(self.data) - self.pos))
        return root

    def run(self) -> bytes:
        """Read the whole stream; return its canonical form."""
        root = self.read()
        try:
            return self.values.whole(root, MAX_DEPTH)
        except ValueError as error:
            raise self.fail(str(error), 0) from None

    def fill(self, key: Key) -> Optional[Key]:
        """Give `key` to the innermost open value; return the outermost one if that was its last part."""
        done: Optional[Key] = key
        while self.stack and done is not None:
            frame = self.stack[-1]
            frame.parts.append(done)
            frame.missing -= 1
            if frame.missing:
                return None
            done = self.close(frame)
        return done

    def close(self, frame: Frame) -> Optional[Key]:
        """Finish the innermost value if it is complete; return its key."""
        if frame.kind == "c":
            frame.kind, frame.missing = "C", self.layout.after
            frame.parts.append(self.number())
            return None
        self.stack.pop()
        key = self.build(frame)
        if frame.slot >= 0:
            self.refs[frame.slot] = key
        return key

    def build(self, frame: Frame) -> Key:
        parts = tuple(frame.parts)
        if frame.kind == "(":
            return self.values.tuple(parts)
        if frame.kind == ":":
            return self.values.add(b":", parts)
        if frame.kind == ">":
            try:
                return self.values.frozenset(parts)
            except ValueError as error:
                raise self.fail(str(error), frame.offset) from None
        return self.code(frame, parts)

    def code(self, frame: Frame, parts: Tuple[Key, ...]) -> Key:
        """Check the types of a code object's fields and note its names."""
        layout, values = self.layout, self.values
        fields = parts[: layout.before] + parts[layout.before + 1 :]
        for index, (kind, key) in enumerate(zip(layout.kinds, fields)):  # noqa: B905
            if not self.fits(kind, key):
                raise self.fail("field {} of this code object has the wrong type".format(index), frame.offset)
        if self.filename is not None:
            parts = (*parts[: layout.filename], self.filename, *parts[layout.filename + 1 :])
        named = [parts[layout.name]] if values.rules.interns_name(parts[layout.name]) else []  # type: ignore[arg-type]
        if values.rules.paths:
            named += [parts[layout.filename], parts[layout.qualname or layout.name]]
        values.named.update(named)  # type: ignore[arg-type]
        return values.add(frame.head, parts)

    def fits(self, kind: str, key: Key) -> bool:
        """Say whether a field of a code object has its type; note the names of a tuple of names."""
        if kind == "s":
            return type(key) is str
        if kind == "b":
            return type(key) is bytes and key[:1] == b"s"
        if type(key) is not int or self.values.heads[key][:1] not in (b")", b"("):
            return False
        return kind == "T" or self.values.names(key)

    def value(self) -> Optional[Key]:
        """Read up to the end of one leaf, or the head of one composite (None then, or an empty one's key)."""
        offset = self.pos
        code = self.take(1)[0]
        kind = chr(code & 0x7F)
        if kind == "r":
            return self.reference(offset)
        slot = -1
        if code & 0x80:
            slot = len(self.refs)
            self.refs.append(None)
        read = _LEAVES.get(kind)
        if read is not None:
            key = read(self)
            if slot >= 0:
                self.refs[slot] = key
            return key
        return self.open(kind, slot, offset)

    def reference(self, offset: int) -> Key:
        index = self.number()
        if not 0 <= index < len(self.refs):
            raise self.fail("reference to {}, of {}".format(index, len(self.refs)), offset)
        key = self.refs[index]
        if key is None:
            raise self.fail("reference to {}, which is not complete".format(index), offset)
        return key

    def open(self, kind: str, slot: int, offset: int) -> Optional[Key]:
        """Begin a composite value."""
        if len(self.stack) >= MAX_DEPTH:
            raise self.fail("nested deeper than {}".format(MAX_DEPTH), offset)
        head = b""
        if kind == ")":
            kind, missing = "(", self.take(1)[0]
        elif kind in "(>":
            missing = self.size()
        elif kind == ":" and self.layout.slices:
            missing = 3
        elif kind == "c":
            missing = self.layout.before
            head = b"c" + self.take(4 * self.layout.ints)
        else:
            message = "type code {!r} has no place in the code of a Python {}.{}"
            raise self.fail(message.format(kind, *self.version), offset)
        frame = Frame(kind, missing, slot, offset, head)
        if not missing:
            key = self.build(frame)
            if slot >= 0:
                self.refs[slot] = key
            return key
        self.stack.append(frame)
        return None

    def text(self, data: bytes, encoding: str) -> Key:
        try:
            return data.decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
        except UnicodeDecodeError as error:
            raise self.fail("bad UTF-8: {}".format(error.reason), self.pos - len(data)) from None

    def long(self) -> Key:
        """Read a number of 15-bit digits; small ones become TYPE_INT, as marshal.c writes them."""
        offset = self.pos
        size = self.number()
        count = abs(size)
        if count > (len(self.data) - self.pos) // 2:
            raise self.fail("size {} is beyond the stream's end".format(size), offset)
        data = self.take(2 * count)
        digits = unpack_from("<{}H".format(count), data)
        if count and (max(digits) > 0x7FFF or not digits[-1]):
            raise self.fail("digits of an integer out of range", offset)
        if count <= 3:
            total = sum(digit << 15 * index for index, digit in enumerate(digits))
            return marshal.dumps(-total if size < 0 else total, 2)
        return b"l" + pack("<i", size) + data


def _short(reader: Reader) -> Key:
    return reader.text(reader.take(reader.take(1)[0]), "latin-1")


def _ascii(reader: Reader) -> Key:
    return reader.text(reader.take(reader.size()), "latin-1")


def _unicode(reader: Reader) -> Key:
    return reader.text(reader.take(reader.size()), "utf-8")


def _bytes(reader: Reader) -> Key:
    size = reader.size()
    return b"s" + pack("<I", size) + reader.take(size)


def _singleton(key: bytes) -> Callable[[Reader], Key]:
    return lambda reader: key


_LEAVES: Dict[str, Callable[[Reader], Key]] = {
    "i": lambda reader: b"i" + reader.take(4),
    "g": lambda reader: b"g" + reader.take(8),
    "y": lambda reader: b"y" + reader.take(16),
    "l": Reader.long,
    "s": _bytes,
    "z": _short,
    "Z": _short,
    "a": _ascii,
    "A": _ascii,
    "u": _unicode,
    "t": _unicode,
}
_LEAVES.update((key.decode(), _singleton(key)) for key in SINGLETONS)


def rewrite(stream: bytes, version: Tuple[int, int], filename: Optional[str] = None) -> bytes:
    """Return the canonical form of a marshal stream, with each co_filename replaced if there is a `filename`.

    `stream` is what marshal.dumps wrote (format 2 to 5) in Python `version`, (major, minor), on which the
    layout of code objects depends.  Any Python may do the rewriting.  MarshalError (a ValueError, `offset`)
    for a stream that is malformed, holds values that no code object holds, or goes on after its end;
    ValueError for a version below 3.7.  Source: Python/marshal.c of each version.
    """
    return Reader(stream, version, filename).run()

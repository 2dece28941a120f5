"""How streams of the same code are written: all that the canonical form leaves out, and no program sees."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from truewheel._target.marshal_form import Key
from truewheel._target.marshal_stream import Frame, MarshalError, Reader
from truewheel._target.marshal_values import Values
from truewheel.dataclass import dataclass, field
from truewheel.errors import PycUnreadable
from truewheel.pyc.spelling import spell
from truewheel.pyc.stream import leaf

_FLAG = 0x80
_PLAIN = {ord("Z"): ord("z"), ord("A"): ord("a"), ord("t"): ord("u")}  # of a type code with the interned bit
_TEXTS = frozenset([*_PLAIN, *_PLAIN.values()])
_COMPOSITES = frozenset(b"()>:c")


@dataclass(frozen=True)
class Writings:
    """Values that two streams write differently, in words.

    ``flags``: a reference flag that nothing uses is there in one; ``sharing``: equal values are one object in
    one and several in the other; ``sets``: the elements of a frozenset come in another order; ``interned``: a
    string is interned in one; ``encodings``: a value has another type code.
    """

    flags: tuple[str, ...]
    sharing: tuple[str, ...]
    sets: tuple[str, ...]
    interned: tuple[str, ...]
    encodings: tuple[str, ...]


@dataclass
class _Notes:
    """Maps each value of a stream to how it is written."""

    written: Counter[Key] = field(default_factory=Counter)
    unused: Counter[Key] = field(default_factory=Counter)
    interned: defaultdict[Key, set[bool]] = field(default_factory=lambda: defaultdict(set))
    orders: defaultdict[Key, set[tuple[Key, ...]]] = field(default_factory=lambda: defaultdict(set))
    codes: defaultdict[Key, set[int]] = field(default_factory=lambda: defaultdict(set))


def compare_writings(one: bytes, other: bytes, python: tuple[int, int]) -> Writings:
    """Say how two streams of the same code, apart from its co_filename, are written differently.

    Raises PycUnreadable for a stream that is malformed.
    """
    values = Values(python, len(one) + len(other))
    try:
        notes = [_Recorder(stream, python, values).notes() for stream in (one, other)]
    except MarshalError as error:
        raise PycUnreadable(f"has code that cannot be read: {error}", offset=error.offset) from error
    first, second = notes
    both = sorted(first.written.keys() & second.written.keys(), key=_strings_first)

    def spelled(differs: Callable[[Key], bool]) -> tuple[str, ...]:
        return tuple(_spell(key, values) for key in both if differs(key))

    return Writings(
        flags=spelled(lambda key: first.unused[key] != second.unused[key]),
        sharing=spelled(lambda key: first.written[key] != second.written[key]),
        sets=spelled(lambda key: first.orders[key] != second.orders[key]),
        interned=spelled(lambda key: first.interned[key] != second.interned[key]),
        encodings=spelled(lambda key: first.codes[key] != second.codes[key]),
    )


class _Recorder(Reader):
    """Notes each value that it reads, and how that is written."""

    def __init__(self, data: bytes, python: tuple[int, int], values: Values) -> None:
        super().__init__(data, python, "")
        self.values = values
        self.opened: list[int] = []  # the type codes of composite values that are not complete
        self.found: list[tuple[Key, int, int]] = []  # value, type code, slot
        self.used: set[int] = set()
        self.orders: list[tuple[Key, tuple[Key, ...]]] = []

    def value(self) -> Key | None:
        code = self.data[self.pos] if self.pos < len(self.data) else 0
        kind, slot = code & ~_FLAG, len(self.refs)
        if kind in _COMPOSITES:
            self.opened.append(code)
        key = super().value()
        if key is not None and kind not in _COMPOSITES and kind != ord("r"):
            self.found.append((key, code, slot))
        return key

    def reference(self, offset: int) -> Key:
        key = super().reference(offset)
        self.used.add(int.from_bytes(self.data[self.pos - 4 : self.pos], "little"))
        return key

    def build(self, frame: Frame) -> Key:
        key = super().build(frame)
        self.found.append((key, self.opened.pop(), frame.slot))
        if frame.kind == ">":
            self.orders.append((key, tuple(frame.parts)))
        return key

    def notes(self) -> _Notes:
        """Read the whole stream; return what was noted."""
        self.read()
        notes = _Notes()
        for key, order in self.orders:
            notes.orders[key].add(order)
        for key, code, slot in self.found:
            kind = code & ~_FLAG
            notes.written[key] += 1
            notes.unused[key] += bool(code & _FLAG and slot not in self.used)
            if kind in _TEXTS:
                notes.interned[key].add(kind in _PLAIN)
            notes.codes[key].add(_PLAIN.get(kind, kind))
        return notes


def _strings_first(key: Key) -> tuple[bool, str]:
    """Order values so that the first ones say most to people."""
    return not isinstance(key, str), str(key)


def _spell(key: Key, values: Values) -> str:
    if isinstance(key, str):
        return spell(key)
    if isinstance(key, bytes):
        return spell(leaf(key))
    head, parts = values.heads[key], values.parts[key]
    if head[:1] == b"c":
        return f"the code of {parts[7]!s}"  # co_qualname, or co_name before there is one
    kind = {b">": "set", b":": "slice"}.get(head[:1], "tuple")
    return f"a {kind} with {_first(parts, values)}" if parts else f"an empty {kind}"


def _first(parts: Iterable[Key], values: Values) -> str:
    return next((_spell(part, values) for part in parts if not isinstance(part, int)), "other values")

"""Writes a code object of the running interpreter in the canonical marshal form.

`encode` walks the attributes of the code objects instead of parsing marshal's output, which is what makes it
cheap; `rewrite(marshal.dumps(code))` gives the same bytes and stands in wherever the walk is not proven.
"""

from __future__ import annotations

import marshal
from operator import attrgetter, itemgetter
from struct import Struct
from types import CodeType
from typing import Any, Dict, FrozenSet, List, Optional, Set, Tuple, Union

from .dumps import dumps
from .localsplus import Unknown, argument_counts, locals_plus
from .marshal_form import BYTES, FLAGGED, TEXTS, TUPLE, Rules, encode_bytes, encode_text
from .versions import KNOWN, VERSION, code_format

_FORMAT = code_format(VERSION)

_PLAIN = frozenset((str, int, type(None)))  # no value of these equals one of another type
_RULES = Rules(VERSION)
_PATHS = _RULES.paths
_head = Struct("<c{}i".format(_FORMAT.ints)).pack
_lines = attrgetter(_FORMAT.lines)
_size = Struct("<cI").pack
_line = Struct("<i").pack


class _Integers(Dict[int, bytes]):
    """Maps an int to its encoding; kept for the small ones."""

    def __missing__(self, value: int) -> bytes:
        data = marshal.dumps(value, 2)  # this version of the format has no references, hence no flags
        if -1000 < value < 10000:
            self[value] = data
        return data


_INTEGERS = _Integers()
_SINGLETONS: Dict[Any, bytes] = {None: b"N", True: b"T", False: b"F", ...: b"."}
_SINGLE_TYPES = frozenset(map(type, _SINGLETONS))


class _References(Dict[int, bytes]):
    """Maps a number to the reference to the value of that number; kept from one stream to the next."""

    def __missing__(self, number: int) -> bytes:
        self[number] = data = _size(b"r", number)
        return data


_REFERENCES = _References()

# What a value is told apart by: strings, and tuples of strings, ints and None, by themselves, another leaf by
# its encoding, any other tuple by its `_identity`, a frozenset by the encodings of its elements.
_Key = Union[str, bytes, Tuple[Any, ...]]


class _Walk:
    """Writes live values.

    `out` holds the encodings of the values in pre-order. A value that is there already is an int instead, its
    index; `refs` holds the indexes of these ints. Methods that write a composite value return where it is.
    """

    __slots__ = ("codes", "holders", "named", "names", "out", "plain", "refs", "seen", "twins")

    def __init__(self) -> None:
        self.out: List[Any] = []
        self.refs: List[int] = []
        self.seen: Dict[_Key, int] = {}
        self.plain: Dict[str, int] = {}
        self.named: Set[str] = set()
        self.names: Dict[Tuple[str, ...], int] = {}
        self.codes: Dict[Tuple[int, int, str], Optional[Tuple[Any, int]]] = {}
        self.twins: Dict[bytes, int] = {}
        self.holders: Dict[int, List[Tuple[Tuple[Any, ...], int]]] = {}

    def finish(self) -> bytes:
        """Return the stream: number what is referenced, in the order in which it is written."""
        out, refs = self.out, self.refs
        if self.plain:
            for text in self.plain.keys() & self.named.union(*self.names):
                out[self.plain[text]] = TEXTS[text]
        numbers: Dict[int, bytes] = {}
        for number, at in enumerate(sorted({out[ref] for ref in refs})):
            data = out[at]
            out[at] = FLAGGED[data[0]] + data[1:]
            numbers[at] = _REFERENCES[number]
        for ref in refs:
            out[ref] = numbers[out[ref]]
        return b"".join(out)

    def refer(self, at: int) -> int:
        """Write a reference."""
        self.refs.append(len(self.out))
        self.out.append(at)
        return at

    def leaf(self, key: bytes) -> None:
        """Write what is no singleton, string, tuple, frozenset or code."""
        at = self.seen.get(key)
        if at is None:
            self.seen[key] = len(self.out)
            self.out.append(key)
        else:
            self.refer(at)

    def text(self, text: str) -> None:
        """Write a string."""
        at = self.seen.get(text)
        if at is None:
            self.seen[text] = len(self.out)
            self.out.append(_CONSTANTS.get(text) or self.other_text(text))
        else:
            self.refer(at)

    def other_text(self, text: str) -> bytes:
        """Return the encoding of a string that is written next, for the first time."""
        if _RULES.interned(text):
            return _CONSTANTS.keep(text)
        self.plain[text] = len(self.out)
        return encode_text(text, False)

    def value(self, value: Any) -> None:
        """Write any value."""
        kind = type(value)
        if kind is str:
            self.text(value)
        elif kind is tuple:
            self.tuple(value)
        elif kind is CodeType:
            self.code(value)
        elif kind is frozenset:
            self.frozenset(value)
        elif kind is int:
            self.leaf(_INTEGERS[value])
        elif kind is bytes:
            self.leaf(encode_bytes(value))
        elif kind is float or kind is complex:
            self.leaf(marshal.dumps(value, 2))
        elif kind in _SINGLE_TYPES:
            self.out.append(_SINGLETONS[value])
        elif kind is slice:
            self.slice(value)
        else:
            raise Unknown

    def tuple(self, values: Tuple[Any, ...]) -> int:
        """Write a tuple."""
        kinds = set(map(type, values))
        if kinds <= _PLAIN:
            key: _Key = values
        elif CodeType in kinds:
            return self.holder(values)
        else:
            key = _identity(values)
        at = self.seen.get(key)
        if at is not None:
            return self.refer(at)
        self.seen[key] = start = len(self.out)
        self.out.append(TUPLE[len(values)])
        self.parts(values)
        return start

    def holder(self, values: Tuple[Any, ...]) -> int:
        """Write a tuple with code objects in it, which is new when one of these is."""
        out, refs = self.out, self.refs
        start, refs_before = len(out), len(refs)
        out.append(TUPLE[len(values)])
        places = self.parts(values)
        alike = self.holders.setdefault(places[0], [])
        if max(places) < start:
            same = _identity(values)
            for other, at in alike:
                if _identity(other) == same:  # nothing in it was new
                    del out[start:], refs[refs_before:]
                    return self.refer(at)
        alike.append((values, start))
        return start

    def parts(self, values: Tuple[Any, ...]) -> List[int]:
        """Write the parts of a tuple; return where the code objects among them are."""
        out, seen, refs = self.out, self.seen, self.refs
        places = []
        for value in values:  # measured: `text`, `leaf` and `refer` are here, too
            kind = type(value)
            if kind is str:
                at = seen.get(value)
                if at is None:
                    seen[value] = len(out)
                    out.append(_CONSTANTS.get(value) or self.other_text(value))
                else:
                    refs.append(len(out))
                    out.append(at)
            elif value is None:
                out.append(b"N")
            elif kind is int:
                key = _INTEGERS[value]
                at = seen.get(key)
                if at is None:
                    seen[key] = len(out)
                    out.append(key)
                else:
                    refs.append(len(out))
                    out.append(at)
            elif kind is CodeType:
                places.append(self.code(value))
            else:
                self.value(value)
        return places

    def frozenset(self, values: FrozenSet[Any]) -> None:
        """Write a frozenset, in the order of its elements' encodings."""
        parts = sorted([(_alone(value), value) for value in values], key=itemgetter(0))
        key = b">" + b"".join([data for data, _ in parts])
        at = self.seen.get(key)
        if at is None:
            self.seen[key] = len(self.out)
            self.out.append(_size(b">", len(parts)))
            for _, value in parts:
                self.value(value)
        else:
            self.refer(at)

    def slice(self, value: Any) -> None:
        """Write a slice, which is a constant since Python 3.14."""
        key = _identity(value)
        at = self.seen.get(key)
        if at is None:
            self.seen[key] = len(self.out)
            self.out.append(b":")
            self.parts((value.start, value.stop, value.step))
        else:
            self.refer(at)

    def variables(self, names: Tuple[str, ...]) -> None:
        """Write a tuple in a name position."""
        out, seen = self.out, self.seen
        at = self.names.get(names)
        if at is None:
            at = seen.get(names)
            if at is not None:
                self.names[names] = at
        number = len(out)
        if at is not None:
            self.refs.append(number)
            out.append(at)
            return
        refs = self.refs
        seen[names] = self.names[names] = number
        out.append(TUPLE[len(names)])
        for name in names:
            number += 1
            at = seen.get(name)
            if at is None:
                seen[name] = number
                out.append(TEXTS[name])
            else:
                refs.append(number)
                out.append(at)

    def twin(self, code: Any, alike: Tuple[int, int, str]) -> Optional[int]:
        """Return where an equal code object is; both have the same instructions, first line and name."""
        if alike not in self.codes:
            return None
        first = self.codes[alike]
        if first is not None:
            self.twins[_identity(first[0])] = first[1]
            self.codes[alike] = None
        return self.twins.get(_identity(code))

    def done(self, code: Any, alike: Tuple[int, int, str], start: int) -> int:
        """Note a code object that is complete, no sooner: none equals one of its own parts."""
        if alike in self.codes:
            self.twin(code, alike)  # brings the first one among the twins
            self.twins[_identity(code)] = start
        else:
            self.codes[alike] = code, start
        return start

    def code_old(self, code: Any) -> int:
        """Write a code object, up to Python 3.10."""
        out = self.out
        start = len(out)
        name, line = code.co_name, code.co_firstlineno
        opcodes = encode_bytes(code.co_code)
        alike = (self.seen.get(opcodes, start + 1), line, name)
        at = self.twin(code, alike)
        if at is not None:
            return self.refer(at)
        if _RULES.interns_name(name):
            self.named.add(name)
        out.append(_head(b"c", *argument_counts(code), code.co_nlocals, code.co_stacksize, code.co_flags))
        self.leaf(opcodes)
        self.tuple(code.co_consts)
        for names in (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars):
            self.variables(names)
        self.text(code.co_filename)
        self.text(name)
        out.append(_line(line))
        self.leaf(encode_bytes(_lines(code)))
        return self.done(code, alike, start)

    def code_new(self, code: Any) -> int:
        """Write a code object, from Python 3.11."""
        out, seen, refs = self.out, self.seen, self.refs
        start = len(out)
        flags, name, qualname, line, opcodes = (
            code.co_flags, code.co_name, code.co_qualname, code.co_firstlineno, code.co_code
        )  # fmt: skip
        opcodes = BYTES[len(opcodes)] + opcodes
        at = seen.get(opcodes)
        alike = (at or start + 1, line, name)
        if at is None:
            seen[opcodes] = start + 1
            out += (_head(b"c", *argument_counts(code), code.co_stacksize, flags), opcodes)
        else:
            known = self.twin(code, alike)
            if known is not None:
                return self.refer(known)
            refs.append(start + 1)
            out += (_head(b"c", *argument_counts(code), code.co_stacksize, flags), at)
        self.tuple(code.co_consts)
        self.variables(code.co_names)
        slots, kinds = locals_plus(code, flags)
        self.variables(slots)
        self.leaf(kinds)
        self.text(code.co_filename)
        self.text(name)
        self.qualname(qualname)
        if _PATHS:
            self.named.update((name, qualname, code.co_filename))
        elif name[:1] != "<":
            self.named.add(name)
        out.append(_line(line))
        lines, handlers = code.co_linetable, code.co_exceptiontable
        self.leaf(BYTES[len(lines)] + lines)
        self.leaf(BYTES[len(handlers)] + handlers)
        return self.done(code, alike, start)

    def qualname(self, text: str) -> None:
        """Write co_qualname, of which most are dotted and stand alone."""
        at = self.seen.get(text)
        if at is not None:
            self.refer(at)
            return
        self.seen[text] = number = len(self.out)
        if _PATHS:
            data = encode_text(text, True)
        elif "." in text and text != ".":
            self.plain[text] = number
            data = encode_text(text, False)
        else:
            data = _CONSTANTS.get(text) or self.other_text(text)
        self.out.append(data)

    code = code_new if _FORMAT.localsplus else code_old


class _Constants(Dict[str, bytes]):
    """Maps strings that are interned wherever they stand to their encodings; kept as `TEXTS` are."""

    def keep(self, text: str) -> bytes:
        if len(self) > 1 << 16:
            self.clear()
        self[text] = data = TEXTS[text]
        return data


_CONSTANTS = _Constants()


def _identity(value: Any) -> bytes:
    """Return bytes that are equal for equal values, and only for these.

    A stream of version 2 has no references, interned strings or slices. Its frozensets come in the order of
    their elements' streams from Python 3.11 on; before, in an order that is not the value's.
    """
    if _FORMAT.sorted_sets or not _holds_set(value):
        try:
            return marshal.dumps(value, 2)
        except ValueError:
            pass  # it holds a slice, as all that are equal to it do
    kind = type(value)
    if kind is CodeType:
        return _alone(value)
    if kind is slice:
        return b":" + _identity((value.start, value.stop, value.step))
    if kind is tuple:
        return _size(b"(", len(value)) + b"".join(map(_identity, value))
    if kind is frozenset:
        return _size(b">", len(value)) + b"".join(sorted(map(_identity, value)))
    raise Unknown


def _holds_set(value: Any) -> bool:
    if type(value) is CodeType:
        return _holds_set(value.co_consts)
    return type(value) is frozenset or (type(value) is tuple and any(map(_holds_set, value)))


def _alone(value: Any) -> bytes:
    """Return the canonical encoding of a value as a stream of its own."""
    if type(value) is str:
        return _RULES.encode(value)
    walk = _Walk()
    walk.value(value)
    return walk.finish()


def rewrite(stream: bytes, version: Tuple[int, int]) -> bytes:
    """Go the other way, which is imported only then: a worker's start counts with small wheels."""
    from .marshal_stream import rewrite as exact

    return exact(stream, version)


def encode(code: CodeType) -> bytes:
    """Return the canonical marshal bytes of `code`, a code object that this interpreter has just compiled.

    Equals rewrite(marshal.dumps(code), sys.version_info[:2]); it is a function of the value of `code`.
    Unmarshallable where marshal refuses it; any other exception means that this Python writes code objects
    that are not in the table of versions.  Source: w_object in Python/marshal.c.
    """
    if VERSION in KNOWN:
        walk = _Walk()
        try:
            walk.code(code)
            return walk.finish()
        except (Unknown, RecursionError):
            pass
    return rewrite(dumps(code), VERSION)

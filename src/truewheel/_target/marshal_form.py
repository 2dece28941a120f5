"""The canonical marshal form: each value of a stream written once, then referenced.

A stream is prepared as a flow: the keys of its values in pre-order.  A string is its own key; any other leaf
(number, bytes, singleton) is keyed by its marshal encoding without a flag; a tuple, frozenset, slice or code
object by a token, an int from TOKEN up, the same one for equal content, and followed by its parts when it
occurs first.  A smaller int is no value but a bare 4-byte number, as code objects hold them.  Keys of
different values never compare equal, so a plain dict tells 1, True, 1.0, 0.0 and -0.0, '' and b'' apart.
"""

from __future__ import annotations

import re
from collections import Counter
from struct import Struct, pack
from typing import AbstractSet, Dict, List, Mapping, Tuple, Union

from .versions import code_format

Key = Union[str, bytes, int]
Keys = Tuple[Key, ...]

TOKEN = 1 << 32
SINGLETONS = (b"N", b"T", b"F", b".", b"S")

_is_name = re.compile(r"[A-Za-z0-9_]*\Z").match
_number = Struct("<i").pack
_reference = Struct("<BI").pack
FLAGGED = [pack("B", code | 0x80) for code in range(256)]


class _Heads(Dict[int, bytes]):
    """Maps a size to the begin of a value of that size; kept for the small ones."""

    def __init__(self, short: bytes, long: bytes) -> None:
        super().__init__()
        self.short = short
        self.long = long

    def __missing__(self, size: int) -> bytes:
        head = pack("<cB", self.short, size) if self.short and size < 256 else pack("<cI", self.long, size)
        if size < 4096:
            self[size] = head
        return head


TUPLE = _Heads(b")", b"(")
BYTES = _Heads(b"", b"s")
_PLAIN = _Heads(b"z", b"a")
_INTERNED = _Heads(b"Z", b"A")


def encode_bytes(data: bytes) -> bytes:
    """Return the marshal encoding of a bytes object (TYPE_STRING), without a flag."""
    return BYTES[len(data)] + data


def encode_text(text: str, interned: bool) -> bytes:
    """Return the marshal encoding of a string, without a flag.

    The type code follows from its characters, its length and `interned`, as in w_object of marshal.c.
    Lone surrogates are written as marshal.c does (surrogatepass).
    """
    if text.isascii():
        return (_INTERNED if interned else _PLAIN)[len(text)] + text.encode("ascii")
    data = text.encode("utf-8", "surrogatepass")
    return pack("<cI", b"t" if interned else b"u", len(data)) + data


class _Texts(Dict[str, bytes]):
    """Maps an interned string to its encoding; kept from one stream to the next, as names recur."""

    def __missing__(self, text: str) -> bytes:
        if len(self) > 1 << 16:
            self.clear()
        self[text] = data = encode_text(text, True)
        return data


TEXTS = _Texts()


class Rules:
    """What decides the interned bit of a string in the streams of one Python version, (major, minor).

    A string is interned when it occurs in a name position of the stream (names, local, cell and free
    variables; the positions below), when it consists of ASCII name characters only (intern_string_constants
    in codeobject.c), and when it is one of the single characters that every process has interned: all of
    Latin-1 since 3.13, few before.  This equals the bit that a fresh process writes, but for strings that
    are there twice, interned and not.
    """

    def __init__(self, version: Tuple[int, int]) -> None:
        self.format = code_format(version)
        self.latin1, self.single, self.paths = self.format.latin1, self.format.single, self.format.paths

    def interns_name(self, name: str) -> bool:
        """Say whether co_name is interned, as all are but some of the compiler's own."""
        return name[:1] != "<" or self.format.own_names is None or name in self.format.own_names

    def interned(self, text: str) -> bool:
        """Say whether `text` is interned where it is in no name position."""
        if _is_name(text) or text in self.single:
            return True
        return self.latin1 and len(text) == 1 and text < "\u0100"

    def encode(self, text: str) -> bytes:
        """Return the encoding of `text` where it is in no name position."""
        return TEXTS[text] if self.interned(text) else encode_text(text, False)


class _Chunks(Dict[Key, bytes]):
    """Maps a key to what its next occurrence in the flow writes.

    Values that occur once, and bare numbers, are entered at the start.  The others are missing until they
    occur; then the flagged value is written, and a reference to it is entered.
    """

    __slots__ = ("heads", "named", "number", "rules")

    def __init__(self, rules: Rules, named: AbstractSet[str], heads: Mapping[int, bytes]) -> None:
        super().__init__((key, key) for key in SINGLETONS)
        self.rules = rules
        self.named = named
        self.heads = heads
        self.number = 0

    def enter(self, counts: Mapping[Key, int]) -> None:
        """Enter all that needs no number."""
        encode, named, heads = self.rules.encode, self.named, self.heads
        for key, count in counts.items():
            if type(key) is str:
                if count == 1:
                    self[key] = TEXTS[key] if key in named else encode(key)
            elif type(key) is bytes:
                if count == 1:
                    self[key] = key
            elif key < TOKEN:  # type: ignore[operator]
                self[key] = _number(key)
            elif count == 1:
                self[key] = heads[key]  # type: ignore[index]

    def __missing__(self, key: Key) -> bytes:
        self[key] = _reference(114, self.number)
        self.number += 1
        if type(key) is str:
            data = TEXTS[key] if key in self.named else self.rules.encode(key)
        else:
            data = key if type(key) is bytes else self.heads[key]  # type: ignore[index]
        return FLAGGED[data[0]] + data[1:]


def write(flow: List[Key], heads: Mapping[int, bytes], rules: Rules, named: AbstractSet[str]) -> bytes:
    """Return the canonical stream of a flow.

    `heads` maps each token to what comes before its parts; `named` holds the strings in name positions.
    References are numbered in the order of the flagged values, as w_ref and R_RESERVE in marshal.c do.
    """
    chunks = _Chunks(rules, named, heads)
    chunks.enter(Counter(flow))
    return b"".join(map(chunks.__getitem__, flow))

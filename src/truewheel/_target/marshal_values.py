"""The distinct values of one stream as a graph, for streams whose order is not yet the canonical one."""

from __future__ import annotations

import sys
from struct import pack
from typing import AbstractSet, Dict, Iterator, List, Set, Tuple

from .marshal_form import TOKEN, TUPLE, Key, Keys, Rules, write

_TOO_LARGE = "frozensets of too large elements"


def _budget(size: int) -> int:
    """Return how many bytes may be written to order the frozensets in a stream of `size` bytes."""
    return 64 * size + (1 << 16)


class Values:
    """Gives out the keys of composite values, equal ones for equal content, and writes the result.

    `size` is that of the stream in bytes.  It bounds what is spent on ordering frozensets, so that time is
    linear; the size of the result bounds it for the distinct ones, so that the result is accepted as well.
    """

    def __init__(self, version: Tuple[int, int], size: int) -> None:
        self.rules = Rules(version)
        self.named: Set[str] = set()
        self.name_tuples: Set[int] = set()
        self.heads: Dict[int, bytes] = {}
        self.parts: Dict[int, Keys] = {}
        self.tokens: Dict[Tuple[bytes, Keys], int] = {}
        self.budget = _budget(size)
        self.spent = 0  # on the first of equal frozensets

    def add(self, head: bytes, keys: Keys) -> int:
        """Return the token of the value that is written as `head`, then `keys`."""
        token = self.tokens.setdefault((head, keys), TOKEN + len(self.tokens))
        self.heads[token] = head
        self.parts[token] = keys
        return token

    def tuple(self, keys: Keys) -> int:
        """Return the token of the tuple with these elements."""
        return self.add(TUPLE[len(keys)], keys)

    def frozenset(self, keys: Keys) -> int:
        """Return the token of the frozenset of `keys`, ordered by each element's encoding on its own."""
        before, known = self.budget, len(self.tokens)
        ordered = tuple(sorted(set(keys), key=self.alone))
        token = self.add(pack("<cI", b">", len(ordered)), ordered)
        if len(self.tokens) > known:
            self.spent += before - self.budget
        return token

    def alone(self, key: Key) -> bytes:
        """Return the canonical encoding of one value as a stream of its own, no name positions known."""
        if type(key) is str:
            data = self.rules.encode(key)
        else:
            data = key if type(key) is bytes else self.write(key, set(), sys.maxsize)
        self.budget -= len(data)
        if self.budget < 0:
            raise ValueError(_TOO_LARGE)
        return data

    def names(self, key: int) -> bool:
        """Note the strings of a tuple as names, once; False if it holds anything else."""
        if key not in self.name_tuples:
            if not all(type(part) is str for part in self.parts[key]):
                return False
            self.named.update(self.parts[key])  # type: ignore[arg-type]
            self.name_tuples.add(key)
        return True

    def whole(self, root: Key, depth: int) -> bytes:
        """Return the canonical stream of all values; ValueError for one that would be refused itself."""
        data = self.write(root, self.named, depth)
        if self.spent > _budget(len(data)):
            raise ValueError(_TOO_LARGE)
        return data

    def write(self, root: Key, named: AbstractSet[str], depth: int) -> bytes:
        """Return the canonical stream of `root`; `named` holds the strings in name positions.

        ValueError if it nests composite values deeper than `depth`.
        """
        return write(self.flow(root, depth), self.heads, self.rules, named)

    def flow(self, root: Key, depth: int) -> List[Key]:
        """Return the keys below `root` in pre-order, the parts of each composite value once."""
        flow: List[Key] = []
        seen: Set[int] = set()
        stack: List[Iterator[Key]] = [iter((root,))]
        while stack:
            for key in stack[-1]:
                flow.append(key)
                if type(key) is int and key >= TOKEN and key not in seen:
                    if len(stack) > depth:
                        raise ValueError("the canonical form is nested deeper than {}".format(depth))
                    seen.add(key)
                    stack.append(iter(self.parts[key]))
                    break
            else:
                stack.pop()
        return flow

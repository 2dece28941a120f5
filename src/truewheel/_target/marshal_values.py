"""The distinct values of one stream as a graph, for streams whose order is not yet the canonical one."""

from __future__ import annotations

from struct import pack
from typing import AbstractSet, Dict, Iterator, List, Set, Tuple

from .marshal_form import TOKEN, TUPLE, Key, Keys, Rules, write


class Values:
    """Gives out the keys of composite values, equal ones for equal content, and writes the result.

    `budget` bounds the steps and bytes spent on ordering frozensets whose elements are tuples.
    """

    def __init__(self, version: Tuple[int, int], budget: int) -> None:
        self.rules = Rules(version)
        self.named: Set[str] = set()
        self.heads: Dict[int, bytes] = {}
        self.parts: Dict[int, Keys] = {}
        self.tokens: Dict[Tuple[bytes, Keys], int] = {}
        self.budget = budget

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
        ordered = tuple(sorted(set(keys), key=self.alone))
        return self.add(pack("<cI", b">", len(ordered)), ordered)

    def alone(self, key: Key) -> bytes:
        """Return the canonical encoding of one value as a stream of its own, no name positions known."""
        if type(key) is str:
            return self.rules.encode(key)
        if type(key) is bytes:
            return key
        data = self.write(key, set())
        self.spend(len(data))
        return data

    def spend(self, amount: int) -> None:
        """Take `amount` off the budget; ValueError when there is none left."""
        self.budget -= amount
        if self.budget < 0:
            raise ValueError("frozensets of too large elements")

    def write(self, root: Key, named: AbstractSet[str]) -> bytes:
        """Return the canonical stream of `root`; `named` holds the strings in name positions."""
        return write(self.flow(root), self.heads, self.rules, named)

    def flow(self, root: Key) -> List[Key]:
        """Return the keys below `root` in pre-order, the parts of each composite value once."""
        flow: List[Key] = []
        seen: Set[int] = set()
        stack: List[Iterator[Key]] = [iter((root,))]
        while stack:
            for key in stack[-1]:
                flow.append(key)
                if type(key) is int and key >= TOKEN and key not in seen:
                    seen.add(key)
                    stack.append(iter(self.parts[key]))
                    break
            else:
                stack.pop()
        return flow

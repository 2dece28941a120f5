"""What the code objects of each CPython are like in marshal: a new CPython touches this table alone.

A new version gets a row, by `but` of the row before where its code objects changed. How to find out: run
tests/targets/test_canonical_matrix.py, which holds `encode` against marshal over the whole standard library.
Sources: w_object in Python/marshal.c, Objects/codeobject.c and Python/assemble.c of each version.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Optional, Tuple

VERSION = sys.version_info[:2]


class CodeFormat:
    """The code objects of one version.

    `counts` are the attributes with the numbers of arguments, `lines` the one with the line table. With
    `localsplus` all variables are one tuple with kinds beside it, and there are co_qualname and
    co_exceptiontable.  `inlined`: class and module bodies may have the variables of comprehensions (PEP 709).
    `argument_kinds`: the kinds tell arguments apart.  `slices` are constants.  `sorted_sets`: marshal writes
    frozensets in an order that does not depend on the hash seed.

    A string is interned wherever it stands if it is one of `single`, or with `latin1` a character of Latin-1.
    co_name is interned, but of the compiler's own names in `<...>` only `own_names` are, None for all.  With
    `paths` co_filename and co_qualname are, too.
    """

    counts: Tuple[str, ...]
    lines: str
    localsplus: bool
    inlined: bool
    argument_kinds: bool
    slices: bool
    sorted_sets: bool
    single: Tuple[str, ...]
    latin1: bool
    own_names: Optional[Tuple[str, ...]]
    paths: bool

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)

    def but(self, **changes: object) -> CodeFormat:
        """Return a row with other values of some attributes."""
        return CodeFormat(**{**self.__dict__, **changes})

    @property
    def ints(self) -> int:
        """How many 4-byte numbers a code object begins with."""
        return len(self.counts) + (2 if self.localsplus else 3)  # co_stacksize, co_flags; co_nlocals before


_PY37 = CodeFormat(
    counts=("co_argcount", "co_kwonlyargcount"),
    lines="co_lnotab",
    localsplus=False,
    inlined=False,
    argument_kinds=False,
    slices=False,
    sorted_sets=False,
    single=("\n", "*", "."),
    latin1=False,
    own_names=("<module>", "<lambda>"),
    paths=False,
)
_PY38 = _PY37.but(counts=("co_argcount", "co_posonlyargcount", "co_kwonlyargcount"), own_names=None)
_PY310 = _PY38.but(lines="co_linetable")
_PY311 = _PY310.but(localsplus=True, sorted_sets=True, single=("*",), own_names=())
_PY312 = _PY311.but(inlined=True)
_PY313 = _PY312.but(single=(), latin1=True, own_names=None, paths=True)
_PY314 = _PY313.but(argument_kinds=True, slices=True)

KNOWN: Dict[Tuple[int, int], CodeFormat] = {
    (3, 7): _PY37,
    (3, 8): _PY38,
    (3, 9): _PY38,
    (3, 10): _PY310,
    (3, 11): _PY311,
    (3, 12): _PY312,
    (3, 13): _PY313,
    (3, 14): _PY314,
    (3, 15): _PY314,
}
OLDEST, NEWEST = min(KNOWN), max(KNOWN)


def code_format(version: Tuple[int, int]) -> CodeFormat:
    """Return the row of a version, (major, minor); of a version newer than all, the newest row.

    ValueError for a version older than all.
    """
    if version < OLDEST:
        raise ValueError("Python {}.{} is not supported, {}.{} is the oldest".format(*version, *OLDEST))
    return KNOWN[min(version, NEWEST)]

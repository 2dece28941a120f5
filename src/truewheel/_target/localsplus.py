"""What marshal writes of a code object's variables, from the attributes that Python shows of it."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Dict, Tuple

from .marshal_form import encode_bytes
from .versions import VERSION, code_format

_FORMAT = code_format(VERSION)

_OPTIMIZED, _VARARGS, _VARKEYWORDS = 0x1, 0x4, 0x8  # CO_OPTIMIZED (function-like scopes) and so on
# CO_FAST_* in pycore_code.h; those of arguments since 3.14
_POSITIONAL, _KEYWORD, _VARIADIC = 0x02, 0x04, 0x08
_HIDDEN, _LOCAL, _CELL, _FREE = 0x10, 0x20, 0x40, 0x80

argument_counts = attrgetter(*_FORMAT.counts)


class Unknown(Exception):
    """There is something that the attributes do not tell."""


class _Locals(Dict[int, bytes]):
    """Maps a number of variables to the encoding of their kinds when all are plain locals."""

    def __missing__(self, size: int) -> bytes:
        self[size] = data = encode_bytes(bytes([_LOCAL]) * size)
        return data


class _ArgumentKinds(Dict[Tuple[int, ...], bytes]):
    """Maps the numbers of arguments and the flags of the variadic ones to the kinds of all these locals."""

    def __missing__(self, shape: Tuple[int, ...]) -> bytes:
        positional, only, keyword, flags = shape
        kinds = [_POSITIONAL] * only + [_POSITIONAL | _KEYWORD] * (positional - only) + [_KEYWORD] * keyword
        if flags & _VARARGS:
            kinds.append(_POSITIONAL | _VARIADIC)
        if flags & _VARKEYWORDS:
            kinds.append(_KEYWORD | _VARIADIC)
        self[shape] = data = bytes([_LOCAL | kind for kind in kinds])
        return data


_LOCALS = _Locals()
_ARGUMENT_KINDS = _ArgumentKinds()


def locals_plus(code: Any, flags: int) -> Tuple[Tuple[str, ...], bytes]:
    """Return co_localsplusnames and the encoding of co_localspluskinds, which Python does not show.

    Locals, then cells that are not locals, then free variables (compute_localsplus_info in assemble.c).
    A local of a module or class body is a comprehension's that was inlined there (PEP 709), thus hidden.
    Raises Unknown for one before there was such inlining. Python 3.11 and newer.
    """
    names: Tuple[str, ...] = code.co_varnames
    cells, frees = code.co_cellvars, code.co_freevars
    kinds = b""
    if _FORMAT.argument_kinds:
        shape = (*argument_counts(code), flags & (_VARARGS | _VARKEYWORDS))
        kinds = _ARGUMENT_KINDS[shape]
    if not cells and not frees and flags & _OPTIMIZED and not kinds:
        return names, _LOCALS[len(names)]
    local = _LOCAL
    if names and not flags & _OPTIMIZED:
        if not _FORMAT.inlined:
            raise Unknown
        local |= _HIDDEN
    kinds += bytes([local]) * (len(names) - len(kinds))
    if cells:
        kinds = bytes([kinds[at] | _CELL if name in cells else kinds[at] for at, name in enumerate(names)])
        outer = tuple([name for name in cells if name not in names])
        names += outer
        kinds += bytes([_CELL]) * len(outer)
    return names + frees, encode_bytes(kinds + bytes([_FREE]) * len(frees))

"""What this Python's marshal writes of a code object."""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType


class Unmarshallable(ValueError):
    """Python itself cannot write this code object, because it is nested too deep."""


def dumps(code: CodeType) -> bytes:
    """Return the marshal stream of `code`; Unmarshallable where marshal refuses it."""
    try:
        return marshal.dumps(code)
    except ValueError as error:
        raise Unmarshallable(str(error)) from error

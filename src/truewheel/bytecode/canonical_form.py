"""Make the canonical form of marshal streams in the backend: in C where truewheel was built with a compiler.

``rewrite(stream, version, filename)`` returns and raises the same as that of ``_target/marshal_stream.py``,
which takes the place of a missing extension. ``IN_C`` says whether it is there. Other threads run meanwhile.
"""

from __future__ import annotations

import functools

from truewheel._target.versions import KNOWN, code_format
from truewheel.model import Interpreter

__all__ = ["IN_C", "is_made_here", "rewrite"]

try:
    from truewheel._canonical import rewrite as _rewrite
except ImportError:  # a pure wheel
    IN_C = False

    def rewrite(stream: bytes, version: tuple[int, int], filename: str | None = None) -> bytes:
        """Return the canonical form of what marshal.dumps wrote in a Python of this version.

        With ``filename`` each co_filename becomes that.
        """
        from truewheel._target import marshal_stream  # an install leaves this to the Python that compiles

        return marshal_stream.rewrite(stream, version, filename)
else:
    IN_C = True

    def rewrite(stream: bytes, version: tuple[int, int], filename: str | None = None) -> bytes:
        """Return the canonical form of what marshal.dumps wrote in a Python of this version.

        With ``filename`` each co_filename becomes that.
        """
        name = None if filename is None else filename.encode("utf-8", "surrogatepass")
        return _rewrite(stream, version, *_row(version), name)


def is_made_here(interpreter: Interpreter) -> bool:
    """Say whether the backend makes the form of what this Python compiles, or the Python itself.

    That is where there is no extension, and where the version is not in the table or is a pre-release, whose
    code objects may still change: the Python can check that they come back as they were.
    """
    released = not any(letter.isalpha() for letter in interpreter.version_text)
    return IN_C and released and interpreter.version[:2] in KNOWN


@functools.cache
def _row(version: tuple[int, int]) -> tuple[int, bool, bool, bool, bool, str, str | None]:
    row = code_format(version)
    own = None if row.own_names is None else "".join(f"{name}\n" for name in row.own_names)
    return (row.ints, row.localsplus, row.slices, row.latin1, row.paths, "".join(row.single), own)

"""Make the canonical form of marshal streams in the backend: in C where truewheel was built with a compiler.

``rewrite(stream, version)`` returns and raises the same as that of ``_target/marshal_stream.py``, which takes
the place of a missing extension. ``IN_C`` says whether it is there; other threads run while it works.
"""

from __future__ import annotations

try:
    from truewheel._canonical import rewrite

    IN_C = True
except ImportError:  # a pure wheel
    from truewheel._target.marshal_stream import rewrite

    IN_C = False

__all__ = ["IN_C", "rewrite"]

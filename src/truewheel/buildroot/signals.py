"""Hold signals back while a root is between two states."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from truewheel.process import ENDING_SIGNALS


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Block the signals that end a process; what came meanwhile is delivered at the end.

    A handler that raises does so after the block, so that the block always runs to its end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    late: BaseException | None = None
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    except BaseException as error:  # a signal that came just before; the mask is set all the same
        late = error
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if late is not None:
        raise late

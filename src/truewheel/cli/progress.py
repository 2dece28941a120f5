"""A line on a terminal about a run that takes longer than a second; nothing in a log."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType

_FIRST = 1.0  # seconds
_EACH = 0.1
_CLEAR = "\r\033[K"


class Progress:
    """Tells, when called with numbers of files and of compiled modules, how far a run is.

    ``before`` begins the line; a total of 0 is not known.
    """

    def __init__(self, before: str, files: int, modules: int, quiet: bool) -> None:
        self._before = before
        self._totals = (files, modules)
        self._begun = time.monotonic()
        self._next = self._begun + _FIRST
        self._shown = False
        self._silent = quiet or sys.stderr is None or not sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    @property
    def watch(self) -> Progress | None:
        """What is to be called; None where nothing is shown."""
        return None if self._silent else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._print(_CLEAR)

    def __call__(self, files: int, modules: int) -> None:
        """Show the line, at most ten times a second."""
        now = time.monotonic()
        if self._silent or now < self._next:
            return
        self._next = now + _EACH
        counts = ", ".join(
            f"{number}{f' of {total}' if total else ''} {what}"
            for number, total, what in zip(
                (files, modules), self._totals, ("files", "modules compiled"), strict=True
            )
        )
        self._print(f"{_CLEAR}{self._before}: {counts}, {now - self._begun:.0f} s")
        self._shown = True

    def _print(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that went away ends no install
            sys.stderr.write(text)
            sys.stderr.flush()

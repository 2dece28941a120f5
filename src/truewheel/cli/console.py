"""Print lines for people: errors and warnings on standard error, results on standard output."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_COLOURS = {"error": "31", "warning": "33"}


def complain(level: str, text: str) -> None:
    """Print one line ``truewheel: LEVEL: TEXT`` on standard error; level is error or warning."""
    label = f"{level}:"
    if _coloured():
        label = f"\033[1;{_COLOURS[level]}m{label}\033[0m"
    if sys.stderr is not None:
        try:
            print(f"truewheel: {label} {text}", file=sys.stderr, flush=True)
        except OSError:  # the exit status still tells
            drop(sys.stderr)


def warn(text: str) -> None:
    """Print one warning on standard error."""
    complain("warning", text)


def say(text: str) -> None:
    """Print a line on standard output; characters that its encoding lacks are escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def tell(lines: Iterable[str]) -> None:
    """Print lines about finished work, where a failing standard output must not change the exit status."""
    try:
        for line in lines:
            say(line)
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        drop(sys.stdout)


def drop(stream: TextIO | None) -> None:
    """Discard what a failing stream still holds: Python would exit with another status over it."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):  # a test runner's stream has no number
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def hold_streams() -> None:
    """Open the null device in place of closed standard streams: other files would get their numbers.

    Programs that are started would write their messages into those.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _coloured() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stderr is not None and sys.stderr.isatty())

"""Lines for people: complaints on standard error, results on standard output."""

from __future__ import annotations

import os
import sys

_COLOURS = {"error": "31", "warning": "33"}


def complain(level: str, text: str) -> None:
    """Print one line ``truewheel: LEVEL: TEXT`` on standard error; level is error or warning."""
    label = f"{level}:"
    if _coloured():
        label = f"\033[1;{_COLOURS[level]}m{label}\033[0m"
    print(f"truewheel: {label} {text}", file=sys.stderr)


def warn(text: str) -> None:
    """Print one warning on standard error."""
    complain("warning", text)


def say(text: str) -> None:
    """Print a line on standard output; names that are not text are shown escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _coloured() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stderr is not None and sys.stderr.isatty())

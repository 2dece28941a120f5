"""How a process ended, in words."""

from __future__ import annotations

import signal


def ending(status: int) -> str:
    """Say how a process ended, by the status of ``subprocess``: ``exit status 3``, ``killed by SIGKILL``."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def last_line(output: bytes, limit: int = 200) -> str:
    """Return the last line of what a process printed, at most ``limit`` characters of it."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:limit] if lines else ""

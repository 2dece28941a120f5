"""How a process ended, in words, and what ends one."""

from __future__ import annotations

import signal

# what ends a process by default, but for SIGKILL and what a fault of its own raises (signal(7))
ENDING_SIGNALS = frozenset(
    number
    for number in signal.valid_signals()
    if number
    not in {
        *(signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT),
        *(signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH),
        *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS, signal.SIGTRAP),
    }
)


def ending(status: int) -> str:
    """Say how a process ended, by the status of ``subprocess``: ``exit status 3``, ``killed by SIGKILL``."""
    if status >= 0:
        return f"exit status {status}"
    return f"killed by {signal_name(-status)}"


def signal_name(number: int) -> str:
    """Return the name of a signal, as ``SIGTERM``, or its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def last_line(output: bytes, limit: int = 200) -> str:
    """Return the last line of what a process printed, at most ``limit`` characters of it."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:limit] if lines else ""

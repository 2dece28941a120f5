"""Processes of target Pythons: they are started with pipes, ended with all that they started.

Without ``subprocess``, the import of which takes longer than this whole module's work.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource  # noqa: F401 os.wait4 imports it, for which there may be no descriptor any more
import signal
import time
from collections.abc import Mapping
from types import TracebackType

from truewheel.model import Interpreter

_FIRST = 3  # the first descriptor that is no standard stream


class Child:
    """A process in a session of its own, without a terminal.

    ``requests``, ``answers`` and ``messages`` are the descriptors of the pipes to its standard streams,
    ``said`` what was read from the last. ``status`` is None while it runs, then as in ``subprocess``;
    ``memory`` is the most that it had, in bytes. Raises OSError where it cannot be started.
    """

    def __init__(self, words: list[str], environment: Mapping[str, str]) -> None:
        self.said = bytearray()
        self.status: int | None = None
        self.memory = 0
        ends: list[int] = []
        try:
            for _ in range(_FIRST):
                ends += _pipe()
            theirs = (ends[0], ends[3], ends[5])
            self.requests, self.answers, self.messages = ends[1], ends[2], ends[4]
            self.pid = _spawned(words, environment, theirs)
        except BaseException:
            for each in ends:
                os.close(each)
            raise
        self._open = [self.requests, self.answers, self.messages]
        for each in theirs:
            os.close(each)

    def runs(self) -> bool:
        """Whether it has not ended yet."""
        self._reap(os.WNOHANG)
        return self.status is None

    def wait(self, deadline: float) -> int:
        """Return its status; raises TimeoutError where it runs at the deadline, by time.monotonic."""
        pause = 0.0005
        while self.runs():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        return self.kill()

    def kill(self) -> int:
        """End it and what it started, wait for it, return its status; the pipes can still be read."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._reap(0)
        return self.status or 0

    def hang_up(self) -> None:
        """Close its standard input."""
        self._open.remove(self.requests)
        os.close(self.requests)

    def close(self) -> None:
        """End it and close all pipes."""
        self.kill()
        while self._open:
            os.close(self._open.pop())

    def _reap(self, options: int) -> None:
        if self.status is not None:
            return
        try:
            pid, status, usage = os.wait4(self.pid, options)
        except ChildProcessError:  # the caller lets the system forget how children end
            self.status = 0
            return
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
            self.memory = usage.ru_maxrss * 1024


class Standby:
    """Processes of target Pythons that answered the probe and wait to compile; it ends those not taken."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, Child]] = []

    def __enter__(self) -> Standby:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._waiting:
            self._waiting.pop()[1].close()

    def put(self, executable: str, child: Child) -> None:
        """Keep a process of the Python at this path."""
        self._waiting.append((executable, child))

    def take(self, interpreter: Interpreter) -> Child | None:
        """Give a process that compiles for this Python to the caller, who closes it; None if none runs."""
        python = "" if interpreter.root else interpreter.compiled_by
        for place, (executable, child) in enumerate(self._waiting):
            if executable == python:
                del self._waiting[place]
                if child.runs():
                    return child
                child.close()
                break
        return None


def _spawned(words: list[str], environment: Mapping[str, str], streams: tuple[int, int, int]) -> int:
    spawn = functools.partial(
        os.posix_spawnp,
        words[0],
        words,
        environment,
        file_actions=[
            *((os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(streams)),
            *((os.POSIX_SPAWN_CLOSE, each) for each in _inherited()),
        ],
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),  # which Python ignores
    )
    try:
        return spawn(setsid=True)
    except NotImplementedError:  # this Python was built for a C library that is too old
        return spawn(setpgroup=0)


def _pipe() -> tuple[int, int]:
    """Make a pipe; none of its ends is a standard stream's number, which may be free."""
    ends = os.pipe()
    if min(ends) >= _FIRST:
        return ends
    import fcntl

    try:
        reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST) for end in ends)
    finally:
        for end in ends:
            os.close(end)
    return reading, writing


def _inherited() -> list[int]:
    """Return the descriptors that a new program would get, but for the standard streams."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # no /proc
        for number in map(int, os.listdir("/proc/self/fd")):
            with contextlib.suppress(OSError):  # closed by now
                if number >= _FIRST and os.get_inheritable(number):
                    found.append(number)
    return found

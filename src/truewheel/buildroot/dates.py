"""Decide the dates of directories: the newest of what a run put below each."""

from __future__ import annotations

from truewheel.buildroot.journal import Facts

_SECOND = 10**9


class Dates:
    """The dates that directories get, by final path; in seconds since the epoch."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def note(self, path: str, seconds: int) -> None:
        """Note the date of a file in a directory, or the date that a directory has at least."""
        if seconds > self._newest.get(path, -1):
            self._newest[path] = max(seconds, 0)

    def newest(self, path: str) -> int | None:
        """The date in nanoseconds that a directory has by what was put into it; None for nothing."""
        seconds = self._newest.get(path)
        return None if seconds is None else seconds * _SECOND

    def touch(self, path: str) -> None:
        """Note a directory whose date must be put right, as something in it was removed."""
        self._newest.setdefault(path, 0)

    def wanted(self, facts: Facts, epoch: int | None) -> dict[str, int]:
        """The date of each directory and of those above, in nanoseconds, in order.

        A directory that was there before keeps a later date, but none later than ``epoch``, in seconds, where
        there is one. Those of other users are left out.
        """
        newest: dict[str, int] = {}
        for path, seconds in self._newest.items():
            above = path
            while seconds > newest.get(above, -1):
                newest[above] = seconds
                above = above.rpartition("/")[0] or "/"
        dates = {}
        for path in sorted(newest.keys() - facts.others):
            seconds, date = newest[path], facts.dates.get(path, (0, 0))[1]
            is_kept = epoch is None or date <= epoch * _SECOND or seconds == 0
            dates[path] = max(seconds * _SECOND, date) if is_kept else seconds * _SECOND
        return dates

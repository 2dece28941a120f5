"""Decide about files that want one path: of one wheel, of two, and of the programs of the target."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from truewheel.errors import ConflictRefused
from truewheel.metadata import normalized
from truewheel.model import Interpreter, Kind, PlannedFile, Warned, Wheel
from truewheel.wheel.faults import Fault, refused


def unique(files: Iterable[PlannedFile], record: str) -> list[PlannedFile]:
    """Return the files of a wheel for one interpreter; raises ConflictRefused where two differ."""
    found: dict[str, PlannedFile] = {}
    for file in files:
        before = found.setdefault(file.final, file)
        is_same = before is file or (before.sha256, before.mode) == (file.sha256, file.mode)
        if not is_same or file.final == record:
            raise ConflictRefused(
                f"is wanted twice by {file.wheel} with different content",
                subject=file.final,
                hint="the wheel cannot be installed in this layout",
            )
    return list(found.values())


class SharedPaths:
    """Decides which file has a path that several want."""

    def __init__(self, wheels: Sequence[Wheel], overwrite: bool) -> None:
        self._overwrite = overwrite
        self._order = {wheel.filename: number for number, wheel in enumerate(wheels)}
        self._found: dict[tuple[str, str], dict[str, None]] = {}

    def merge(self, before: PlannedFile | None, now: PlannedFile) -> PlannedFile:
        """One file for a path planned twice: equal ones fall together, the last flavor's scripts win."""
        if before is None:
            return now
        same = (before.sha256, before.mode) == (now.sha256, now.mode)
        if same or (now.kind is before.kind is Kind.SCRIPT and now.wheel == before.wheel):
            return now
        if not self._overwrite or now.wheel == before.wheel:
            raise ConflictRefused(
                f"is wanted by {before.wheel} and by {now.wheel} with different content",
                subject=now.final,
                hint="leave one out, or give --overwrite, with which the last one's is installed",
            )
        loser, winner = sorted((before, now), key=lambda file: self._order[file.wheel])
        self._found.setdefault((loser.wheel, winner.wheel), {})[winner.final] = None
        return winner

    def warnings(self) -> Iterator[Warned]:
        """Yield a warning for each two wheels with different files of one path."""
        for (loser, winner), finals in self._found.items():
            first, *more = finals
            others = f" (and {len(more)} more)" if more else ""
            yield Warned(loser, first, "shared-path", f"gives way to that of {winner}{others}")


def refuse_programs(files: Iterable[PlannedFile], scripts: str, interpreter: Interpreter) -> None:
    """Refuse a file in the place of a program that scripts start with."""
    names = ("env", "sh", "python", "python3", f"python{interpreter.short_version}")
    programs = {posixpath.join(scripts, name) for name in (*names, f"{names[-1]}t")} | {
        interpreter.executable
    }
    for file in files:
        if file.final in programs:
            message = f"takes the place of {file.final}, which scripts start with"
            raise refused(file.wheel, Fault("program-of-target", file.entry or file.final, message))


def refuse_twins(wheels: Iterable[Wheel]) -> None:
    """Refuse two wheels of one project."""
    known: dict[str, Wheel] = {}
    for wheel in wheels:
        name = normalized(wheel.name)
        if name in known:
            raise ConflictRefused(
                f"and {known[name].filename} both are {name}",
                subject=wheel.filename,
                hint="give one wheel of each project; remove old ones from the wheel directory",
            )
        known[name] = wheel


def refuse_nesting(finals: Iterable[str]) -> None:
    """Refuse a final path that is wanted as a file and as a directory."""
    files = set(finals)
    fine = {"/"}
    for directory in sorted({final.rpartition("/")[0] or "/" for final in files}):
        above = directory
        while above not in fine and above not in files:
            fine.add(above)
            above = above.rpartition("/")[0] or "/"
        if above not in fine:
            raise ConflictRefused(
                "is wanted as a file and as a directory",
                subject=above,
                hint="these wheels cannot share a root",
            )

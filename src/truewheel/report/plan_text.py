"""Turn a plan that is not carried out into lines that a person reads."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from truewheel.model import Changes, File, InstallPlan, State
from truewheel.report.text import size_text

_SHOWN = 5


def plan_lines(plan: InstallPlan, changes: Changes | None, root: Path, verbose: bool) -> Iterator[str]:
    """Yield a plan: wheels, directories with what comes there, what changes in the root, and a count.

    With ``verbose`` there is a line for each path instead of each directory. ``changes`` is None for a root
    whose last run did not end, which the next one restores first.
    """
    pythons = ", ".join(interpreter.version_text for interpreter in plan.interpreters)
    for wheel in plan.wheels:
        yield f"{wheel.name} {wheel.version} into {root} for Python {pythons} ({plan.scheme.name} scheme)"
    yield from _paths(plan) if verbose else _directories(plan)
    if changes is None:
        yield "changes: not known, since the last run in this root did not end; the next one undoes it first"
    else:
        yield from _changes(changes)
    yield f"{len(_pycs(plan)) + len(plan.files) + len(plan.records)} paths planned, nothing written"


def _pycs(plan: InstallPlan) -> list[str]:
    return [target.final for job in plan.jobs for target in job.targets]


def _paths(plan: InstallPlan) -> list[str]:
    lines = {file.final: f"{file.mode:04o} {file.size:>9} {file.final}" for file in plan.files}
    mode = f"{plan.scheme.file_mode:04o}"
    lines |= {final: f"{mode} {'pyc':>9} {final}" for final in _pycs(plan)}
    lines |= {record.final: f"{mode} {'RECORD':>9} {record.final}" for record in plan.records}
    return [line for _, line in sorted(lines.items())]


def _directories(plan: InstallPlan) -> Iterator[str]:
    files: dict[str, list[File]] = defaultdict(list)
    made: dict[str, int] = defaultdict(int)
    for file in plan.files:
        files[posixpath.dirname(file.final)].append(file)
    for record in plan.records:
        made[posixpath.dirname(record.final)] += 1
    pycs: dict[str, int] = defaultdict(int)
    for final in _pycs(plan):
        pycs[posixpath.dirname(final)] += 1
    for directory in sorted({*files, *made, *pycs}):
        count = len(files[directory]) + made[directory]
        parts = [f"{count} files ({size_text(files[directory])})"] if count else []
        parts += [f"{pycs[directory]} pycs"] if pycs[directory] else []
        yield f"  {directory}: {', '.join(parts)}"


def _changes(changes: Changes) -> Iterator[str]:
    of_state = {state: [f for f, each in changes.files.items() if each is state] for state in State}
    counts = [f"{len(finals)} {state.value}" for state, finals in of_state.items() if finals]
    counts += [f"{len(changes.there)} pycs and RECORDs made anew"] if changes.there else []
    yield f"changes: {', '.join(counts) or 'none'}"
    yield from _named("replaced", of_state[State.REPLACED])
    yield from _named("removed", changes.removed)


def _named(what: str, finals: Iterable[str]) -> Iterator[str]:
    finals = sorted(finals)
    if finals:
        more = f" and {len(finals) - _SHOWN} more" if finals[_SHOWN:] else ""
        yield f"{what}: {' '.join(finals[:_SHOWN])}{more}"

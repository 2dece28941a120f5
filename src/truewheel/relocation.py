"""Move a plan to where the directories of a root really are; code keeps the paths that imports have."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

from truewheel.dataclass import replace
from truewheel.errors import ConflictRefused
from truewheel.model import InstallPaths, InstallPlan, PlannedFile, PycJob, PycTarget, RecordPlan

Leads = Callable[[str], str]  # from the final path of a directory to that which it leads to


def relocated(plan: InstallPlan, leads: Leads) -> InstallPlan:
    """Return the plan with each path below the directory that its own leads to; ``co_filename`` stays.

    Raises ConflictRefused where two different files then have one path.
    """
    files: dict[str, PlannedFile] = {}
    for file in plan.files:
        moved = replace(file, final=_moved(file.final, leads))
        before = files.setdefault(moved.final, moved)
        if (before.sha256, before.mode) != (moved.sha256, moved.mode):
            raise ConflictRefused(
                f"is wanted by {before.wheel} and by {moved.wheel} with different content, through links",
                subject=moved.final,
                hint="leave one out, or choose another --prefix or --scheme",
            )
    return replace(
        plan,
        files=tuple(sorted(files.values(), key=lambda file: file.final)),
        sources=tuple(replace(file, final=_moved(file.final, leads)) for file in plan.sources),
        jobs=tuple(_moved_job(job, leads) for job in plan.jobs),
        records=tuple(_moved_record(record, leads) for record in plan.records),
    )


def relocated_paths(paths: InstallPaths, leads: Leads) -> InstallPaths:
    """Return the directories that the directories of a wheel lead to."""
    return InstallPaths(
        leads(paths.purelib),
        leads(paths.platlib),
        leads(paths.scripts),
        leads(paths.data),
        leads(paths.headers),
        tuple((name, leads(directory)) for name, directory in paths.data_map),
    )


def _moved(final: str, leads: Leads) -> str:
    directory, name = posixpath.split(final)
    return posixpath.join(leads(directory), name)


def _all_moved(finals: Iterable[str], leads: Leads) -> tuple[str, ...]:
    return tuple(sorted({_moved(final, leads) for final in finals}))


def _moved_job(job: PycJob, leads: Leads) -> PycJob:
    return replace(
        job,
        source=_moved(job.source, leads),
        filename=job.filename or job.source,
        targets=tuple(PycTarget(each.level, _moved(each.final, leads)) for each in job.targets),
    )


def _moved_record(record: RecordPlan, leads: Leads) -> RecordPlan:
    members = _all_moved(record.members, leads)
    return replace(record, final=_moved(record.final, leads), base=leads(record.base), members=members)

"""The pipeline's functions: read, decide, then write. Nothing is printed here."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections import deque
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from truewheel.beneath import leads_to
from truewheel.buildroot.delivery import Delivery, Watch, state_of
from truewheel.buildroot.installed import Place, emptied
from truewheel.buildroot.other_records import corrected_records
from truewheel.buildroot.records import bytecode_there
from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import is_interrupted, refuse_undated
from truewheel.bytecode.pool import CompilePool
from truewheel.children import Standby
from truewheel.conflicts import Met, judge, places_of
from truewheel.dataclass import dataclass, replace
from truewheel.environment import source_date_epoch
from truewheel.errors import ConflictRefused, RefusedInput, UsageError
from truewheel.interpreter import probe_all
from truewheel.model import (
    DEFAULT_LIMITS,
    Changes,
    InstallPlan,
    Interpreter,
    Kind,
    Limits,
    Manifest,
    PlannedFile,
    PycJob,
    RewrittenEntry,
    Scheme,
    State,
    Wheel,
    WheelEntry,
)
from truewheel.paths import script_shebang
from truewheel.plan import InstallInputs, plan_install, planned_paths, refuse_denied
from truewheel.request import InstallRequest
from truewheel.schemes import loaded_scheme
from truewheel.wheel.choice import best_wheels
from truewheel.wheel.kept import Kept
from truewheel.wheel.reader import WheelContents, check_tags, open_contents, read_wheel
from truewheel.wheel.scripts import chunks, read_scripts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from truewheel.overrides import Override

_STREAMED = 16 * 1024 * 1024
_KEPT = 128 * 1024 * 1024
_BIG_SOURCE = 32 * 1024  # compiled early, so that no worker ends with one


@dataclass(frozen=True)
class PreparedInstall:
    """A plan that was accepted, and what carries it out.

    ``kept`` are the entries that are in memory until an install has written them, by the file name of their
    wheel and their own name; ``epoch`` is the latest date, in seconds, that directories keep; ``places`` are
    those of the wheels; ``reported`` are the files of earlier installs by dist-info directory. A caller may
    replace ``plan`` by one with other dates or another order of RECORD.
    """

    plan: InstallPlan
    root: Path
    overwrite: bool
    epoch: int | None
    places: tuple[Place, ...]
    reported: Mapping[str, Set[str]]
    jobs: int
    sync: bool
    kept: Kept
    limits: Limits = DEFAULT_LIMITS
    list_bytecode: bool = False


def prepare_install(request: InstallRequest, environ: Mapping[str, str]) -> PreparedInstall:
    """Read every input and decide everything; nothing is written.

    Raises RefusedInput for an input that is refused, UsageError, SchemeError or InterpreterError for trouble.
    """
    epoch = source_date_epoch(environ)
    scheme = _scheme(request)
    overrides = _overrides(request.overrides)
    interpreters = probe_all(request.pythons)
    kept = Kept(_KEPT)
    denied = {*scheme.deny, *request.deny}
    allowed = {*scheme.allow, *request.allow} - denied
    files = _wheel_files(request.wheels, interpreters)
    digest = request.digest_wheels or scheme.direct_url
    wheels = tuple(read_wheel(path, kept, allowed, digest=digest) for path in files)
    for wheel, interpreter in itertools.product(wheels, interpreters):
        check_tags(wheel, interpreter)
    prefix = scheme.prefix if request.prefix is None else request.prefix
    inputs = InstallInputs(
        wheels=wheels,
        interpreters=interpreters,
        scheme=scheme,
        prefix=prefix,
        policy=request.bytecode.policy(scheme),
        epoch=epoch,
        scripts=read_scripts(
            wheels,
            kept,
            scheme.every_shebang,
            lambda: [script_shebang(scheme, each, prefix) for each in interpreters],
        ),
        metadata=_metadata(wheels, kept) if overrides else {},
        overrides=overrides,
        overwrite=request.overwrite,
        ignore_requires_python=request.ignore_requires_python,
        exclude=(*scheme.exclude, *request.exclude),
    )
    plan, places = plan_install(inputs), places_of(inputs)
    refuse_denied(plan, denied)
    if request.follow_links:
        plan, places = _followed(plan, places, request.root)
    prepared = PreparedInstall(
        plan,
        request.root,
        request.overwrite,
        None if request.keep_dates else epoch,
        places,
        _reported(request.reports) if request.overwrite else {},
        request.bytecode.workers(environ),
        request.sync,
        kept,
        request.bytecode.limits,
        request.list_bytecode,
    )
    if not is_interrupted(request.root):  # else the root is another once that is undone
        _met(prepared)
    return prepared


def _reported(reports: Sequence[Path]) -> Mapping[str, Set[str]]:
    from truewheel.report.reader import installed_files  # a plain install reads no report

    return installed_files(reports)


def _followed(
    plan: InstallPlan, places: tuple[Place, ...], root: Path
) -> tuple[InstallPlan, tuple[Place, ...]]:
    """Move a plan to where the links of the root lead."""
    from truewheel.relocation import relocated, relocated_paths

    leads = functools.cache(functools.partial(_leads, root))
    moved = (
        replace(each, dist_info=leads(each.dist_info), paths=relocated_paths(each.paths, leads))
        for each in places
    )
    return relocated(plan, leads), tuple(moved)


def _leads(root: Path, directory: str) -> str:
    try:
        return leads_to(root, directory)
    except OSError as error:
        raise ConflictRefused(
            f"cannot be followed in the root: {error.strerror}",
            subject=directory,
            hint="remove it from the root or choose another --prefix or --scheme",
        ) from error


def _met(prepared: PreparedInstall) -> Met:
    return judge(prepared.plan, prepared.root, prepared.places, prepared.overwrite, prepared.reported)


def preview(prepared: PreparedInstall) -> Changes | None:
    """Return what an install would change; None for a root that is restored first, after a killed run.

    Raises ConflictRefused or StageError for what an install would refuse.
    """
    if is_interrupted(prepared.root):
        return None
    met = _met(prepared)
    states = {file.final: state_of(file, met.found) for file in prepared.plan.files}
    if prepared.epoch is not None and (met.gone or {*states.values()} - {State.UNCHANGED}):
        refuse_undated(prepared.root, (*planned_paths(prepared.plan), *met.gone))
    return Changes(states, met.found.keys() - states.keys(), met.gone)


def install(
    prepared: PreparedInstall, watch: Watch | None = None, standby: Standby | None = None
) -> Manifest:
    """Carry out a prepared install: files, bytecode, RECORD last. All of it or nothing.

    ``watch`` is called with the number of files that are in place, and of sources that were compiled. Target
    Pythons that wait in ``standby`` compile. It waits for another run that writes below the root. Raises
    StageError or CompileError for trouble, ConflictRefused for what came into the root since the plan,
    Uncompilable if a source does not compile and the policy is to fail; the root is then as it was.
    """
    plan = prepared.plan
    with (
        Buildroot(prepared.root, plan.scheme.directory_mode, prepared.epoch) as buildroot,
        CompilePool(plan.interpreters, prepared.jobs, prepared.limits, standby) as pool,
        contextlib.ExitStack() as opened,
    ):
        contents = {
            wheel.filename: opened.enter_context(open_contents(wheel, prepared.kept)) for wheel in plan.wheels
        }
        met = _met(prepared)
        buildroot.expect({final.rpartition("/")[0] or "/" for final in planned_paths(plan)})
        delivery = Delivery(
            buildroot, met.found, plan.interpreters, plan.policy, plan.scheme.file_mode, watch
        )
        jobs = _jobs_by_source(plan.jobs)
        compiled_only = {file.final for file in plan.sources}
        groups = _by_content((*plan.files, *plan.sources))
        while groups:
            group = groups.popleft()
            _stage_group(group, compiled_only, contents, delivery, pool, jobs)
            delivery.put_pycs(pool.finished())
        buildroot.place()
        delivery.put_pycs(pool.drain())
        delivery.refuse_failures()
        for record in plan.records:
            kept = bytecode_there(prepared.root, record, met.gone) if prepared.list_bytecode else ()
            delivery.put_record(replace(record, kept=kept))
        for final in met.gone:
            buildroot.remove(final)
        for directory in emptied(met.gone, met.earlier):
            buildroot.remove_directory(directory)
        there = {final: delivery.files[final] for final in met.found if final in delivery.files}
        replaced = {final: file for final, file in there.items() if file.state is State.REPLACED}
        for each in corrected_records(prepared.root, plan.records, replaced) if replaced else ():
            if each.final not in met.gone:
                buildroot.replace(each.final, (each.content,), each.mode, each.mtime, last=True)
        buildroot.commit(prepared.sync)
    return replace(delivery.manifest(plan.dropped), warnings=plan.warnings)


def _wheel_files(paths: Sequence[Path], interpreters: Sequence[Interpreter]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        # a directory that is not there yet is one without wheels
        is_directory = path.is_dir() or (path.suffix != ".whl" and not path.exists())
        inside = best_wheels(sorted(path.glob("*.whl")), interpreters) if is_directory else [path]
        if not inside:
            kind, missing = (RefusedInput, "") if path.is_dir() else (UsageError, ": no such directory")
            raise kind(
                f"holds no wheel{missing}",
                subject=str(path),
                hint="build one there first: truewheel wheel --outdir DIR",
            )
        files += inside
    return files


def _scheme(request: InstallRequest) -> Scheme:
    scheme = loaded_scheme(request.scheme)
    if request.script_python is not None:
        scheme = replace(scheme, script_python=request.script_python)
    if request.script_flags is not None:
        scheme = replace(scheme, script_flags=f"-{request.script_flags}" if request.script_flags else "")
    return scheme


def _overrides(texts: Sequence[str]) -> tuple[Override, ...]:
    if not texts:
        return ()
    from truewheel.overrides import parse_override  # what it imports takes a tenth of a small install

    return tuple(parse_override(text) for text in texts)


def _metadata(wheels: Sequence[Wheel], kept: Kept) -> dict[str, bytes]:
    """Read the METADATA of wheels, by their file names."""
    found = {}
    for wheel in wheels:
        with open_contents(wheel, kept) as contents:
            for entry in wheel.entries:
                if entry.name == f"{wheel.dist_info}/METADATA":
                    found[wheel.filename] = contents.read(entry)
    return found


def _by_content(files: Sequence[PlannedFile]) -> deque[tuple[PlannedFile, ...]]:
    """Files that share an entry together, so that it is read once; sources first, and of these the big ones.

    All others stay in the plan's order, so that directories are opened once, then and when their pycs come.
    """
    groups: dict[object, tuple[PlannedFile, ...]] = {}
    for file in files:
        key = (file.wheel, file.source.name) if isinstance(file.source, WheelEntry) else file.final
        groups[key] = (*groups.get(key, ()), file)

    def order(group: tuple[PlannedFile, ...]) -> int:
        file = group[0]
        if file.kind is not Kind.SOURCE:
            return 1
        return -file.size if file.size >= _BIG_SOURCE else 0

    return deque(sorted(groups.values(), key=order))


def _stage_group(
    group: Sequence[PlannedFile],
    compiled_only: Set[str],
    contents: Mapping[str, WheelContents],
    delivery: Delivery,
    pool: CompilePool,
    jobs: dict[str, tuple[PycJob, ...]],
) -> None:
    first, source = group[0], group[0].source
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, RewrittenEntry) or (first.size > _STREAMED and first.kind is not Kind.SOURCE):
        for file in group:
            delivery.put(file, lambda: chunks(contents[first.wheel], source))
        return
    else:
        data = contents[first.wheel].read(source)
    for file in group:
        if file.final not in compiled_only:
            delivery.put(file, lambda: (data,))
        for job in jobs.pop(file.final, ()):
            pool.submit(job, data)
    if isinstance(source, WheelEntry):
        contents[first.wheel].release(source)


def _jobs_by_source(jobs: Sequence[PycJob]) -> dict[str, tuple[PycJob, ...]]:
    by_source: dict[str, tuple[PycJob, ...]] = {}
    for job in jobs:
        by_source[job.source] = (*by_source.get(job.source, ()), job)
    return by_source

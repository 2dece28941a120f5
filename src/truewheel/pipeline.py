"""The pipeline's functions: read, decide, then write. Nothing is printed here."""

from __future__ import annotations

import contextlib
import itertools
import os
import posixpath
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from truewheel.buildroot.delivery import Delivery, Watch, state_of
from truewheel.buildroot.installed import (
    Earlier,
    Place,
    earlier_installs,
    emptied,
    refuse_versions,
    superseded,
)
from truewheel.buildroot.other_records import corrected_records
from truewheel.buildroot.records import bytecode_there, corrections
from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import below, is_interrupted, look, sources, strays
from truewheel.bytecode.pool import CompilePool
from truewheel.bytecode.pycs import biggest_first, long_names, plan_job, pyc_path
from truewheel.environment import default_jobs, source_date_epoch
from truewheel.errors import RefusedInput, UsageError
from truewheel.interpreter import probe
from truewheel.model import (
    DEFAULT_LIMITS,
    BytecodePolicy,
    Changes,
    ErrorPolicy,
    Found,
    InstallPlan,
    Interpreter,
    InvalidationMode,
    Kind,
    Limits,
    Manifest,
    PlannedFile,
    PycJob,
    Scheme,
    State,
    Wheel,
)
from truewheel.paths import install_paths
from truewheel.plan import InstallInputs, plan_install, planned_paths, refuse_conflicts
from truewheel.report.reader import installed_files, settled_sources
from truewheel.schemes import load_scheme
from truewheel.shebang import wants_python
from truewheel.wheel.choice import best_wheels
from truewheel.wheel.reader import Kept, WheelContents, check_tags, open_contents, read_wheel

if TYPE_CHECKING:
    from truewheel.overrides import Override

_STREAMED = 16 * 1024 * 1024
_KEPT = 128 * 1024 * 1024
_HEAD = 4096
_BIG_SOURCE = 32 * 1024  # compiled early, so that no worker ends with one


@dataclass(frozen=True)
class BytecodeOptions:
    """A caller's choices for bytecode; None leaves one to the scheme.

    ``jobs`` is a number of workers; ``limits`` are those of the compiler for one source.
    """

    mode: InvalidationMode | None = None
    levels: tuple[int, ...] | None = None
    errors: ErrorPolicy | None = None
    jobs: int | None = None
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True)
class InstallRequest:
    """An install as asked for.

    ``root`` and ``wheels`` lie on the build host; a directory stands for the wheels in it. ``prefix`` and
    ``script_python`` are final paths; ``script_flags`` such as ``sP`` replace the scheme's. ``overrides``
    change the requirements in METADATA, PACKAGE:ACTION[:VERSION] each. Directories that were there keep a
    date later than SOURCE_DATE_EPOCH with ``keep_dates``. With ``overwrite``, files that differ are replaced,
    and another version of a project goes, by its RECORD or by one of the ``reports`` of earlier installs.
    ``allow`` are rules of wheels that warn instead of refuse, in addition to the scheme's. With
    ``list_bytecode`` RECORD also lists bytecode that is in the root, of other levels and Pythons.
    """

    wheels: tuple[Path, ...]
    root: Path
    scheme: str | Scheme = "generic"
    pythons: tuple[str | Interpreter, ...] = ("python3",)
    prefix: str | None = None
    bytecode: BytecodeOptions = BytecodeOptions()
    script_python: str | None = None
    script_flags: str | None = None
    overrides: tuple[str, ...] = ()
    overwrite: bool = False
    sync: bool = False
    keep_dates: bool = False
    reports: tuple[Path, ...] = ()
    allow: tuple[str, ...] = ()
    ignore_requires_python: bool = False
    list_bytecode: bool = False


@dataclass(frozen=True)
class CompileRequest:
    """Sources to compile that come from no wheel: ``paths`` are final paths, or lie below ``root``.

    Sources that ``reports`` of installs list are left out unless they changed since. With ``remove_strays``,
    bytecode below ``paths`` that belongs to no source there, or to another Python or level, is removed. With
    ``repair``, sources are left out whose directory has no bytecode of these Pythons; with ``records``, the
    RECORDs that list bytecode are corrected.
    """

    paths: tuple[str, ...]
    root: Path = Path("/")
    scheme: str | Scheme = "generic"
    pythons: tuple[str | Interpreter, ...] = ("python3",)
    bytecode: BytecodeOptions = BytecodeOptions()
    reports: tuple[Path, ...] = ()
    remove_strays: bool = False
    repair: bool = False
    records: bool = False


@dataclass(frozen=True)
class PreparedInstall:
    """A plan that was accepted, and what carries it out.

    ``kept`` are the entries that are in memory, by the file name of their wheel and their own name; ``epoch``
    is the latest date, in seconds, that directories keep; ``places`` are those of the wheels; ``reported``
    are the files of earlier installs by dist-info directory. A caller may replace ``plan`` by one with other
    dates or another order of RECORD.
    """

    plan: InstallPlan
    root: Path
    overwrite: bool
    epoch: int | None
    places: tuple[Place, ...]
    reported: Mapping[str, Set[str]]
    jobs: int
    sync: bool
    kept: Mapping[tuple[str, str], bytes]
    limits: Limits = DEFAULT_LIMITS
    list_bytecode: bool = False


def prepare_install(request: InstallRequest, environ: Mapping[str, str]) -> PreparedInstall:
    """Read every input and decide everything; nothing is written.

    Raises RefusedInput for an input that is refused, UsageError, SchemeError or InterpreterError for trouble.
    """
    epoch = source_date_epoch(environ)
    scheme = _scheme(request)
    overrides = _overrides(request.overrides)
    interpreters = _probe_all(request.pythons)
    kept = Kept(_KEPT)
    allowed = {*scheme.allow, *request.allow}
    files = _wheel_files(request.wheels, interpreters)
    wheels = tuple(read_wheel(path, kept, allowed) for path in files)
    for wheel, interpreter in itertools.product(wheels, interpreters):
        check_tags(wheel, interpreter)
    bodies, heads = _rewritten(wheels, scheme, overrides, kept.entries)
    inputs = InstallInputs(
        wheels=wheels,
        interpreters=interpreters,
        scheme=scheme,
        prefix=scheme.prefix if request.prefix is None else request.prefix,
        policy=_policy(scheme, request.bytecode),
        epoch=epoch,
        bodies=bodies,
        heads=heads,
        overrides=overrides,
        overwrite=request.overwrite,
        ignore_requires_python=request.ignore_requires_python,
    )
    plan = plan_install(inputs)
    prepared = PreparedInstall(
        plan,
        request.root,
        request.overwrite,
        None if request.keep_dates else epoch,
        _places(inputs),
        installed_files(request.reports) if request.overwrite else {},
        _jobs(request.bytecode, environ),
        request.sync,
        kept.entries,
        request.bytecode.limits,
        request.list_bytecode,
    )
    if not is_interrupted(request.root):  # else the root is another once that is undone
        _judge(prepared)
    return prepared


def _places(inputs: InstallInputs) -> tuple[Place, ...]:
    places = []
    for wheel, interpreter in itertools.product(inputs.wheels, inputs.interpreters):
        paths = install_paths(inputs.scheme, interpreter, inputs.prefix, wheel.name, wheel.spelling)
        base = paths.purelib if wheel.root_is_purelib else paths.platlib
        places.append(Place(canonicalize_name(wheel.name), posixpath.join(base, wheel.dist_info), paths))
    return tuple(places)


def _judge(prepared: PreparedInstall) -> tuple[dict[str, Found], tuple[Earlier, ...], tuple[str, ...]]:
    """Find what is in the root, refuse what must not be replaced; returns also what goes."""
    plan, root = prepared.plan, prepared.root
    planned = planned_paths(plan)
    found = look(root, planned)
    earlier = earlier_installs(root, prepared.places)
    if not prepared.overwrite:
        refuse_versions(earlier)
    refuse_conflicts(plan, found, prepared.overwrite)
    gone = superseded(root, earlier, set(planned), prepared.reported) if prepared.overwrite else ()
    return found, earlier, gone


def preview(prepared: PreparedInstall) -> Changes | None:
    """Return what an install would change; None for a root that is restored first, after a killed run.

    Raises ConflictRefused for what an install would refuse.
    """
    if is_interrupted(prepared.root):
        return None
    found, _, gone = _judge(prepared)
    states = {file.final: state_of(file, found) for file in prepared.plan.files}
    return Changes(states, found.keys() - states.keys(), gone)


def install(prepared: PreparedInstall, watch: Watch | None = None) -> Manifest:
    """Carry out a prepared install: files, bytecode, RECORD last. All of it or nothing.

    ``watch`` is called with the number of files that are in place, and of sources that were compiled.
    It waits for another run that writes below the root. Raises StageError or CompileError for trouble,
    ConflictRefused for what came into the root since the plan, Uncompilable if a source does not compile and
    the policy is to fail; the root is then as it was.
    """
    plan = prepared.plan
    with (
        Buildroot(prepared.root, plan.scheme.directory_mode, prepared.epoch) as buildroot,
        CompilePool(plan.interpreters, prepared.jobs, prepared.limits) as pool,
        contextlib.ExitStack() as opened,
    ):
        contents = {
            wheel.filename: opened.enter_context(open_contents(wheel, prepared.kept)) for wheel in plan.wheels
        }
        found, earlier, gone = _judge(prepared)
        delivery = Delivery(buildroot, found, plan.interpreters, plan.policy, plan.scheme.file_mode, watch)
        jobs = _jobs_by_source(plan.jobs)
        for group in _by_content(plan.files):
            _stage_group(group, contents, delivery, pool, jobs)
            delivery.put_pycs(pool.finished())
        delivery.put_pycs(pool.drain())
        delivery.refuse_failures()
        for record in plan.records:
            kept = bytecode_there(prepared.root, record, gone) if prepared.list_bytecode else ()
            delivery.put_record(replace(record, kept=kept))
        for final in gone:
            buildroot.remove(final)
        for directory in emptied(gone, earlier):
            buildroot.remove_directory(directory)
        replaced = {f: file for f, file in delivery.files.items() if file.state is State.REPLACED}
        for each in corrected_records(prepared.root, plan.records, replaced) if replaced else ():
            if each.final not in gone:
                buildroot.replace(each.final, (each.content,), each.mode, each.mtime, last=True)
        buildroot.commit(prepared.sync)
    return replace(delivery.manifest(plan.dropped), warnings=plan.warnings)


def compile_tree(request: CompileRequest, environ: Mapping[str, str], watch: Watch | None = None) -> Manifest:
    """Compile sources that are below a root already, in place, with their final paths in the code.

    ``watch`` is called with the number of files that are in place, and of sources that were compiled.
    Raises UsageError for a missing path, Uncompilable if a source does not compile and the policy is to fail,
    StageError or CompileError for trouble.
    """
    epoch = source_date_epoch(environ)
    scheme = _loaded(request.scheme)
    interpreters = _probe_all(request.pythons)
    policy = _policy(scheme, request.bytecode)
    _final_sources(request)  # refused before a run that has the root is waited for
    with (
        Buildroot(request.root, scheme.directory_mode) as buildroot,
        CompilePool(interpreters, _jobs(request.bytecode, environ), request.bytecode.limits) as pool,
    ):
        finals = _final_sources(request)
        if request.repair:
            finals = _beside_bytecode(request.root, finals, interpreters, policy)
        settled = settled_sources(request.reports, request.root, finals)
        jobs = _compile_jobs(request.root, sorted(finals - settled), interpreters, policy, epoch)
        found = look(request.root, [target.final for job in jobs for target in job.targets])
        stray = _strays(request, finals, interpreters, policy)
        delivery = Delivery(buildroot, found, interpreters, policy, scheme.file_mode, watch)
        for job in jobs:
            pool.submit(job, below(request.root, job.source).read_bytes())
            delivery.put_pycs(pool.finished())
        delivery.put_pycs(pool.drain())
        delivery.refuse_failures()
        for final in stray:
            buildroot.remove(final)
            buildroot.remove_directory(posixpath.dirname(final))
        if request.records:
            gone = {target.final for job in jobs for target in job.targets}.difference(delivery.files)
            for each in corrections(request.root, finals, delivery.files, gone.union(stray)):
                buildroot.replace(each.final, (each.content,), each.mode, each.mtime, last=True)
        buildroot.commit()
    return replace(delivery.manifest(strays=tuple(stray)), warnings=tuple(long_names(jobs)))


def _probe_all(pythons: Sequence[str | Interpreter]) -> tuple[Interpreter, ...]:
    interpreters = tuple(probe(each) if isinstance(each, str) else each for each in pythons)
    tags = [interpreter.cache_tag for interpreter in interpreters]
    for number, tag in enumerate(tags):
        if tag in tags[:number]:
            raise UsageError(
                f"is {tag}, which another --python is already",
                subject=interpreters[number].command,
                hint="name it once",
            )
    return interpreters


def _policy(scheme: Scheme, options: BytecodeOptions) -> BytecodePolicy:
    levels = scheme.optimize if options.levels is None else options.levels
    return BytecodePolicy(
        mode=options.mode or scheme.invalidation_mode,
        levels=tuple(sorted(set(levels))),
        hardlink=scheme.hardlink,
        errors=options.errors or scheme.errors,
    )


def _jobs(options: BytecodeOptions, environ: Mapping[str, str]) -> int:
    return default_jobs(environ) if options.jobs is None else options.jobs


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
    scheme = _loaded(request.scheme)
    if request.script_python is not None:
        scheme = replace(scheme, script_python=request.script_python)
    if request.script_flags is not None:
        scheme = replace(scheme, script_flags=f"-{request.script_flags}" if request.script_flags else "")
    return scheme


def _loaded(scheme: str | Scheme) -> Scheme:
    return load_scheme(scheme) if isinstance(scheme, str) else scheme


def _overrides(texts: Sequence[str]) -> tuple[Override, ...]:
    if not texts:
        return ()
    from truewheel.overrides import parse_override  # what it imports takes a tenth of a small install

    return tuple(parse_override(text) for text in texts)


def _rewritten(
    wheels: Sequence[Wheel],
    scheme: Scheme,
    overrides: Sequence[Override],
    kept: Mapping[tuple[str, str], bytes],
) -> tuple[dict[tuple[str, str], bytes], dict[tuple[str, str], bytes]]:
    """Read the entries that are rewritten, and how other scripts begin, which may be large binaries."""
    bodies, heads = {}, {}
    for wheel in wheels:
        with open_contents(wheel, kept) as contents:
            for entry in wheel.entries:
                if entry.category == "scripts":
                    head = next(iter(contents.chunks(entry)), b"")
                    wanted = wants_python(head, scheme.every_shebang)
                    if not wanted:
                        heads[wheel.filename, entry.name] = head[:_HEAD]
                else:
                    wanted = bool(overrides) and entry.name == f"{wheel.dist_info}/METADATA"
                if wanted:
                    bodies[wheel.filename, entry.name] = contents.read(entry)
    return bodies, heads


def _by_content(files: Sequence[PlannedFile]) -> list[list[PlannedFile]]:
    """Files that share an entry together, so that it is read once; sources first, and of these the big ones.

    All others go directory by directory, so that each directory is opened once, then and when its pycs come.
    """
    groups: dict[object, list[PlannedFile]] = {}
    for file in files:
        key = file.final if isinstance(file.source, bytes) else (file.wheel, file.source.name)
        groups.setdefault(key, []).append(file)

    def order(group: list[PlannedFile]) -> tuple[bool, int, str, str]:
        file = group[0]
        is_source = file.kind is Kind.SOURCE
        directory, _, name = file.final.rpartition("/")
        return not is_source, -file.size if is_source and file.size >= _BIG_SOURCE else 0, directory, name

    return sorted(groups.values(), key=order)


def _stage_group(
    group: list[PlannedFile],
    contents: Mapping[str, WheelContents],
    delivery: Delivery,
    pool: CompilePool,
    jobs: Mapping[str, list[PycJob]],
) -> None:
    first, source = group[0], group[0].source
    if isinstance(source, bytes):
        data = source
    elif first.size > _STREAMED and first.kind is not Kind.SOURCE:
        for file in group:
            delivery.put(file, lambda: contents[first.wheel].chunks(source))
        return
    else:
        data = contents[first.wheel].read(source)
    for file in group:
        delivery.put(file, lambda: (data,))
        for job in jobs.get(file.final, ()):
            pool.submit(job, data)


def _jobs_by_source(jobs: Sequence[PycJob]) -> dict[str, list[PycJob]]:
    by_source: dict[str, list[PycJob]] = {}
    for job in jobs:
        by_source.setdefault(job.source, []).append(job)
    return by_source


def _compile_jobs(
    root: Path,
    finals: Sequence[str],
    interpreters: Sequence[Interpreter],
    policy: BytecodePolicy,
    epoch: int | None,
) -> list[PycJob]:
    jobs = []
    for final in finals if policy.levels else ():
        info = below(root, final).lstat()
        mtime = int(info.st_mtime) if epoch is None else min(int(info.st_mtime), epoch)
        for interpreter in interpreters:
            jobs.append(plan_job(final, info.st_size, mtime, interpreter.cache_tag, policy.levels))
    return biggest_first(jobs)


def _strays(
    request: CompileRequest, finals: Set[str], interpreters: Sequence[Interpreter], policy: BytecodePolicy
) -> list[str]:
    if not request.remove_strays:
        return []
    tags = [interpreter.cache_tag for interpreter in interpreters]
    wanted = {pyc_path(*each) for each in itertools.product(finals, tags, policy.levels)}
    starts = (_final_path(request.root, path) for path in request.paths)
    return sorted({stray for start in starts for stray in strays(request.root, start, wanted)})


def _final_sources(request: CompileRequest) -> frozenset[str]:
    finals: set[str] = set()
    for path in request.paths:
        start = _final_path(request.root, path)
        try:
            finals.update(sources(request.root, start))
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}",
                subject=path,
                hint="paths are those on the installed system, below --root",
            ) from error
    return frozenset(finals)


def _beside_bytecode(
    root: Path, finals: Set[str], interpreters: Sequence[Interpreter], policy: BytecodePolicy
) -> frozenset[str]:
    """The sources in whose directory a source has bytecode of one of the interpreters."""
    pycs = {
        pyc_path(final, each.cache_tag, level): posixpath.dirname(final)
        for final in finals
        for each in interpreters
        for level in policy.levels
    }
    compiled = {directory for pyc, directory in pycs.items() if os.path.lexists(below(root, pyc))}
    return frozenset(final for final in finals if posixpath.dirname(final) in compiled)


def _final_path(root: Path, path: str) -> str:
    absolute = os.path.abspath(path)
    inside = os.path.abspath(root)
    if inside != "/" and (absolute == inside or absolute.startswith(inside + "/")):
        return absolute[len(inside) :] or "/"
    return absolute

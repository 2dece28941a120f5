"""Compile sources that are below a root already: read, decide, then write. Nothing is printed here."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from truewheel.buildroot.delivery import Delivery, Watch
from truewheel.buildroot.records import corrections
from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import below, look, sources, strays
from truewheel.bytecode.pool import CompilePool
from truewheel.bytecode.pycs import biggest_first, code_filename, long_names, plan_job, pyc_path
from truewheel.children import Standby
from truewheel.dataclass import replace
from truewheel.environment import source_date_epoch
from truewheel.errors import UsageError
from truewheel.exclusions import Exclusions
from truewheel.interpreter import probe_all
from truewheel.model import BytecodePolicy, CodeFilename, Interpreter, Manifest, PycJob
from truewheel.paths import install_paths
from truewheel.report.reader import settled_sources
from truewheel.request import CompileRequest
from truewheel.schemes import loaded_scheme

_ALL_LEVELS = (0, 1, 2)
# by source, as its final path, and cache tag
_Levels = Mapping[tuple[str, str], tuple[int, ...]]


def compile_tree(
    request: CompileRequest,
    environ: Mapping[str, str],
    watch: Watch | None = None,
    standby: Standby | None = None,
) -> Manifest:
    """Compile sources that are below a root already, in place, with their final paths in the code.

    ``watch`` is called with the number of files that are in place, and of sources that were compiled. Target
    Pythons that wait in ``standby`` compile.
    Raises UsageError for a missing path, or a scheme with bytecode in the place of sources, Uncompilable if a
    source does not compile and the policy is to fail, StageError or CompileError for trouble.
    """
    epoch = source_date_epoch(environ)
    scheme = loaded_scheme(request.scheme)
    interpreters = probe_all(request.pythons)
    policy = request.bytecode.policy(scheme)
    if policy.legacy:
        raise UsageError(
            "bytecode.layout: legacy is for installs: Python imports a source before bytecode in its place",
            subject=f"scheme {scheme.name}",
            hint="compile by a scheme with bytecode.layout: cache",
        )
    for path in request.paths:  # refused before a run that has the root is waited for
        next(_sources(request, path), None)
    with (
        Buildroot(request.root, scheme.directory_mode) as buildroot,
        CompilePool(
            interpreters, request.bytecode.workers(environ), request.bytecode.limits, standby
        ) as pool,
    ):
        finals = _final_sources(request, policy)
        levels: _Levels = {
            (final, each.cache_tag): policy.levels for final in finals for each in interpreters
        }
        if request.repair:
            levels = _levels_there(request.root, levels)
            finals = frozenset(final for final, _ in levels)
        settled = settled_sources(request.reports, request.root, finals)
        unsettled = {each: levels[each] for each in sorted(levels) if each[0] not in settled}
        jobs = _compile_jobs(request, unsettled, interpreters, policy, epoch)
        found = look(request.root, [target.final for job in jobs for target in job.targets])
        stray = _strays(request, levels)
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


def _compile_jobs(
    request: CompileRequest,
    levels: _Levels,
    interpreters: Sequence[Interpreter],
    policy: BytecodePolicy,
    epoch: int | None,
) -> list[PycJob]:
    jobs = []
    relative = policy.filename is CodeFilename.RELATIVE
    libraries = {each.cache_tag: _libraries(request, each) if relative else () for each in interpreters}
    for (final, tag), wanted in levels.items() if policy.levels else ():
        info = below(request.root, final).lstat()
        mtime = int(info.st_mtime) if epoch is None else min(int(info.st_mtime), epoch)
        directory = _directory_of(request, final, libraries[tag]) if relative else ""
        filename = code_filename(final, directory, policy.filename)
        jobs.append(plan_job(final, info.st_size, mtime, tag, wanted, filename=filename))
    return biggest_first(jobs)


def _libraries(request: CompileRequest, interpreter: Interpreter) -> tuple[str, ...]:
    scheme = loaded_scheme(request.scheme)
    paths = install_paths(scheme, interpreter, scheme.prefix, "any")
    return paths.purelib, paths.platlib, *interpreter.site_directories


def _directory_of(request: CompileRequest, final: str, libraries: Sequence[str]) -> str:
    """The directory of modules that a source is in: the innermost of the target's, else what was named."""
    inside = [each for each in libraries if final.startswith(each.rstrip("/") + "/")]
    if inside:
        return max(inside, key=len)
    starts = (_start_directory(_final_path(request.root, path)) for path in request.paths)
    return min((each for each in starts if final.startswith(each.rstrip("/") + "/")), key=len)


def _start_directory(start: str) -> str:
    return posixpath.dirname(start) if start.endswith(".py") else start


def _strays(request: CompileRequest, levels: _Levels) -> list[str]:
    if not request.remove_strays:
        return []
    wanted = {pyc_path(final, tag, level) for (final, tag), each in levels.items() for level in each}
    starts = (_final_path(request.root, path) for path in request.paths)
    return sorted({stray for start in starts for stray in strays(request.root, start, wanted)})


def _final_sources(request: CompileRequest, policy: BytecodePolicy) -> frozenset[str]:
    finals: set[str] = set()
    excluded = Exclusions(policy.exclude)
    for path in request.paths:
        below_start = _start_directory(_final_path(request.root, path))
        finals.update(final for final in _sources(request, path) if not excluded.has(final, below_start))
    return frozenset(finals)


def _sources(request: CompileRequest, path: str) -> Iterator[str]:
    try:
        yield from sources(request.root, _final_path(request.root, path))
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            subject=path,
            hint="paths are those on the installed system, below --root",
        ) from error


def _levels_there(root: Path, levels: _Levels) -> _Levels:
    """Leave the levels that the directory of a source has bytecode of, and add those that it has itself."""
    own = {
        each: [level for level in _ALL_LEVELS if os.path.lexists(below(root, pyc_path(*each, level)))]
        for each in levels
    }
    beside = {(posixpath.dirname(final), tag, level) for final, tag in own for level in own[final, tag]}
    left = {}
    for (final, tag), wanted in levels.items():
        directory = posixpath.dirname(final)
        shared = {level for level in wanted if (directory, tag, level) in beside}
        left[final, tag] = tuple(sorted(shared.union(own[final, tag])))
    return {each: found for each, found in left.items() if found}


def _final_path(root: Path, path: str) -> str:
    absolute = os.path.abspath(path)
    inside = os.path.abspath(root)
    if inside != "/" and (absolute == inside or absolute.startswith(inside + "/")):
        return absolute[len(inside) :] or "/"
    return absolute

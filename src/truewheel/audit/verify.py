"""Verify targets: what is wrong with each, by the table of rules."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from truewheel.audit.checks.alone import approve
from truewheel.audit.checks.bytecode import absent_pycs, check_bytecode, has_pycs, modules, wanted_tags
from truewheel.audit.checks.files import check_files, check_shared
from truewheel.audit.checks.metadata import check_metadata
from truewheel.audit.checks.scripts import check_scripts
from truewheel.audit.files import Files
from truewheel.audit.gather import Hashes, gather, read_sources
from truewheel.audit.layout import find_sites, python_of_tag
from truewheel.audit.model import Facts, Finding
from truewheel.audit.observe import Look
from truewheel.audit.selection import ALL, Selection
from truewheel.audit.trial import Trial
from truewheel.bytecode.pool import CompilePool
from truewheel.bytecode.pycs import plan_job, source_path
from truewheel.dataclass import dataclass, replace
from truewheel.environment import default_jobs, source_date_epoch
from truewheel.errors import InterpreterError, TruewheelError
from truewheel.interpreter import probe
from truewheel.model import Interpreter, Scheme
from truewheel.package.model import Target, TargetKind
from truewheel.package.target import open_target, packages_in
from truewheel.wheel.reader import find_faults

_SHORT_ROOT = 2  # directories: a path such as /srv is in too many files to mean the root


@dataclass(frozen=True)
class VerifyRequest:
    """A verification as asked for.

    ``targets`` lie on the build host; a directory of packages stands for these, others lie in ``root``, where
    that is given.
    ``scheme`` says what the targets should be like, None what they say themselves; ``pythons`` are commands,
    for ``recompile`` and for sites that several Pythons share; ``build_paths`` are looked for in each file.
    """

    targets: tuple[Path, ...]
    root: Path | None = None
    scheme: Scheme | None = None
    pythons: tuple[str, ...] = ()
    recompile: bool = False
    build_paths: tuple[str, ...] = ()
    selection: Selection = ALL
    jobs: int | None = None


@dataclass(frozen=True)
class Verified:
    """A target and what was found in it; ``overridden`` are findings and why they do not count.

    ``paths`` are those of the target's members, as seen from the target's root.
    """

    target: Target
    findings: tuple[Finding, ...]
    overridden: tuple[tuple[Finding, str], ...]
    paths: Collection[str]


def verify(
    request: VerifyRequest,
    environ: Mapping[str, str],
    on_trouble: Callable[[TruewheelError], None] | None = None,
) -> tuple[Verified, ...]:
    """Verify each target; nothing is written, and nothing of a target is run.

    Raises UsageError for a target that cannot be read, TargetDamaged for one that is cut off; with
    ``on_trouble`` that is called in place of it, and the other targets are verified. Raises InterpreterError
    for a Python that cannot be run.
    """
    epoch = source_date_epoch(environ)
    jobs = request.jobs or default_jobs(environ)
    pythons = tuple(probe(python) for python in request.pythons)
    found: list[Verified] = []
    packages: list[tuple[int, Facts]] = []
    for path in (each for given in request.targets for each in packages_in(given) or (given,)):
        try:
            target = open_target(path, request.root)
            if target.kind is TargetKind.WHEEL:
                found.append(_verified(request.selection, target, _wheel(path), ()))
                continue
            facts = _facts(request, target, pythons, epoch, jobs)
        except TruewheelError as error:
            if on_trouble is None:
                raise
            on_trouble(error)
            continue
        if facts.is_package:
            packages.append((len(found), facts))
        found.append(_verified(request.selection, target, check(facts), facts.files))
    return _with_shared(request.selection, found, packages)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield all findings of a target but for wheels, each once."""
    yield from check_bytecode(facts)
    yield from check_metadata(facts)
    yield from check_scripts(facts)
    yield from check_files(facts)


def _wheel(path: Path) -> Iterator[Finding]:
    for fault in find_faults(path):
        yield Finding(fault.rule, fault.entry, fault.message, fault.hint)


def _facts(
    request: VerifyRequest, target: Target, pythons: Sequence[Interpreter], epoch: int | None, jobs: int
) -> Facts:
    paths = (*request.build_paths, *_own_path(target))
    facts = Facts(
        target=target,
        files=Files(),
        hashes={},
        sites=(),
        scheme=request.scheme,
        tags=tuple(python.cache_tag for python in pythons),
        epoch=epoch,
        build_paths=paths,
    )
    alone = None if request.recompile else partial(_approve, facts)
    files, hashes = gather(target, Look(target.base, paths, request.recompile), jobs, alone)
    facts = replace(facts, files=files, hashes=hashes, sites=find_sites(files))
    facts = replace(facts, uncompilable=_uncompilable(facts))
    if request.recompile:
        facts = replace(facts, compiled=_recompiled(facts, pythons, jobs))
    return facts


def _approve(facts: Facts, files: Files, hashes: Hashes) -> None:
    approve(replace(facts, files=files, hashes=hashes))


def _own_path(target: Target) -> tuple[str, ...]:
    """Return where a root lies now, which no file in it may know."""
    if target.base != "/" or target.root.count("/") < _SHORT_ROOT:
        return ()
    return (target.root,)


def _uncompilable(facts: Facts) -> frozenset[str]:
    """Return the sources that lack a pyc and do not compile, up to the first that does where all lack one."""
    bad: set[str] = set()
    with Trial() as trial:
        for site in facts.sites:
            sources = list(modules(facts, site))
            for tag in wanted_tags(facts, site, sources):
                python = python_of_tag(tag) or (3, 7)
                absent = absent_pycs(facts, sources, tag)
                none = not has_pycs(facts, sources, tag)
                for path, source in read_sources(facts.target, absent):
                    if not trial.compiles(source, python):
                        bad.add(path)
                    elif none:
                        break
    return frozenset(bad)


def _recompiled(facts: Facts, pythons: Sequence[Interpreter], jobs: int) -> dict[str, bytes]:
    """Compile the sources that have pycs of a Python at hand; return sha256 of the code by pyc."""
    at_hand = {python.magic: python for python in (*_found_pythons(facts), *pythons)}
    pycs = [
        (path, file.pyc)
        for path, file in ((file.path, facts.level(file)) for file in facts.files.special())
        if file.pyc and not file.pyc.rule and file.pyc.magic in at_hand and source_path(path) in facts.files
    ]
    wanted: dict[str, set[Interpreter]] = {}
    for path, pyc in pycs:
        wanted.setdefault(source_path(path), set()).add(at_hand[pyc.magic])
    compiled: dict[str, bytes] = {}
    with CompilePool(tuple(at_hand.values()), jobs) as pool:
        for path, source in read_sources(facts.target, wanted):
            for python in sorted(wanted[path], key=lambda each: each.cache_tag):
                pool.submit(plan_job(facts.final(path), len(source), 0, python.cache_tag, (0, 1, 2)), source)
        for result in pool.drain():
            # a source that does not compile has no code
            for target, content in zip(result.job.targets, result.contents(), strict=not result.error):
                compiled[target.final] = hashlib.sha256(content).digest()
    return {path: compiled.get(facts.final(path), b"") for path, pyc in pycs}


def _found_pythons(facts: Facts) -> Iterator[Interpreter]:
    """Yield the host's Pythons of the versions that a target has pycs of."""
    versions = {file.pyc.python for file in facts.files.special() if file.pyc and file.pyc.python}
    for version in sorted(versions):
        command = shutil.which("python{}.{}".format(*version))
        if command and not _is_within(command, facts.target):
            with suppress(InterpreterError):
                yield probe(command)


def _is_within(command: str, target: Target) -> bool:
    """Whether a program lies in a tree that is a target, where nothing is run."""
    if target.root in ("", "/"):
        return False
    return Path(target.root) in Path(command).absolute().parents


def _verified(
    selection: Selection, target: Target, findings: Iterable[Finding], paths: Collection[str]
) -> Verified:
    counted, overridden = [], []
    for finding in dict.fromkeys(findings):
        if not selection.has(finding.rule):
            continue
        reason = selection.reason(finding)
        if reason:
            overridden.append((finding, reason))
        else:
            counted.append(finding)
    return Verified(target, tuple(counted), tuple(overridden), paths)


def _with_shared(
    selection: Selection, found: list[Verified], packages: Sequence[tuple[int, Facts]]
) -> tuple[Verified, ...]:
    """Add the paths that packages share to the findings of the later one."""
    places = {id(facts): number for number, facts in packages}
    for facts, finding in check_shared([facts for _, facts in packages]):
        number = places[id(facts)]
        more = _verified(selection, facts.target, (finding,), ())
        found[number] = replace(
            found[number],
            findings=found[number].findings + more.findings,
            overridden=found[number].overridden + more.overridden,
        )
    return tuple(found)

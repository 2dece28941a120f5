"""Decide every file of an install before the first write: where, which bytes, which mode, which date."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from operator import attrgetter

from truewheel.buildroot.log import JOURNAL
from truewheel.bytecode.pycs import CACHE, biggest_first, code_filename, is_bytecode, long_names, plan_job
from truewheel.collisions import SharedPaths, refuse_nesting, refuse_programs, refuse_twins, unique
from truewheel.dataclass import dataclass, field, replace
from truewheel.errors import ConflictRefused, WheelRefused
from truewheel.exclusions import Exclusions
from truewheel.model import (
    EXCLUDED,
    ZIP_ZERO_DATE,
    BytecodePolicy,
    Dropped,
    EntryPoint,
    Found,
    InstallPaths,
    InstallPlan,
    Interpreter,
    Kind,
    PlannedFile,
    PycJob,
    PycTarget,
    RecordPlan,
    Scheme,
    Warned,
    Wheel,
    WheelEntry,
)
from truewheel.paths import data_path, entry_point_script, final_prefix, install_paths, script_shebang
from truewheel.placement import off_path, strays_at_top
from truewheel.record import ADDED
from truewheel.rules import INSTALLED
from truewheel.shebang import dead_interpreter
from truewheel.wheel.faults import Fault, refused
from truewheel.wheel.requires_python import admits
from truewheel.wheel.scripts import Scripts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from truewheel.overrides import Override

# what pip installs for these console scripts, and which others give way (pip, get_console_script_specs)
_VERSIONED = {
    "pip": (("pip", "pip{0}", "pip{0}.{1}"), r"pip(\d+(\.\d+)?)?"),
    "easy_install": (("easy_install", "easy_install-{0}.{1}"), r"easy_install(-\d+\.\d+)?"),
}


_JOURNAL = f"/{JOURNAL}"
# what finds an install again
_KEPT = ("METADATA", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json")


@dataclass(frozen=True)
class InstallInputs:
    """What the readers found.

    ``epoch`` is SOURCE_DATE_EPOCH, in seconds, or None; ``overrides`` change METADATA, which ``metadata``
    holds then, by the file name of the wheel. With ``overwrite``, the last of the wheels has a path that
    several want. With ``ignore_requires_python`` a Python that is not wanted is a warning. ``exclude`` are
    globs of what is not installed.
    """

    wheels: tuple[Wheel, ...]
    interpreters: tuple[Interpreter, ...]
    scheme: Scheme
    prefix: str
    policy: BytecodePolicy
    epoch: int | None
    scripts: Scripts
    overrides: tuple[Override, ...] = ()
    overwrite: bool = False
    ignore_requires_python: bool = False
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()


def plan_install(inputs: InstallInputs) -> InstallPlan:
    """Plan an install.

    Raises ConflictRefused if two wheels are of one project, or if two files with different content have one
    path, WheelRefused for a file in the place of a program that scripts start with, or a wheel that is not
    for one of the Pythons.
    """
    refuse_twins(inputs.wheels)
    if inputs.policy.legacy and inputs.interpreters[1:]:
        raise ConflictRefused(
            "bytecode in the place of sources is of one Python",
            subject=inputs.interpreters[1].command,
            hint="give one --python, or a scheme without bytecode.layout: legacy",
        )
    shared = SharedPaths(inputs.wheels, inputs.overwrite)
    warnings = dict.fromkeys(_check_requires_python(inputs))
    files: dict[str, PlannedFile] = {}
    jobs: dict[tuple[str, str], PycJob] = {}
    owned: dict[str, _Record] = {}
    sources: dict[str, PlannedFile] = {}
    reasons = {wheel.filename: _drop_reasons(wheel) for wheel in inputs.wheels}
    dropped = dict.fromkeys(_dropped(inputs.wheels, reasons))
    for interpreter in inputs.interpreters:
        for wheel in inputs.wheels:
            paths = install_paths(inputs.scheme, interpreter, inputs.prefix, wheel.name, wheel.spelling)
            planner = _WheelPlanner(inputs, wheel, interpreter, paths, reasons[wheel.filename])
            files_of_wheel = unique(planner.files(), posixpath.join(planner.dist_info, "RECORD"))
            left_out = [file for file in files_of_wheel if planner.leaves_out(file)] if inputs.exclude else ()
            finals = {file.final for file in left_out}
            mine = [file for file in files_of_wheel if file.final not in finals]
            dropped.update(
                (Dropped(wheel.filename, file.entry or file.final, EXCLUDED), None) for file in left_out
            )
            refuse_programs(mine, paths.scripts, interpreter)
            if inputs.policy.legacy:
                sources.update((file.final, file) for file in mine if planner.is_compiled(file))
            for file in mine:
                files[file.final] = shared.merge(files.get(file.final), file)
            warnings.update(dict.fromkeys(planner.dead_scripts()))
            warnings.update(dict.fromkeys(strays_at_top(mine, paths, wheel)))
            warnings.update(dict.fromkeys(off_path(mine, paths, interpreter, inputs.scheme)))
            mine_jobs = [planner.job(file) for file in mine if planner.is_compiled(file)]
            jobs.update(((job.source, job.cache_tag), job) for job in mine_jobs)
            if inputs.scheme.record:
                record = owned.setdefault(planner.dist_info, planner.record())
                record.members.update(dict.fromkeys([file.final for file in mine]))
                record.members.update(dict.fromkeys(_pycs(mine_jobs)))
    for final in sources:
        del files[final]
        for each in owned.values():
            each.members.pop(final, None)
    records = _records(owned)
    refuse_nesting([*files, *_pycs(jobs.values()), *(record.final for record in records)])
    return InstallPlan(
        inputs.scheme,
        tuple(sorted(inputs.wheels, key=lambda wheel: wheel.filename)),
        inputs.interpreters,
        tuple(sorted(files.values(), key=attrgetter("final"))),
        tuple(biggest_first(jobs.values())),
        inputs.policy,
        records,
        tuple(dropped),
        (
            *(warned for wheel in inputs.wheels for warned in wheel.warnings),
            *warnings,
            *long_names(jobs.values()),
            *shared.warnings(),
        ),
        tuple(sources.values()),
    )


def planned_paths(plan: InstallPlan) -> list[str]:
    """Return every final path that the plan may write."""
    files = [file.final for file in plan.files]
    return [*files, *_pycs(plan.jobs), *(record.final for record in plan.records)]


def _pycs(jobs: Iterable[PycJob]) -> list[str]:
    return [target.final for job in jobs for target in job.targets]


def refuse_conflicts(plan: InstallPlan, found: Mapping[str, Found], overwrite: bool) -> None:
    """Raise ConflictRefused for a path in the root that must not be replaced.

    A directory, link or device is never replaced, a file with other content only with ``overwrite``. Bytecode
    and RECORD are derived from the installed files and are always replaced. Nothing takes the place of the
    journal of a run.
    """
    for final in planned_paths(plan):
        if final == _JOURNAL:
            raise ConflictRefused(
                "is where truewheel keeps its journal", subject=final, hint="choose another --prefix"
            )
        if final in found and not found[final].has_content:
            raise ConflictRefused(
                "is there already and is not a regular file", subject=final, hint="remove it from the root"
            )
    if overwrite:
        return
    different = [f for f in plan.files if f.final in found and found[f.final].sha256 != f.sha256]
    if different:
        more = f" (and {len(different) - 1} more)" if different[1:] else ""
        raise ConflictRefused(
            f"is there already with other content{more}",
            subject=different[0].final,
            hint="install into an empty root, or give --overwrite to replace it",
        )


def refuse_denied(plan: InstallPlan, denied: Collection[str]) -> None:
    """Raise WheelRefused for the first warning whose rule is denied."""
    for warned in plan.warnings:
        if warned.rule in denied:
            subject = ": ".join(part for part in (warned.wheel, warned.entry) if part)
            hint = f"{INSTALLED[warned.rule].hint}; it is denied by --deny or by the scheme"
            raise WheelRefused(warned.message, subject=subject, hint=hint, rule=warned.rule)


@dataclass
class _Record:
    base: str
    dist_info: str
    mtime: int
    wheel: str
    members: dict[str, None]


class _WheelPlanner:
    """The files of one wheel for one interpreter."""

    def __init__(
        self,
        inputs: InstallInputs,
        wheel: Wheel,
        interpreter: Interpreter,
        paths: InstallPaths,
        dropped: Container[str],
    ) -> None:
        self._inputs = inputs
        self._scheme = inputs.scheme
        self._wheel = wheel
        self._interpreter = interpreter
        self._paths = paths
        self._dropped = dropped
        self._directories = {
            "purelib": paths.purelib,
            "platlib": paths.platlib,
            "scripts": paths.scripts,
            "data": paths.data,
            "headers": paths.headers,
        }
        self._begins = {category: path.rstrip("/") for category, path in self._directories.items()}
        self._excluded = Exclusions(inputs.exclude)
        self._uncompiled = Exclusions(inputs.policy.exclude)
        self._base = paths.purelib if wheel.root_is_purelib else paths.platlib
        self._shebang = script_shebang(inputs.scheme, interpreter, inputs.prefix)
        self.dist_info = posixpath.join(self._base, wheel.dist_info)
        self._inside_dist_info = self.dist_info + "/"
        self._modules = (paths.purelib + "/", paths.platlib + "/")
        self._metadata_name = f"{wheel.dist_info}/METADATA" if wheel.filename in inputs.metadata else ""

    def files(self) -> Iterator[PlannedFile]:
        """Entry points, then entries, then what an installer adds to the dist-info directory."""
        for point in self._entry_points():
            final = posixpath.join(self._paths.scripts, point.name)
            content = entry_point_script(self._shebang, point)
            yield self._text(final, Kind.SCRIPT, self._scheme.executable_mode, content)
        for entry in self._wheel.entries:
            if entry.name not in self._dropped:
                yield self._entry(entry)
        if self._scheme.installer:
            yield self._metadata("INSTALLER", f"{self._scheme.installer}\n".encode())
        if self._scheme.requested:
            yield self._metadata("REQUESTED", b"")
        if self._scheme.direct_url:
            yield self._metadata("direct_url.json", _direct_url(self._wheel))

    def leaves_out(self, file: PlannedFile) -> bool:
        """Whether the caller's globs say so; what tells of the install itself stays."""
        if file.kind is Kind.METADATA and posixpath.basename(file.final) in _KEPT:
            return False
        return self._excluded.has(file.final, self.directory_of(file))

    def is_compiled(self, file: PlannedFile) -> bool:
        """Whether a file is a source that gets bytecode."""
        if file.kind is not Kind.SOURCE or not self._inputs.policy.levels:
            return False
        return not (self._uncompiled and self._uncompiled.has(file.final, self.directory_of(file)))

    def job(self, file: PlannedFile) -> PycJob:
        """The compile job of a source."""
        policy, tag = self._inputs.policy, self._interpreter.cache_tag
        filename = code_filename(file.final, self.directory_of(file), policy.filename)
        job = plan_job(file.final, file.size, file.mtime, tag, policy.levels, file.wheel, filename)
        if not policy.legacy:
            return job
        return replace(job, targets=(PycTarget(policy.levels[0], f"{file.final}c"),), left_out=())

    def directory_of(self, file: PlannedFile) -> str:
        """The directory of the layout that a file goes to."""
        if file.kind is Kind.METADATA:
            return self._base
        category = file.source.category if isinstance(file.source, WheelEntry) else "scripts"
        return self._directories[category]

    def _entry_points(self) -> tuple[EntryPoint, ...]:
        """The wheel's own entry points; those of pip are renamed for this Python, as pip does."""
        points = self._wheel.entry_points
        if not self._scheme.versioned_scripts:
            return points
        for point in self._wheel.entry_points:
            if point.section == "console" and point.name in _VERSIONED:
                forms, pattern = _VERSIONED[point.name]
                names = (form.format(*self._interpreter.version) for form in forms)
                others = tuple(each for each in points if not re.fullmatch(pattern, each.name))
                points = (*others, *(replace(point, name=name) for name in names))
        return points

    def dead_scripts(self) -> Iterator[Warned]:
        """Yield a warning for each script that stays as it is and cannot start."""
        prefix = final_prefix(self._inputs.prefix, self._interpreter)
        programs = (self._paths.scripts, posixpath.join(prefix, "bin"))
        for entry in self._wheel.entries:
            head = self._inputs.scripts.heads.get((self._wheel.filename, entry.name), b"")
            if head and (path := dead_interpreter(head, programs)):
                message = f"starts with {path}, which no system has"
                yield Warned(self._wheel.filename, entry.name, "dead-first-line", message)

    def record(self) -> _Record:
        """Where this wheel's RECORD goes, still without members."""
        mtime = self._clamp(self._wheel.newest)
        return _Record(self._base, self.dist_info, mtime, self._wheel.filename, {})

    def _entry(self, entry: WheelEntry) -> PlannedFile:
        category, wheel = entry.category, self._wheel.filename
        if category == "data":
            final = data_path(self._paths, entry.relative)
        else:
            final = f"{self._begins[category]}/{entry.relative}"
        executable = entry.executable or category == "scripts"
        mode = self._scheme.executable_mode if executable else self._scheme.file_mode
        kind, mtime = self._kind(category, final), self._clamp(entry.mtime)
        planned = PlannedFile(final, kind, mode, mtime, entry.size, entry.sha256, wheel, entry, entry.name)
        if entry.name == self._metadata_name:
            from truewheel.overrides import patched_metadata  # seldom asked for, and slow to import

            content = patched_metadata(self._inputs.metadata[wheel], self._inputs.overrides)
            digest = hashlib.sha256(content).hexdigest()
            return replace(planned, size=len(content), sha256=digest, source=content)
        if category != "scripts":
            return planned
        script = self._inputs.scripts.rewritten.get((wheel, entry.name, self._shebang))
        if script is None:
            return planned
        return replace(planned, size=script.size, sha256=script.sha256, source=script)

    def _kind(self, category: str, final: str) -> Kind:
        if category in ("scripts", "headers"):
            return Kind.SCRIPT if category == "scripts" else Kind.HEADER
        if final.startswith(self._inside_dist_info):
            return Kind.METADATA
        if not final.startswith(self._modules):
            return Kind.DATA
        if final.endswith(".py"):
            return Kind.SOURCE
        return Kind.EXTENSION if final.endswith(".so") else Kind.MODULE_DATA

    def _metadata(self, name: str, content: bytes) -> PlannedFile:
        final = posixpath.join(self.dist_info, name)
        return self._text(final, Kind.METADATA, self._scheme.file_mode, content)

    def _text(self, final: str, kind: Kind, mode: int, content: bytes) -> PlannedFile:
        mtime = self._clamp(self._wheel.newest)
        digest = hashlib.sha256(content).hexdigest()
        return PlannedFile(final, kind, mode, mtime, len(content), digest, self._wheel.filename, content)

    def _clamp(self, mtime: int) -> int:
        epoch = self._inputs.epoch
        if epoch is None:
            return mtime
        return epoch if mtime == ZIP_ZERO_DATE else min(mtime, epoch)


def _direct_url(wheel: Wheel) -> bytes:
    """Return direct_url.json (PEP 610), without the directory of the build host, which is no input."""
    from urllib.parse import quote

    url = f"file:///{quote(wheel.filename)}"
    archive = {"hash": f"sha256={wheel.sha256}", "hashes": {"sha256": wheel.sha256}}
    return json.dumps({"archive_info": archive, "url": url}).encode()


def _drop_reasons(wheel: Wheel) -> dict[str, str]:
    """Why entries are not installed, by name."""
    added = {f"{wheel.dist_info}/{name}" for name in ADDED}
    points = {point.name for point in wheel.entry_points}
    reasons = {}
    for entry in wheel.entries:
        if entry.name in added:
            reasons[entry.name] = "written by the installer"
        elif entry.category == "scripts" and entry.relative in points:
            reasons[entry.name] = "the entry point of its name is installed"
        elif CACHE in entry.name and CACHE in entry.name.split("/")[:-1] and is_bytecode(entry.name):
            reasons[entry.name] = "bytecode in a wheel is not used; it is compiled here"
    return reasons


def _dropped(wheels: Iterable[Wheel], reasons: Mapping[str, Mapping[str, str]]) -> Iterator[Dropped]:
    for wheel in wheels:
        for name, reason in reasons[wheel.filename].items():
            if name != f"{wheel.dist_info}/RECORD":
                yield Dropped(wheel.filename, name, reason)


def _check_requires_python(inputs: InstallInputs) -> Iterator[Warned]:
    """Hold Requires-Python against X.Y.Z of each Python, without a pre-release part, as pip does."""
    for wheel in inputs.wheels:
        entry, wanted = f"{wheel.dist_info}/METADATA", wheel.requires_python
        for interpreter in inputs.interpreters:
            version = ".".join(map(str, interpreter.version))
            try:
                fits = admits(wanted, interpreter.version)
            except ValueError:  # InvalidSpecifier, or more digits than Python converts
                message = f"the Requires-Python {wanted} is invalid and was not looked at"
                yield Warned(wheel.filename, entry, "requires-python", message)
                break
            message = f"Requires-Python {wanted} does not admit {interpreter.command}, Python {version}"
            if not fits and not inputs.ignore_requires_python:
                raise refused(wheel.filename, Fault("requires-python", entry, message))
            if not fits:
                yield Warned(wheel.filename, entry, "requires-python", message)


def _records(owned: Mapping[str, _Record]) -> tuple[RecordPlan, ...]:
    return tuple(
        RecordPlan(
            final=posixpath.join(record.dist_info, "RECORD"),
            base=record.base,
            members=tuple(sorted(record.members)),
            mtime=record.mtime,
            wheel=record.wheel,
        )
        for _, record in sorted(owned.items())
    )

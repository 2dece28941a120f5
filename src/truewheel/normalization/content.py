"""Make the content of a tree or a layer a function of its sources: bytecode, metadata, RECORD last."""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from truewheel.audit.layout import find_sites
from truewheel.audit.normalize.bytecode import plan_bytecode
from truewheel.audit.normalize.extensions import build_path, is_extension, is_of_no_index
from truewheel.audit.normalize.metadata import (
    dated_history,
    dist_infos,
    left_behind,
    metadata_findings,
    moved_text,
    new_record,
)
from truewheel.audit.normalize.model import Change, Compilation, Entry, Job, Options
from truewheel.audit.normalize.pycs import Source, remake
from truewheel.bytecode.pool import Compiled, CompilePool
from truewheel.bytecode.pycs import biggest_first, source_path
from truewheel.dataclass import replace
from truewheel.model import Interpreter, InvalidationMode, PycJob
from truewheel.normalization.owned import CONDA
from truewheel.package.model import MemberKind
from truewheel.record import read_rows, row_path

_LINKS = 8  # that may follow one another
_SCRIPTS = ("bin", "sbin", "Scripts")


class Files(Protocol):
    """The files of a tree or of a layer, as they are, by path."""

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        ...

    def digest(self, path: str) -> tuple[bytes, int]:
        """Return the sha256 of a file and its size."""
        ...


class Writer(Protocol):
    """What is done to a tree or a layer."""

    def put(self, path: str, content: bytes, mode: int, mtime: int) -> None:
        """Let a file have this content, mode and date, under an inode of its own."""
        ...

    def link(self, existing: str, path: str, mtime: int) -> bool:
        """Let a path be a hard link of one that is there or was put; False where that cannot be."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file."""
        ...


class Normalizer:
    """Normalizes one tree or layer; modes and dates of what is not written are the caller's.

    ``base`` is the final directory that the paths of ``entries`` lie in. ``lower`` are files of layers below,
    which the tree lacks. ``interpreters`` compile, by cache tag. After ``run``: ``changes`` says what was
    done to which path, ``made`` are the new files, ``dates`` theirs and those of all bytecode in seconds,
    ``gone`` the removed files, ``listed`` what RECORDs list, ``compiled`` what a later run is spared.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        files: Files,
        writer: Writer,
        base: str,
        options: Options,
        interpreters: Mapping[str, Interpreter],
        lower: Mapping[str, Entry] | None = None,
    ) -> None:
        self.entries = entries
        self.options = options
        self._all = {**(lower or {}), **entries}
        self._files = files
        self._writer = writer
        self._base = base.rstrip("/")
        self._interpreters = interpreters
        self._digests: dict[str, tuple[bytes, int]] = {}
        self._moved: dict[str, bytes] = {}
        self.made: set[str] = set()
        self.dates: dict[str, int] = {}
        self.changes: dict[str, str] = {}
        self.findings: list[Change] = []
        self.counts: Counter[str] = Counter()
        self.gone: set[str] = set()
        self.listed: set[str] = set()
        self.compiled: list[Compilation] = []

    def run(self, jobs: int) -> None:
        """Do it all, with this number of compilers."""
        sites = find_sites(self.entries)
        infos = dist_infos(self.entries, sites)
        self._list_records(infos)
        self.findings += metadata_findings(self.entries, sites, infos, self._files.read)
        for path, why in left_behind(self.entries, infos, self._files.read).items():
            self._remove(path, why)
        self._move_texts()
        self._date_histories()
        sources = {path for path, entry in self._all.items() if _is_source(entry)}
        plan = plan_bytecode(self.entries, sources, self._interpreters.keys(), self.options)
        for path, why in plan.removed.items():
            self._remove(path, why)
        self._compile(plan.jobs, jobs)
        for path, source in plan.rewritten:
            self._rewrite(path, source)
        for path, entry in self.entries.items():
            is_link = entry.kind is MemberKind.LINK and source_path(path) and not entry.owned
            if is_link and self._leads_to(path) in self.gone:
                self._remove(path, "what it leads to is gone")
        self._write_records(infos)

    def _list_records(self, infos: Iterable[str]) -> None:
        for directory in infos:
            site = f"/{posixpath.dirname(directory)}"
            paths = {row_path(row, site).lstrip("/") for row in self._rows(f"{directory}/RECORD")}
            self.listed |= paths
            wheel = self.entries.get(f"{directory}/WHEEL")
            if wheel and wheel.kind is MemberKind.FILE and is_of_no_index(self._files.read(wheel.path)):
                self._look_into_extensions(paths)

    def _rows(self, record: str) -> list[list[str]]:
        entry = self.entries.get(record)
        if entry is None or entry.kind is not MemberKind.FILE:
            return []
        try:
            return read_rows(self._files.read(record).decode("utf-8"))
        except ValueError as error:  # UnicodeDecodeError is one
            self.findings.append(Change(record, f"cannot be read: {str(error)[:100]}"))
            return []

    def _look_into_extensions(self, paths: Iterable[str]) -> None:
        builds = [build for build, _ in self.options.moved]
        for path in filter(is_extension, paths):
            entry = self.entries.get(path)
            if entry and entry.kind is MemberKind.FILE and not entry.owned:
                found = build_path(self._files.read(path), builds)
                if found:
                    what = f"has {found}, where it was compiled; build its wheel with -ffile-prefix-map"
                    self.findings.append(Change(path, what))

    def _move_texts(self) -> None:
        if not self.options.moved:
            return
        for path, entry in self.entries.items():
            above = posixpath.basename(posixpath.dirname(path))
            if (
                entry.kind is MemberKind.FILE
                and not entry.owned
                and (above in _SCRIPTS or path == "pyvenv.cfg")
            ):
                before = self._files.read(path)
                after = moved_text(path, before, self.options)
                if after != before:
                    self._put(path, after, entry.mode, "moved")
                    self._moved[path] = after
                    self._all[path] = replace(entry, size=len(after))

    def _date_histories(self) -> None:
        for path, entry in self.entries.items():
            if entry.kind is MemberKind.FILE and f"/{path}".endswith(f"/{CONDA}/history"):
                before = self._files.read(path)
                after = dated_history(before, self.options)
                if after != before:
                    self._put(path, after, entry.mode, "dates")

    def _compile(self, planned: Iterable[Job], jobs: int) -> None:
        pyc_jobs = {self._pyc_job(job): job for job in planned if not self._is_vouched(job)}
        if not pyc_jobs:
            return
        with CompilePool(tuple(self._interpreters.values()), jobs) as pool:
            for each in biggest_first(pyc_jobs):
                pool.submit(each, self._source(pyc_jobs[each].source))
                for compiled in pool.finished():
                    self._put_levels(pyc_jobs[compiled.job], compiled)
            for compiled in pool.drain():
                self._put_levels(pyc_jobs[compiled.job], compiled)

    def _source(self, path: str) -> bytes:
        """Return a source as it is afterwards."""
        content = self._moved[path] if path in self._moved else self._files.read(path)
        self._digests[path] = (hashlib.sha256(content).digest(), len(content))
        return content

    def _pyc_job(self, job: Job) -> PycJob:
        entry = self._all[job.source]
        mtime = self.options.dated(entry.mtime)
        return PycJob(self._final(job.source), job.tag, entry.size, mtime, job.targets)

    def _is_vouched(self, job: Job) -> bool:
        """Whether a report says that these pycs are made of this source; equal ones must be one file."""
        entries = [self.entries.get(target.final) for target in job.targets]
        if not self.options.vouched or not all(entry and not entry.outside for entry in entries):
            return False
        found = {target.final: self._files.digest(target.final) for target in job.targets}
        pycs = tuple((target.level, found[target.final][0].hex()) for target in job.targets)
        files = {(digest, self.entries[path].inode or path) for path, digest in found.items()}
        self._digests[job.source] = self._digests.get(job.source) or self._files.digest(job.source)
        compilation = self._compilation(job, pycs)
        if compilation not in self.options.vouched or len(files) > len(set(found.values())):
            return False
        self.counts["vouched"] += len(pycs)
        self.compiled.append(compilation)
        self._digests |= found
        self.dates |= dict.fromkeys(found, self.options.dated(self._all[job.source].mtime))
        return True

    def _compilation(self, job: Job, pycs: tuple[tuple[int, str], ...]) -> Compilation:
        python, pyc_job, mode = self._interpreters[job.tag], self._pyc_job(job), self.options.mode
        date = pyc_job.mtime if mode is InvalidationMode.TIMESTAMP else 0
        digest = self._digests[job.source][0].hex()
        return Compilation(pyc_job.source, digest, python.version_text, job.tag, mode, date, pycs)

    def _put_levels(self, job: Job, compiled: Compiled) -> None:
        """Put the pycs of a source, equal levels as hard links of the lowest one."""
        if compiled.error:
            for target in job.targets:
                if target.final in self.entries:
                    self._remove(target.final, "its source does not compile")
            return
        contents = compiled.pycs(self.options.mode, self._interpreters[job.tag].magic)
        first: dict[bytes, str] = {}
        for target, content in zip(job.targets, contents, strict=True):
            self.counts["recompiled"] += 1
            twin = first.setdefault(content, target.final)
            if twin == target.final or not self._link(twin, target.final):
                self._put_pyc(target.final, job.source, content, "compiled again")
        digests = (hashlib.sha256(content).hexdigest() for content in contents)
        pycs = tuple(zip((target.level for target in job.targets), digests, strict=True))
        self.compiled.append(self._compilation(job, pycs))

    def _link(self, twin: str, path: str) -> bool:
        one, other = self.entries.get(twin), self.entries.get(path)
        self._digests[path] = self._digests.get(twin) or self._files.digest(twin)
        self.dates[path] = self.dates[twin]
        if one and other and one.inode and one.inode == other.inode and twin not in self.made:
            return True
        if not self._writer.link(twin, path, self.dates[path]):
            return False
        self.made.add(path)
        self.changes[path] = f"linked to {posixpath.basename(twin)}"
        return True

    def _put_pyc(
        self, path: str, source: str, content: bytes, what: str, before: bytes | None = None
    ) -> None:
        entry, from_source = self.entries.get(path), self._all.get(source)
        mtime = from_source.mtime if from_source else entry.mtime if entry else 0
        self.dates[path] = self.options.dated(mtime)
        is_as_long = entry is not None and not entry.outside and entry.size == len(content)
        if is_as_long and content == (self._files.read(path) if before is None else before):
            return
        self._put(path, content, entry.mode if entry and self.options.keep_modes else 0o644, what, mtime)

    def _rewrite(self, path: str, source: str) -> None:
        self.counts["rewritten"] += 1
        entry = self._all.get(source)
        from_source = None
        if source and entry is not None:
            new, date = self._source(source), self.options.dated(entry.mtime)
            content = self._files.read(source) if source in self._moved else new
            from_source = Source(content, entry.mtime, new, date, self._final(source))
        before = self._files.read(path)
        made = remake(before, from_source, self.options.mode, self.options.final)
        if made.stale:
            self._remove(path, made.stale)
        elif made.kept:
            self.findings.append(Change(path, made.kept))
        else:
            self._put_pyc(path, source, made.content, "rewritten", before)

    def _write_records(self, infos: Iterable[str]) -> None:
        present = (self._all.keys() | self.made) - self.gone
        pycs: defaultdict[str, set[str]] = defaultdict(set)
        for path in present:
            if (source := source_path(path)) and self._leads_to(path):
                pycs[source].add(path)
        for directory in infos:
            record = f"{directory}/RECORD"
            entry = self.entries.get(record)
            if entry is None or entry.kind is not MemberKind.FILE or entry.owned:
                continue
            before = self._files.read(record)
            try:
                site = posixpath.dirname(directory)
                after = new_record(before.decode("utf-8"), site, present, self._digest, pycs)
            except ValueError:
                continue  # it is a finding already
            if after != before:
                self._put(record, after, entry.mode, "rows")

    def _digest(self, path: str) -> tuple[bytes, int] | None:
        led = self._leads_to(path)
        return (self._digests.get(led) or self._files.digest(led)) if led else None

    def _leads_to(self, path: str) -> str:
        """Return the path of the file that a path leads to in the tree, "" for none."""
        for _ in range(_LINKS):
            entry = self._all.get(path)
            if path in self.made or (entry is not None and entry.kind is MemberKind.FILE):
                return path
            if entry is None or entry.kind is not MemberKind.LINK:
                return ""
            final = posixpath.join(self._base or "/", posixpath.dirname(path), entry.target)
            inside, path = f"{self._base}/", posixpath.normpath(final)
            if not path.startswith(inside):
                return ""
            path = path[len(inside) :]
        return ""

    def _put(self, path: str, content: bytes, mode: int, what: str, mtime: int | None = None) -> None:
        dated = self.options.dated(self._all[path].mtime if mtime is None else mtime)
        self._writer.put(path, content, mode, dated)
        self.made.add(path)
        self.dates[path] = dated
        self._digests[path] = (hashlib.sha256(content).digest(), len(content))
        self.changes[path] = what

    def _remove(self, path: str, why: str) -> None:
        self._writer.remove(path)
        self.gone.add(path)
        self.changes[path] = f"removed: {why}"

    def _final(self, path: str) -> str:
        return self.options.final(f"{self._base}/{path}")


def _is_source(entry: Entry) -> bool:
    return entry.kind is MemberKind.FILE and entry.path.endswith(".py")

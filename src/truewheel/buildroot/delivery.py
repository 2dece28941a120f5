"""Put planned files and compiled code below the root: keep what is equal, account for what happened."""

from __future__ import annotations

import hashlib
import itertools
import posixpath
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter

from truewheel.buildroot.transaction import Buildroot
from truewheel.bytecode.pool import Compiled
from truewheel.errors import Uncompilable
from truewheel.model import (
    BytecodePolicy,
    CompileResult,
    Dropped,
    ErrorPolicy,
    File,
    Found,
    InstalledFile,
    Interpreter,
    Kind,
    Manifest,
    PycJob,
    PycTarget,
    RecordPlan,
    State,
)
from truewheel.record import record_text

Content = Callable[[], Iterable[bytes]]
# is called with the number of files that are in place, and of sources that were compiled
Watch = Callable[[int, int], None]


def state_of(file: File, found: Mapping[str, Found]) -> State:
    """Return what becomes of a planned file, by what was found in the root (by final path)."""
    there = found.get(file.final)
    if there is None:
        return State.CREATED
    equal = (there.link, there.sha256, there.mode, there.mtime) == ("", file.sha256, file.mode, file.mtime)
    return State.UNCHANGED if equal else State.REPLACED


class Delivery:
    """The account of a run: what is below the root (by final path) and what became of each source.

    ``found`` is what was there before. A file that has its content, mode and date already is left alone.
    """

    def __init__(
        self,
        buildroot: Buildroot,
        found: Mapping[str, Found],
        interpreters: tuple[Interpreter, ...],
        policy: BytecodePolicy,
        file_mode: int,
        watch: Watch | None = None,
    ) -> None:
        self._buildroot = buildroot
        self._found = found
        self._interpreters = {each.cache_tag: (each.magic, each.short_version) for each in interpreters}
        self._policy = policy
        self._file_mode = file_mode
        self._watch = watch
        self.files: dict[str, InstalledFile] = {}
        self.compiled: list[CompileResult] = []

    def put(self, file: File, content: Content) -> None:
        """Put a file; ``content`` is asked for its bytes only where they are to be written."""
        state = state_of(file, self._found)
        if state is State.CREATED:
            self._buildroot.add(file.final, content(), file.mode, file.mtime)
        elif state is State.REPLACED:
            self._buildroot.replace(file.final, content(), file.mode, file.mtime)
        self._note(file, state)

    def put_pycs(self, results: Iterable[Compiled]) -> None:
        """Put the pycs of sources, equal levels as links of the lowest one."""
        for compiled in results:
            job = compiled.job
            magic, version = self._interpreters[job.cache_tag]
            if compiled.error:
                self._remove_pycs(job)
            else:
                self._put_levels(compiled, magic)
            self.compiled.append(
                CompileResult(
                    job.source,
                    version,
                    compiled.source_hash.hex(),
                    () if compiled.error else job.targets,
                    compiled.error,
                )
            )
            self._tell()

    def put_record(self, record: RecordPlan) -> None:
        """Put a RECORD, at commit after everything else: a tree without one is not complete."""
        content = record_text(record, self.files)
        file = self._file(record.final, Kind.METADATA, record.mtime, content, record.wheel)
        state = state_of(file, self._found)
        if state is not State.UNCHANGED:
            self._buildroot.replace(file.final, (content,), file.mode, file.mtime, last=True)
        self._note(file, state)

    def refuse_failures(self) -> None:
        """Raise Uncompilable for sources that did not compile, where the policy says so."""
        failed = sorted((result for result in self.compiled if result.error), key=_order)
        if not failed or self._policy.errors is ErrorPolicy.WARN:
            return
        first = failed[0]
        more = f" (and {len(failed) - 1} more)" if failed[1:] else ""
        raise Uncompilable(
            f"does not compile on Python {first.interpreter}: {first.error}{more}",
            subject=first.source,
            hint="fix or remove it, or give --errors warn to install it without bytecode",
        )

    def manifest(self, dropped: tuple[Dropped, ...] = (), strays: tuple[str, ...] = ()) -> Manifest:
        """The account, sorted, with the ``dropped`` entries of wheels and the ``strays`` removed."""
        files = tuple(sorted(self.files.values(), key=attrgetter("final")))
        self.compiled.sort(key=attrgetter("source"))
        groups = itertools.groupby(self.compiled, attrgetter("source"))  # a key for each takes 300 bytes
        compiled = itertools.chain.from_iterable(sorted(group, key=_order) for _, group in groups)
        return Manifest(files, tuple(compiled), dropped, strays)

    def _put_levels(self, compiled: Compiled, magic: bytes) -> None:
        made: dict[bytes, File] = {}
        pycs = compiled.pycs(self._policy.mode, magic)
        for target, content in zip(compiled.job.targets, pycs, strict=True):
            self._put_pyc(compiled.job, target, content, made)

    def _put_pyc(self, job: PycJob, target: PycTarget, content: bytes, made: dict[bytes, File]) -> None:
        twin = made.get(content)
        digest = twin.sha256 if twin else ""
        file = self._file(target.final, Kind.BYTECODE, job.mtime, content, job.wheel, digest)
        if twin is None:
            made[content] = file
        elif (self._policy.symlink and self._symlink(twin, file)) or (
            self._policy.hardlink and not self._policy.symlink and self._link(twin, file)
        ):
            return
        self.put(file, lambda: (content,))

    def _remove_pycs(self, job: PycJob) -> None:
        """Remove what is there for a source that does not compile: it was made of another source."""
        for target in job.targets:
            if target.final in self._found:
                self._buildroot.remove(target.final)

    def _file(self, final: str, kind: Kind, mtime: int, content: bytes, wheel: str, digest: str = "") -> File:
        sha256 = digest or hashlib.sha256(content).hexdigest()
        return File(final, kind, self._file_mode, mtime, len(content), sha256, wheel)

    def _link(self, twin: File, file: File) -> bool:
        before = self._found.get(file.final)
        linked_before = before is not None and before.inode == self._inode(twin.final)
        if linked_before and self.files[twin.final].state is State.UNCHANGED:
            self._note(file, State.UNCHANGED)
            return True
        if not self._buildroot.link(twin.final, file.final, file.mtime, replace=before is not None):
            return False
        self._note(file, State.CREATED if before is None else State.REPLACED)
        return True

    def _symlink(self, twin: File, file: File) -> bool:
        before = self._found.get(file.final)
        wanted = posixpath.basename(twin.final), file.mtime
        if before is not None and (before.link, before.mtime) == wanted:
            self._note(file, State.UNCHANGED)
            return True
        if not self._buildroot.symlink(twin.final, file.final, file.mtime, replace=before is not None):
            return False
        self._note(file, State.CREATED if before is None else State.REPLACED)
        return True

    def _inode(self, final: str) -> tuple[int, int] | None:
        found = self._found.get(final)
        return found.inode if found else None

    def _note(self, file: File, state: State) -> None:
        self.files[file.final] = InstalledFile(
            file.final, file.kind, file.mode, file.mtime, file.size, file.sha256, file.wheel, state
        )
        self._tell()

    def _tell(self) -> None:
        if self._watch:
            self._watch(len(self.files), len(self.compiled))


def _order(result: CompileResult) -> tuple[str, str, list[str], str]:
    # two builds of one version, the one free-threaded, differ by their pycs or by what they say
    return result.source, result.interpreter, [target.final for target in result.pycs], result.error

"""Put planned files and compiled code below the root: keep what is equal, note what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import Found
from truewheel.bytecode.pool import Compiled
from truewheel.bytecode.pycs import pyc_header
from truewheel.model import (
    BytecodePolicy,
    CompileResult,
    InstalledFile,
    Interpreter,
    Kind,
    PycTarget,
    RecordPlan,
)
from truewheel.record import record_text

Content = Callable[[], Iterable[bytes]]


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
    ) -> None:
        self._buildroot = buildroot
        self._found = found
        self._interpreters = interpreters
        self._policy = policy
        self._file_mode = file_mode
        self.files: dict[str, InstalledFile] = {}
        self.compiled: list[CompileResult] = []

    def put(self, file: InstalledFile, content: Content) -> None:
        """Put a file; ``content`` is asked for its bytes only where they are to be written."""
        state = self._state(file)
        if state == "created":
            self._buildroot.create(file.final, content(), file.mode, file.mtime)
        elif state == "replaced":
            self._buildroot.replace(file.final, content(), file.mode, file.mtime)
        self._note(file, state)

    def put_pycs(self, compiled: Compiled, wheel: str) -> None:
        """Put the pycs of one source, equal levels as hard links of the lowest one."""
        job = compiled.job
        interpreter = self._interpreters[job.interpreter]
        if not compiled.error:
            header = pyc_header(
                self._policy.mode, interpreter.magic, compiled.source_hash, job.mtime, job.size
            )
            made: dict[bytes, InstalledFile] = {}
            contents: dict[int, bytes] = {}
            for target, code in zip(job.targets, compiled.codes, strict=True):
                content = header + code.content if code.same_as is None else contents[code.same_as]
                contents[code.level] = content
                self._put_pyc(target, content, made, wheel, job.mtime)
        else:  # what is there was made of another source
            for target in job.targets:
                if target.final in self._found:
                    self._buildroot.remove(target.final)
        self.compiled.append(
            CompileResult(
                job.source,
                interpreter.short_version,
                compiled.source_hash.hex(),
                () if compiled.error else job.targets,
                compiled.error,
            )
        )

    def put_record(self, record: RecordPlan) -> None:
        """Put a RECORD, at commit after everything else: a tree without one is not complete."""
        content = record_text(record, self.files)
        digest = hashlib.sha256(content).hexdigest()
        file = InstalledFile(
            record.final, Kind.METADATA, self._file_mode, record.mtime, len(content), digest, record.wheel, ""
        )
        state = self._state(file)
        if state != "unchanged":
            self._buildroot.replace(file.final, (content,), file.mode, file.mtime, last=True)
        self._note(file, state)

    def _put_pyc(
        self, target: PycTarget, content: bytes, made: dict[bytes, InstalledFile], wheel: str, mtime: int
    ) -> None:
        twin = made.get(content)
        digest = twin.sha256 if twin else hashlib.sha256(content).hexdigest()
        file = InstalledFile(
            target.final, Kind.BYTECODE, self._file_mode, mtime, len(content), digest, wheel, ""
        )
        if twin is None:
            made[content] = file
        elif self._policy.hardlink and self._link(twin, file):
            return
        self.put(file, lambda: (content,))

    def _link(self, twin: InstalledFile, file: InstalledFile) -> bool:
        before = self._found.get(file.final)
        linked_before = before is not None and before.inode == self._inode(twin.final)
        if linked_before and self.files[twin.final].state == "unchanged":
            self._note(file, "unchanged")
            return True
        if not self._buildroot.link(twin.final, file.final, file.mtime, replace=before is not None):
            return False
        self._note(file, "created" if before is None else "replaced")
        return True

    def _inode(self, final: str) -> tuple[int, int] | None:
        found = self._found.get(final)
        return found.inode if found else None

    def _state(self, file: InstalledFile) -> str:
        found = self._found.get(file.final)
        if found is None:
            return "created"
        equal = (found.sha256, found.mode, found.mtime) == (file.sha256, file.mode, file.mtime)
        return "unchanged" if equal else "replaced"

    def _note(self, file: InstalledFile, state: str) -> None:
        self.files[file.final] = InstalledFile(
            file.final, file.kind, file.mode, file.mtime, file.size, file.sha256, file.wheel, state
        )

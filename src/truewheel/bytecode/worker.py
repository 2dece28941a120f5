"""Run a process of a target Python that compiles: sources go in through a pipe, canonical code comes out."""

from __future__ import annotations

import os
import signal
import struct
import time
from collections import deque
from collections.abc import Iterator, Mapping

from truewheel.bytecode import canonical_form
from truewheel.bytecode.pycs import pyc_header
from truewheel.children import Child
from truewheel.dataclass import dataclass
from truewheel.errors import CompileError
from truewheel.interpreter import compiler_command, worker_environment
from truewheel.model import Interpreter, InvalidationMode, Limits, PycJob
from truewheel.process import ending, last_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FRAME = struct.Struct("<II")
_HEADER = struct.Struct("<BIQB")
_RAW, _CHECK = 1, 2
_CODE = struct.Struct("<BBI")
_OWN = 0xFF
_START = 1 + 8  # where entries begin in the header of an answer, behind a zero byte and the source's hash
_Entry = tuple[int, int, int]
_MIB = 1 << 20
_LOG = _MIB  # of messages from a worker
_CHUNK = 1 << 16
_UNITS = {"cpu": "seconds", "memory": "MiB", "output": "MiB", "time": "seconds"}
# a source can crash a compiler with these; the machine is to blame for any other end
_CRASHES = frozenset((signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL))


@dataclass(frozen=True)
class Code:
    """The canonical code of one level: its bytes, or the earlier level that has the same bytes."""

    level: int
    content: bytes
    same_as: int | None


@dataclass(frozen=True)
class Compiled:
    """The result of a job; ``error`` is the compiler's message if the source does not compile, else empty."""

    job: PycJob
    source_hash: bytes
    codes: tuple[Code, ...]
    error: str

    def contents(self, header: bytes = b"") -> list[bytes]:
        """Return the code of each target behind a header, in the job's order; equal ones are one object."""
        made: dict[int, bytes] = {}
        for code in self.codes:
            made[code.level] = header + code.content if code.same_as is None else made[code.same_as]
        return list(made.values())

    def pycs(self, mode: InvalidationMode, magic: bytes) -> list[bytes]:
        """Return the pyc of each target, as `contents` does."""
        return self.contents(pyc_header(mode, magic, self.source_hash, self.job.mtime, self.job.size))


class Crashed(Exception):
    """The compiler crashed over a source."""


class OutOfMemory(Exception):
    """The compiler had no memory left for a source."""

    def __init__(self, error: CompileError) -> None:
        super().__init__(str(error))
        self.error = error


class Worker:
    """One process of a target Python; it compiles what it is sent, one source after the other.

    ``sent`` are the jobs without an answer, with the bytes of their sources, ``size`` in all; ``is_fresh``
    until the first of all has its answer, but for a ``child`` that answered the probe before. ``unsent`` is
    what waits to go through ``requests``; that, ``answers`` and ``messages`` (``has_messages`` until their
    end) are descriptors that do not block. ``deadline`` is when, by time.monotonic, an answer is due.
    """

    def __init__(self, interpreter: Interpreter, limits: Limits, child: Child | None = None) -> None:
        self._interpreter = interpreter
        self._limits = limits
        self.deadline = 0.0
        self.is_fresh = child is None
        self.sent: deque[tuple[PycJob, bytes]] = deque()
        self.size = 0
        self.unsent: deque[memoryview] = deque()
        self._received = bytearray()
        self._flags = _RAW if canonical_form.is_made_here(interpreter) else _CHECK
        try:
            self._child = child or Child(compiler_command(interpreter), worker_environment())
        except OSError as error:
            raise CompileError(f"cannot be started: {error.strerror}", subject=interpreter.command) from error
        self.requests, self.answers = self._child.requests, self._child.answers
        self.messages = self._child.messages
        self.has_messages = True
        for descriptor in (self.requests, self.answers, self.messages):
            os.set_blocking(descriptor, False)

    def send(self, job: PycJob, source: bytes) -> None:
        """Send a source, or keep what of it the process does not take yet."""
        levels = bytes([target.level for target in job.targets])
        fixed = _HEADER.pack(self._flags, self._limits.cpu, self._limits.memory * _MIB, len(levels))
        header = fixed + levels + (job.filename or job.source).encode("utf-8", "surrogatepass")
        self._flags &= ~_CHECK
        if not self.sent:
            self.deadline = time.monotonic() + self._limits.time
        self.sent.append((job, source))
        self.size += len(source)
        self.unsent.append(memoryview(_FRAME.pack(len(header), len(source)) + header + source))
        self.flush()

    def flush(self) -> None:
        """Send what is kept, as far as the process takes it; raises CompileError where it cannot be sent."""
        try:
            while self.unsent:
                data = self.unsent[0]
                done = os.write(self.requests, data)
                if done < len(data):
                    self.unsent[0] = data[done:]
                    return
                self.unsent.popleft()
        except BlockingIOError:
            return
        except BrokenPipeError:  # its answers end, too, and tell why
            self.unsent.clear()
        except OSError as error:
            message = f"cannot be sent a source: {error.strerror}"
            raise CompileError(message, subject=self._interpreter.command) from error

    def receive(self) -> Iterator[Compiled]:
        """Yield the results that have come.

        Raises Crashed or OutOfMemory if the compiler ends so over the first source that was sent, else
        CompileError.
        """
        try:
            chunk = os.read(self.answers, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._explain_death() from error
        if not chunk:
            raise self._explain_death()
        self._received += chunk
        while self.sent and len(self._received) >= _FRAME.size:
            header_size, payload_size = _FRAME.unpack_from(self._received)
            start, end = _FRAME.size + header_size, _FRAME.size + header_size + payload_size
            if end - _FRAME.size > self._limits.output * _MIB:
                raise self._over_limit("output")
            if len(self._received) < end:
                return
            with memoryview(self._received) as view:
                answer, payload = bytes(view[_FRAME.size : start]), bytes(view[start:end])
            del self._received[:end]
            yield self._result(answer, payload)

    def listen(self) -> bool:
        """Take what is on standard error; False if nothing is. Raises CompileError for a flood."""
        try:
            said = os.read(self.messages, _CHUNK)
        except BlockingIOError:
            return False
        self.has_messages = bool(said)
        self._child.said += said
        if len(self._child.said) > _LOG:
            raise self._ended_early("it wrote more than 1 MiB to standard error")
        return bool(said)

    def refuse_delay(self) -> None:
        """Raise CompileError if the answer that is due is not there yet."""
        if self.sent and time.monotonic() > self.deadline:
            raise self._over_limit("time")

    def _result(self, answer: bytes, payload: bytes) -> Compiled:
        job, source = self.sent[0]
        try:
            if answer.startswith(b"{"):
                compiled = Compiled(job, b"", (), self._failure(answer))
            else:
                compiled = self._codes(job, answer, _entries(job, answer, payload), payload)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, struct.error) as error:
            raise CompileError(
                "the bytecode worker sent an invalid answer",
                subject=self._interpreter.command,
                hint="name a Python, not a wrapper that prints",
            ) from error
        self.sent.popleft()
        self.size -= len(source)
        self.is_fresh = False
        self.deadline = time.monotonic() + self._limits.time
        return compiled

    def _failure(self, answer: bytes) -> str:
        """Say why the source does not compile; raises CompileError where it does, into code not known."""
        import json  # most installs read no failure

        header = json.loads(answer)
        if "unknown" in header:
            raise self._unknown_code(_problem(header["unknown"]))
        return _problem(header["error"])

    def _codes(self, job: PycJob, answer: bytes, entries: list[_Entry], payload: bytes) -> Compiled:
        """Take the codes apart and give them their canonical form, in which some of them may be equal."""
        codes: list[Code] = []
        made: dict[bytes, int] = {}
        offset = 0
        for level, same_as, size in entries:
            if same_as != _OWN:
                codes.append(Code(level, b"", same_as))
                continue
            content = payload[offset : offset + size]
            offset += size
            if self._flags & _RAW:
                content = self._rewritten(content)
            earlier = made.setdefault(content, level)
            codes.append(Code(level, content, None) if earlier == level else Code(level, b"", earlier))
        return Compiled(job, answer[1:_START], tuple(codes), "")

    def _rewritten(self, stream: bytes) -> bytes:
        try:
            return canonical_form.rewrite(stream, self._interpreter.version[:2])
        except ValueError as error:
            raise self._unknown_code(f"{type(error).__name__}: {error}") from error

    def _unknown_code(self, problem: str) -> CompileError:
        version = self._interpreter.version_text
        return CompileError(
            f"truewheel does not know the code objects of Python {version}: {problem} "
            f"(in {self.sent[0][0].source})",
            subject=self._interpreter.command,
            hint="use a truewheel that supports this Python",
        )

    def _over_limit(self, kind: str) -> CompileError:
        unit = _UNITS[kind]
        what = {
            "cpu": f"takes the compiler more than {self._limits.cpu} s of CPU time",
            "memory": f"takes the compiler more memory than there is, or than {self._limits.memory} {unit}",
            "output": f"becomes more than {self._limits.output} {unit} of bytecode",
            "time": f"has no answer from the compiler after {self._limits.time} s",
        }[kind]
        return CompileError(
            f"{what} on Python {self._interpreter.version_text}",
            subject=self.sent[0][0].source,
            hint=f"give --limit {kind}={unit.upper()} to allow more, or leave the source out",
        )

    def _explain_death(self) -> Exception:
        code = self._child.kill()
        while self.listen():
            pass
        said = last_line(bytes(self._child.said))
        # an allocation that fails leaves much unused, and may end as a crash or without a word
        had_much = self._child.memory > self._limits.memory * _MIB // 4
        if said.startswith("MemoryError") or (had_much and (-code in _CRASHES or (code > 0 and not said))):
            return OutOfMemory(self._over_limit("memory"))
        if -code in _CRASHES:
            return Crashed(f"the compiler crashed ({signal.Signals(-code).name})")
        if -code == signal.SIGXCPU:
            return self._over_limit("cpu")
        return self._ended_early(said or ending(code))

    def _ended_early(self, why: str) -> CompileError:
        return CompileError(
            f"the bytecode worker ended early: {why}",
            subject=self._interpreter.command,
            hint="check that this Python works and that there is enough memory",
        )

    def close(self) -> None:
        """End the process, wait for it, close its pipes."""
        self._child.close()


def _problem(error: Mapping[str, Any]) -> str:
    line = f" at line {error['line']}" if error.get("line") else ""
    return f"{error['type']}: {error['message']}{line}"


def _entries(job: PycJob, answer: bytes, payload: bytes) -> list[_Entry]:
    """Return of each code its level, an earlier level with the same code or _OWN, and its size."""
    entries: list[_Entry] = list(_CODE.iter_unpack(answer[_START:]))
    levels = [level for level, _, _ in entries]
    is_complete = answer.startswith(b"\0") and len(answer) >= _START
    if not is_complete or levels != [target.level for target in job.targets]:
        raise ValueError("not what was asked for")
    for number, (_, same_as, size) in enumerate(entries):
        if same_as != _OWN and (size or same_as not in levels[:number]):
            raise ValueError("the same as nothing")
    if sum(size for _, _, size in entries) != len(payload):
        raise ValueError("more or less code than announced")
    return entries

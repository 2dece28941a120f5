"""Run the target Pythons' compilers side by side: sources go in through pipes, canonical code comes out."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import select
import signal
import struct
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, Any

from truewheel.bytecode import canonical_form
from truewheel.errors import CompileError
from truewheel.interpreter import compiler_command, worker_environment
from truewheel.model import DEFAULT_LIMITS, Interpreter, Limits, PycJob
from truewheel.process import ending, last_line

_FRAME = struct.Struct("<II")
_SOURCE_PER_WORKER = 96 * 1024
_MIB = 1 << 20
_LOG = _MIB  # of messages from a worker
_CHUNK = _MIB
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


class CompilePool:
    """Worker processes of the target Pythons, started when first needed.

    ``submit`` never blocks; ``finished`` yields the results that are ready, ``drain`` waits for the rest.
    Results come in any order. If the compiler crashes, the source counts as one that does not compile, and
    the worker is replaced. A source that takes more than ``limits`` is trouble: hosts differ.
    """

    def __init__(
        self, interpreters: tuple[Interpreter, ...], workers: int, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self._limits = limits
        self._interpreters = {interpreter.cache_tag: interpreter for interpreter in interpreters}
        self._workers = workers
        self._waiting = _Waiting(self._interpreters)
        self._done: queue.SimpleQueue[Compiled | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running: list[_Worker] = []
        self._submitted = 0
        self._bytes = 0
        self._closed = threading.Event()

    def __enter__(self) -> CompilePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._waiting.end()
        for worker in tuple(self._running):
            worker.kill()
        for thread in self._threads:
            thread.join()

    def submit(self, job: PycJob, source: bytes) -> None:
        """Queue a job with the bytes of its source."""
        self._submitted += 1
        self._bytes += len(source)
        self._waiting.put(job, source)
        wanted = min(self._workers, 1 + self._bytes // _SOURCE_PER_WORKER)
        if len(self._threads) < wanted:
            thread = threading.Thread(target=self._serve, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # a limit of the machine; those that run do the work
                if not self._threads:
                    raise CompileError(str(error), hint="see ulimit -u") from error
                return
            self._threads.append(thread)

    def finished(self) -> Iterator[Compiled]:
        """Yield the results that are ready; raises CompileError if a worker cannot do its work."""
        while not self._done.empty():
            yield self._take()

    def drain(self) -> Iterator[Compiled]:
        """Yield every result that is still to come; raises what `finished` raises."""
        while self._submitted:
            yield self._take()

    def _take(self) -> Compiled:
        result = self._done.get()
        if isinstance(result, BaseException):
            raise result
        self._submitted -= 1
        return result

    def _serve(self) -> None:
        workers: dict[str, _Worker] = {}
        last = ""
        try:
            while (item := self._waiting.get(last)) is not None:
                last = item[0].cache_tag
                self._done.put(self._compile(workers, *item))
        except BaseException as error:  # handed to the thread that waits for results
            self._done.put(error)
        finally:
            for worker in workers.values():
                worker.close()

    def _compile(self, workers: dict[str, _Worker], job: PycJob, source: bytes) -> Compiled:
        worker = workers.get(job.cache_tag)
        if worker is None:
            worker = workers[job.cache_tag] = _Worker(self._interpreters[job.cache_tag], self._limits)
            self._running.append(worker)
            if self._closed.is_set():  # started while the pool was being left
                worker.kill()
        is_fresh = worker.is_fresh
        try:
            return worker.compile(job, source)
        except (_Crashed, _OutOfMemory) as death:
            workers.pop(job.cache_tag).close()
            if not is_fresh:  # what sources before it left behind must not decide about this one
                return self._compile(workers, job, source)
            if isinstance(death, _Crashed):
                return Compiled(job, b"", (), str(death))
            raise death.error from death


class _Waiting:
    """Jobs by the cache tag of their interpreter: a thread that has a warm worker prefers jobs for it."""

    def __init__(self, cache_tags: Iterable[str]) -> None:
        self._jobs: dict[str, deque[tuple[PycJob, bytes]]] = {tag: deque() for tag in cache_tags}
        self._changed = threading.Condition()
        self._ended = False

    def put(self, job: PycJob, source: bytes) -> None:
        with self._changed:
            self._jobs[job.cache_tag].append((job, source))
            self._changed.notify()

    def end(self) -> None:
        """Let nobody get anything more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def get(self, cache_tag: str) -> tuple[PycJob, bytes] | None:
        """A job for this interpreter, else for the one that has most; waits for one; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or any(self._jobs.values()))
            if self._ended:
                return None
            return (self._jobs.get(cache_tag) or max(self._jobs.values(), key=len)).popleft()


class _Crashed(Exception):
    """The compiler crashed over a source."""


class _OutOfMemory(Exception):
    """The compiler had no memory left for a source."""

    def __init__(self, error: CompileError) -> None:
        super().__init__(str(error))
        self.error = error


class _OverLimit(Exception):
    """A source took more than it may of ``kind``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _Worker:
    """One process of a target Python that compiles what it is sent."""

    def __init__(self, interpreter: Interpreter, limits: Limits) -> None:
        self._interpreter = interpreter
        self._limits = limits
        self._deadline = 0.0
        self.is_fresh = True
        self._raw = canonical_form.is_made_here(interpreter)
        self._check = not self._raw
        self._log = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                compiler_command(interpreter),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=worker_environment(),
                cwd="/",
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise CompileError(f"cannot be started: {error.strerror}", subject=interpreter.command) from error
        with contextlib.suppress(OSError):  # one that has ended already, or is another user's
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (_LOG, _LOG))

    def compile(self, job: PycJob, source: bytes) -> Compiled:
        """Send a source and wait for its code.

        Raises _Crashed or _OutOfMemory if the compiler ends so over it, else CompileError.
        """
        self.is_fresh = False
        self._deadline = time.monotonic() + self._limits.time
        request = {
            "dfile": job.filename or job.source,
            "levels": [target.level for target in job.targets],
            "raw": self._raw,
            "check": self._check,
            "cpu": self._limits.cpu,
            "memory": self._limits.memory * _MIB,
        }
        self._check = False
        try:
            self._send(json.dumps(request).encode("ascii"), source)
            answer, payload = self._receive()
        except _OverLimit as error:
            raise self._over_limit(job, error.kind) from error
        except (OSError, EOFError) as error:
            raise self._explain_death(job) from error
        try:
            header = json.loads(answer)
            if "unknown" in header:
                raise self._unknown_code(job, _problem(header["unknown"]))
            compiled = _read_answer(job, header, payload)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise CompileError(
                "the bytecode worker sent an invalid answer",
                subject=self._interpreter.command,
                hint="name a Python, not a wrapper that prints",
            ) from error
        return self._canonical(compiled) if self._raw else compiled

    def _canonical(self, compiled: Compiled) -> Compiled:
        """Give the codes their canonical form, in which some of them may be equal."""
        codes: list[Code] = []
        made: dict[bytes, int] = {}
        for code in compiled.codes:
            if code.same_as is None:
                content = self._rewritten(compiled.job, code.content)
                same_as = made.get(content)
                made.setdefault(content, code.level)
                codes.append(Code(code.level, b"" if same_as is not None else content, same_as))
            else:
                codes.append(code)
        return replace(compiled, codes=tuple(codes))

    def _rewritten(self, job: PycJob, stream: bytes) -> bytes:
        try:
            return canonical_form.rewrite(stream, self._interpreter.version[:2])
        except ValueError as error:
            raise self._unknown_code(job, f"{type(error).__name__}: {error}") from error

    def _unknown_code(self, job: PycJob, problem: str) -> CompileError:
        version = self._interpreter.version_text
        return CompileError(
            f"truewheel does not know the code objects of Python {version}: {problem} (in {job.source})",
            subject=self._interpreter.command,
            hint="use a truewheel that supports this Python",
        )

    def _over_limit(self, job: PycJob, kind: str) -> CompileError:
        unit = _UNITS[kind]
        what = {
            "cpu": f"takes the compiler more than {self._limits.cpu} s of CPU time",
            "memory": f"takes the compiler more memory than there is, or than {self._limits.memory} {unit}",
            "output": f"becomes more than {self._limits.output} {unit} of bytecode",
            "time": f"has no answer from the compiler after {self._limits.time} s",
        }[kind]
        return CompileError(
            f"{what} on Python {self._interpreter.version_text}",
            subject=job.source,
            hint=f"give --limit {kind}={unit.upper()} to allow more, or leave the source out",
        )

    def _send(self, header: bytes, source: bytes) -> None:
        left = memoryview(_FRAME.pack(len(header), len(source)) + header + source)
        pipe = _number(self._process.stdin)
        os.set_blocking(pipe, False)
        while left:
            self._wait_for(pipe, select.POLLOUT)
            left = left[os.write(pipe, left) :]

    def _receive(self) -> tuple[bytes, bytes]:
        header_size, payload_size = _FRAME.unpack(self._read(_FRAME.size))
        if header_size + payload_size > self._limits.output * _MIB:
            raise _OverLimit("output")
        return self._read(header_size), self._read(payload_size)

    def _read(self, size: int) -> bytes:
        pipe = _number(self._process.stdout)
        data = bytearray()
        while len(data) < size:
            self._wait_for(pipe, select.POLLIN)
            chunk = os.read(pipe, min(size - len(data), _CHUNK))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

    def _wait_for(self, pipe: int, event: int) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(max(0.0, self._deadline - time.monotonic()) * 1000):
            raise _OverLimit("time")

    def _explain_death(self, job: PycJob) -> Exception:
        code, memory = self._end()
        self._log.seek(0)
        log = self._log.read(_LOG)
        said = last_line(log) if len(log) < _LOG else "it wrote more than 1 MiB to standard error"
        # an allocation that fails leaves much unused, and may end as a crash
        if said.startswith("MemoryError") or (-code in _CRASHES and memory > self._limits.memory * _MIB // 4):
            return _OutOfMemory(self._over_limit(job, "memory"))
        if -code in _CRASHES:
            return _Crashed(f"the compiler crashed ({signal.Signals(-code).name})")
        if -code == signal.SIGXCPU:
            return self._over_limit(job, "cpu")
        return CompileError(
            f"the bytecode worker ended early: {said or ending(code)}",
            subject=self._interpreter.command,
            hint="check that this Python works and that there is enough memory",
        )

    def kill(self) -> None:
        """End the process and its children; the thread that uses the worker sees its pipes end."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _end(self) -> tuple[int, int]:
        """End the process and wait for it: its status, and the most memory it had, in bytes."""
        self.kill()
        try:
            _, status, usage = os.wait4(self._process.pid, 0)
        except ChildProcessError:  # the caller lets the system forget how children end
            self._process.returncode = 0
            return 0, 0
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode, usage.ru_maxrss * 1024

    def close(self) -> None:
        """End the process, wait for it, close its pipes."""
        if self._process.returncode is None:
            self._end()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            with contextlib.suppress(OSError):  # what was buffered for a dead process
                if pipe is not None:
                    pipe.close()


def _number(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise EOFError
    return pipe.fileno()


def _problem(error: Mapping[str, Any]) -> str:
    line = f" at line {error['line']}" if error.get("line") else ""
    return f"{error['type']}: {error['message']}{line}"


def _read_answer(job: PycJob, header: Mapping[str, Any], payload: bytes) -> Compiled:
    if "error" in header:
        return Compiled(job, b"", (), _problem(header["error"]))
    levels = [target.level for target in job.targets]
    source_hash = bytes.fromhex(header["source_hash"])
    if [code["level"] for code in header["codes"]] != levels or len(source_hash) != 8:
        raise ValueError("not what was asked for")
    codes: dict[int, Code] = {}
    offset = 0
    for code in header["codes"]:
        level, same_as = code["level"], code.get("same_as")
        size = code["size"] if same_as is None else 0
        if same_as is not None and same_as not in codes:
            raise ValueError("the same as nothing")
        codes[level] = Code(level, payload[offset : offset + size], same_as)
        offset += size
    if offset != len(payload):
        raise ValueError("more or less code than announced")
    return Compiled(job, source_hash, tuple(codes.values()), "")

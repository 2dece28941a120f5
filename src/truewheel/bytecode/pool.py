"""Run the target Pythons' compilers side by side and share the sources out among them, without threads."""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType

from truewheel.bytecode.worker import Code, Compiled, Crashed, OutOfMemory, Worker
from truewheel.children import Standby
from truewheel.model import DEFAULT_LIMITS, Interpreter, Limits, PycJob

__all__ = ["Code", "CompilePool", "Compiled"]

_SOURCE_PER_WORKER = 256 * 1024  # what compiles while two processes start; each costs as much again
# what a worker is sent ahead, so that it does not wait while this process does other work
_AHEAD = 6
_AHEAD_SIZE = 32 * 1024
_EVERY = 0.001  # seconds between two looks at the answers, while there is other work
_MOST_WAITING = 4 * 1024 * 1024  # bytes of sources in memory


class _Seat:
    """A place for one busy process; those of other interpreters that had it before wait for more work."""

    def __init__(self) -> None:
        self.cache_tag = ""
        self.workers: dict[str, Worker] = {}

    @property
    def worker(self) -> Worker | None:
        """The process that has the place."""
        return self.workers.get(self.cache_tag)


class CompilePool:
    """Worker processes of the target Pythons, taken from ``standby`` or started when first needed.

    ``submit`` blocks only while too many sources wait; ``finished`` yields the results that are ready,
    ``drain`` waits for the rest; each of them also hands out work. Results come in any order. If the compiler
    crashes, the source counts as one that does not compile, and the worker is replaced. A source that takes
    more than ``limits`` is trouble: hosts differ. Raises CompileError for trouble.
    """

    def __init__(
        self,
        interpreters: tuple[Interpreter, ...],
        workers: int,
        limits: Limits = DEFAULT_LIMITS,
        standby: Standby | None = None,
    ) -> None:
        self._standby = standby
        self._limits = limits
        self._interpreters = {interpreter.cache_tag: interpreter for interpreter in interpreters}
        self._most = workers
        self._seats: list[_Seat] = []
        self._waiting: dict[str, deque[tuple[PycJob, bytes]]] = {tag: deque() for tag in self._interpreters}
        self._waiting_size = 0
        self._done: deque[Compiled] = deque()
        self._submitted = 0
        self._bytes = 0
        self._looked = 0.0

    def __enter__(self) -> CompilePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for seat in self._seats:
            for worker in seat.workers.values():
                worker.close()

    def submit(self, job: PycJob, source: bytes) -> None:
        """Queue a job with the bytes of its source."""
        self._submitted += 1
        self._bytes += len(source)
        self._waiting[job.cache_tag].append((job, source))
        self._waiting_size += len(source)
        if len(self._seats) < min(self._most, 1 + self._bytes // _SOURCE_PER_WORKER):
            self._seats.append(_Seat())
        self._hand_out()
        while self._waiting_size > _MOST_WAITING:
            self._exchange(wait=True)

    def finished(self) -> Iterator[Compiled]:
        """Yield the results that are ready."""
        if self._submitted and time.monotonic() > self._looked + _EVERY:
            self._exchange(wait=False)
        while self._done:
            yield self._take()

    def drain(self) -> Iterator[Compiled]:
        """Yield every result that is still to come."""
        while self._submitted:
            if not self._done:
                self._exchange(wait=True)
            while self._done:
                yield self._take()

    def _take(self) -> Compiled:
        self._submitted -= 1
        return self._done.popleft()

    def _exchange(self, wait: bool) -> None:
        """Take the answers that are there, or wait for some, and hand out more work."""
        busy = [(seat, worker) for seat in self._seats if (worker := seat.worker) and worker.sent]
        poll = select.poll()
        for _, worker in busy:
            poll.register(worker.answers, select.POLLIN)
            if worker.has_messages:
                poll.register(worker.messages, select.POLLIN)
            if worker.unsent:
                poll.register(worker.requests, select.POLLOUT)
        due = min((worker.deadline for _, worker in busy), default=0.0)
        ready = {number for number, _ in poll.poll(max(0.0, due - time.monotonic()) * 1000 if wait else 0)}
        for seat, worker in busy:
            worker.flush()
            if worker.messages in ready:
                worker.listen()
            if worker.answers in ready:
                self._receive(seat, worker)
            worker.refuse_delay()
        self._hand_out()
        self._looked = time.monotonic()

    def _receive(self, seat: _Seat, worker: Worker) -> None:
        try:
            self._done.extend(worker.receive())
        except (Crashed, OutOfMemory) as death:
            seat.workers.pop(seat.cache_tag).close()
            first = worker.sent.popleft()
            self._put_back(worker)
            if not worker.is_fresh:  # what sources before it left behind must not decide about this one
                self._started(seat).send(*first)
            elif isinstance(death, Crashed):
                self._done.append(Compiled(first[0], b"", (), str(death)))
            else:
                raise death.error from death

    def _put_back(self, worker: Worker) -> None:
        """Let others have what a dead worker was sent ahead."""
        while worker.sent:
            job, source = worker.sent.pop()
            self._waiting[job.cache_tag].appendleft((job, source))
            self._waiting_size += len(source)

    def _hand_out(self) -> None:
        for seat in tuple(self._seats):
            while (worker := self._free_worker(seat)) is not None:
                job, source = self._waiting[seat.cache_tag].popleft()
                self._waiting_size -= len(source)
                worker.send(job, source)

    def _free_worker(self, seat: _Seat) -> Worker | None:
        """The process of a seat where it has room for a job that waits for it."""
        worker = seat.worker
        if worker is None or not worker.sent:
            tag = self._next_tag(seat)
            if tag is None:
                return None
            seat.cache_tag = tag
            return seat.worker or self._started(seat)
        has_room = len(worker.sent) < _AHEAD and worker.size < _AHEAD_SIZE
        return worker if has_room and self._waiting[seat.cache_tag] else None

    def _next_tag(self, seat: _Seat) -> str | None:
        """The interpreter that an idle seat works for: the last one, else the one with most for each seat."""
        tags = [tag for tag, jobs in self._waiting.items() if jobs]
        if seat.cache_tag in tags:
            return seat.cache_tag
        taken = [each.cache_tag for each in self._seats]
        return max(tags, key=lambda tag: len(self._waiting[tag]) / (1 + taken.count(tag)), default=None)

    def _started(self, seat: _Seat) -> Worker:
        interpreter = self._interpreters[seat.cache_tag]
        waiting = self._standby.take(interpreter) if self._standby else None
        worker = seat.workers[seat.cache_tag] = Worker(interpreter, self._limits, waiting)
        return worker

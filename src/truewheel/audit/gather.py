"""Gather the facts of a target: one pass over its members, in several processes where it is a tree."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from truewheel.audit.files import Files
from truewheel.audit.observe import Look, Observer
from truewheel.bytecode.pycs import source_path
from truewheel.errors import TruewheelError
from truewheel.package.model import Member, MemberKind, Target
from truewheel.package.tree import directories, directory_members
from truewheel.process import ENDING_SIGNALS

_BATCH = 24  # directories for a process to read at a time
_SOURCE = 64 << 20  # bytes

Hashes = dict[tuple[bytes, bytes], bytes]
Approve = Callable[[Files, Hashes], None]


class _Seen(NamedTuple):
    """What was observed; ``unhashed`` are sources that came too long before a pyc, with its magic number."""

    files: Files
    hashes: Hashes
    unhashed: list[tuple[str, bytes]]


def gather(target: Target, look: Look, jobs: int, approve: Approve | None = None) -> tuple[Files, Hashes]:
    """Return the files of a target, and the source hashes that its pycs ask for.

    ``approve`` gets the files of some directories of a tree, in the process that read them.
    """
    seen = _tree(target, look, jobs, approve) if target.root else _observed(target.members(), look)
    _hash_again(target, seen)
    return seen.files, seen.hashes


def read_sources(target: Target, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the content of some sources, in another pass over the target."""
    left = set(wanted)
    members = iter(target.members()) if left else iter(())
    for member in members:
        if member.path in left and member.kind is MemberKind.FILE and not member.repeats:
            left.discard(member.path)
            yield member.path, member.read(_SOURCE)


def _observed(members: Iterable[Member], look: Look) -> _Seen:
    observer = Observer(look)
    for member in members:
        observer.observe(member)
    return _Seen(observer.files, observer.hashes, list(_unhashed(observer.files, observer.hashes)))


def _tree(target: Target, look: Look, jobs: int, approve: Approve | None) -> _Seen:
    root = Path(target.root)
    observe = partial(_observe_batch, root, look, approve)
    batches = _batches(directories(root, target.start))
    if jobs == 1:
        return _joined(map(observe, batches))
    first = next(batches, [])
    second = next(batches, None)
    if second is None:  # too small to start processes for
        return _joined(iter([observe(first)]))
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), initializer=_leave_signals)
    try:
        return _joined(pool.map(observe, chain((first, second), batches)))
    except BrokenProcessPool as error:
        message, hint = (
            "a process that reads it was killed",
            "see the memory of the machine, or give --jobs 1",
        )
        raise TruewheelError(message, subject=target.name, hint=hint) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_signals() -> None:
    """Let signals end a reading process at once, but for the terminal's, which the main process answers."""
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(names, _BATCH)):
        yield batch


def _observe_batch(root: Path, look: Look, approve: Approve | None, names: list[str]) -> _Seen:
    seen = _observed(directory_members(root, names), look)
    if approve is not None:
        approve(seen.files, seen.hashes)
    return seen


def _joined(results: Iterator[_Seen]) -> _Seen:
    joined = _Seen(Files(), {}, [])
    for files, hashes, unhashed in results:
        joined.files.join(files)
        joined.hashes.update(hashes)
        joined.unhashed.extend(unhashed)
    return joined


def _unhashed(files: Files, hashes: Hashes) -> Iterator[tuple[str, bytes]]:
    for file in files.special():
        source = files.get(source_path(file.path)) if file.pyc and file.pyc.source_hash else None
        if file.pyc and source and source.sha256 and (source.sha256, file.pyc.magic) not in hashes:
            yield source.path, file.pyc.magic


def _hash_again(target: Target, seen: _Seen) -> None:
    """Read the sources again that came too long before their pycs."""
    files, hashes, unhashed = seen
    wanted: dict[bytes, set[bytes]] = {}
    paths: set[str] = set()
    for path, magic in unhashed:
        source = files[path]
        if (source.sha256, magic) not in hashes:
            wanted.setdefault(source.sha256, set()).add(magic)
            if source.size <= _SOURCE:
                paths.add(source.path)
    observer = Observer(Look(target.base))
    for path, source_bytes in read_sources(target, paths):
        observer.hash_source(files[path].sha256, wanted[files[path].sha256], source_bytes)
    hashes.update(observer.hashes)

"""Decide which pycs a tree gets: their paths, their headers, their order of work (PEP 3147, 488, 552)."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterable

from truewheel.model import Interpreter, InvalidationMode, PycJob, PycTarget


def pyc_path(source: str, cache_tag: str, level: int) -> str:
    """The final path of a source's pyc at an optimization level (PEP 3147 and PEP 488)."""
    directory, name = posixpath.split(source)
    stem = name[: -len(".py")]
    optimization = f".opt-{level}" if level else ""
    return posixpath.join(directory, "__pycache__", f"{stem}.{cache_tag}{optimization}.pyc")


def pyc_header(mode: InvalidationMode, magic: bytes, source_hash: bytes, mtime: int, size: int) -> bytes:
    """The sixteen bytes before the code (PEP 552).

    ``source_hash`` is the eight bytes of the source's SipHash; ``mtime`` in seconds since the epoch and
    ``size`` in bytes are those of the source and count for TIMESTAMP alone.
    """
    if mode is InvalidationMode.TIMESTAMP:
        return magic + struct.pack("<III", 0, mtime & 0xFFFFFFFF, size & 0xFFFFFFFF)
    flags = 0b11 if mode is InvalidationMode.CHECKED_HASH else 0b01
    return magic + struct.pack("<I", flags) + source_hash


def plan_job(
    source: str, size: int, mtime: int, number: int, interpreter: Interpreter, levels: tuple[int, ...]
) -> PycJob:
    """The compile job of a source for one interpreter, which is the run's ``number``-th.

    ``source`` is a final path; ``size`` in bytes; ``mtime`` in seconds since the epoch.
    """
    targets = tuple(PycTarget(level, pyc_path(source, interpreter.cache_tag, level)) for level in levels)
    return PycJob(source, number, size, mtime, targets)


def biggest_first(jobs: Iterable[PycJob]) -> list[PycJob]:
    """Jobs in the order to start them: the longest first, so that no worker ends with a long one."""
    return sorted(jobs, key=lambda job: (-job.size, job.source, job.interpreter))

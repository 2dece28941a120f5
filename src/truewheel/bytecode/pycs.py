"""Decide which pycs a tree gets: their names, their headers, their order of work (PEP 3147, 488, 552)."""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Iterable
from typing import NamedTuple

from truewheel.model import InvalidationMode, PycJob, PycTarget

CACHE = "__pycache__"

# the tag may be of a tool that compiles for itself, as pytest does
_NAME = re.compile(r"(?P<stem>.+?)\.(?P<tag>[^.]+)(?:\.opt-(?P<optimization>[0-9a-zA-Z]+))?\.pyc", re.DOTALL)


class PycName(NamedTuple):
    """The parts of a name in ``__pycache__``: the source's without ``.py``, cache tag, optimization or ""."""

    stem: str
    tag: str
    optimization: str


def pyc_path(source: str, cache_tag: str, level: int) -> str:
    """The path of a source's pyc at an optimization level (PEP 3147 and PEP 488)."""
    directory, name = posixpath.split(source)
    stem = name[: -len(".py")]
    optimization = f".opt-{level}" if level else ""
    return posixpath.join(directory, CACHE, f"{stem}.{cache_tag}{optimization}.pyc")


def parse_pyc_name(name: str) -> PycName | None:
    """Take the name of a file in ``__pycache__`` apart; None unless it is that of a pyc."""
    match = _NAME.fullmatch(name)
    return PycName(match["stem"], match["tag"], match["optimization"] or "") if match else None


def source_path(path: str) -> str:
    """The path of the source that a pyc belongs to; "" for what is no pyc in a ``__pycache__``.

    Python does not import a pyc in ``__pycache__`` whose source is gone.
    """
    directory, name = posixpath.split(path)
    above, cache = posixpath.split(directory)
    parts = parse_pyc_name(name) if cache == CACHE else None
    return posixpath.join(above, f"{parts.stem}.py") if parts else ""


def is_bytecode(name: str) -> bool:
    """Whether a file is bytecode by its name, wherever it lies."""
    return name.endswith((".pyc", ".pyo"))


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
    source: str, size: int, mtime: int, cache_tag: str, levels: tuple[int, ...], wheel: str = ""
) -> PycJob:
    """The compile job of a source for the interpreter that has the cache tag.

    ``source`` is a final path; ``size`` in bytes; ``mtime`` in seconds since the epoch.
    """
    targets = tuple(PycTarget(level, pyc_path(source, cache_tag, level)) for level in levels)
    return PycJob(source, cache_tag, size, mtime, targets, wheel)


def biggest_first(jobs: Iterable[PycJob]) -> list[PycJob]:
    """Jobs in the order to start them: the longest first, so that no worker ends with a long one."""
    return sorted(jobs, key=lambda job: (-job.size, job.source, job.cache_tag))

"""Decide which pycs a tree gets: their names, their headers, their order of work (PEP 3147, 488, 552)."""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Iterable, Iterator

from truewheel.dataclass import dataclass
from truewheel.model import CodeFilename, InvalidationMode, PycJob, PycTarget, Warned

CACHE = "__pycache__"
_LONGEST_NAME = 255  # bytes, on every file system of Linux

# the tag may be of a tool that compiles for itself, as pytest does
_NAME = r"(?s)(?P<stem>.+?)\.(?P<tag>[^.]+)(?:\.opt-(?P<optimization>[0-9a-zA-Z]+))?\.pyc"


@dataclass(frozen=True)
class PycName:
    """The parts of a name in ``__pycache__``: the source's without ``.py``, cache tag, optimization or ""."""

    stem: str
    tag: str
    optimization: str


def pyc_path(source: str, cache_tag: str, level: int) -> str:
    """The path of a source's pyc at an optimization level (PEP 3147 and PEP 488)."""
    directory, slash, name = source.rpartition("/")
    optimization = f".opt-{level}" if level else ""
    return f"{directory}{slash}{CACHE}/{name[: -len('.py')]}.{cache_tag}{optimization}.pyc"


def parse_pyc_name(name: str) -> PycName | None:
    """Take the name of a file in ``__pycache__`` apart; None unless it is that of a pyc."""
    match = re.fullmatch(_NAME, name)
    return PycName(match["stem"], match["tag"], match["optimization"] or "") if match else None


def source_path(path: str) -> str:
    """The path of the source that a pyc belongs to; "" for what is no pyc in a ``__pycache__``.

    Python does not import a pyc in ``__pycache__`` whose source is gone.
    """
    if CACHE not in path:
        return ""
    directory, name = posixpath.split(path)
    above, cache = posixpath.split(directory)
    parts = parse_pyc_name(name) if cache == CACHE else None
    return posixpath.join(above, f"{parts.stem}.py") if parts else ""


def is_bytecode(name: str) -> bool:
    """Whether a file is bytecode by its name, wherever it lies.

    A number behind it is CPython's, which writes under that name first; a killed process leaves the file.
    """
    stem, _, number = name.rpartition(".")
    return (stem if number.isascii() and number.isdigit() else name).endswith((".pyc", ".pyo"))


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
    source: str,
    size: int,
    mtime: int,
    cache_tag: str,
    levels: tuple[int, ...],
    wheel: str = "",
    filename: str = "",
) -> PycJob:
    """The compile job of a source for the interpreter that has the cache tag.

    ``source`` is a final path; ``size`` in bytes; ``mtime`` in seconds since the epoch; ``filename`` the
    ``co_filename`` where that is not the source.
    """
    targets = [PycTarget(level, pyc_path(source, cache_tag, level)) for level in levels]
    fitting = tuple(target for target in targets if _fits(target.final))
    left_out = tuple(each for each in targets if each not in fitting)
    return PycJob(source, cache_tag, size, mtime, fitting, wheel, left_out, filename)


def code_filename(source: str, directory: str, kind: CodeFilename) -> str:
    """The ``co_filename`` of a source in a directory of modules, both final paths; "" for the source's own.

    Imports of a module whose source is there set it to the source's path.
    """
    if kind is CodeFilename.NAME:
        return posixpath.basename(source)
    return posixpath.relpath(source, directory) if kind is CodeFilename.RELATIVE else ""


def long_names(jobs: Iterable[PycJob]) -> Iterator[Warned]:
    """Yield a warning for each pyc that is left out because of its name."""
    for job in jobs:
        for target in job.left_out:
            name = posixpath.basename(target.final)
            message = f"is not compiled at level {target.level}: {name} is too long for the name of a file"
            yield Warned(job.wheel, job.source, "long-pyc-name", message)


def _fits(path: str) -> bool:
    return len(path.rpartition("/")[2].encode("utf-8", "surrogateescape")) <= _LONGEST_NAME


def biggest_first(jobs: Iterable[PycJob]) -> list[PycJob]:
    """Jobs in the order to start them: the longest first, so that no worker ends with a long one."""
    return sorted(jobs, key=lambda job: (-job.size, job.source, job.cache_tag))

"""Compare two ZIP archives: how they are made, and the entries that differ."""

from __future__ import annotations

import calendar
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from truewheel.audit.diff.causes import Cause, cause
from truewheel.dataclass import replace
from truewheel.errors import TargetDamaged
from truewheel.package.archive import clean_path
from truewheel.package.model import CHUNK, Member, MemberKind, Target, TargetKind

_MOST = 256 << 20  # bytes of all entries of an archive that are unpacked to be compared
_RATIO = 1100  # of deflate at its best
_OF_MEMBERS = ("zip-date", "zip-mode", "zip-entries")  # which a target's members have
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
Compare = Callable[[str, bytes, bytes], list[Cause]]


def is_zip(data: bytes) -> bool:
    """Whether this is the begin of a ZIP archive."""
    return data[:4] == b"PK\3\4"


def zip_causes(one: bytes, other: bytes, compare: Callable[[str, bytes, bytes], list[Cause]]) -> list[Cause]:
    """Return why two ZIP archives differ; nothing for one that is damaged.

    ``compare`` says why two entries of one name differ. Archives whose entries unpack to more than 256 MiB
    are compared by the checksums of these.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(one)) as first, zipfile.ZipFile(io.BytesIO(other)) as second:
            return list(_causes(first, second, compare))
    except _DAMAGE:
        return []


def _causes(one: zipfile.ZipFile, other: zipfile.ZipFile, compare: Compare) -> Iterator[Cause]:
    yield from _frame_causes(one, other)
    first, second = _infos(one), _infos(other)
    changed = [
        name
        for name in first
        if name in second
        and (first[name].CRC, first[name].file_size) != (second[name].CRC, second[name].file_size)
    ]
    if sum(infos[name].file_size for name in changed for infos in (first, second)) > _MOST:
        yield cause("zip-content", f"{changed[0]}{_more(changed)}")
        return
    for name in changed:
        for each in compare(name, one.read(name), other.read(name)):
            yield replace(each, text=f"{name}: {each.text}")


def _infos(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {info.filename: info for info in archive.infolist()}


def _frame_causes(one: zipfile.ZipFile, other: zipfile.ZipFile) -> Iterator[Cause]:
    """Yield what differs but for the content of the entries."""
    first, second = _infos(one), _infos(other)
    for alone, others, which in ((first, second, "first"), (second, first, "second")):
        names = [name for name in alone if name not in others]
        if names:
            yield cause("zip-entries", f"the {which} alone has {names[0]}{_more(names)}")
    both = [name for name in first if name in second]
    in_second = [name for name in second if name in first]
    if both != in_second:
        pair = next(pair for pair in zip(both, in_second, strict=True) if pair[0] != pair[1])
        yield cause("zip-order", f"{pair[0]} and {pair[1]} at the same place")
    for name, what in _ASPECTS.items():
        differing = [each for each in both if what(first[each]) != what(second[each])]
        if differing:
            values = " and ".join(_spell(what(side[differing[0]])) for side in (first, second))
            yield cause(name, f"of {differing[0]}{_more(differing)}: {values}")


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def _date(info: zipfile.ZipInfo) -> str:
    return "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)


def _mode(info: zipfile.ZipInfo) -> str:
    return f"{info.external_attr >> 16:o}"


def _compression(info: zipfile.ZipInfo) -> str:
    names = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
    return f"{names.get(info.compress_type, info.compress_type)}"


def _spell(value: Any) -> str:
    return value.hex() or "none" if isinstance(value, bytes) else str(value)


_ASPECTS: dict[str, Callable[[zipfile.ZipInfo], Any]] = {
    "zip-date": _date,
    "zip-mode": _mode,
    "zip-extra": lambda info: info.extra,
    "zip-compression": _compression,
}


def zip_target(path: Path) -> Target:
    """Return the entries of a wheel, or another ZIP archive, as a target."""
    return Target(str(path), TargetKind.WHEEL, "/", partial(_members, path))


def archive_causes(one: Path, other: Path) -> list[Cause]:
    """Return why two ZIP archives differ apart from their entries; raises TargetDamaged."""
    try:
        with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
            return [each for each in _frame_causes(first, second) if each.name not in _OF_MEMBERS]
    except _DAMAGE as error:
        raise TargetDamaged(f"is no ZIP archive: {error}", subject=f"{one} or {other}") from error


def _members(path: Path) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                mode = info.external_attr >> 16
                yield Member(
                    path=clean_path(info.filename),
                    kind=MemberKind.DIRECTORY if info.is_dir() else MemberKind.FILE,
                    mode=mode & 0o7777,
                    uid=0,
                    gid=0,
                    owner=None,
                    group=None,
                    mtime=calendar.timegm((*info.date_time, 0, 0, 0)),
                    size=info.file_size,
                    open_chunks=partial(_chunks, archive, info),
                )
    except _DAMAGE as error:
        raise TargetDamaged(f"is no ZIP archive: {error}", subject=str(path)) from error


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    if info.file_size > max(CHUNK, _RATIO * info.compress_size):
        raise TargetDamaged(
            f"{info.filename} unpacks to far more bytes than it has", subject=archive.filename or ""
        )
    if not info.is_dir():
        with archive.open(info) as stream:
            while piece := stream.read(CHUNK):
                yield piece

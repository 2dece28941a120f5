"""Read a wheel: everything is checked and every entry hashed before anything is planned.

The layers below: wheel_archive (ZIP), wheel_metadata (what it says about itself), wheel_record (RECORD
and install paths).
"""

from __future__ import annotations

import datetime
import hashlib
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from installer.records import RecordEntry
from packaging.tags import Tag, compatible_tags, cpython_tags

from truewheel.errors import WheelRefused
from truewheel.model import EntryPoint, Interpreter, Wheel, WheelEntry
from truewheel.wheel.archive import (
    CHUNK,
    SmallEntries,
    archive_files,
    chunks,
    corruption_refused,
    open_file,
    open_zip,
    read_text,
    refusal,
)
from truewheel.wheel.metadata import (
    WheelName,
    check_metadata,
    check_wheel_file,
    find_data_dir,
    find_dist_info,
    parse_entry_points,
    parse_filename,
)
from truewheel.wheel.record_checks import check_complete, check_content, check_places, parse_record, place

_EARLIEST = 315532800  # 1980-01-01, the first date ZIP can hold
_CHANGED = "the wheel was changed while it was in use: run again"


class Kept:
    """Entries that stay in memory after they were checked, up to ``budget`` bytes over all wheels."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._entries: dict[tuple[str, str], bytes] = {}

    def keep(self, filename: str, entry: str, content: bytes) -> None:
        """Keep the content of a wheel's entry if it fits."""
        if len(content) <= self._left:
            self._left -= len(content)
            self._entries[filename, entry] = content

    @property
    def entries(self) -> Mapping[tuple[str, str], bytes]:
        """What was kept so far, by the file name of the wheel and the entry's name, to read alone."""
        return MappingProxyType(self._entries)


def read_wheel(path: Path, kept: Kept | None = None) -> Wheel:
    """Check a wheel file against the wheel specification and describe it.

    Every entry is unpacked and hashed; ``kept`` takes what is to be read again. Entries are in archive order;
    dates are seconds since the epoch. Raises UsageError when the file cannot be opened or read, WheelRefused
    for anything in it that is not as the specification says.
    """
    kept = Kept(0) if kept is None else kept
    with open_file(path) as stream:
        digest = _digest(stream, path.name)
        with open_zip(stream, path.name) as archive:
            files = archive_files(archive, stream, path.name)
            small = SmallEntries(archive, stream)
            return _describe(path, digest, archive, small, files, kept)


def _digest(stream: BinaryIO, filename: str) -> str:
    digest = hashlib.sha256()
    with corruption_refused(filename):
        while data := stream.read(CHUNK):
            digest.update(data)
    return digest.hexdigest()


def _describe(
    path: Path, digest: str, archive: ZipFile, small: SmallEntries, files: tuple[ZipInfo, ...], kept: Kept
) -> Wheel:
    infos = {info.filename: info for info in files}
    parsed = parse_filename(path.name)
    dist_info = find_dist_info(parsed, infos)
    data_dir = find_data_dir(parsed, infos)
    texts = _read_texts(archive, infos, dist_info, path.name)
    is_purelib = check_wheel_file(parsed, texts["WHEEL"], f"{dist_info}/WHEEL")
    name, version = check_metadata(parsed, texts["METADATA"], f"{dist_info}/METADATA")
    rows = parse_record(path.name, texts["RECORD"], f"{dist_info}/RECORD")
    check_complete(path.name, rows, infos, dist_info)
    points = _entry_points(parsed, texts, f"{dist_info}/entry_points.txt")
    root = "purelib" if is_purelib else "platlib"
    places = [place(path.name, info.filename, data_dir, root) for info in files]
    check_places(path.name, places, [point.name for point in points])
    entries = tuple(
        _entry(archive, small, info, where, rows.get(info.filename), path.name, kept)
        for info, where in zip(files, places, strict=True)
    )
    tags = tuple(sorted(str(tag) for tag in parsed.tags))
    return Wheel(
        path=str(path),
        filename=path.name,
        sha256=digest,
        name=name,
        version=version,
        dist_info=dist_info,
        root_is_purelib=is_purelib,
        tags=tags,
        entries=entries,
        entry_points=points,
    )


def _read_texts(
    archive: ZipFile, infos: Mapping[str, ZipInfo], dist_info: str, filename: str
) -> dict[str, str]:
    texts = {}
    for name in ("WHEEL", "METADATA", "RECORD", "entry_points.txt"):
        info = infos.get(f"{dist_info}/{name}")
        if info is not None:
            texts[name] = read_text(archive, info, filename)
        elif name != "entry_points.txt":
            hint = f"a wheel must hold {name}"
            raise refusal(filename, "is missing", entry=f"{dist_info}/{name}", hint=hint)
    return texts


def _entry_points(parsed: WheelName, texts: Mapping[str, str], entry: str) -> tuple[EntryPoint, ...]:
    text = texts.get("entry_points.txt")
    return parse_entry_points(parsed, text, entry) if text is not None else ()


def _entry(
    archive: ZipFile,
    small: SmallEntries,
    info: ZipInfo,
    where: tuple[str, str],
    row: RecordEntry | None,
    filename: str,
    kept: Kept,
) -> WheelEntry:
    algorithm = row.hash_.name if row is not None and row.hash_ is not None else "sha256"
    digest = hashlib.sha256()
    recorded = digest if algorithm == "sha256" else hashlib.new(algorithm)
    fits = max(info.file_size, info.compress_size) <= CHUNK
    for data in (small.read(info, filename),) if fits else chunks(archive, info, filename):
        digest.update(data)
        if recorded is not digest:
            recorded.update(data)
    check_content(filename, row, info.filename, info.file_size, recorded.digest())
    if fits:
        kept.keep(filename, info.filename, data)
    mode = info.external_attr >> 16
    return WheelEntry(
        name=info.filename,
        category=where[0],
        relative=where[1],
        size=info.file_size,
        sha256=digest.hexdigest(),
        executable=stat.S_ISREG(mode) and bool(mode & 0o111),
        mtime=_mtime(info),
    )


def _mtime(info: ZipInfo) -> int:
    try:
        moment = datetime.datetime(*info.date_time, tzinfo=datetime.timezone.utc)
    except ValueError:
        return _EARLIEST
    return int(moment.timestamp())


class WheelContents:
    """The bytes of a wheel that was read before; a context manager that keeps the file open.

    What it gives out has the size and sha256 the Wheel says. It can be read from several threads. A wheel of
    which all was kept is not opened again.
    """

    def __init__(self, wheel: Wheel, kept: Mapping[tuple[str, str], bytes]) -> None:
        """Remember the wheel; nothing is opened before the ``with``."""
        self.wheel = wheel
        self._kept = kept
        self._stack = ExitStack()
        self._entered = False
        self._archive: ZipFile | None = None

    def __enter__(self) -> WheelContents:
        """Open the file; raises UsageError or WheelRefused when that is no longer possible."""
        self._entered = True
        if all((self.wheel.filename, entry.name) in self._kept for entry in self.wheel.entries):
            return self
        with ExitStack() as stack:
            stream = stack.enter_context(open_file(Path(self.wheel.path)))
            self._archive = stack.enter_context(open_zip(stream, self.wheel.filename))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._entered = False
        self._archive = None
        self._stack.close()

    def read(self, entry: WheelEntry) -> bytes:
        """All bytes of an entry; raises WheelRefused when they are not those that were checked."""
        checked = self._kept.get((self.wheel.filename, entry.name))
        if checked is not None and self._entered:
            return checked
        archive, info = self._find(entry)
        with corruption_refused(self.wheel.filename, entry.name), archive.open(info) as member:
            data = member.read(entry.size)
        if len(data) != entry.size or hashlib.sha256(data).hexdigest() != entry.sha256:
            raise self._changed(entry)
        return data

    def chunks(self, entry: WheelEntry) -> Iterator[bytes]:
        """The bytes of an entry in pieces of at most 1 MiB, for entries too large to hold.

        Raises WheelRefused, at the latest after the last piece, when they are not those that were checked.
        """
        checked = self._kept.get((self.wheel.filename, entry.name))
        if checked is not None and self._entered:
            yield from (checked,) if checked else ()
            return
        archive, info = self._find(entry)
        digest = hashlib.sha256()
        left = entry.size
        with corruption_refused(self.wheel.filename, entry.name):
            member = archive.open(info)
        with member:
            while left:
                with corruption_refused(self.wheel.filename, entry.name):
                    data = member.read(min(CHUNK, left))
                if not data:
                    break
                digest.update(data)
                left -= len(data)
                yield data
        if left or digest.hexdigest() != entry.sha256:
            raise self._changed(entry)

    def _find(self, entry: WheelEntry) -> tuple[ZipFile, ZipInfo]:
        archive = self._archive
        if archive is None:
            raise ValueError("the wheel is not open")
        try:
            info = archive.getinfo(entry.name)
        except KeyError as error:
            raise self._changed(entry) from error
        if info.file_size != entry.size:
            raise self._changed(entry)
        return archive, info

    def _changed(self, entry: WheelEntry) -> WheelRefused:
        return refusal(self.wheel.filename, "is no longer what was checked", entry=entry.name, hint=_CHANGED)


def open_contents(wheel: Wheel, kept: Mapping[tuple[str, str], bytes] | None = None) -> WheelContents:
    """The contents of a wheel, to be used in a ``with``; ``kept`` are the entries that read_wheel kept."""
    return WheelContents(wheel, {} if kept is None else kept)


def check_tags(wheel: Wheel, interpreter: Interpreter) -> None:
    """Raise WheelRefused unless one of the wheel's tags is one the interpreter supports.

    Source: the platform compatibility tags specification, and for free-threaded builds that they load no
    stable ABI extension of other builds.
    """
    # every Python 3 supports this tag, and most wheels have it
    if "py3-none-any" in wheel.tags or tag_rank(wheel.tags, interpreter) is not None:
        return
    build = f"Python {interpreter.short_version}{' free-threaded' if interpreter.free_threaded else ''}"
    message = f"its tags {' '.join(wheel.tags)} do not fit {interpreter.command}, {build}"
    raise refusal(wheel.filename, message, hint="build the wheel for this Python")


def tag_rank(tags: Iterable[str], interpreter: Interpreter) -> int | None:
    """How far down the interpreter's list, best first, a wheel's tags stand; None where they do not."""
    wanted = set(tags)
    return next((rank for rank, tag in enumerate(_supported(interpreter)) if str(tag) in wanted), None)


def _supported(interpreter: Interpreter) -> Iterator[Tag]:
    version = interpreter.version[:2]
    name = "cp{}{}".format(*version)
    # without platforms packaging would take those of the Python we run in
    platforms = interpreter.platforms or ("any",)
    if interpreter.implementation == "cpython":
        suffix = "t" if interpreter.free_threaded else "m" if version < (3, 8) else ""
        for tag in cpython_tags(python_version=version, abis=[name + suffix], platforms=platforms):
            # packaging before 24.1 does not know free-threaded builds
            if not (interpreter.free_threaded and tag.abi == "abi3"):
                yield tag
    yield from compatible_tags(python_version=version, interpreter=name, platforms=platforms)

"""Read a wheel: everything is checked and every entry hashed before anything is planned."""

from __future__ import annotations

import datetime
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from zipfile import ZipFile, ZipInfo

from truewheel import hashes
from truewheel.dataclass import dataclass, field, replace
from truewheel.errors import WheelRefused
from truewheel.model import ZIP_ZERO_DATE, EntryPoint, Interpreter, Warned, Wheel, WheelEntry
from truewheel.wheel.archive import archive_files, check_bounds, open_file
from truewheel.wheel.faults import Checked, Fault, about, attempt, first_refused, refused, shortened
from truewheel.wheel.links import follow_links
from truewheel.wheel.metadata import (
    WheelName,
    check_data_directory,
    check_dist_info,
    check_entry_points,
    check_filename,
    check_metadata,
    check_wheel_file,
)
from truewheel.wheel.record_checks import (
    Row,
    Rows,
    check_complete,
    check_content,
    check_places,
    parse_record,
    place,
)
from truewheel.wheel.unpacking import CHUNK, Entries, corruption_found, open_zip, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from packaging.tags import Tag

_KEPT_ENTRY = 16 * CHUNK  # bytes; what is larger is read in pieces
_REQUIRED = ("WHEEL", "METADATA", "RECORD")

KeptEntries = dict[tuple[str, str], bytes]


class Kept:
    """Entries that stay in memory after they were checked, up to ``budget`` bytes over all wheels."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._entries: KeptEntries = {}

    def keep(self, filename: str, entry: str, content: bytes) -> None:
        """Keep the content of a wheel's entry if it fits."""
        if len(content) <= self._left:
            self._left -= len(content)
            self._entries[filename, entry] = content

    @property
    def entries(self) -> KeptEntries:
        """What was kept so far, by the file name of the wheel and the entry's name."""
        return self._entries


def read_wheel(path: Path, kept: Kept | None = None, allowed: Collection[str] = ()) -> Wheel:
    """Check a wheel file against the wheel specification and describe it.

    Every entry is unpacked and hashed; ``kept`` takes what is to be read again. Entries are in archive order;
    dates are seconds since the epoch. A fault of a rule in ``allowed``, which are names of `truewheel.rules`,
    is a warning where the rule leaves the choice. Raises UsageError when the file cannot be opened or read,
    WheelRefused for the first fault that refuses it.
    """
    with open_file(path) as stream:
        wheel, faults = first_refused(path.name, _check(path, stream, kept or Kept(0)), allowed)
    warnings = (Warned(path.name, each.entry, each.rule, shortened(each.message, 400)) for each in faults)
    return replace(wheel, warnings=tuple(warnings))


def find_faults(path: Path) -> tuple[Fault, ...]:
    """Return every fault of a wheel file, in the order of the checks, those that only warn included.

    A part with a fault is used no further: without a readable RECORD, no hash is checked. Raises UsageError
    when the file cannot be opened or read.
    """
    with open_file(path) as stream, about(path.name):
        return tuple(_check(path, stream, Kept(0)))


def _check(path: Path, stream: BinaryIO, kept: Kept) -> Checked[Wheel | None]:
    """Check a wheel; what it returns is true only if it yielded nothing that refuses the wheel."""
    digest = _digest(stream)
    archive = yield from attempt(lambda: open_zip(stream))
    if archive is None:
        return None
    with archive:
        bounds = tuple(check_bounds(archive, path.stat().st_size))
        yield from bounds
        if bounds:
            return None
        files = yield from archive_files(archive, stream)
        infos = {info.filename: info for info in files}
        named = yield from check_filename(path.name)
        dist_info = (yield from check_dist_info(named, infos)) if named is not None else None
        if named is None or dist_info is None:
            return None
        opened = Entries(archive, stream)
        links = yield from follow_links(opened, files)
        copies = sum(infos[member].file_size for member in links.values())
        yield from check_bounds(archive, path.stat().st_size, copies) if copies else ()
        said = yield from _check_texts(opened, named, dist_info, infos)
        places = yield from _check_places(named, said, files)
        unpacker = _Unpacker(opened, kept, path.name)
        entries: dict[str, WheelEntry] = {}
        for info, where in zip(files, places, strict=True):
            entry = yield from unpacker.entry(info, where, said.rows.get(info.filename))
            if entry is not None:
                entries[entry.name] = entry
    return Wheel(
        path=str(path),
        filename=path.name,
        sha256=digest,
        name=said.name,
        version=said.version,
        dist_info=dist_info,
        root_is_purelib=said.root_is_purelib,
        tags=tuple(sorted(named.tags)),
        entries=tuple(_linked(entry, links, entries) for entry in entries.values()),
        entry_points=said.entry_points,
        requires_python=said.requires_python,
    )


def _linked(entry: WheelEntry, links: Mapping[str, str], entries: Mapping[str, WheelEntry]) -> WheelEntry:
    """Return an entry, with the bytes and the mode of what it leads to where it is a link."""
    member = entries.get(links.get(entry.name, ""))
    if member is None:
        return entry
    return replace(
        member, name=entry.name, category=entry.category, relative=entry.relative, member=member.name
    )


def _digest(stream: BinaryIO) -> str:
    digest = hashes.sha256()
    while data := stream.read(CHUNK):
        digest.update(data)
    return digest.hexdigest()


@dataclass
class _Said:
    """What the texts in .dist-info say; what a faulty text does not say stays as it is here."""

    root_is_purelib: bool = True
    name: str = ""
    version: str = ""
    requires_python: str = ""
    rows: Rows = field(default_factory=dict)
    entry_points: tuple[EntryPoint, ...] = ()


def _check_texts(
    opened: Entries, named: WheelName, dist_info: str, infos: Mapping[str, ZipInfo]
) -> Checked[_Said]:
    said = _Said()
    texts = yield from _read_texts(opened, infos, dist_info)
    if (text := texts.get("WHEEL")) is not None:
        said.root_is_purelib = yield from check_wheel_file(named, text, f"{dist_info}/WHEEL")
    if (text := texts.get("METADATA")) is not None:
        metadata = yield from check_metadata(named, text, f"{dist_info}/METADATA")
        said.name, said.version, said.requires_python = metadata
    if (text := texts.get("RECORD")) is not None:
        rows = yield from parse_record(text, f"{dist_info}/RECORD")
        if rows is not None:
            yield from check_complete(rows, infos, dist_info)
            said.rows = rows
    if (text := texts.get("entry_points.txt")) is not None:
        said.entry_points = yield from check_entry_points(text, f"{dist_info}/entry_points.txt")
    return said


def _read_texts(
    opened: Entries, infos: Mapping[str, ZipInfo], dist_info: str
) -> Checked[dict[str, str | None]]:
    texts = {}
    for name in (*_REQUIRED, "entry_points.txt"):
        info = infos.get(f"{dist_info}/{name}")
        if info is not None:
            texts[name] = yield from attempt(partial(read_text, opened, info))
        elif name in _REQUIRED:
            message, hint = "is missing", f"a wheel must hold {name}"
            yield Fault("missing-metadata-file", f"{dist_info}/{name}", message, hint)
    return texts


def _check_places(named: WheelName, said: _Said, files: Sequence[ZipInfo]) -> Checked[list[tuple[str, str]]]:
    data_directory = yield from check_data_directory(named, (info.filename for info in files))
    root = "purelib" if said.root_is_purelib else "platlib"
    places = []
    for info in files:
        places.append((yield from place(info.filename, data_directory, root)))
    names = [info.filename for info in files]
    yield from check_places(names, places, [point.name for point in said.entry_points])
    return places


@dataclass(frozen=True)
class _Unpacker:
    opened: Entries
    kept: Kept
    filename: str

    def entry(self, info: ZipInfo, where: tuple[str, str], row: Row | None) -> Checked[WheelEntry | None]:
        """Unpack and hash an entry, check it against its row of RECORD, and describe it."""
        hashed = yield from attempt(lambda: self._hashed(info, row))
        if hashed is None:
            return None
        sha256, recorded = hashed
        yield from check_content(row, info.filename, info.file_size, recorded)
        mode = info.external_attr >> 16
        return WheelEntry(
            name=info.filename,
            category=where[0],
            relative=where[1],
            size=info.file_size,
            sha256=sha256,
            executable=stat.S_ISREG(mode) and bool(mode & 0o111),
            mtime=_mtime(info.date_time),
        )

    def _hashed(self, info: ZipInfo, row: Row | None) -> tuple[str, bytes]:
        """Return the sha256 of an entry, and its digest by the algorithm of its row."""
        algorithm = (row and row.algorithm) or "sha256"
        digest = hashes.sha256()
        recorded = digest if algorithm == "sha256" else hashes.new(algorithm)
        fits = info.file_size <= _KEPT_ENTRY
        for data in (self.opened.read(info),) if fits else self.opened.chunks(info):
            digest.update(data)
            if recorded is not digest:
                recorded.update(data)
        if fits:
            self.kept.keep(self.filename, info.filename, data)
        return digest.hexdigest(), recorded.digest()


@cache  # most wheels have few dates
def _mtime(date: tuple[int, int, int, int, int, int]) -> int:
    try:
        moment = datetime.datetime(*date, tzinfo=datetime.timezone.utc)
    except ValueError:
        return ZIP_ZERO_DATE
    return int(moment.timestamp())


class WheelContents:
    """The bytes of a wheel that was read before; a context manager that keeps the file open.

    What it gives out has the size and sha256 the Wheel says. It can be read from several threads. A wheel of
    which all was kept is not opened again.
    """

    def __init__(self, wheel: Wheel, kept: KeptEntries) -> None:
        """Remember the wheel; nothing is opened before the ``with``."""
        self.wheel = wheel
        self._kept = kept
        self._has_links = any(entry.member for entry in wheel.entries)
        self._stack = ExitStack()
        self._entered = False
        self._archive: ZipFile | None = None

    def __enter__(self) -> WheelContents:
        """Open the file; raises UsageError or WheelRefused when that is no longer possible."""
        self._entered = True
        if all((self.wheel.filename, _archived(entry)) in self._kept for entry in self.wheel.entries):
            return self
        with ExitStack() as stack:
            stream = stack.enter_context(open_file(Path(self.wheel.path)))
            with about(self.wheel.filename):
                self._archive = stack.enter_context(open_zip(stream))
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
        """Return all bytes of an entry; raises WheelRefused when they are not those that were checked."""
        checked = self._kept.get((self.wheel.filename, _archived(entry)))
        if checked is not None and self._entered:
            return checked
        archive, info = self._find(entry)
        with about(self.wheel.filename), corruption_found(entry.name), archive.open(info) as member:
            data = member.read(entry.size)
        if len(data) != entry.size or hashes.sha256(data).hexdigest() != entry.sha256:
            raise self._changed(entry)
        return data

    def release(self, entry: WheelEntry) -> None:
        """Forget the bytes of an entry that are in memory; the next ``with`` opens the file for them.

        Entries of a wheel with links stay, as others may have the same bytes.
        """
        if not self._has_links:
            self._kept.pop((self.wheel.filename, entry.name), None)

    def chunks(self, entry: WheelEntry) -> Iterator[bytes]:
        """Yield the bytes of an entry in pieces of at most 1 MiB, for entries too large to hold.

        Raises WheelRefused, at the latest after the last piece, when they are not those that were checked.
        """
        checked = self._kept.get((self.wheel.filename, _archived(entry)))
        if checked is not None and self._entered:
            yield from (checked,) if checked else ()
            return
        archive, info = self._find(entry)
        digest = hashes.sha256()
        left = entry.size
        with about(self.wheel.filename), corruption_found(entry.name):
            member = archive.open(info)
        with member:
            while left:
                with about(self.wheel.filename), corruption_found(entry.name):
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
            info = archive.getinfo(_archived(entry))
        except KeyError as error:
            raise self._changed(entry) from error
        if info.file_size != entry.size:
            raise self._changed(entry)
        return archive, info

    def _changed(self, entry: WheelEntry) -> WheelRefused:
        fault = Fault("changed-wheel", entry.name, "is no longer what was checked")
        return refused(self.wheel.filename, fault)


def _archived(entry: WheelEntry) -> str:
    """Return the name of the entry of the archive that has the bytes."""
    return entry.member or entry.name


def open_contents(wheel: Wheel, kept: KeptEntries | None = None) -> WheelContents:
    """Return the contents of a wheel, for a ``with``; ``kept`` are the entries that read_wheel kept."""
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
    raise refused(wheel.filename, Fault("unfitting-tags", "", message))


def tag_rank(tags: Iterable[str], interpreter: Interpreter) -> int | None:
    """Return the place of the best of the tags in the interpreter's list, best first; None where none is."""
    wanted = set(tags)
    return next((rank for rank, tag in enumerate(_supported(interpreter)) if str(tag) in wanted), None)


def _supported(interpreter: Interpreter) -> Iterator[Tag]:
    from packaging.tags import compatible_tags, cpython_tags  # slow to import, and seldom needed

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

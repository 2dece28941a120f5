"""Read a wheel: everything is checked and every entry hashed before anything is planned."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType

from truewheel.dataclass import dataclass, field, replace
from truewheel.errors import WheelRefused
from truewheel.model import EntryPoint, Interpreter, Warned, Wheel, WheelEntry
from truewheel.wheel.archive import archive_files, check_bounds, open_file
from truewheel.wheel.directory import ArchiveEntry
from truewheel.wheel.faults import (
    Checked,
    Fault,
    FaultFound,
    about,
    attempt,
    first_refused,
    refused,
    shortened,
)
from truewheel.wheel.framing import check_framing
from truewheel.wheel.kept import Kept
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
from truewheel.wheel.unpacking import CHUNK, Entries, open_directory, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from packaging.tags import Tag

_KEPT_ENTRY = 16 * CHUNK  # bytes; what is larger is read in pieces
_REQUIRED = ("WHEEL", "METADATA", "RECORD")


def read_wheel(
    path: Path, kept: Kept | None = None, allowed: Collection[str] = (), *, digest: bool = True
) -> Wheel:
    """Check a wheel file against the wheel specification and describe it.

    Every entry is unpacked and hashed; ``kept`` takes what is to be read again. Entries are in archive order;
    dates are seconds since the epoch. A fault of a rule in ``allowed``, which are names of `truewheel.rules`,
    is a warning where the rule leaves the choice. Without ``digest`` the sha256 of the file itself is empty.
    Raises UsageError when the file cannot be opened or read, WheelRefused for the first fault that refuses
    it.
    """
    with open_file(path) as stream, about(path.name):
        sha256 = _digest(stream) if digest else ""
        wheel, faults = first_refused(path.name, _check(path, stream, kept or Kept(0)), allowed)
    warnings = (Warned(path.name, each.entry, each.rule, shortened(each.message, 400)) for each in faults)
    return replace(wheel, sha256=sha256, warnings=tuple(warnings))


def find_faults(path: Path) -> tuple[Fault, ...]:
    """Return every fault of a wheel file, in the order of the checks, those that only warn included.

    A part with a fault is used no further: without a readable RECORD, no hash is checked. Raises UsageError
    when the file cannot be opened or read.
    """
    with open_file(path) as stream, about(path.name):
        return tuple(_check(path, stream, Kept(0)))


def _check(path: Path, stream: BinaryIO, kept: Kept) -> Checked[Wheel | None]:
    """Check a wheel; what it returns is true only if it yielded nothing that refuses the wheel."""
    file = stream.fileno()
    directory = yield from attempt(lambda: open_directory(file))
    if directory is None:
        return None
    bounds = tuple(check_bounds(directory))
    yield from bounds
    if bounds:
        return None
    starts = yield from check_framing(directory, file)
    files = yield from archive_files(directory)
    by_name = {entry.name: entry for entry in files}
    named = yield from check_filename(path.name)
    dist_info = (yield from check_dist_info(named, by_name)) if named is not None else None
    if named is None or dist_info is None:
        return None
    opened = Entries(file, directory, starts)
    links = yield from follow_links(opened, files)
    copies = sum(by_name[member].size for member in links.values())
    yield from check_bounds(directory, copies) if copies else ()
    said = yield from _check_texts(opened, named, dist_info, by_name)
    places = yield from _check_places(named, said, files)
    unpacker = _Unpacker(opened, kept, path.name)
    entries: dict[str, WheelEntry] = {}
    for entry, where in zip(files, places, strict=True):
        row = said.rows.get(entry.name)
        try:
            made, recorded = unpacker.entry(entry, where, row)
        except FaultFound as found:
            yield found.fault
            continue
        if row is not None:
            yield from check_content(row, entry.name, entry.size, recorded)
        entries[entry.name] = made
    return Wheel(
        path=str(path),
        filename=path.name,
        sha256="",
        name=said.name,
        version=said.version,
        dist_info=dist_info,
        root_is_purelib=said.root_is_purelib,
        tags=tuple(sorted(named.tags)),
        entries=tuple(_linked(made, links, entries) if links else made for made in entries.values()),
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
    digest = hashlib.sha256()
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
    opened: Entries, named: WheelName, dist_info: str, by_name: Mapping[str, ArchiveEntry]
) -> Checked[_Said]:
    said = _Said()
    texts = yield from _read_texts(opened, by_name, dist_info)
    if (text := texts.get("WHEEL")) is not None:
        said.root_is_purelib = yield from check_wheel_file(named, text, f"{dist_info}/WHEEL")
    if (text := texts.get("METADATA")) is not None:
        metadata = yield from check_metadata(named, text, f"{dist_info}/METADATA")
        said.name, said.version, said.requires_python = metadata
    if (text := texts.get("RECORD")) is not None:
        rows = yield from parse_record(text, f"{dist_info}/RECORD")
        if rows is not None:
            yield from check_complete(rows, by_name, dist_info)
            said.rows = rows
    if (text := texts.get("entry_points.txt")) is not None:
        said.entry_points = yield from check_entry_points(text, f"{dist_info}/entry_points.txt")
    return said


def _read_texts(
    opened: Entries, by_name: Mapping[str, ArchiveEntry], dist_info: str
) -> Checked[dict[str, str | None]]:
    texts = {}
    for name in (*_REQUIRED, "entry_points.txt"):
        entry = by_name.get(f"{dist_info}/{name}")
        if entry is not None:
            texts[name] = yield from attempt(partial(read_text, opened, entry))
        elif name in _REQUIRED:
            message, hint = "is missing", f"a wheel must hold {name}"
            yield Fault("missing-metadata-file", f"{dist_info}/{name}", message, hint)
    return texts


def _check_places(
    named: WheelName, said: _Said, files: Sequence[ArchiveEntry]
) -> Checked[list[tuple[str, str]]]:
    names = [entry.name for entry in files]
    data_directory = yield from check_data_directory(named, names)
    root = "purelib" if said.root_is_purelib else "platlib"
    places = []
    for name in names:
        is_data = data_directory and name.startswith(data_directory)
        places.append((yield from place(name, data_directory, root)) if is_data else (root, name))
    yield from check_places(names, places, [point.name for point in said.entry_points])
    return places


@dataclass(frozen=True)
class _Unpacker:
    opened: Entries
    kept: Kept
    filename: str

    def entry(self, entry: ArchiveEntry, where: tuple[str, str], row: Row | None) -> tuple[WheelEntry, bytes]:
        """Unpack and hash an entry; return its description, and its digest by the algorithm of its row.

        Raises FaultFound when it cannot be unpacked.
        """
        algorithm = (row and row.algorithm) or "sha256"
        if entry.size <= _KEPT_ENTRY:
            data = self.opened.read(entry)
            sha256 = hashlib.sha256(data).digest()
            recorded = sha256 if algorithm == "sha256" else hashlib.new(algorithm, data).digest()
            self.kept.keep(self.filename, entry.name, data)
        else:
            sha256, recorded = self._hashed(entry, algorithm)
        made = WheelEntry(
            name=entry.name,
            category=where[0],
            relative=where[1],
            size=entry.size,
            sha256=sha256.hex(),
            executable=stat.S_ISREG(entry.mode) and bool(entry.mode & 0o111),
            mtime=entry.mtime,
        )
        return made, recorded

    def _hashed(self, entry: ArchiveEntry, algorithm: str) -> tuple[bytes, bytes]:
        digest, recorded = hashlib.sha256(), hashlib.new(algorithm)
        for data in self.opened.chunks(entry):
            digest.update(data)
            recorded.update(data)
        return digest.digest(), recorded.digest()


class WheelContents:
    """The bytes of a wheel that was read before; a context manager that keeps the file open.

    What it gives out has the size and sha256 the Wheel says. It can be read from several threads. A wheel of
    which all was kept is not opened again.
    """

    def __init__(self, wheel: Wheel, kept: Kept) -> None:
        """Remember the wheel; nothing is opened before the ``with``."""
        self.wheel = wheel
        self._kept = kept
        self._has_links = any(entry.member for entry in wheel.entries)
        self._stack = ExitStack()
        self._entered = False
        self._opened: Entries | None = None
        self._by_name: dict[str, ArchiveEntry] = {}

    def __enter__(self) -> WheelContents:
        """Open the file; raises UsageError or WheelRefused when that is no longer possible."""
        self._entered = True
        if all(self._kept.has(self.wheel.filename, _archived(entry)) for entry in self.wheel.entries):
            return self
        with ExitStack() as stack:
            stream = stack.enter_context(open_file(Path(self.wheel.path)))
            with about(self.wheel.filename):
                directory = open_directory(stream.fileno())
            self._opened = Entries(stream.fileno(), directory)
            self._by_name = {entry.name: entry for entry in directory.entries}
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._entered = False
        self._opened = None
        self._stack.close()

    def read(self, entry: WheelEntry) -> bytes:
        """Return all bytes of an entry; raises WheelRefused when they are not those that were checked."""
        checked = self._kept.get(self.wheel.filename, _archived(entry), entry.size)
        if checked is not None and self._entered:
            return checked
        opened, archived = self._find(entry)
        with about(self.wheel.filename):
            data = opened.read(archived)
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise self._changed(entry)
        return data

    def release(self, entry: WheelEntry) -> None:
        """Forget the bytes of an entry that are in memory; the next ``with`` opens the file for them.

        Entries of a wheel with links stay, as others may have the same bytes.
        """
        if not self._has_links:
            self._kept.forget(self.wheel.filename, entry.name)

    def chunks(self, entry: WheelEntry) -> Iterator[bytes]:
        """Yield the bytes of an entry in pieces of at most 1 MiB, for entries too large to hold.

        Raises WheelRefused, at the latest after the last piece, when they are not those that were checked.
        """
        checked = self._kept.get(self.wheel.filename, _archived(entry), entry.size)
        if checked is not None and self._entered:
            yield from (checked,) if checked else ()
            return
        opened, archived = self._find(entry)
        digest, pieces = hashlib.sha256(), opened.chunks(archived)
        while True:
            with about(self.wheel.filename):
                data = next(pieces, None)
            if data is None:
                break
            digest.update(data)
            yield data
        if digest.hexdigest() != entry.sha256:
            raise self._changed(entry)

    def _find(self, entry: WheelEntry) -> tuple[Entries, ArchiveEntry]:
        if self._opened is None:
            raise ValueError("the wheel is not open")
        archived = self._by_name.get(_archived(entry))
        if archived is None or archived.size != entry.size:
            raise self._changed(entry)
        return self._opened, archived

    def _changed(self, entry: WheelEntry) -> WheelRefused:
        fault = Fault("changed-wheel", entry.name, "is no longer what was checked")
        return refused(self.wheel.filename, fault)


def _archived(entry: WheelEntry) -> str:
    """Return the name of the entry of the archive that has the bytes."""
    return entry.member or entry.name


def open_contents(wheel: Wheel, kept: Kept | None = None) -> WheelContents:
    """Return the contents of a wheel, for a ``with``; ``kept`` are those that read_wheel kept."""
    return WheelContents(wheel, kept or Kept(0))


def check_tags(wheel: Wheel, interpreter: Interpreter) -> None:
    """Raise WheelRefused unless one of the wheel's tags is one the interpreter supports.

    Source: the platform compatibility tags specification, and for free-threaded builds that they load no
    stable ABI extension of other builds.
    """
    if not _plain_tags(interpreter).isdisjoint(wheel.tags) or tag_rank(wheel.tags, interpreter) is not None:
        return
    build = f"Python {interpreter.short_version}{' free-threaded' if interpreter.free_threaded else ''}"
    message = f"its tags {' '.join(wheel.tags)} do not fit {interpreter.command}, {build}"
    raise refused(wheel.filename, Fault("unfitting-tags", "", message))


def _plain_tags(interpreter: Interpreter) -> set[str]:
    """The tags that most wheels have for a Python: to import packaging takes a tenth of a small install."""
    tags = {f"py3-none-{platform}" for platform in (*interpreter.platforms, "any")}
    if interpreter.implementation == "cpython" and not interpreter.free_threaded:
        name = "cp{}{}".format(*interpreter.version)
        abi = name if interpreter.version >= (3, 8) else f"{name}m"
        tags |= {f"{name}-{abi}-{platform}" for platform in interpreter.platforms}
    return tags


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

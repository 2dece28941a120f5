"""Make wheels for tests, good ones in one call and every kind of bad one by overriding a part.

The archive is written here and not by zipfile, so that each field can lie. The same call makes the same
bytes, but for what the zlib in use compresses to.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import stat
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

Date = tuple[int, int, int, int, int, int]
Row = tuple[str, str, str]
Content = str | bytes

DATE: Date = (2024, 5, 6, 7, 8, 10)
FILE = stat.S_IFREG | 0o644
STORED, DEFLATED = 0, 8
UTF8, ENCRYPTED = 0x800, 0x1


@dataclass(frozen=True)
class Member:
    """One entry of an archive; what is None is computed from the name and the data.

    The local header has the fields of the central one but for ``local``, which changes its 22 bytes from the
    flags to the size; ``behind`` follows the data.
    """

    name: str | bytes
    data: bytes = b""
    mode: int = FILE
    date: Date = DATE
    method: int = DEFLATED
    flags: int | None = None
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    local: Callable[[bytes], bytes] = bytes
    extra: bytes = b""
    local_extra: bytes = b""
    behind: bytes = b""
    disk: int = 0

    @property
    def raw_name(self) -> bytes:
        return self.name.encode() if isinstance(self.name, str) else self.name

    def compressed(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method != DEFLATED:
            return self.data
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        return deflate.compress(self.data) + deflate.flush()

    def fields(self, packed: bytes) -> bytes:
        """The 22 bytes that local and central header have in common, from flags to the size."""
        year, month, day, hour, minute, second = self.date
        flags = (0 if self.raw_name.isascii() else UTF8) if self.flags is None else self.flags
        crc = binascii.crc32(self.data) if self.crc is None else self.crc
        size = len(self.data) if self.size is None else self.size
        clock = hour << 11 | minute << 5 | second // 2
        day_number = (year - 1980) << 9 | month << 5 | day
        return struct.pack("<HHHHLLL", flags, self.method, clock, day_number, crc, len(packed), size)


def write_archive(path: Path, members: Iterable[Member], comment: bytes = b"") -> Path:
    """Write the members to a ZIP file in the order given."""
    out, central, count = io.BytesIO(), io.BytesIO(), 0
    for member in members:
        offset, packed = out.tell(), member.compressed()
        common, name = member.fields(packed), member.raw_name
        local = name if member.local_name is None else member.local_name
        out.write(struct.pack("<4sH", b"PK\3\4", 20) + member.local(common))
        out.write(struct.pack("<HH", len(local), len(member.local_extra)) + local + member.local_extra)
        out.write(packed + member.behind)
        central.write(struct.pack("<4sHH", b"PK\1\2", 3 << 8 | 20, 20) + common)
        rest = (len(name), len(member.extra), 0, member.disk, 0, member.mode << 16, offset)
        central.write(struct.pack("<HHHHHLL", *rest) + name + member.extra)
        count += 1
    start, directory = out.tell(), central.getvalue()
    end = (b"PK\5\6", 0, 0, count, count, len(directory), start, len(comment))
    path.write_bytes(out.getvalue() + directory + struct.pack("<4sHHHHLLH", *end) + comment)
    return path


def with_zip64_end(
    data: bytes, *, saturated: bool = True, entries: int = 0, record_size: int = 44, more: int = 0
) -> bytes:
    """Give an archive without comment a ZIP64 end record and its locator.

    The short record says that its fields are too small, unless not ``saturated``; the long one counts
    ``entries`` more than there are, and says that ``record_size`` bytes of it follow and that the central
    directory has ``more`` bytes.
    """
    _, _, _, count, total, size, start, _ = struct.unpack("<4sHHHHLLH", data[-22:])
    numbers = (count + entries, total + entries, size + more, start)
    long = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", record_size, 45, 45, 0, 0, *numbers)
    long += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
    short = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:-22] + long + (short if saturated else data[-22:])


def record_row(name: str, data: bytes, algorithm: str = "sha256") -> Row:
    """A row of RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()
    return name, f"{algorithm}={digest}", str(len(data))


def record_text(rows: Iterable[Sequence[str]]) -> str:
    """RECORD with the rows given."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def expand_tags(compressed: str) -> list[str]:
    """The tags a compressed tag set stands for."""
    parts = [part.split(".") for part in compressed.split("-")]
    return ["-".join(tag) for tag in product(*parts)]


@dataclass
class WheelBuilder:
    """Builds wheels in ``directory``; see ``build``."""

    directory: Path
    made: list[Path] = field(default_factory=list)

    def build(
        self,
        name: str = "demo",
        version: str = "1.0",
        files: Mapping[str, Content] | None = None,
        *,
        entry_points: Mapping[str, str] | str | None = None,
        data: Mapping[str, Content] | None = None,
        tags: str = "py3-none-any",
        build_tag: str = "",
        root_is_purelib: bool = True,
        modes: Mapping[str, int] | None = None,
        dates: Mapping[str, Date] | None = None,
        date: Date = DATE,
        metadata: Content | None = None,
        wheel: Content | None = None,
        stem: str = "",
        filename: str = "",
        dist_info: Mapping[str, Content] | None = None,
        omit: Iterable[str] = (),
        algorithm: str = "sha256",
        rows: Callable[[list[Row]], Iterable[Sequence[str]]] | None = None,
        record: Content | None = None,
        members: Callable[[list[Member]], Iterable[Member]] | None = None,
        comment: bytes = b"",
    ) -> Path:
        """Write one wheel and return its path.

        ``files`` lie in the root, ``data`` below .data (``scripts/tool``), ``dist_info`` in .dist-info;
        ``modes`` and ``dates`` are by full archive name. ``entry_points`` maps console scripts to targets, or
        is the text of entry_points.txt. ``stem`` is what precedes .dist-info, ``omit`` names of .dist-info
        files to leave out. ``rows`` edits RECORD's rows, ``record`` is its text; ``members`` edits the
        archive's entries last, when RECORD is already computed.
        """
        stem = stem or f"{name}-{version}"
        info = f"{stem}.dist-info"
        contents = dict({f"{name}/__init__.py": ""} if files is None else files)
        contents |= {f"{stem}.data/{key}": value for key, value in (data or {}).items()}
        own: dict[str, Content] = {
            "METADATA": metadata if metadata is not None else metadata_text(name, version),
            "WHEEL": wheel if wheel is not None else wheel_text(tags, root_is_purelib),
        }
        if entry_points is not None:
            own["entry_points.txt"] = entry_points_text(entry_points)
        own |= dist_info or {}
        contents |= {f"{info}/{key}": value for key, value in own.items() if key not in omit}
        raw = {key: _bytes(value) for key, value in contents.items()}
        if "RECORD" not in omit:
            raw[f"{info}/RECORD"] = _record(raw, f"{info}/RECORD", algorithm, rows, record)
        modes, dates = modes or {}, dates or {}
        made: Iterable[Member] = [
            Member(key, value, modes.get(key, FILE), dates.get(key, date)) for key, value in raw.items()
        ]
        if members is not None:
            made = members(list(made))
        build = f"-{build_tag}" if build_tag else ""
        path = self.directory / (filename or f"{name}-{version}{build}-{tags}.whl")
        self.made.append(write_archive(path, made, comment))
        return path


def metadata_text(name: str, version: str, metadata_version: str = "2.1") -> str:
    """METADATA with the required fields."""
    return f"Metadata-Version: {metadata_version}\nName: {name}\nVersion: {version}\n"


def wheel_text(tags: str, root_is_purelib: bool = True, wheel_version: str = "1.0") -> str:
    """WHEEL for a compressed tag set."""
    lines = [f"Wheel-Version: {wheel_version}", "Generator: tests"]
    lines.append(f"Root-Is-Purelib: {str(root_is_purelib).lower()}")
    lines += [f"Tag: {tag}" for tag in expand_tags(tags)]
    return "\n".join(lines) + "\n"


def entry_points_text(points: Mapping[str, str] | str) -> str:
    """The text of entry_points.txt with these console scripts."""
    if isinstance(points, str):
        return points
    return "[console_scripts]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())


def edit(name: str, **changes: object) -> Callable[[list[Member]], list[Member]]:
    """A ``members`` function that changes fields of the entry whose name ends so."""

    def change(members: list[Member]) -> list[Member]:
        return [
            replace(member, **changes) if member.raw_name.endswith(name.encode()) else member  # type: ignore[arg-type]
            for member in members
        ]

    return change


def adding(*extra: Member) -> Callable[[list[Member]], list[Member]]:
    """A ``members`` function that appends entries RECORD does not know."""
    return lambda members: [*members, *extra]


def _bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _record(
    raw: Mapping[str, bytes],
    name: str,
    algorithm: str,
    rows: Callable[[list[Row]], Iterable[Sequence[str]]] | None,
    record: Content | None,
) -> bytes:
    if record is not None:
        return _bytes(record)
    made: list[Row] = [record_row(key, value, algorithm) for key, value in raw.items()]
    made.append((name, "", ""))
    return record_text(rows(made) if rows is not None else made).encode()

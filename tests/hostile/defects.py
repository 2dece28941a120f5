"""The table of bad wheels: what is wrong, the rule it breaks, what the refusal says, how to make one.

Each row builds on one good wheel and changes one thing, so that the row's own check is what refuses it.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.wheelbuilder import (
    ENCRYPTED,
    STORED,
    Member,
    Row,
    WheelBuilder,
    adding,
    edit,
    metadata_text,
    wheel_text,
    with_zip64_end,
)

INIT = "demo/__init__.py"
INFO = "demo-1.0.dist-info"
LINK = stat.S_IFLNK | 0o777
Build = Callable[[WheelBuilder], Path]


@dataclass(frozen=True)
class Defect:
    """A kind of bad wheel: ``rule`` is what it breaks, ``says`` part of the line that refuses it."""

    name: str
    rule: str
    says: str
    build: Build


def good(builder: WheelBuilder, **changes: object) -> Path:
    """The wheel every defect starts from."""
    arguments: dict[str, object] = {"files": {INIT: "value = 1\n" * 50}} | changes
    return builder.build("demo", "1.0", **arguments)  # type: ignore[arg-type]


def _made(name: str, rule: str, says: str, **changes: object) -> Defect:
    return Defect(name, rule, says, lambda builder: good(builder, **changes))


def _named(name: str, rule: str, says: str, entry: str | bytes, **changes: object) -> Defect:
    return _made(name, rule, says, members=adding(Member(entry, b"x", **changes)))  # type: ignore[arg-type]


def _patched(name: str, rule: str, says: str, patch: Callable[[bytes], bytes], **changes: object) -> Defect:
    def build(builder: WheelBuilder) -> Path:
        path = good(builder, **changes)
        path.write_bytes(patch(path.read_bytes()))
        return path

    return Defect(name, rule, says, build)


def _linked(name: str, rule: str, says: str, first: str | bytes, **more: str) -> Defect:
    """A wheel with the link demo/first and more of them, which RECORD has right."""
    links = {f"demo/{link}": target for link, target in {"first": first, **more}.items()}
    return _made(name, rule, says, files={INIT: "", **links}, modes=dict.fromkeys(links, LINK))


def _points(name: str, rule: str, says: str, line: str, section: str = "console_scripts") -> Defect:
    return _made(name, rule, says, entry_points=f"[{section}]\n{line}\n")


def _rows(name: str, rule: str, says: str, change: Callable[[Row], Row]) -> Defect:
    """Change the row of demo/__init__.py in RECORD."""

    def rows(made: list[Row]) -> list[Row]:
        return [change(row) if row[0] == INIT else row for row in made]

    return _made(name, rule, says, rows=rows)


def _more_rows(name: str, rule: str, says: str, *rows: tuple[str, ...]) -> Defect:
    return _made(name, rule, says, rows=lambda made: [*made, *rows])


def _end_record(patch: Callable[[list[int]], None]) -> Callable[[bytes], bytes]:
    """Change the numbers of the end of central directory record."""

    def change(data: bytes) -> bytes:
        start = data.rindex(b"PK\5\6")
        numbers = list(struct.unpack("<HHHHLLH", data[start + 4 : start + 22]))
        patch(numbers)
        return data[: start + 4] + struct.pack("<HHHHLLH", *numbers) + data[start + 22 :]

    return change


def _flip_content(data: bytes) -> bytes:
    at = data.index(b"value = 1")
    return data[:at] + b"V" + data[at + 1 :]


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


def _unended(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)


def _overlapping(data: bytes) -> bytes:
    """Let the second entry of the central directory begin where the first does, under its name."""
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 4)
    return data[: second + 42] + struct.pack("<L", 1) + data[second + 46 :]


def _bomb(checked: int) -> dict[str, object]:
    """A megabyte that says it is ten bytes; the checksum is that of the first ``checked`` bytes."""
    return {"packed": _deflated(b"\0" * (1 << 20)), "size": 10, "crc": zlib.crc32(b"\0" * checked)}


def _many(count: int, **changes: object) -> Callable[[list[Member]], list[Member]]:
    """Add empty entries, about which RECORD does not know."""
    return adding(*(Member(f"demo/{number}", **changes) for number in range(count)))  # type: ignore[arg-type]


def _more_records(data: bytes) -> bytes:
    """Put the first record of the central directory there 100,000 times more."""
    first, end = data.index(b"PK\1\2"), len(data) - 22
    record = data[first : data.index(b"PK\1\2", first + 4)]
    more = data[:end] + record * 100_000
    numbers = struct.pack("<HHHHLLH", 0, 0, 0xFFFF, 0xFFFF, len(more) - first, first, 0)
    return more + b"PK\5\6" + numbers


def _local(at: int, data: bytes) -> Callable[[bytes], bytes]:
    """Change bytes of a local header, counted from its flags."""
    return lambda common: common[:at] + data + common[at + len(data) :]


def _before_end(data: bytes) -> Callable[[bytes], bytes]:
    """Put bytes between the central directory and the end record."""
    return lambda archive: archive[:-22] + data + archive[-22:]


def _set_entries(numbers: list[int]) -> None:
    numbers[2] += 1


def _set_disk(numbers: list[int]) -> None:
    numbers[0] = 1


def _set_directory_size(numbers: list[int]) -> None:
    numbers[4] += 1000


def _set_directory_offset(numbers: list[int]) -> None:
    numbers[5] += 40


def _wheel_without(key: str) -> str:
    lines = wheel_text("py3-none-any").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(key))


def _metadata(old: str, new: str) -> str:
    return metadata_text("demo", "1.0").replace(old, new)


def _renamed(filename: str) -> Build:
    return lambda builder: good(builder, filename=filename)


ARCHIVE = [
    _patched("empty file", "corrupt-archive", "cannot be unpacked", lambda data: b""),
    _patched(
        "text instead of an archive",
        "corrupt-archive",
        "cannot be unpacked",
        lambda data: b"<html></html>\n" * 40,
    ),
    _patched(
        "archive cut in half", "corrupt-archive", "cannot be unpacked", lambda data: data[: len(data) // 2]
    ),
    _patched(
        "archive without its last byte", "corrupt-archive", "cannot be unpacked", lambda data: data[:-1]
    ),
    _patched(
        "archive without its first bytes", "stray-bytes", "before the first entry", lambda data: data[20:]
    ),
    _patched(
        "archive without entries", "dist-info-count", "no .dist-info", lambda data: b"PK\5\6" + bytes(18)
    ),
    _patched(
        "data before the archive", "stray-bytes", "before the first entry", lambda data: b"#!/bin/sh\n" + data
    ),
    _patched("data after the archive", "stray-bytes", "after the end", lambda data: data + b"more"),
    _patched("archive within an archive", "stray-bytes", "before the first entry", lambda data: data + data),
    _patched(
        "wrong size of the directory",
        "corrupt-archive",
        "cannot be unpacked",
        _end_record(_set_directory_size),
    ),
    _patched(
        "wrong start of the directory",
        "stray-bytes",
        "before the first entry",
        _end_record(_set_directory_offset),
    ),
    _patched("overlapping entries", "overlapping-entries", "overlaps", _overlapping),
    _patched("content damaged", "corrupt-entry", "Bad CRC", _flip_content, members=edit(INIT, method=STORED)),
    _made("checksum wrong", "corrupt-entry", "Bad CRC", members=edit(INIT, crc=1)),
    _made(
        "compressed stream damaged",
        "corrupt-entry",
        "cannot be unpacked",
        members=edit(INIT, packed=b"\xff" * 40),
    ),
    _made("compressed stream cut", "corrupt-entry", "Bad CRC", members=edit(INIT, packed=b"\x4b\x04\x00")),
    _made(
        "declares too few bytes",
        "wrong-entry-size",
        "more than its 10 bytes",
        members=edit(INIT, **_bomb(11)),
    ),
    _made(
        "checksum of the declared part",
        "corrupt-entry",
        "cannot be unpacked",
        members=edit(INIT, **_bomb(10)),
    ),
    _made(
        "declares too few stored bytes",
        "corrupt-entry",
        "Bad CRC",
        members=edit(INIT, method=STORED, size=10),
    ),
    _made("declares too many bytes", "wrong-entry-size", "fewer than", members=edit(INIT, size=5000)),
    _made(
        "huge METADATA declared", "oversized-metadata", "more than", members=edit("METADATA", size=17 << 20)
    ),
    _made("encrypted entry", "encrypted-entry", "is encrypted", members=edit(INIT, flags=ENCRYPTED)),
    _made("strongly encrypted entry", "encrypted-entry", "is encrypted", members=edit(INIT, flags=0x41)),
    _made(
        "unknown compression", "unknown-compression", "compression method 99", members=edit(INIT, method=99)
    ),
    _made("bzip2 compression", "unknown-compression", "compression method 12", members=edit(INIT, method=12)),
    _made("patched data", "corrupt-entry", "cannot be unpacked", members=edit(INIT, flags=0x20)),
    _made(
        "two names for one entry",
        "contradictory-header",
        "another name in its local header",
        members=edit(INIT, local_name=b"demo/__init__.pX"),
    ),
    _linked("symbolic link", "symbolic-link", "is a symbolic link to __init__.py", "__init__.py"),
    _linked(
        "link to a link", "symbolic-link", "is a symbolic link to second", "second", second="__init__.py"
    ),
    _linked("link without a target", "symbolic-link", "is a symbolic link without a target", ""),
    _linked("link out of the wheel", "stray-link", "link to ../../etc/passwd", "../../etc/passwd"),
    _linked("absolute link", "stray-link", "symbolic link to /etc/passwd", "/etc/passwd"),
    _linked("link to nothing", "stray-link", "symbolic link to gone.py", "gone.py"),
    _linked("link to a directory", "stray-link", "symbolic link to ../demo", "../demo"),
    _linked("link to itself", "stray-link", "symbolic link to first", "first"),
    _linked("links in a circle", "stray-link", "symbolic link to second", "second", second="first"),
    _linked(
        "link with a long target", "stray-link", "is no file of the wheel", "a/../" * 1000 + "__init__.py"
    ),
    _linked("link by way of a link", "stray-link", "to second/x", "second/x", second="../demo"),
    _linked("link that is not UTF-8", "stray-link", "is no file of the wheel", b"\xff\xfe"),
    _linked("link with a NUL", "stray-link", "is no file of the wheel", "__init__.py\0x"),
    _made(
        "character device",
        "special-file",
        "not a regular file",
        members=edit(INIT, mode=stat.S_IFCHR | 0o600),
    ),
    _made("named pipe", "special-file", "not a regular file", members=edit(INIT, mode=stat.S_IFIFO | 0o600)),
    _made(
        "file marked as directory",
        "special-file",
        "not a regular file",
        members=edit(INIT, mode=stat.S_IFDIR | 0o755),
    ),
    _named(
        "directory with content",
        "directory-with-content",
        "directory with content",
        "demo/sub/",
        mode=stat.S_IFDIR | 0o755,
    ),
    _named("directory that is a link", "stray-link", "symbolic link", "demo/sub/", mode=stat.S_IFLNK | 0o777),
]

BOUNDS = [
    _made("declares 16 GiB", "too-large", "unpacks to", members=_many(5, size=0xF0000000)),
    _made("declares four gigabytes", "zip-bomb", "times its size", members=edit(INIT, size=0xFFFFFFF0)),
    _made("unpacks a thousandfold", "zip-bomb", "times its size", files={INIT: bytes(65 << 20)}),
    _patched("too many entries", "too-many-entries", "has 100004 entries", _more_records),
    _patched(
        "declares a huge directory",
        "too-many-entries",
        "central directory of 33554433 bytes",
        _end_record(lambda numbers: numbers.__setitem__(4, (32 << 20) + 1)),
    ),
    _patched(
        "declares a huge directory in ZIP64",
        "too-many-entries",
        "central directory of 33555",
        lambda data: with_zip64_end(data, more=33_555_000),
    ),
    _made("huge WHEEL", "oversized-metadata", "more than 1048576", wheel=f"Generator: {'a' * (1 << 20)}\n"),
    _made(
        "huge entry points",
        "oversized-metadata",
        "more than 1048576",
        entry_points="#" * (1 << 20) + "\n",
    ),
    _made(
        "too many scripts",
        "too-many-scripts",
        "has 1001 scripts",
        entry_points={f"tool{number}": "demo:main" for number in range(1001)},
    ),
]

HEADERS = [
    *(
        _made(
            f"another {field} in the local header",
            "contradictory-header",
            f"has another {field} in its local header",
            members=edit(INIT, local=_local(at, data)),
        )
        for field, at, data in [
            ("flags", 0, b"\x00\x08"),
            ("compression method", 2, b"\x00\x00"),
            ("time", 4, b"\x00\x00"),
            ("date", 6, b"\x21\x00"),
            ("checksum", 8, b"\x00\x00\x00\x00"),
            ("packed size", 12, b"\x01\x00\x00\x00"),
            ("size", 16, b"\x01\x00\x00\x00"),
        ]
    ),
    _made(
        "sizes left to a descriptor that is not there",
        "contradictory-header",
        "has another checksum",
        members=edit(INIT, flags=0x8, local=_local(8, bytes(12))),
    ),
    _made(
        "descriptor of other content",
        "stray-bytes",
        "has 16 bytes behind it",
        members=edit(INIT, flags=0x8, local=_local(8, bytes(12)), behind=b"PK\7\x08" + bytes(12)),
    ),
    _made("entry on another disk", "contradictory-header", "another disk", members=edit(INIT, disk=1)),
    _made("bytes between entries", "stray-bytes", "4 bytes behind it", members=edit(INIT, behind=b"gap!")),
    _made(
        "bytes before the directory",
        "stray-bytes",
        "4 bytes behind it",
        members=edit("RECORD", behind=b"gap!"),
    ),
    _made(
        "bytes behind the compressed stream",
        "stray-bytes",
        "6 bytes behind the end of its compressed stream",
        members=edit(INIT, packed=_deflated(b"value = 1\n" * 50) + b"hidden"),
    ),
    _made(
        "compressed stream without an end",
        "corrupt-entry",
        "has no end",
        members=edit(INIT, packed=_unended(b"value = 1\n" * 50)),
    ),
    *(
        _made(
            f"second name in the {where} header",
            "ambiguous-name",
            "second name in an extra field",
            members=edit(
                INIT, **{key: struct.pack("<HHBL", 0x7075, 14, 1, zlib.crc32(INIT.encode())) + b"evil/x.py"}
            ),
        )
        for where, key in [("central", "extra"), ("local", "local_extra")]
    ),
    _patched(
        "bytes before the end record", "corrupt-archive", "Bad magic number", _before_end(b"PK\5\5\0\0")
    ),
    _patched(
        "another number of entries",
        "contradictory-header",
        "not true of the archive",
        _end_record(_set_entries),
    ),
    _patched("end record of another disk", "contradictory-header", "not true", _end_record(_set_disk)),
    _made("end record in the comment", "contradictory-header", "not true", comment=b"PK\5\6" + bytes(18)),
    _patched(
        "archive cut in its comment",
        "corrupt-archive",
        "ends in its comment",
        lambda d: d[:-3],
        comment=b"more",
    ),
    _patched(
        "ZIP64 end record that differs",
        "contradictory-header",
        "not true of the archive",
        lambda data: with_zip64_end(data, saturated=False, entries=1),
    ),
    _patched(
        "ZIP64 end record of another size",
        "contradictory-header",
        "not true of the archive",
        lambda data: with_zip64_end(data, record_size=48),
    ),
]

NAMES = [
    _named("climbs out", "unsafe-name", "climbs out", "../evil.py"),
    _named("climbs out from within", "unsafe-name", "climbs out", "demo/../../evil.py"),
    _named("directory that climbs out", "unsafe-name", "climbs out", "../evil/"),
    _named("absolute name", "unsafe-name", "absolute", "/etc/evil.py"),
    _named("empty component", "unsafe-name", "empty or '.' component", "demo//evil.py"),
    _named("dot component", "unsafe-name", "empty or '.' component", "demo/./evil.py"),
    _named("empty name", "unsafe-name", "empty or '.' component", ""),
    _named("backslash", "unsafe-name", "backslash", "demo\\evil.py"),
    _named("backslash that climbs out", "unsafe-name", "backslash", "..\\evil.py"),
    _named("drive letter", "unsafe-name", "drive letter", "C:evil.py"),
    _named("NUL in a name", "unsafe-name", "control character", "demo/evil.py\0.txt"),
    _named("newline in a name", "unsafe-name", "control character", "demo/evil\n.py"),
    _named("escape sequence in a name", "unsafe-name", "control character", "demo/\x1b[31mevil.py"),
    _named("line separator in a name", "unsafe-name", "control character", "demo/evil\u2028.py"),
    _named("name is not UTF-8", "corrupt-archive", "can't decode", b"demo/\xff\xfe.py", flags=0x800),
    _named("surrogate in a name", "corrupt-archive", "can't decode", b"demo/\xed\xa0\x80.py", flags=0x800),
    _named("name in another encoding", "ambiguous-name", "not marked as UTF-8", b"demo/\x81.py", flags=0),
    _named("component too long", "unsafe-name", "more than 255 bytes", "demo/" + "a" * 256),
    _named("component too long in bytes", "unsafe-name", "more than 255 bytes", "demo/" + "\u00e9" * 128),
    _named(
        "name too long",
        "unsafe-name",
        "longer than 4095 bytes",
        "demo/" + "abcdefghijklmnopqrst/" * 200 + "a",
    ),
    _named("name too deep", "unsafe-name", "more than 250 directories deep", "demo/" + "d/" * 1000 + "a"),
    _named("entry twice", "duplicate-entry", "is there twice", INIT),
    _named("file where a directory is", "file-and-directory", "both a file and a directory", "demo"),
    _named("file below a file", "file-and-directory", "both a file and a directory", f"{INIT}/evil.py"),
    _made(
        "file and empty directory",
        "file-and-directory",
        "both a file and a directory",
        members=adding(Member(f"{INIT}/", mode=stat.S_IFDIR | 0o755)),
    ),
]

IDENTITY = [
    Defect("file name is no wheel's", "bad-file-name", "not the file name of a wheel", _renamed("demo.whl")),
    Defect(
        "file name without the suffix",
        "bad-file-name",
        "not the file name of a wheel",
        _renamed("demo-1.0"),
    ),
    Defect(
        "build tag without digit",
        "bad-file-name",
        "file name of a wheel",
        _renamed("demo-1.0-x-py3-none-any.whl"),
    ),
    Defect(
        "version is no version",
        "bad-file-name",
        "file name of a wheel",
        _renamed("demo-one-py3-none-any.whl"),
    ),
    Defect(
        "renamed to another version",
        "foreign-dist-info",
        "does not belong",
        _renamed("demo-2.0-py3-none-any.whl"),
    ),
    Defect(
        "renamed to another project",
        "foreign-dist-info",
        "does not belong",
        _renamed("other-1.0-py3-none-any.whl"),
    ),
    _made(
        "two .dist-info directories",
        "dist-info-count",
        "2 .dist-info",
        files={INIT: "", "other-1.0.dist-info/METADATA": ""},
    ),
    _made(".dist-info of another version", "foreign-dist-info", "does not belong", stem="demo-1.1"),
    _made(
        ".data of another project",
        "foreign-data-directory",
        "does not belong",
        files={INIT: "", "other-1.0.data/data/x": ""},
    ),
    _made(
        "two spellings of .data",
        "several-data-directories",
        "has 2 .data directories",
        files={INIT: "", "demo-1.0.data/data/x": "", "Demo-1.0.data/data/y": ""},
    ),
    _made("no METADATA", "missing-metadata-file", "is missing", omit=["METADATA"]),
    _made("no WHEEL", "missing-metadata-file", "is missing", omit=["WHEEL"]),
    _made("no RECORD", "missing-metadata-file", "is missing", omit=["RECORD"]),
    _made("METADATA is not UTF-8", "not-utf-8", "not UTF-8", metadata=b"Name: d\xe9mo\n"),
    _made("METADATA of another project", "name-mismatch", "Name other", metadata=_metadata("demo", "other")),
    _made("METADATA of another version", "version-mismatch", "Version 1.1", metadata=_metadata("1.0", "1.1")),
    _made(
        "METADATA without a version", "missing-field", "no Version", metadata=_metadata("Version: 1.0\n", "")
    ),
    _made(
        "METADATA with two names",
        "repeated-field",
        "2 Name fields",
        metadata=_metadata("Name: demo", "Name: demo\nName: x"),
    ),
    _made(
        "Metadata-Version too new", "unknown-metadata-version", "not known", metadata=_metadata("2.1", "3.0")
    ),
    _made(
        "Metadata-Version missing",
        "missing-field",
        "no Metadata-Version",
        metadata="Name: demo\nVersion: 1.0\n",
    ),
    _made(
        "Wheel-Version too new",
        "unknown-wheel-version",
        "Wheel-Version 2.0",
        wheel=wheel_text("py3-none-any", True, "2.0"),
    ),
    _made(
        "Wheel-Version no number",
        "unknown-wheel-version",
        "Wheel-Version one",
        wheel=wheel_text("py3-none-any", True, "one"),
    ),
    _made(
        "Wheel-Version missing", "missing-field", "no Wheel-Version", wheel=_wheel_without("Wheel-Version")
    ),
    _made("Root-Is-Purelib missing", "missing-field", "no Root-Is-Purelib", wheel=_wheel_without("Root")),
    _made(
        "Root-Is-Purelib unclear",
        "bad-root-is-purelib",
        "is maybe",
        wheel=wheel_text("py3-none-any").replace("true", "maybe"),
    ),
    _made("WHEEL is not UTF-8", "not-utf-8", "not UTF-8", wheel=b"Wheel-Version: 1.0\xff\n"),
    _made(
        "metadata by way of .data",
        "metadata-in-data",
        "adds installed metadata",
        data={"purelib/x-1.dist-info/METADATA": ""},
    ),
    _made(
        "METADATA with a version of too many digits",
        "version-mismatch",
        "is not the file name's 1.0",
        metadata=_metadata("1.0", "9" * 4301),
    ),
    _made(
        "METADATA is nested mail",
        "message-in-metadata",
        "is a message of type message/rfc822",
        metadata=metadata_text("demo", "1.0") + "Content-Type: message/rfc822\n\n" * 3000,
    ),
    _made(
        "METADATA is mail with parts",
        "message-in-metadata",
        "is a message of type Multipart/mixed",
        metadata=metadata_text("demo", "1.0") + 'Content-Type: Multipart/mixed; boundary="x"\n\n--x\n',
    ),
    _made(
        "Wheel-Version of too many digits",
        "unknown-wheel-version",
        "Wheel-Version 999",
        wheel=wheel_text("py3-none-any", True, f"{'9' * 4301}.0"),
    ),
    _made(
        "Tag that stands for millions",
        "too-many-tags",
        "has 8000000 tags",
        wheel=_wheel_without("Tag") + "Tag: " + "-".join([".".join(["a"] * 200)] * 3) + "\n",
    ),
    Defect(
        "file name that stands for thousands of tags",
        "too-many-tags",
        "stands for 27000 tags",
        _renamed(f"demo-1.0-{'-'.join(['.'.join(['p'] * 30)] * 3)}.whl"),
    ),
]

RECORD = [
    _made("RECORD is empty", "missing-record-row", "not in RECORD", record=""),
    _made("RECORD is not UTF-8", "not-utf-8", "not UTF-8", record=b"demo/\xff,,\n"),
    _made("RECORD with two columns", "malformed-record", "is malformed", record=f"{INIT},\n"),
    _made("RECORD with four columns", "malformed-record", "is malformed", record=f"{INIT},,,\n"),
    _made("RECORD with a blank line", "malformed-record", "is malformed", rows=lambda made: [*made, ()]),
    _made("RECORD with a huge field", "malformed-record", "is malformed", record=f'"{"a" * 200_000}",,\n'),
    _made(
        "RECORD with a line break in a path",
        "unsafe-record-path",
        "control character",
        rows=lambda made: [(n.replace("__init__", "__in\nit__"), d, s) for n, d, s in made],
    ),
    _made("RECORD with a NUL", "unsafe-record-path", "backslash or NUL", record=f"{INIT}\0,,\n"),
    _more_rows(
        "file missing from the archive",
        "missing-recorded-file",
        "not in the wheel",
        ("demo/gone.py", "sha256=x", "1"),
    ),
    _more_rows("directory listed", "unsafe-record-path", "empty or '.' component", ("demo/", "", "")),
    _more_rows("row twice", "duplicate-record-row", "twice", (INIT, "sha256=x", "1")),
    _more_rows("row climbs out", "unsafe-record-path", "climbs out", ("../evil.py", "sha256=x", "1")),
    _more_rows("row is absolute", "unsafe-record-path", "absolute", ("/etc/evil", "sha256=x", "1")),
    _more_rows("row with a backslash", "unsafe-record-path", "backslash", ("demo\\evil.py", "sha256=x", "1")),
    _named("file not in RECORD", "missing-record-row", "not in RECORD", "demo/extra.py"),
    _made("RECORD not in RECORD", "missing-record-row", "not in RECORD", rows=lambda made: made[:-1]),
    _made(
        "RECORD with a hash of itself",
        "record-of-itself",
        "of itself",
        rows=lambda made: [*made[:-1], (f"{INFO}/RECORD", "sha256=x", "")],
    ),
    _rows("hash missing", "missing-record-hash", "has no hash", lambda row: (row[0], "", row[2])),
    _rows("hash wrong", "hash-mismatch", "RECORD says AAAA", lambda row: (row[0], "sha256=AAAA", row[2])),
    _rows(
        "hash without algorithm", "malformed-record-hash", "the hash abc", lambda row: (row[0], "abc", row[2])
    ),
    _rows(
        "hash with an empty algorithm", "unaccepted-hash", "by nothing", lambda row: (row[0], "=abc", row[2])
    ),
    _rows(
        "padded hash wrong", "hash-mismatch", "RECORD says AAAA", lambda row: (row[0], "sha256=AAAA=", row[2])
    ),
    _rows(
        "hash in hexadecimal digits wrong",
        "hash-mismatch",
        "RECORD says AAAAAAA",
        lambda row: (row[0], f"sha256={'0' * 64}", row[2]),
    ),
    _rows(
        "hash in hexadecimal digits cut",
        "hash-mismatch",
        "RECORD says 0000",
        lambda row: (row[0], f"sha256={'0' * 62}", row[2]),
    ),
    _more_rows("row twice, once with a dot", "duplicate-record-row", "twice", (f"./{INIT}", "sha256=x", "1")),
    _more_rows(
        "row climbs out behind a dot", "unsafe-record-path", "climbs out", ("./../x", "sha256=x", "1")
    ),
    _more_rows("row of a dot", "unsafe-record-path", "'.' component", (".", "sha256=x", "1")),
    _more_rows("row absolute behind a dot", "unsafe-record-path", "absolute", ("/./etc/x", "sha256=x", "1")),
    _made(
        "RECORD with a size of itself",
        "record-of-itself",
        "of itself",
        rows=lambda made: [*made[:-1], (f"{INFO}/RECORD", "", "1")],
    ),
    _rows("size wrong", "size-mismatch", "RECORD says 7", lambda row: (row[0], row[1], "7")),
    _rows(
        "size is no number", "malformed-record-size", "the size many", lambda row: (row[0], row[1], "many")
    ),
    _rows("size is negative", "malformed-record-size", "the size -1", lambda row: (row[0], row[1], "-1")),
    _rows("size too long", "malformed-record-size", "the size 999", lambda row: (row[0], row[1], "9" * 5000)),
    _made("md5 hashes", "unaccepted-hash", "hash by md5", algorithm="md5"),
    _made("sha1 hashes", "unaccepted-hash", "hash by sha1", algorithm="sha1"),
    _made(
        "unknown hashes",
        "unaccepted-hash",
        "hash by sha3",
        rows=lambda made: [(n, "sha3=abc", s) for n, _, s in made],
    ),
    _made("content replaced", "hash-mismatch", "has sha256", members=edit(INIT, data=b"value = 2\n" * 50)),
    _made(
        "sha512 mismatch",
        "hash-mismatch",
        "has sha512",
        algorithm="sha512",
        members=edit(INIT, data=b"value = 2\n" * 50),
    ),
]

PLACES = [
    _made(
        "unknown install path",
        "unknown-install-path",
        "unknown install path stdlib",
        data={"stdlib/os.py": ""},
    ),
    _made("file directly in .data", "misplaced-data", "directly in the .data", data={"README": ""}),
    _made(
        "script in a subdirectory",
        "nested-script",
        "plain name in the scripts",
        data={"scripts/sub/tool": ""},
    ),
    _made("script like an option", "nested-script", "plain name in the scripts", data={"scripts/-rf": ""}),
    _made("drive letter below .data", "unsafe-name", "drive letter", data={"data/C:evil": ""}),
    _made(
        "same path from root and purelib", "duplicate-entry", "is there twice", data={f"purelib/{INIT}": ""}
    ),
    _made(
        "same path from root and platlib",
        "duplicate-entry",
        "is there twice",
        data={f"platlib/{INIT}": ""},
        root_is_purelib=False,
    ),
    _made(
        "file over directory from purelib",
        "file-and-directory",
        "both a file and a directory",
        data={"purelib/demo": ""},
    ),
    _made(
        "script and entry point",
        "script-and-entry-point",
        "both a shipped script",
        data={"scripts/tool": ""},
        entry_points={"tool": "demo:main"},
    ),
]

ENTRY_POINTS = [
    _made(
        "entry points not UTF-8",
        "not-utf-8",
        "not UTF-8",
        dist_info={"entry_points.txt": b"[console_scripts]\n\xff=a:b"},
    ),
    _made(
        "entry points without section",
        "malformed-entry-points",
        "is malformed",
        entry_points="tool = demo:main\n",
    ),
    _made(
        "entry points no INI",
        "malformed-entry-points",
        "is malformed",
        entry_points="[console_scripts]\njust words\n",
    ),
    _points("script twice", "malformed-entry-points", "is malformed", "tool = demo:a\ntool = demo:b"),
    _points(
        "script in both sections",
        "duplicate-script",
        "the script tool twice",
        "tool = demo:a\n[gui_scripts]\ntool = demo:b",
    ),
    _points("script with a slash", "unsafe-script-name", "not a safe name", "bin/tool = demo:main"),
    _points("script that climbs out", "unsafe-script-name", "not a safe name", "../../tool = demo:main"),
    _points("script named ..", "unsafe-script-name", "not a safe name", ".. = demo:main"),
    _points("script named .", "unsafe-script-name", "not a safe name", ". = demo:main"),
    _points("script without a name", "malformed-entry-points", "is malformed", "= demo:main"),
    _points("entry point like an option", "unsafe-script-name", "not a safe name", "-rf = demo:main"),
    _points(
        "script with a control character", "unsafe-script-name", "not a safe name", "to\x1bol = demo:main"
    ),
    _points("script name too long", "unsafe-script-name", "not a safe name", "t" * 300 + " = demo:main"),
    _points(
        "gui script with a slash", "unsafe-script-name", "not a safe name", "a/b = demo:main", "gui_scripts"
    ),
    _points("target without attribute", "malformed-entry-point", "has the target demo", "tool = demo"),
    _points("target without module", "malformed-entry-point", "has the target :main", "tool = :main"),
    _points(
        "target with code", "malformed-entry-point", "has the target demo:main;", "tool = demo:main;import os"
    ),
    _points(
        "target with a newline", "malformed-entry-point", "has the target", "tool = demo:main\n  import os"
    ),
    _points("target is no identifier", "malformed-entry-point", "has the target demo:1", "tool = demo:1main"),
    _points("target is a keyword", "malformed-entry-point", "has the target demo:class", "tool = demo:class"),
    _points(
        "target with empty parts", "malformed-entry-point", "has the target demo..a", "tool = demo..a:main"
    ),
    _points("target empty", "malformed-entry-point", "has the target", "tool ="),
]

DEFECTS = [*ARCHIVE, *BOUNDS, *HEADERS, *NAMES, *IDENTITY, *RECORD, *PLACES, *ENTRY_POINTS]

"""The table of bad wheels: what is wrong, how to make one, what the refusal says.

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
)

INIT = "demo/__init__.py"
INFO = "demo-1.0.dist-info"
Build = Callable[[WheelBuilder], Path]


@dataclass(frozen=True)
class Defect:
    """A kind of bad wheel; ``says`` is part of the line that refuses it."""

    name: str
    says: str
    build: Build


def good(builder: WheelBuilder, **changes: object) -> Path:
    """The wheel every defect starts from."""
    arguments: dict[str, object] = {"files": {INIT: "value = 1\n" * 50}} | changes
    return builder.build("demo", "1.0", **arguments)  # type: ignore[arg-type]


def _made(name: str, says: str, **changes: object) -> Defect:
    return Defect(name, says, lambda builder: good(builder, **changes))


def _named(name: str, says: str, entry: str | bytes, **changes: object) -> Defect:
    return _made(name, says, members=adding(Member(entry, b"x", **changes)))  # type: ignore[arg-type]


def _patched(name: str, says: str, patch: Callable[[bytes], bytes], **changes: object) -> Defect:
    def build(builder: WheelBuilder) -> Path:
        path = good(builder, **changes)
        path.write_bytes(patch(path.read_bytes()))
        return path

    return Defect(name, says, build)


def _points(name: str, says: str, line: str, section: str = "console_scripts") -> Defect:
    return _made(name, says, entry_points=f"[{section}]\n{line}\n")


def _rows(name: str, says: str, change: Callable[[Row], Row]) -> Defect:
    """Change the row of demo/__init__.py in RECORD."""

    def rows(made: list[Row]) -> list[Row]:
        return [change(row) if row[0] == INIT else row for row in made]

    return _made(name, says, rows=rows)


def _more_rows(name: str, says: str, *rows: tuple[str, ...]) -> Defect:
    return _made(name, says, rows=lambda made: [*made, *rows])


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


def _overlapping(data: bytes) -> bytes:
    """Let the second entry of the central directory begin where the first does, under its name."""
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 4)
    return data[: second + 42] + struct.pack("<L", 1) + data[second + 46 :]


def _bomb(checked: int) -> dict[str, object]:
    """A megabyte that says it is ten bytes; the checksum is that of the first ``checked`` bytes."""
    return {"packed": _deflated(b"\0" * (1 << 20)), "size": 10, "crc": zlib.crc32(b"\0" * checked)}


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
    _patched("empty file", "cannot be unpacked", lambda data: b""),
    _patched("text instead of an archive", "cannot be unpacked", lambda data: b"<html></html>\n" * 40),
    _patched("archive cut in half", "cannot be unpacked", lambda data: data[: len(data) // 2]),
    _patched("archive without its last byte", "cannot be unpacked", lambda data: data[:-1]),
    _patched("archive without its first bytes", "before the first entry", lambda data: data[20:]),
    _patched("archive without entries", "no .dist-info", lambda data: b"PK\5\6" + bytes(18)),
    _patched("data before the archive", "before the first entry", lambda data: b"#!/bin/sh\n" + data),
    _patched("data after the archive", "after the end", lambda data: data + b"more"),
    _patched("archive within an archive", "before the first entry", lambda data: data + data),
    _patched("wrong size of the directory", "cannot be unpacked", _end_record(_set_directory_size)),
    _patched("wrong start of the directory", "before the first entry", _end_record(_set_directory_offset)),
    _patched("overlapping entries", "overlaps", _overlapping),
    _patched("content damaged", "Bad CRC", _flip_content, members=edit(INIT, method=STORED)),
    _made("checksum wrong", "Bad CRC", members=edit(INIT, crc=1)),
    _made("compressed stream damaged", "cannot be unpacked", members=edit(INIT, packed=b"\xff" * 40)),
    _made("compressed stream cut", "Bad CRC", members=edit(INIT, packed=b"\x4b\x04\x00")),
    _made("declares too few bytes", "more than its 10 bytes", members=edit(INIT, **_bomb(11))),
    _made("checksum of the declared part", "cannot be unpacked", members=edit(INIT, **_bomb(10))),
    _made("declares too few stored bytes", "Bad CRC", members=edit(INIT, method=STORED, size=10)),
    _made("declares too many bytes", "fewer than", members=edit(INIT, size=5000)),
    _made("declares four gigabytes", "fewer than", members=edit(INIT, size=0xFFFFFFF0)),
    _made("huge METADATA declared", "more than", members=edit("METADATA", size=0x7FFFFFFF)),
    _made("encrypted entry", "is encrypted", members=edit(INIT, flags=ENCRYPTED)),
    _made("strongly encrypted entry", "is encrypted", members=edit(INIT, flags=0x41)),
    _made("unknown compression", "compression method 99", members=edit(INIT, method=99)),
    _made("bzip2 compression", "compression method 12", members=edit(INIT, method=12)),
    _made("patched data", "cannot be unpacked", members=edit(INIT, flags=0x20)),
    _made("two names for one entry", "differ", members=edit(INIT, local_name=b"demo/__init__.pX")),
    _made("symbolic link", "symbolic link", members=edit(INIT, mode=stat.S_IFLNK | 0o777)),
    _made("character device", "not a regular file", members=edit(INIT, mode=stat.S_IFCHR | 0o600)),
    _made("named pipe", "not a regular file", members=edit(INIT, mode=stat.S_IFIFO | 0o600)),
    _made("file marked as directory", "not a regular file", members=edit(INIT, mode=stat.S_IFDIR | 0o755)),
    _named("directory with content", "directory with content", "demo/sub/", mode=stat.S_IFDIR | 0o755),
    _named("directory that is a link", "symbolic link", "demo/sub/", mode=stat.S_IFLNK | 0o777),
]

NAMES = [
    _named("climbs out", "climbs out", "../evil.py"),
    _named("climbs out from within", "climbs out", "demo/../../evil.py"),
    _named("directory that climbs out", "climbs out", "../evil/"),
    _named("absolute name", "absolute", "/etc/evil.py"),
    _named("empty component", "empty or '.' component", "demo//evil.py"),
    _named("dot component", "empty or '.' component", "demo/./evil.py"),
    _named("empty name", "empty or '.' component", ""),
    _named("backslash", "backslash", "demo\\evil.py"),
    _named("backslash that climbs out", "backslash", "..\\evil.py"),
    _named("drive letter", "drive letter", "C:evil.py"),
    _named("NUL in a name", "control character", "demo/evil.py\0.txt"),
    _named("newline in a name", "control character", "demo/evil\n.py"),
    _named("escape sequence in a name", "control character", "demo/\x1b[31mevil.py"),
    _named("line separator in a name", "control character", "demo/evil\u2028.py"),
    _named("name is not UTF-8", "can't decode", b"demo/\xff\xfe.py", flags=0x800),
    _named("surrogate in a name", "can't decode", b"demo/\xed\xa0\x80.py", flags=0x800),
    _named("name in another encoding", "not marked as UTF-8", b"demo/\x81.py", flags=0),
    _named("component too long", "more than 255 bytes", "demo/" + "a" * 256),
    _named("component too long in bytes", "more than 255 bytes", "demo/" + "\u00e9" * 128),
    _named("name too long", "longer than 4095 bytes", "demo/" + "a/" * 2100 + "a"),
    _named("entry twice", "is there twice", INIT),
    _named("file where a directory is", "both a file and a directory", "demo"),
    _named("file below a file", "both a file and a directory", f"{INIT}/evil.py"),
    _made(
        "file and empty directory",
        "both a file and a directory",
        members=adding(Member(f"{INIT}/", mode=stat.S_IFDIR | 0o755)),
    ),
]

IDENTITY = [
    Defect("file name is no wheel's", "not the file name of a wheel", _renamed("demo.whl")),
    Defect("file name without the suffix", "not the file name of a wheel", _renamed("demo-1.0.zip")),
    Defect("build tag without digit", "file name of a wheel", _renamed("demo-1.0-x-py3-none-any.whl")),
    Defect("version is no version", "file name of a wheel", _renamed("demo-one-py3-none-any.whl")),
    Defect("renamed to another version", "does not belong", _renamed("demo-2.0-py3-none-any.whl")),
    Defect("renamed to another project", "does not belong", _renamed("other-1.0-py3-none-any.whl")),
    Defect("renamed to other tags", "tags py3-none-any", _renamed("demo-1.0-cp311-cp311-linux_x86_64.whl")),
    _made("two .dist-info directories", "2 .dist-info", files={INIT: "", "other-1.0.dist-info/METADATA": ""}),
    _made(".dist-info of another version", "does not belong", stem="demo-1.1"),
    _made(".data of another project", "does not belong", files={INIT: "", "other-1.0.data/data/x": ""}),
    _made(
        "two spellings of .data",
        "two .data directories",
        files={INIT: "", "demo-1.0.data/data/x": "", "Demo-1.0.data/data/y": ""},
    ),
    _made("no METADATA", "is missing", omit=["METADATA"]),
    _made("no WHEEL", "is missing", omit=["WHEEL"]),
    _made("no RECORD", "is missing", omit=["RECORD"]),
    _made("METADATA is not UTF-8", "not UTF-8", metadata=b"Name: d\xe9mo\n"),
    _made("METADATA of another project", "Name other", metadata=_metadata("demo", "other")),
    _made("METADATA of another version", "Version 1.1", metadata=_metadata("1.0", "1.1")),
    _made("METADATA without a version", "no Version", metadata=_metadata("Version: 1.0\n", "")),
    _made("METADATA with two names", "2 times Name", metadata=_metadata("Name: demo", "Name: demo\nName: x")),
    _made("Metadata-Version too new", "not known", metadata=_metadata("2.1", "3.0")),
    _made("Metadata-Version missing", "no Metadata-Version", metadata="Name: demo\nVersion: 1.0\n"),
    _made("Wheel-Version too new", "Wheel-Version 2.0", wheel=wheel_text("py3-none-any", True, "2.0")),
    _made("Wheel-Version no number", "Wheel-Version one", wheel=wheel_text("py3-none-any", True, "one")),
    _made("Wheel-Version missing", "no Wheel-Version", wheel=_wheel_without("Wheel-Version")),
    _made("Root-Is-Purelib missing", "no Root-Is-Purelib", wheel=_wheel_without("Root")),
    _made("Root-Is-Purelib unclear", "is maybe", wheel=wheel_text("py3-none-any").replace("true", "maybe")),
    _made("Tag missing", "has no Tag", wheel=_wheel_without("Tag")),
    _made("Tag malformed", "Tag py3 is malformed", wheel=_wheel_without("Tag") + "Tag: py3\n"),
    _made("WHEEL is not UTF-8", "not UTF-8", wheel=b"Wheel-Version: 1.0\xff\n"),
    _made("metadata by way of .data", "adds installed metadata", data={"purelib/x-1.dist-info/METADATA": ""}),
]

RECORD = [
    _made("RECORD is empty", "not in RECORD", record=""),
    _made("RECORD is not UTF-8", "not UTF-8", record=b"demo/\xff,,\n"),
    _made("RECORD with two columns", "is malformed", record=f"{INIT},\n"),
    _made("RECORD with four columns", "is malformed", record=f"{INIT},,,\n"),
    _made("RECORD with a blank line", "is malformed", rows=lambda made: [*made, ()]),
    _made("RECORD with a huge field", "is malformed", record=f'"{"a" * 200_000}",,\n'),
    _made("RECORD with a NUL", "backslash or NUL", record=f"{INIT}\0,,\n"),
    _more_rows("file missing from the archive", "not in the wheel", ("demo/gone.py", "sha256=x", "1")),
    _more_rows("directory listed", "empty or '.' component", ("demo/", "", "")),
    _more_rows("row twice", "twice", (INIT, "sha256=x", "1")),
    _more_rows("row climbs out", "climbs out", ("../evil.py", "sha256=x", "1")),
    _more_rows("row is absolute", "absolute", ("/etc/evil", "sha256=x", "1")),
    _more_rows("row with a backslash", "backslash", ("demo\\evil.py", "sha256=x", "1")),
    _named("file not in RECORD", "not in RECORD", "demo/extra.py"),
    _made("RECORD not in RECORD", "not in RECORD", rows=lambda made: made[:-1]),
    _made(
        "RECORD with a hash of itself",
        "of itself",
        rows=lambda made: [*made[:-1], (f"{INFO}/RECORD", "sha256=x", "")],
    ),
    _rows("hash missing", "has no hash", lambda row: (row[0], "", row[2])),
    _rows("hash wrong", "RECORD says AAAA", lambda row: (row[0], "sha256=AAAA", row[2])),
    _rows("hash without algorithm", "the hash abc", lambda row: (row[0], "abc", row[2])),
    _rows("hash with an empty algorithm", "by nothing", lambda row: (row[0], "=abc", row[2])),
    _rows("size wrong", "RECORD says 7", lambda row: (row[0], row[1], "7")),
    _rows("size is no number", "the size many", lambda row: (row[0], row[1], "many")),
    _rows("size is negative", "the size -1", lambda row: (row[0], row[1], "-1")),
    _rows("size too long", "the size 999", lambda row: (row[0], row[1], "9" * 5000)),
    _made("md5 hashes", "hash by md5", algorithm="md5"),
    _made("sha1 hashes", "hash by sha1", algorithm="sha1"),
    _made("unknown hashes", "hash by sha3", rows=lambda made: [(n, "sha3=abc", s) for n, _, s in made]),
    _made("content replaced", "has sha256", members=edit(INIT, data=b"value = 2\n" * 50)),
    _made("sha512 mismatch", "has sha512", algorithm="sha512", members=edit(INIT, data=b"value = 2\n" * 50)),
]

PLACES = [
    _made("unknown install path", "unknown install path stdlib", data={"stdlib/os.py": ""}),
    _made("file directly in .data", "directly in the .data", data={"README": ""}),
    _made("script in a subdirectory", "plain name in the scripts", data={"scripts/sub/tool": ""}),
    _made("script like an option", "plain name in the scripts", data={"scripts/-rf": ""}),
    _made("drive letter below .data", "drive letter", data={"data/C:evil": ""}),
    _made("same path from root and purelib", "is there twice", data={f"purelib/{INIT}": ""}),
    _made(
        "same path from root and platlib",
        "is there twice",
        data={f"platlib/{INIT}": ""},
        root_is_purelib=False,
    ),
    _made("file over directory from purelib", "both a file and a directory", data={"purelib/demo": ""}),
    _made(
        "script and entry point",
        "both a shipped script",
        data={"scripts/tool": ""},
        entry_points={"tool": "demo:main"},
    ),
]

ENTRY_POINTS = [
    _made(
        "entry points not UTF-8", "not UTF-8", dist_info={"entry_points.txt": b"[console_scripts]\n\xff=a:b"}
    ),
    _made("entry points without section", "is malformed", entry_points="tool = demo:main\n"),
    _made("entry points no INI", "is malformed", entry_points="[console_scripts]\njust words\n"),
    _points("script twice", "is malformed", "tool = demo:a\ntool = demo:b"),
    _points(
        "script in both sections",
        "the script tool twice",
        "tool = demo:a\n[gui_scripts]\ntool = demo:b",
    ),
    _points("script with a slash", "not a safe name", "bin/tool = demo:main"),
    _points("script that climbs out", "not a safe name", "../../tool = demo:main"),
    _points("script named ..", "not a safe name", ".. = demo:main"),
    _points("script named .", "not a safe name", ". = demo:main"),
    _points("script without a name", "is malformed", "= demo:main"),
    _points("entry point like an option", "not a safe name", "-rf = demo:main"),
    _points("script with a control character", "not a safe name", "to\x1bol = demo:main"),
    _points("script name too long", "not a safe name", "t" * 300 + " = demo:main"),
    _points("gui script with a slash", "not a safe name", "a/b = demo:main", "gui_scripts"),
    _points("target without attribute", "has the target demo", "tool = demo"),
    _points("target without module", "has the target :main", "tool = :main"),
    _points("target with code", "has the target demo:main;", "tool = demo:main;import os"),
    _points("target with a newline", "has the target", "tool = demo:main\n  import os"),
    _points("target is no identifier", "has the target demo:1", "tool = demo:1main"),
    _points("target is a keyword", "has the target demo:class", "tool = demo:class"),
    _points("target with empty parts", "has the target demo..a", "tool = demo..a:main"),
    _points("target empty", "has the target", "tool ="),
]

DEFECTS = [*ARCHIVE, *NAMES, *IDENTITY, *RECORD, *PLACES, *ENTRY_POINTS]

"""The table of odd wheels that are accepted: what is odd, the rules that warn of it, how to make one.

Each row builds on the good wheel of the defects and changes one thing.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.hostile.defects import INFO, INIT, LINK, Build, good
from tests.wheelbuilder import (
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

_DIRECTORY = 0o040755


@dataclass(frozen=True)
class Oddity:
    """A wheel that is odd and accepted; ``warns`` are the rules it breaks, in the order of the warnings."""

    name: str
    warns: tuple[str, ...]
    build: Build


def _made(name: str, *warns: str, **changes: object) -> Oddity:
    return Oddity(name, warns, lambda builder: good(builder, **changes))


def _patched(name: str, patch: Callable[[bytes], bytes], **changes: object) -> Oddity:
    def build(builder: WheelBuilder) -> object:
        path = good(builder, **changes)
        path.write_bytes(patch(path.read_bytes()))
        return path

    return Oddity(name, (), build)  # type: ignore[arg-type]


def _rows(name: str, *warns: str, change: Callable[[Row], Row]) -> Oddity:
    return _made(name, *warns, rows=lambda made: [change(row) for row in made])


def _linked(name: str, **links: str) -> Oddity:
    named = {f"demo/{link}": target for link, target in links.items()}
    files = {INIT: "value = 1\n", "demo/sub/deep.py": "deep = 1\n", **named}
    return _made(name, *["symbolic-link"] * len(links), files=files, modes=dict.fromkeys(named, LINK))


def _tag(lines: str, wheel: str = "") -> str:
    text = wheel or wheel_text("py3-none-any")
    return text.replace("Tag: py3-none-any\n", lines)


def _hexadecimal(row: Row) -> Row:
    algorithm, _, digest = row[1].partition("=")
    found = base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex()
    return (row[0], f"{algorithm}={found}" if row[1] else "", row[2])


def _padded(row: Row) -> Row:
    digest = row[1].partition("=")[2]
    return (row[0], row[1] + "=" * (-len(digest) % 4), row[2])


_DESCRIPTOR = Member(INIT, b"value = 1\n" * 50)


def _described(signature: bytes, long: bool = False) -> Callable[[list[Member]], list[Member]]:
    """Leave checksum and sizes of demo/__init__.py to a descriptor behind it."""
    common = _DESCRIPTOR.fields(_DESCRIPTOR.compressed())
    crc, packed, size = struct.unpack("<LLL", common[8:])
    behind = signature + struct.pack("<LQQ" if long else "<LLL", crc, packed, size)
    return edit(INIT, flags=0x8, local=lambda fields: fields[:8] + bytes(12), behind=behind)


TAGS = [
    _made("Tag missing", "missing-tag", wheel=_tag("")),
    _made("Tag empty", "missing-tag", wheel=_tag("Tag:\n")),
    _made("Tag empty beside a right one", "missing-tag", wheel=_tag("Tag: \nTag: py3-none-any\n")),
    _made("Tag of another Python", "tag-mismatch", wheel=_tag("Tag: py2-none-any\n")),
    _made("Tag of another machine", "tag-mismatch", wheel=_tag("Tag: cp39-cp39-win_amd64\n")),
    _made("one Tag too many", "tag-mismatch", wheel=_tag("Tag: py3-none-any\nTag: py2-none-any\n")),
    _made("one Tag too few", "tag-mismatch", tags="py2.py3-none-any", wheel=wheel_text("py3-none-any")),
    _made(
        "one Tag wrong and one empty",
        "missing-tag",
        "tag-mismatch",
        wheel=_tag("Tag:\nTag: py2-none-any\n"),
    ),
    _made("Tag of one part", "malformed-tag", wheel=_tag("Tag: py3\n")),
    _made("Tag without a Python", "missing-tag", "malformed-tag", wheel=_tag("Tag:\nTag: -linux_x86_64\n")),
    _made("Tag of other characters", "malformed-tag", wheel=_tag("Tag: p:y3-none\u20ac-any\n")),
    _made("Tag of four parts", "malformed-tag", wheel=_tag("Tag: py3-none-any-more\nTag: py3\n")),
    _made("Tag twice", wheel=_tag("Tag: py3-none-any\nTag: py3-none-any\n")),
    _made("Tag compressed", tags="py2.py3-none-any", wheel=_tag("Tag: py2.py3-none-any\n")),
    _made("Tag in capitals", wheel=_tag("Tag: PY3-None-Any\n")),
]

RECORD = [
    _rows("paths with a dot", "dot-in-record", change=lambda row: (f"./{row[0]}", *row[1:])),
    _rows(
        "paths with dots within", "dot-in-record", change=lambda row: (row[0].replace("/", "/./"), *row[1:])
    ),
    _rows("padded hashes", "padded-record-hash", change=_padded),
    _rows("hexadecimal hashes", "hexadecimal-record-hash", change=_hexadecimal),
    _rows(
        "hexadecimal hashes in capitals",
        "hexadecimal-record-hash",
        change=lambda row: (row[0], _hexadecimal(row)[1].upper().replace("SHA", "sha"), row[2]),
    ),
    _rows(
        "padded hashes and paths with a dot",
        "dot-in-record",
        "padded-record-hash",
        change=lambda row: (f"./{row[0]}", *_padded(row)[1:]),
    ),
    _made("sha384", algorithm="sha384"),
    _made("sha512", algorithm="sha512"),
    _made(
        "padded sha512",
        "padded-record-hash",
        algorithm="sha512",
        rows=lambda made: [_padded(row) for row in made],
    ),
    _made(
        "hexadecimal sha384",
        "hexadecimal-record-hash",
        algorithm="sha384",
        rows=lambda made: [_hexadecimal(row) for row in made],
    ),
    _rows("rows without sizes", change=lambda row: (row[0], row[1], "")),
    _rows("sizes with zeros in front", change=lambda row: (row[0], row[1], row[2] and f"00{row[2]}")),
    _made("rows in another order", rows=lambda made: list(reversed(made))),
    _made(
        "signature that RECORD does not list",
        members=adding(Member(f"{INFO}/RECORD.jws", b"{}")),
    ),
    _made(
        "signature listed without a hash",
        members=adding(Member(f"{INFO}/RECORD.p7s", b"x")),
        rows=lambda made: [*made, (f"{INFO}/RECORD.p7s", "", "")],
    ),
    _made("comma in a name", files={INIT: "", "demo/a,b.txt": "x"}),
    _made("quote in a name", files={INIT: "", 'demo/a"b.txt': "x"}),
]

LINKS = [
    _linked("link to a neighbour", link="__init__.py"),
    _linked("link down", link="sub/deep.py"),
    _linked("link up and down", link="../demo/sub/deep.py"),
    _linked("link to a link", first="second", second="sub/deep.py"),
    _linked("link with dots", link="./sub/../__init__.py"),
    _linked("link to METADATA", link=f"../{INFO}/METADATA"),
    _linked("link without a target", link=""),
    _linked("link to a link without a target", first="second", second=""),
    _made(
        "script that is a link",
        "symbolic-link",
        files={INIT: "value = 1\n"},
        data={"scripts/tool": "../../demo/__init__.py"},
        modes={"demo-1.0.data/scripts/tool": LINK},
    ),
]

SCRIPTS = [
    _made(
        "script and entry point",
        "script-and-entry-point",
        data={"scripts/tool": "#!python\n"},
        entry_points={"tool": "demo:main"},
    ),
    _made(
        "two scripts and entry points",
        *["script-and-entry-point"] * 2,
        data={"scripts/one": "#!python\n", "scripts/two": "#!/bin/sh\n"},
        entry_points={"one": "demo:main", "two": "demo:main"},
    ),
    _made("script with a space", data={"scripts/my tool": "#!python\n"}),
    _made("script that is a program", data={"scripts/tool": b"\x7fELF" + bytes(60)}),
    _made("script that is empty", data={"scripts/tool": ""}),
    _made("script beside an entry point", data={"scripts/a": "#!python\n"}, entry_points={"b": "demo:main"}),
    _made("entry point with extras", entry_points="[console_scripts]\ntool = demo:main [extra]\n"),
    _made("entry point of a long attribute", entry_points={"tool": "demo:a.b.c.d"}),
    _made("entry point without spaces", entry_points="[console_scripts]\ntool=demo:main\n"),
    _made("entry points of another group", entry_points="[demo.plugins]\na b = anything at all\n"),
    _made("entry points empty", entry_points=""),
    _made("comments in entry points", entry_points="# c\n[console_scripts]\n; d\ntool = demo:main\n"),
    _made("script named like a module", entry_points={"python-demo": "demo:main"}),
]

NAMES = [
    _made("name in another alphabet", files={INIT: "", "demo/\u00e4\u4e16.txt": "x"}),
    _made("name of spaces", files={INIT: "", "demo/a b c.txt": "x"}),
    _made("name that begins with a dot", files={INIT: "", "demo/.hidden": "x"}),
    _made("name that begins with two dots", files={INIT: "", "demo/..rc": "x"}),
    _made("name that begins with a dash", files={INIT: "", "demo/-rf": "x"}),
    _made("name as long as it may be", files={INIT: "", "demo/" + "a" * 255: "x"}),
    _made("file named like a device", files={INIT: "", "demo/con": "x", "demo/aux.py": ""}),
    _made("names that differ in case", files={INIT: "", "demo/A.txt": "a", "demo/a.txt": "b"}),
    _made("module directly in the root", files={INIT: "", "demo_single.py": "x = 1\n"}),
    _made("vendored metadata", files={INIT: "", "demo/_vendor/x-1.0.dist-info/RECORD": "gone,,\n"}),
    _made("directories of their own", members=adding(Member("demo/sub/", mode=_DIRECTORY))),
    _made("no modules at all", files={}),
]

ARCHIVE = [
    _made("stored entries", members=lambda made: [Member(m.name, m.data, method=STORED) for m in made]),
    _made("no modes", members=lambda made: [Member(m.name, m.data, mode=0) for m in made]),
    _made("modes that are strange", modes={INIT: 0o106777}),
    _made("entries in another order", members=lambda made: list(reversed(made))),
    _made("dates before 1980", members=edit(INIT, date=(1980, 0, 0, 0, 0, 0))),
    _made("dates of 2107", date=(2107, 12, 31, 23, 59, 58)),
    _made("dates that do not exist", members=edit(INIT, date=(2024, 2, 31, 30, 61, 62))),
    _made("comment", comment=b"made by tests"),
    _made("descriptor with signature", members=_described(b"PK\7\x08")),
    _made("descriptor without signature", members=_described(b"")),
    _made("descriptor of long numbers", members=_described(b"PK\7\x08", long=True)),
    _patched("ZIP64 end record", with_zip64_end),
    _patched("ZIP64 end record that was not needed", lambda data: with_zip64_end(data, saturated=False)),
    _made("marked as UTF-8 without need", members=edit(INIT, flags=0x800)),
]

IDENTITY = [
    _made("name in capitals", metadata=metadata_text("DEMO", "1.0")),
    _made("version written at length", metadata=metadata_text("demo", "1.0.0")),
    _made(".dist-info in capitals", stem="Demo-1.0"),
    _made("METADATA 1.0", metadata=metadata_text("demo", "1.0", "1.0")),
    _made("METADATA 2.9", metadata=metadata_text("demo", "1.0", "2.9")),
    _made("METADATA with a body", metadata=metadata_text("demo", "1.0") + "\n# Demo\n\nName: other\n"),
    _made("METADATA with other line ends", metadata=metadata_text("demo", "1.0").replace("\n", "\r\n")),
    _made("METADATA with unknown fields", metadata=metadata_text("demo", "1.0") + "X-Field: y\n"),
    _made("WHEEL 1.9", wheel=wheel_text("py3-none-any", True, "1.9")),
    _made("WHEEL with a build tag", build_tag="7", wheel=wheel_text("py3-none-any") + "Build: 7\n"),
    _made("root in capitals", wheel=wheel_text("py3-none-any").replace("true", "True")),
    _made("files that an installer writes", dist_info={"INSTALLER": "pip\n", "REQUESTED": ""}),
    _made("no generator", wheel=wheel_text("py3-none-any").replace("Generator: tests\n", "")),
]

ODDITIES = [*TAGS, *RECORD, *LINKS, *SCRIPTS, *NAMES, *ARCHIVE, *IDENTITY]

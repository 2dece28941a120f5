"""Read a .deb: its control file, and the tar archive of its files (deb(5), deb-control(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from truewheel.errors import TargetDamaged
from truewheel.package.archive import tar_members
from truewheel.package.model import Member, Package
from truewheel.package.streams import Part, decompressed

MAGIC = b"!<arch>\n"
_CONTROL = 4 << 20  # bytes
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9+.-]*")


def deb_members(path: Path) -> Iterator[Member]:
    """Yield the files of a .deb; raises TargetDamaged for what is none or is cut off."""
    with path.open("rb") as stream:
        yield from _members(stream, "data.tar")


def deb_package(path: Path) -> Package:
    """Return what a .deb says of itself; raises TargetDamaged for what is none or is cut off."""
    with path.open("rb") as stream:
        for member in _members(stream, "control.tar"):
            if member.path == "control":
                return _package(member.read(_CONTROL).decode("utf-8", "replace"))
    raise TargetDamaged("has no control file")


def _members(stream: BinaryIO, name: str) -> Iterator[Member]:
    for found, offset, size in _parts(stream):
        if found.startswith(name):
            with decompressed(Part(stream, offset, size), size) as unpacked:
                yield from tar_members(unpacked)
            return
    raise TargetDamaged(f"has no {name}")


def _parts(stream: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """Yield name, offset and size of each part of an ar archive."""
    end = stream.seek(0, 2)
    offset = len(MAGIC)
    while offset < end:
        stream.seek(offset)
        header = stream.read(60)
        digits = header[48:58].strip()
        if len(header) < 60 or header[58:] != b"`\n" or not digits.isdigit():
            raise TargetDamaged(f"is no ar archive at byte {offset}, or is cut off")
        size = int(digits)
        if offset + 60 + size > end:
            raise TargetDamaged(f"ends after {end} bytes, {offset + 60 + size} are announced")
        yield header[:16].decode("ascii", "replace").strip().rstrip("/"), offset + 60, size
        offset += 60 + size + size % 2


def _package(text: str) -> Package:
    fields = _fields(text)
    depends = [
        match[0]
        for field in ("pre-depends", "depends")
        for word in re.split(r"[,|]", fields.get(field, ""))
        if (match := _NAME.match(word.strip()))
    ]
    names = [fields.get(key, "") for key in ("package", "version", "architecture")]
    if not names[0]:
        raise TargetDamaged("has a control file that names no package")
    return Package(names[0], names[1], tuple(depends), names[2])


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        else:
            name, _, value = line.partition(":")
            name = name.lower()
            fields[name] = value.strip()
    return fields

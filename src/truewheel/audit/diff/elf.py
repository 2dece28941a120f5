"""Compare two ELF files by their sections. Source: System V ABI, chapter 4."""

from __future__ import annotations

import re
import struct

from truewheel.audit.diff.causes import Cause, cause
from truewheel.audit.diff.paths import split_tail
from truewheel.dataclass import dataclass

_MOST = 10_000  # sections
_NOBITS = 8
_PATH = re.compile(rb"/[\x21-\x7e]+(?:/[\x21-\x7e]*)+")
_FOLLOWS = (".note.gnu.build-id", ".gnu_debuglink")  # made of the content of all others
_LONGEST = 80  # characters of a path that is shown


@dataclass(frozen=True)
class Section:
    """A section: ``data`` is empty for one without bytes in the file."""

    name: str
    kind: int
    data: bytes


def is_elf(data: bytes) -> bool:
    """Whether this is the begin of an ELF file."""
    return data[:4] == b"\x7fELF"


def sections(data: bytes) -> list[Section]:
    """Return the sections of an ELF file; raises ValueError for one that is malformed."""
    if len(data) < 64 or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise ValueError("no ELF header")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    begin = struct.unpack_from(f"{order}Q" if wide else f"{order}I", data, 40 if wide else 32)[0]
    size, count, names_at = struct.unpack_from(f"{order}3H", data, 58 if wide else 46)
    row = struct.Struct(f"{order}2I4Q2I2Q" if wide else f"{order}10I")
    if not count or count > _MOST or size < row.size or begin + size * count > len(data) or names_at >= count:
        raise ValueError("no table of sections")
    rows = [row.unpack_from(data, begin + size * number) for number in range(count)]
    names = _bytes_of(data, rows[names_at])
    return [Section(_name(names, each[0]), each[1], _bytes_of(data, each)) for each in rows]


def _bytes_of(data: bytes, row: tuple[int, ...]) -> bytes:
    kind, offset, size = row[1], row[4], row[5]
    return b"" if kind in (0, _NOBITS) else data[offset : offset + size]


def _name(names: bytes, at: int) -> str:
    return names[at : at + 200].split(b"\0", 1)[0].decode("ascii", "backslashreplace")


def elf_causes(one: bytes, other: bytes) -> list[Cause]:
    """Return why two ELF files differ; nothing for ones that are malformed, or differ outside of sections."""
    try:
        first, second = (_named(sections(data)) for data in (one, other))
    except (ValueError, struct.error):
        return []
    found = []
    alone = sorted(first.keys() ^ second.keys())
    if alone:
        found.append(cause("elf-sections", f"one alone has {', '.join(alone[:5])}"))
    differing = [name for name in first if name in second and first[name] != second[name]]
    by_path = {name: paths for name in differing if (paths := _paths(first[name], second[name]))}
    really = [name for name in differing if name not in by_path and not name.startswith(_FOLLOWS)]
    if by_path:
        left, right = next(iter(by_path.values()))
        heads = split_tail(left, right)
        text = f"in {', '.join(list(by_path)[:5])}: {left} and {right}"
        found.append(cause("elf-path", text, f"paths in ELF files below {heads[0]} and {heads[1]}"))
    if really:
        found.append(cause("elf-sections", f"{', '.join(really[:5])}: {_sizes(first, second, really[0])}"))
    if any(name.startswith(_FOLLOWS[0]) for name in differing):
        ids = [each.get(f"{_FOLLOWS[0]}#0", b"")[16:].hex()[:_LONGEST] for each in (first, second)]
        found.append(cause("elf-build-id", f"{ids[0]} and {ids[1]}"))
    return found


def _named(found: list[Section]) -> dict[str, bytes]:
    """Map sections by name, those of one name with a number."""
    counts: dict[str, int] = {}
    named = {}
    for section in found:
        number = counts.get(section.name, 0)
        counts[section.name] = number + 1
        suffix = f"#{number}" if number or section.name == _FOLLOWS[0] else ""
        named[f"{section.name}{suffix}"] = section.data
    return named


def _paths(one: bytes, other: bytes) -> tuple[str, str] | None:
    """Return the first paths that differ, where two sections differ by directories in paths alone."""
    first, second = _PATH.findall(one), _PATH.findall(other)
    pairs = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    if not pairs or len(first) != len(second) or _PATH.sub(b"/", one) != _PATH.sub(b"/", other):
        return None
    left, right = (path[:_LONGEST].decode("ascii") for path in pairs[0])
    return left, right


def _sizes(first: dict[str, bytes], second: dict[str, bytes], name: str) -> str:
    one, other = first[name], second[name]
    if len(one) != len(other):
        return f"{name} has {len(one)} and {len(other)} bytes"
    at = next(at for at in range(len(one)) if one[at] != other[at])
    return f"{name} from byte {at} of {len(one)}"

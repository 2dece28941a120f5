"""RECORD of a wheel, and where its entries go.

Sources: the recording installed projects and binary distribution format specifications.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from truewheel.dataclass import dataclass
from truewheel.record import digest_text, read_rows
from truewheel.wheel.faults import Checked, Fault
from truewheel.wheel.metadata import CATEGORIES
from truewheel.wheel.names import check_collisions, name_problem

# how many bytes a digest has
ALGORITHMS = {"sha256": 32, "sha384": 48, "sha512": 64}

_LONGEST_SIZE = 19  # digits
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
# what RECORD has of a path, by the rule that tolerates it
_ODD = {
    "dot-in-record": "lists with a '.' component",
    "padded-record-hash": "gives a padded hash of",
    "hexadecimal-record-hash": "gives in hexadecimal digits the hash of",
}


@dataclass(frozen=True)
class Row:
    """A row of RECORD: ``digest`` is base64 without padding, ``size`` in bytes; both may be empty."""

    algorithm: str = ""
    digest: str = ""
    size: int | None = None


Rows = Mapping[str, "Row | None"]
_Oddities = defaultdict[str, list[str]]  # the paths by the rule


def parse_record(text: str, entry: str) -> Checked[Rows | None]:
    """Return the rows of RECORD by path, None for a row with a fault; None where there are no rows to read.

    Yields faults for text that is not CSV of three columns, for paths that are not plain relative paths of
    forward slashes, for a path listed twice, for malformed hashes and sizes, and one for each rule of what is
    odd and understood.
    """
    if "\\" in text or "\0" in text:
        yield Fault("unsafe-record-path", entry, "lists a path with a backslash or NUL")
        return None
    rows: dict[str, Row | None] = {}
    odd: _Oddities = defaultdict(list)
    try:
        for number, cells in enumerate(read_rows(text), 1):
            if len(cells) != 3:
                message = f"is malformed: row {number} has {len(cells)} columns"
                yield Fault("malformed-record", entry, message)
                return None
            path, digest, size = cells
            if "./" in path or path.endswith("/."):
                path = _plain(path, odd)
            if problem := name_problem(path):
                yield Fault("unsafe-record-path", entry, f"lists {path}: the name {problem}")
            if path in rows:
                yield Fault("duplicate-record-row", entry, f"lists {path} twice")
            rows[path] = yield from _row(path, digest, size, entry, odd)
    except ValueError as error:
        yield Fault("malformed-record", entry, f"is malformed: {error}")
        return None
    for rule, paths in odd.items():
        more = f" and {len(paths) - 1} more" if paths[1:] else ""
        yield Fault(rule, entry, f"{_ODD[rule]} {paths[0]}{more}")
    return rows


def _plain(path: str, odd: _Oddities) -> str:
    parts = path.split("/")
    if "." not in parts or parts == ["."]:
        return path
    odd["dot-in-record"].append(path)
    return "/".join(part for part in parts if part != ".")


def _is_size(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= _LONGEST_SIZE


def _row(path: str, digest: str, size: str, entry: str, odd: _Oddities) -> Checked[Row | None]:
    if size and not _is_size(size):
        yield Fault("malformed-record-size", entry, f"gives {path} the size {size}")
        return None
    algorithm, separator, value = digest.partition("=")
    if digest and not separator:
        yield Fault("malformed-record-hash", entry, f"gives {path} the hash {digest}")
        return None
    if digest and algorithm not in ALGORITHMS:
        message = f"gives {path} a hash by {algorithm or 'nothing'}"
        yield Fault("unaccepted-hash", entry, message)
        return None
    return Row(algorithm, _base64(path, algorithm, value, odd), int(size) if size else None)


def _base64(path: str, algorithm: str, value: str, odd: _Oddities) -> str:
    """Return a digest as RECORD is to have it: base64 without padding."""
    if value.endswith("="):
        odd["padded-record-hash"].append(path)
        return value.rstrip("=")
    if len(value) == 2 * ALGORITHMS.get(algorithm, 0) and re.fullmatch(r"[0-9a-fA-F]+", value):
        odd["hexadecimal-record-hash"].append(path)
        return digest_text(bytes.fromhex(value))
    return value


def check_complete(rows: Rows, names: Iterable[str], dist_info: str) -> Iterator[Fault]:
    """Check that RECORD lists exactly the archive's files and has a hash for each.

    RECORD itself must be listed without hash and size; its signature files need not be listed.
    """
    record = f"{dist_info}/RECORD"
    signatures = {f"{dist_info}/{name}" for name in _SIGNATURES}
    held = set(names)
    for path in sorted(held - rows.keys() - signatures):
        yield Fault("missing-record-row", record, f"{path} is in the wheel but not in RECORD")
    for path in sorted(rows.keys() - held):
        yield Fault("missing-recorded-file", record, f"{path} is in RECORD but not in the wheel")
    if rows.get(record, Row()) not in (Row(), None):
        yield Fault("record-of-itself", record, "gives a hash or size of itself")
    for path, row in rows.items():
        if row is not None and not row.algorithm and path != record and path not in signatures:
            yield Fault("missing-record-hash", record, f"has no hash of {path}")


def check_content(row: Row, entry: str, size: int, digest: bytes) -> Iterator[Fault]:
    """Say in what an entry's size and digest are not those of its row."""
    if row.size is not None and row.size != size:
        yield Fault("size-mismatch", entry, f"has {size} bytes, RECORD says {row.size}")
    if row.algorithm:
        found = digest_text(digest)
        if found != row.digest:
            message = f"has {row.algorithm} {found}, RECORD says {row.digest}"
            yield Fault("hash-mismatch", entry, message)


def place(name: str, data_directory: str, root: str) -> Checked[tuple[str, str]]:
    """Return the install path an entry belongs to and its path below that.

    ``root`` is purelib or platlib, whichever the wheel's root is. Yields faults for entries of the .data
    directory that belong nowhere.
    """
    head, _, rest = name.partition("/")
    if not data_directory or head != data_directory:
        return root, name
    category, _, relative = rest.partition("/")
    if not relative:
        yield Fault("misplaced-data", name, "lies directly in the .data directory")
        return root, name
    if category not in CATEGORIES:
        yield Fault("unknown-install-path", name, f"belongs to the unknown install path {category}")
    if problem := name_problem(relative):
        yield Fault("unsafe-name", name, f"the name below .data/{category} {problem}")
    elif category == "scripts" and ("/" in relative or relative.startswith("-")):
        yield Fault("nested-script", name, "is not a plain name in the scripts directory")
    elif category in ("purelib", "platlib") and relative.partition("/")[0].endswith(".dist-info"):
        yield Fault("metadata-in-data", name, "adds installed metadata by way of .data")
    return category, relative


def check_places(
    names: Sequence[str], places: Sequence[tuple[str, str]], scripts: Iterable[str]
) -> Iterator[Fault]:
    """Check that no two of the entries, and no entry and a generated script, meet at one path."""
    paths = [f"{category}/{relative}" for category, relative in places]
    generated = {f"scripts/{name}" for name in scripts}
    for name, path in zip(names, paths, strict=True):
        if path in generated:
            yield Fault("script-and-entry-point", name, "is both a shipped script and an entry point")
    yield from check_collisions(paths, ())

"""RECORD of a wheel, and where its entries go.

Sources: the recording installed projects and binary distribution format specifications.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from installer.records import InvalidRecordEntry, RecordEntry

from truewheel.record import digest_text, read_rows
from truewheel.wheel.archive import check_collisions, name_fault, refusal
from truewheel.wheel.metadata import CATEGORIES

ALGORITHMS = ("sha256", "sha384", "sha512")

_SIZE = re.compile(r"[0-9]{1,19}")
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")


def parse_record(filename: str, text: str, entry: str) -> dict[str, RecordEntry]:
    """The rows of RECORD by path.

    Raises WheelRefused for what is not CSV of three columns, for paths that are not plain relative paths
    of forward slashes, for a path listed twice, and for malformed hashes and sizes.
    """
    rows: dict[str, RecordEntry] = {}
    if "\\" in text or "\0" in text:
        raise refusal(filename, "lists a path with a backslash or NUL", entry=entry)
    hint = "it is CSV of 3 columns"
    try:
        for number, columns in enumerate(read_rows(text), 1):
            if len(columns) != 3:
                raise refusal(
                    filename, f"is malformed: row {number} has {len(columns)} columns", entry=entry, hint=hint
                )
            path, digest, size = columns
            if fault := name_fault(path):
                raise refusal(filename, f"lists {path}: the name {fault}", entry=entry)
            if path in rows:
                raise refusal(filename, f"lists {path} twice", entry=entry)
            rows[path] = _row(filename, path, digest, size, entry)
    except (InvalidRecordEntry, ValueError) as error:
        raise refusal(filename, f"is malformed: {error}", entry=entry, hint=hint) from error
    return rows


def _row(filename: str, path: str, digest: str, size: str, entry: str) -> RecordEntry:
    if size and not _SIZE.fullmatch(size):
        raise refusal(filename, f"gives {path} the size {size}", entry=entry, hint="a size is in bytes")
    if digest and "=" not in digest:
        reason = f"gives {path} the hash {digest}"
        raise refusal(filename, reason, entry=entry, hint="a hash is ALGORITHM=DIGEST")
    algorithm = digest.partition("=")[0]
    if digest and algorithm not in ALGORITHMS:
        reason = f"gives {path} a hash by {algorithm or 'nothing'}"
        raise refusal(filename, reason, entry=entry, hint=f"use one of {', '.join(ALGORITHMS)}")
    return RecordEntry.from_elements(path, digest, size)


def check_complete(
    filename: str, rows: Mapping[str, RecordEntry], names: Iterable[str], dist_info: str
) -> None:
    """Raise WheelRefused unless RECORD lists exactly the archive's files and has a hash for each.

    RECORD itself must be listed without hash and size; its signature files need not be listed.
    """
    record = f"{dist_info}/RECORD"
    signatures = {f"{dist_info}/{name}" for name in _SIGNATURES}
    held = set(names)
    for path in sorted(held - rows.keys() - signatures):
        raise refusal(filename, f"{path} is in the wheel but not in RECORD", entry=record)
    for path in sorted(rows.keys() - held):
        raise refusal(filename, f"{path} is in RECORD but not in the wheel", entry=record)
    if rows[record].hash_ is not None or rows[record].size is not None:
        raise refusal(filename, "gives a hash or size of itself", entry=record, hint="leave both empty")
    for path, row in rows.items():
        if row.hash_ is None and path != record and path not in signatures:
            hint = f"use one of {', '.join(ALGORITHMS)}"
            raise refusal(filename, f"has no hash of {path}", entry=record, hint=hint)


def check_content(filename: str, row: RecordEntry | None, entry: str, size: int, digest: bytes) -> None:
    """Raise WheelRefused unless an entry's size in bytes and digest are what its row says."""
    if row is None:
        return
    if row.size is not None and row.size != size:
        raise refusal(filename, f"has {size} bytes, RECORD says {row.size}", entry=entry)
    if row.hash_ is not None:
        found = digest_text(digest)
        if found != row.hash_.value:
            reason = f"has {row.hash_.name} {found}, RECORD says {row.hash_.value}"
            raise refusal(filename, reason, entry=entry, hint="the wheel was changed after it was built")


def place(filename: str, name: str, data_dir: str, root: str) -> tuple[str, str]:
    """The install path an entry belongs to and its path below that.

    ``root`` is purelib or platlib, whichever the wheel's root is. Raises WheelRefused for entries of the
    .data directory that belong nowhere.
    """
    head, _, rest = name.partition("/")
    if not data_dir or head != data_dir:
        return root, name
    category, _, relative = rest.partition("/")
    if not relative:
        hint = f"put it below one of {', '.join(CATEGORIES)}"
        raise refusal(filename, "lies directly in the .data directory", entry=name, hint=hint)
    if category not in CATEGORIES:
        reason = f"belongs to the unknown install path {category}"
        raise refusal(filename, reason, entry=name, hint=f"known are {', '.join(CATEGORIES)}")
    _check_placed(filename, name, category, relative)
    return category, relative


def _check_placed(filename: str, name: str, category: str, relative: str) -> None:
    if fault := name_fault(relative):
        raise refusal(filename, f"the name below .data/{category} {fault}", entry=name)
    if category == "scripts" and ("/" in relative or relative.startswith("-")):
        reason = "is not a plain name in the scripts directory"
        raise refusal(filename, reason, entry=name, hint="scripts have no subdirectories")
    if category in ("purelib", "platlib") and relative.partition("/")[0].endswith(".dist-info"):
        hint = "metadata belongs in the wheel's own .dist-info directory"
        raise refusal(filename, "adds installed metadata by way of .data", entry=name, hint=hint)


def check_places(filename: str, places: Iterable[tuple[str, str]], scripts: Iterable[str]) -> None:
    """Raise WheelRefused when two of the entries, or an entry and a generated script, meet at one path."""
    paths = [f"{category}/{relative}" for category, relative in places]
    clashes = {f"scripts/{name}" for name in scripts} & set(paths)
    for path in sorted(clashes):
        hint = "drop the script or the entry point"
        raise refusal(filename, "is both a shipped script and an entry point", entry=path, hint=hint)
    check_collisions(paths, (), filename)

"""RECORD of installed projects: its rows read, made and written, its digests.

Sources: PEP 376, PEP 627 and the recording installed projects specification. A row has a path relative to
the directory that holds the dist-info directory, ``sha256=DIGEST``, and a size in bytes; the last two may be
empty.
"""

from __future__ import annotations

import base64
import csv
import io
import posixpath
from collections.abc import Iterable, Mapping, Sequence

from truewheel.model import File, Found, RecordPlan


def read_rows(text: str) -> list[list[str]]:
    """The rows of a RECORD, each a list of its columns; raises ValueError for what is no CSV."""
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def write_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """The RECORD of these rows."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def digest_text(digest: bytes) -> str:
    """A digest as RECORD has it: base64 for URLs without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def row_path(row: Sequence[str], base: str) -> str:
    """The final path of a row whose path is relative to ``base``, a final directory; "" for an empty row."""
    return posixpath.normpath(posixpath.join(base, row[0])) if row else ""


def record_text(record: RecordPlan, files: Mapping[str, File]) -> bytes:
    """The RECORD of one dist-info directory.

    ``files`` maps final paths to what is there; a member that is not there (the pyc of a source that does
    not compile) has no row.
    """
    rows = [
        [posixpath.relpath(final, record.base), *_columns(files[final])]
        for final in record.members
        if final in files
    ]
    rows.append([posixpath.relpath(record.final, record.base), "", ""])
    return write_rows(rows if record.in_order else sorted(rows))


def refreshed(row: Sequence[str], file: Found | None) -> list[str]:
    """A row with hash and size of the file that is there; as it was where there is no regular one."""
    return list(row) if file is None or not file.regular else [row[0], *_columns(file)]


def _columns(file: File | Found) -> list[str]:
    return [f"sha256={digest_text(bytes.fromhex(file.sha256))}", str(file.size)]

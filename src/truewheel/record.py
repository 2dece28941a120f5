"""RECORD of installed projects: its rows read, made and written, its digests.

Sources: PEP 376, PEP 627 and the recording installed projects specification. A row has a path relative to
the directory that holds the dist-info directory, ``sha256=DIGEST``, and a size in bytes; the last two may be
empty.
"""

from __future__ import annotations

import binascii
import io
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

from truewheel.model import File, Found, RecordPlan

# what an installer adds to a dist-info directory, and signatures of a wheel's RECORD, which then is another
ADDED = frozenset(("RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json"))
# how some write a digest of SHA-256
HEXADECIMAL = r"[0-9a-fA-F]{64}"
_LONGEST_COLUMN = 1 << 17  # characters that csv reads


def read_rows(text: str) -> list[list[str]]:
    """The rows of a RECORD, each a list of its columns; raises ValueError for what is no CSV."""
    lines = text.removesuffix("\n").split("\n") if text else []
    if not any(char in text for char in '"\r\0') and max(map(len, lines), default=0) <= _LONGEST_COLUMN:
        return [line.split(",") if line else [] for line in lines]
    import csv  # slower, and to import it takes as long as to read a small RECORD

    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def write_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """The RECORD of these rows."""
    rows = list(rows)
    lines = [",".join(row) for row in rows]
    if all(map(_is_plain, rows, lines)):
        return "".join(f"{line}\n" for line in lines).encode("utf-8")
    import csv

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def _is_plain(row: Sequence[str], line: str) -> bool:
    """Whether a row is written without quotes."""
    has_quotes = '"' in line or "\n" in line or "\r" in line
    return line != "" and not has_quotes and line.count(",") == len(row) - 1


def digest_text(digest: bytes) -> str:
    """A digest as RECORD has it: base64 for URLs without padding."""
    text = binascii.b2a_base64(digest, newline=False).decode("ascii")
    return text.rstrip("=").replace("+", "-").replace("/", "_")


def digest_bytes(text: str) -> bytes:
    """A SHA-256 digest of RECORD, however it is spelled; a malformed one is no digest at all, b""."""
    if re.fullmatch(HEXADECIMAL, text):
        return bytes.fromhex(text)
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


def row_path(row: Sequence[str], base: str) -> str:
    """The final path of a row whose path is relative to ``base``, a final directory; "" for an empty row."""
    if not row:
        return ""
    return posixpath.normpath(row[0] if row[0].startswith("/") else f"{base.rstrip('/')}/{row[0]}")


def record_text(record: RecordPlan, files: Mapping[str, File]) -> bytes:
    """The RECORD of one dist-info directory.

    ``files`` maps final paths to what is there; a member that is not there (the pyc of a source that does
    not compile) has no row.
    """
    base = record.base
    rows = [[_relative(final, base), *columns(files[final])] for final in record.members if final in files]
    rows += [[_relative(found.final, base), *columns(found)] for found in record.kept]
    rows.append([_relative(record.final, base), "", ""])
    return write_rows(rows if record.in_order else sorted(rows))


def _relative(final: str, base: str) -> str:
    begin = base.rstrip("/") + "/"
    if final.startswith(begin):  # nearly all, and relpath takes thirty times as long
        return final[len(begin) :]
    return posixpath.relpath(final, base)


def refreshed(row: Sequence[str], file: Found | None) -> list[str]:
    """A row with hash and size of the file that is there; as it was where there is none."""
    return list(row) if file is None or not file.has_content else [row[0], *columns(file)]


def with_files(rows: Iterable[Sequence[str]], base: str, files: Mapping[str, File]) -> list[list[str]]:
    """Rows relative to ``base``, those that have a hash with hash and size of ``files``, by final path."""
    found = [(row, files.get(row_path(row, base))) for row in rows]
    return [
        [row[0], *columns(file)] if file is not None and row[1:2] not in ([], [""]) else list(row)
        for row, file in found
    ]


def columns(file: File | Found) -> list[str]:
    """The columns of a row behind the path: digest and size."""
    return [f"sha256={digest_text(bytes.fromhex(file.sha256))}", str(file.size)]

"""Decide what RECORD says and put together the account of a run."""

from __future__ import annotations

import base64
import csv
import io
import posixpath
from collections.abc import Mapping

from truewheel.model import InstalledFile, RecordPlan


def record_text(record: RecordPlan, files: Mapping[str, InstalledFile]) -> bytes:
    """The RECORD of one dist-info directory (PEP 376, PEP 627, wheel specification).

    ``files`` maps final paths to what is there; a member that is not there (the pyc of a source that does
    not compile) has no row. Paths are relative to the directory that holds the dist-info directory.
    """
    rows = [_row(record, files[final]) for final in record.members if final in files]
    rows.append((posixpath.relpath(record.final, record.base), "", ""))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows if record.in_order else sorted(rows))
    return text.getvalue().encode("utf-8")


def _row(record: RecordPlan, file: InstalledFile) -> tuple[str, str, str]:
    digest = base64.urlsafe_b64encode(bytes.fromhex(file.sha256)).rstrip(b"=").decode("ascii")
    return posixpath.relpath(file.final, record.base), f"sha256={digest}", str(file.size)

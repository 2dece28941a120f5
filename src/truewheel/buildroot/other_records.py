"""Keep the RECORDs of other projects true of files that an install replaces."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from truewheel.buildroot.tree import below
from truewheel.dataclass import dataclass
from truewheel.errors import TruewheelError
from truewheel.model import File, RecordPlan
from truewheel.record import read_rows, with_files, write_rows
from truewheel.textfile import decoded, read_bytes


@dataclass(frozen=True)
class Corrected:
    """A RECORD to replace: final path, content, mode, mtime in seconds since the epoch."""

    final: str
    content: bytes
    mode: int
    mtime: int


def corrected_records(
    root: Path, mine: Iterable[RecordPlan], replaced: Mapping[str, File]
) -> Iterator[Corrected]:
    """Yield the RECORDs beside ``mine`` that list a file of ``replaced``, which are by final path.

    Rows without a hash stay, and so does a RECORD that cannot be read.
    """
    finals = {record.final for record in mine}
    for base in sorted({record.base for record in mine}):
        for path in sorted(below(root, base).glob("*.dist-info/RECORD")):
            final = posixpath.join(base, path.parent.name, path.name)
            if final in finals or path.is_symlink() or path.parent.is_symlink():
                continue
            try:
                rows = read_rows(decoded(read_bytes(path, subject=final), final))
            except (TruewheelError, ValueError):
                continue
            after = with_files(rows, base, replaced)
            if after != rows:
                info = path.stat()
                mtime = info.st_mtime_ns // 10**9
                yield Corrected(final, write_rows(after), stat.S_IMODE(info.st_mode), mtime)

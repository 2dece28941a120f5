"""Keep RECORD true where a spec or the last pass changed installed files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import below, is_reached, look
from truewheel.bytecode.pycs import source_path
from truewheel.errors import RefusedInput
from truewheel.record import read_rows, refreshed, row_path, write_rows
from truewheel.textfile import decoded, read_bytes

_HINT = "let the spec write it as UTF-8 rows of three columns, or remove its dist-info directory"


def check_records(root: Path, sites: Iterable[str]) -> None:
    """Raise RefusedInput for a RECORD in ``sites`` (final paths) that is not a UTF-8 table of rows."""
    for site in sites:
        for final in _records(root, site):
            _rows(final, read_bytes(below(root, final), subject=final, hint=_HINT))


def refresh_records(root: Path, sites: Iterable[str], directory_mode: int) -> list[str]:
    """Give the rows of each RECORD in ``sites`` the hashes and sizes of the present files.

    ``sites`` are final paths. Rows without a hash, of links and of missing files stay; those of missing
    bytecode go, which only truewheel had listed. Returns the final paths of the RECORDs that changed; raises
    RefusedInput for one that cannot be read, and none changes then.
    """
    changed = []
    with Buildroot(root, directory_mode) as buildroot:
        for site in sites:
            for final in _records(root, site):
                path = below(root, final)
                before = read_bytes(path, subject=final, hint=_HINT)
                after = _refreshed(root, site, _rows(final, before))
                if after != before:
                    info = path.stat()
                    mode, mtime = stat.S_IMODE(info.st_mode), info.st_mtime_ns // 10**9
                    buildroot.replace(final, (after,), mode, mtime, last=True)
                    changed.append(final)
        buildroot.commit()
    return changed


def _records(root: Path, site: str) -> Iterator[str]:
    for path in sorted(below(root, site).glob("*.dist-info/RECORD")):
        if path.is_file() and not path.is_symlink() and not path.parent.is_symlink():
            yield f"/{path.relative_to(root)}"


def _rows(final: str, content: bytes) -> list[list[str]]:
    try:
        return read_rows(decoded(content, final, _HINT))
    except ValueError as error:
        raise RefusedInput(f"is not a table of rows: {error}", subject=final, hint=_HINT) from error


def _refreshed(root: Path, site: str, rows: Sequence[list[str]]) -> bytes:
    listed = [(row_path(row, site), row) for row in rows]
    wanted = [path for path, row in listed if row[1:2] != [""] and is_reached(root, path)]
    found = look(root, wanted)
    gone = {path for path, _ in listed if source_path(path) and not os.path.lexists(below(root, path))}
    return write_rows(refreshed(row, found.get(path)) for path, row in listed if path not in gone)

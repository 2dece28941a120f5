"""Keep RECORD true where a spec or the last pass changed what was installed."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import below, look
from truewheel.errors import RefusedInput
from truewheel.record import read_rows, refreshed, row_path, write_rows
from truewheel.textfile import decoded

_DIRECTORY_MODE = 0o755
_HINT = "RECORD is CSV in UTF-8: write it again as an installer does, or remove it"


def refresh_records(root: Path, sites: Iterable[str]) -> list[str]:
    """Give the rows of each RECORD in ``sites``, final paths, the hash and size of the file that is there.

    Rows without a hash, of links, and of what is not there stay as they are. Returns the final paths of the
    RECORDs that changed.
    """
    changed = []
    with Buildroot(root, _DIRECTORY_MODE) as buildroot:
        for site in sites:
            for final in _records(root, site):
                path = below(root, final)
                before = path.read_bytes()
                after = _refreshed(root, site, final, before)
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


def _refreshed(root: Path, site: str, final: str, content: bytes) -> bytes:
    try:
        rows = read_rows(decoded(content, final, _HINT))
    except ValueError as error:
        raise RefusedInput(f"is malformed: {error}", subject=final, hint=_HINT) from error
    listed = [(row_path(row, site), row) for row in rows]
    wanted = [path for path, row in listed if row[1:2] != [""] and _is_safe(root, path)]
    found = look(root, wanted)
    return write_rows(refreshed(row, found.get(path)) for path, row in listed)


def _is_safe(root: Path, final: str) -> bool:
    """Whether no directory on the way is a link, as a spec may have made one."""
    directory = posixpath.dirname(final)
    return os.path.realpath(below(root, directory)) == os.path.join(
        os.path.realpath(root), directory.lstrip("/")
    )

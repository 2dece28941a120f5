"""Keep RECORD true where a spec or the last pass changed what was installed."""

from __future__ import annotations

import base64
import csv
import io
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import below, look

_DIRECTORY_MODE = 0o755


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
                after = _refreshed(root, site, before)
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


def _refreshed(root: Path, site: str, content: bytes) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    finals = [posixpath.normpath(posixpath.join(site, row[0])) if row else "" for row in rows]
    wanted = [
        final for final, row in zip(finals, rows, strict=True) if row[1:2] != [""] and _is_safe(root, final)
    ]
    found = look(root, wanted)
    text = io.StringIO()
    for final, row in zip(finals, rows, strict=True):
        file = found.get(final)
        if file is not None and file.regular:
            digest = base64.urlsafe_b64encode(bytes.fromhex(file.sha256)).rstrip(b"=").decode("ascii")
            row[1:] = [f"sha256={digest}", str(file.size)]
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def _is_safe(root: Path, final: str) -> bool:
    """Whether no directory on the way is a link, as a spec may have made one."""
    directory = posixpath.dirname(final)
    return os.path.realpath(below(root, directory)) == os.path.join(
        os.path.realpath(root), directory.lstrip("/")
    )

"""Decide what becomes of the metadata of installed projects, and of what installers leave.

Sources: the recording installed projects and direct URL specifications (PEP 376, PEP 610).
"""

from __future__ import annotations

import json
import posixpath
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from typing import Any

from truewheel.audit.model import Site
from truewheel.audit.normalize.model import Change, Entry, Options
from truewheel.bytecode.pycs import source_path
from truewheel.package.model import MemberKind
from truewheel.record import digest_text, read_rows, row_path, write_rows

_OF_VENVS = (".lock", "CACHEDIR.TAG")  # what uv leaves at the top
_HEADING = re.compile(rb"^==> (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) <==$", re.MULTILINE)  # in local time
_LONGEST = 1 << 20  # bytes of a text that is looked at

Read = Callable[[str], bytes]
Digest = Callable[[str], tuple[bytes, int] | None]


def dist_infos(entries: Mapping[str, Entry], sites: Iterable[Site]) -> list[str]:
    """Return the dist-info directories right in a site; those that a project vendors are its own business."""
    tops = {site.path for site in sites}
    above = {posixpath.dirname(path) for path in entries if ".dist-info/" in path}
    return sorted(path for path in above if path.endswith(".dist-info") and posixpath.dirname(path) in tops)


def left_behind(entries: Mapping[str, Entry], directories: Iterable[str], read: Read) -> dict[str, str]:
    """Return the files of installers that tell of the build alone, and why they go."""
    found = {}
    if "pyvenv.cfg" in entries:
        found = {name: "a file of the installer" for name in _OF_VENVS if _is_file(entries, name)}
    for directory in directories:
        cache, url = f"{directory}/uv_cache.json", f"{directory}/direct_url.json"
        if _is_file(entries, cache):
            found[cache] = "a file of the installer"
        if _is_file(entries, url) and _is_local(_document(read(url))):
            found[url] = "the path of a build"
    return found


def _is_file(entries: Mapping[str, Entry], path: str) -> bool:
    return path in entries and entries[path].kind is MemberKind.FILE and not entries[path].owned


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_local(document: Mapping[str, Any]) -> bool:
    """Whether a direct_url.json names a directory or file that was copied, not one that is used."""
    return str(document.get("url", "")).startswith("file:") and not _is_editable(document)


def _is_editable(document: Mapping[str, Any]) -> bool:
    about = document.get("dir_info")
    return isinstance(about, dict) and about.get("editable") is True


def metadata_findings(
    entries: Mapping[str, Entry], sites: Iterable[Site], directories: Iterable[str], read: Read
) -> Iterator[Change]:
    """Yield what leads out of the tree: editable installs, and paths in .pth and .egg-link files."""
    for directory in directories:
        url = f"{directory}/direct_url.json"
        if _is_file(entries, url) and _is_editable(_document(read(url))):
            yield Change(directory, "is of an editable install, whose source is not in the tree")
    tops = {site.path for site in sites}
    for path, entry in entries.items():
        is_list = path.endswith((".pth", ".egg-link")) and posixpath.dirname(path) in tops
        if is_list and entry.kind is MemberKind.FILE and entry.size < _LONGEST:
            for line in read(path).decode("utf-8", "replace").splitlines():
                if line.startswith("/"):
                    yield Change(path, f"leads to {line.strip()}")


def moved_text(path: str, data: bytes, options: Options) -> bytes:
    """Return a script or a file of a virtual environment with the paths of the build as final ones.

    Of a script the first line changes; of pyvenv.cfg and the activate scripts all lines do.
    """
    whole = path == "pyvenv.cfg" or posixpath.basename(path).lower().startswith("activate")
    if not options.moved or not (whole or data[:2] == b"#!") or b"\0" in data:
        return data
    head, end, rest = (data, b"", b"") if whole else data.partition(b"\n")
    for build, final in options.moved:
        head = head.replace(
            build.encode("utf-8", "surrogateescape"), final.encode("utf-8", "surrogateescape")
        )
    return head + end + rest


def dated_history(data: bytes, options: Options) -> bytes:
    """Return a history of a conda environment, whose headings are dates, with those that files get."""
    latest = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(options.date)).encode()

    def dated(heading: re.Match[bytes]) -> bytes:
        return heading[0].replace(heading[1], latest if options.set_dates else min(heading[1], latest))

    return _HEADING.sub(dated, data)


def new_record(
    text: str, site: str, present: Collection[str], digest: Digest, pycs: Mapping[str, Set[str]]
) -> bytes:
    """Return a RECORD, sorted, with a true row for each path that is there.

    ``site`` is the directory that its rows are relative to; ``present`` are all paths of the tree, of which
    ``digest`` gives the sha256 and the size, None for what leads to no file in it, whose row stays; ``pycs``
    maps each source to its pycs. A row without a hash keeps none. Where pycs are listed, all those of the
    sources that are listed are. Raises ValueError for what is no RECORD.
    """
    rows: dict[str, list[str]] = {}
    for row in read_rows(text):
        path = row_path(row, f"/{site}").lstrip("/")
        if path in present and len(row) == 3:
            rows[path] = row
    listed = [path for path in rows if source_path(path)]
    bare = not any(rows[path][1] for path in listed)
    if listed:
        for source in [path for path in rows if path in pycs]:
            for path in pycs[source] - rows.keys():
                rows[path] = [posixpath.relpath(f"/{path}", f"/{site}"), "" if bare else "new", ""]
    made = []
    for path, row in rows.items():
        found = digest(path) if row[1] else None
        if found is None:
            made.append(row if row[1] else [row[0], "", ""])
        else:
            made.append([row[0], f"sha256={digest_text(found[0])}", str(found[1])])
    return write_rows(sorted(made))

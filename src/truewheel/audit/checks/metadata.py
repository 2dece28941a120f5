"""Check the metadata of installed projects: RECORD against the files, and what an installer leaves.

Sources: the recording installed projects and direct URL specifications, PEP 376 for INSTALLER and REQUESTED.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from truewheel.audit.model import Facts, Finding, Observed, Site
from truewheel.bytecode.pycs import CACHE, is_bytecode, source_path
from truewheel.dataclass import dataclass
from truewheel.package.model import MemberKind
from truewheel.record import ADDED, HEXADECIMAL, digest_bytes, read_rows, row_path


@dataclass(frozen=True)
class _Record:
    """A RECORD: its rows by the path that they mean, from the target's root; None if it cannot be read."""

    path: str
    rows: Mapping[str, list[str]] | None
    in_order: tuple[str, ...] = ()
    problem: str = ""


def check_metadata(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the metadata of the projects in a target."""
    for site in facts.sites:
        directories = sorted(_dist_infos(facts, site))
        records = [
            _read(facts, f"{each}/RECORD", site) for each in directories if f"{each}/RECORD" in facts.files
        ]
        for record in records:
            yield from _record(facts, record)
        for directory in directories:
            yield from _presence(facts, directory)
            yield from _left(facts, directory)
        if len(records) == len(directories):
            yield from _unlisted(facts, site, records)
    yield from _locks(facts)


def _dist_infos(facts: Facts, site: Site) -> set[str]:
    """The dist-info directories right in a site; those that a project vendors are its own business."""
    return {posixpath.join(site.path, name) for name in _tops(facts, site) if name.endswith(".dist-info")}


def _tops(facts: Facts, site: Site) -> set[str]:
    """The names that are right in a site."""
    below = len(site.path) + 1 if site.path else 0
    return {path[below:].split("/", 1)[0] for path in facts.within(site)}


def _read(facts: Facts, path: str, site: Site) -> _Record:
    text = facts.files[path].text
    if text is None:
        return _Record(path, None, problem="is no regular file")
    base = facts.final(site.path).rstrip("/") or "/"
    prefix = len(facts.target.base.rstrip("/")) + 1
    try:
        rows = [row for row in read_rows(text.decode("utf-8")) if row]
    except ValueError as error:  # UnicodeDecodeError is one
        return _Record(path, None, problem=f"cannot be read: {str(error)[:200]}")
    if any(len(row) != 3 for row in rows):
        return _Record(path, None, problem="has rows of other than 3 columns")
    return _Record(path, {row_path(row, base)[prefix:]: row for row in rows}, tuple(row[0] for row in rows))


def _record(facts: Facts, record: _Record) -> Iterator[Finding]:
    final = facts.final(record.path)
    if record.rows is None:
        yield Finding("unreadable-record", final, record.problem)
        return
    for path, row in record.rows.items():
        file = facts.files.get(path)
        if file is None and _is_seen(facts, path):
            yield Finding("ghost-record-row", final, f"lists {row[0]}, which is not there")
        elif file is not None and (led := facts.level(file)).kind is MemberKind.FILE:
            yield from _row(facts, final, row, led)
    unsafe = list(_unsafe(record))
    if unsafe:
        yield Finding("unsafe-record-hash", final, f"has {len(unsafe)} such hashes, the first {unsafe[0]}")
    if facts.scheme is not None and not _is_sorted(record.in_order):
        yield Finding("unsorted-record", final, "has rows that are not sorted")


def _is_seen(facts: Facts, path: str) -> bool:
    """Whether a path would be a part of the target if it was there."""
    return not facts.target.start or path.startswith(f"{facts.target.start}/")


def _is_sorted(paths: tuple[str, ...]) -> bool:
    """Whether rows are sorted, RECORD's own aside, which pip and others write last."""
    rest = [path for path in paths if not path.endswith(".dist-info/RECORD")]
    return rest == sorted(rest)


def _row(facts: Facts, final: str, row: list[str], file: Observed) -> Iterator[Finding]:
    path, digest, size = row
    if size and size != str(file.size):
        yield Finding("wrong-record-size", final, f"says {size} bytes of {path}, which has {file.size}")
    algorithm, _, value = digest.partition("=")
    if not digest or algorithm != "sha256":
        return
    if digest_bytes(value) != file.sha256:
        yield Finding("wrong-record-hash", final, f"has another hash of {path} than the file")


def _unsafe(record: _Record) -> Iterator[str]:
    """Yield the hashes that are not base64 for URLs without padding, hexadecimal ones among them."""
    for row in (record.rows or {}).values():
        algorithm, _, value = row[1].partition("=")
        if algorithm == "sha256" and (set(value) & set("+/=") or re.fullmatch(HEXADECIMAL, value)):
            yield value


def _presence(facts: Facts, directory: str) -> Iterator[Finding]:
    """Check whether RECORD, REQUESTED and INSTALLER are as the scheme has them."""
    scheme, final = facts.scheme, facts.final(directory)
    has_record = f"{directory}/RECORD" in facts.files
    installer = _installer(facts, directory)
    if scheme is None:
        if facts.is_package and installer == "rpm" and has_record:
            yield Finding("leftover-record", f"{final}/RECORD", "is there, and INSTALLER says rpm")
        return
    if scheme.record and not has_record:
        yield Finding("absent-record", final, "has no RECORD")
    if not scheme.record and has_record:
        yield Finding("leftover-record", f"{final}/RECORD", f"is there, the scheme {scheme.name} has none")
    if not scheme.requested and f"{directory}/REQUESTED" in facts.files:
        yield Finding(
            "leftover-requested", f"{final}/REQUESTED", f"is there, the scheme {scheme.name} has none"
        )
    if installer != scheme.installer:
        message = f"says {installer!r}" if installer else "is not there"
        wanted = f"has {scheme.installer!r}" if scheme.installer else "has none"
        yield Finding(
            "wrong-installer", f"{final}/INSTALLER", f"{message}, the scheme {scheme.name} {wanted}"
        )


def _installer(facts: Facts, directory: str) -> str:
    file = facts.files.get(f"{directory}/INSTALLER")
    return (file.text or b"").decode("utf-8", "replace").strip() if file else ""


def _left(facts: Facts, directory: str) -> Iterator[Finding]:
    """Yield what an installer left that neither a package nor a scheme has."""
    if facts.scheme is None and not facts.is_package:
        return
    keeps = facts.scheme is not None and facts.scheme.direct_url
    for name, rule in (("direct_url.json", "leftover-direct-url"), ("uv_cache.json", "leftover-uv-cache")):
        path = f"{directory}/{name}"
        if path in facts.files and not (keeps and name == "direct_url.json"):
            yield Finding(rule, facts.final(path), "is there")


def _locks(facts: Facts) -> Iterator[Finding]:
    if facts.scheme is None and not facts.is_package:
        return
    sites = {site.path for site in facts.sites}
    for path in facts.files:
        if posixpath.basename(path) != ".lock":
            continue
        file = facts.files[path]
        if file.kind is MemberKind.FILE and not file.size:
            beside = posixpath.dirname(path)
            if beside == "" or beside in sites:
                yield Finding("leftover-lock", facts.final(path), "is there")


def _unlisted(facts: Facts, site: Site, records: list[_Record]) -> Iterator[Finding]:
    """Yield files of the projects' directories that no RECORD has; every project of the site has one."""
    listed = {path for record in records if record.rows is not None for path in record.rows}
    if any(record.rows is None for record in records) or _has_eggs(facts, site):
        return
    below = len(site.path) + 1 if site.path else 0
    inside = (path[below:] for path in listed if path.startswith(f"{site.path}/" if site.path else ""))
    owned = {path.split("/", 1)[0] for path in inside if "/" in path} - {CACHE}
    for path in facts.within(site):
        if path in listed or facts.files[path].kind is not MemberKind.FILE:
            continue
        if path[below:].split("/", 1)[0] in owned and not _is_extra(path, listed):
            yield Finding("unlisted-file", facts.final(path), "is in no RECORD")


def _is_extra(path: str, listed: set[str]) -> bool:
    """Whether a file need not be listed: bytecode of what is, and what an installer adds."""
    directory, name = posixpath.split(path)
    if is_bytecode(name):
        return source_path(path) in listed or path.endswith(".pyc.0") or source_path(path) == ""
    return directory.endswith(".dist-info") and name in ADDED


def _has_eggs(facts: Facts, site: Site) -> bool:
    return any(name.endswith((".egg-info", ".egg", ".egg-link")) for name in _tops(facts, site))

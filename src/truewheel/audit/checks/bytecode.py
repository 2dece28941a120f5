"""Check bytecode: each pyc by itself, against its source, and against the scheme."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from truewheel.audit.layout import python_of_tag
from truewheel.audit.model import Bytecode, Facts, Finding, Observed, Site
from truewheel.bytecode.pycs import CACHE, parse_pyc_name, pyc_path, source_path
from truewheel.model import CodeFilename, InvalidationMode
from truewheel.package.model import MemberKind
from truewheel.pyc.header import NEWEST

_SHARE = 0.9  # of a package's sources that have a pyc at a level, for the others to miss one
_LONGEST_NAME = 255  # bytes


def check_bytecode(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the bytecode of a target."""
    for file in map(facts.level, facts.files.special_doubtful()):
        if file.pyc is not None:
            yield from check_pyc(facts, file, file.pyc)
    yield from check_levels(facts)
    for site in facts.sites:
        yield from _missing(facts, site)


def check_pyc(facts: Facts, file: Observed, pyc: Bytecode) -> Iterator[Finding]:
    """Yield what is wrong with a pyc by itself or against its source."""
    if pyc.rule:
        yield Finding(pyc.rule, facts.final(file.path), pyc.problem)
        return
    wrong = tuple(_magic(facts, file, pyc))
    if wrong:
        yield from wrong
        return
    yield from _mode(facts, file, pyc)
    yield from _source(facts, file, pyc)
    yield from _path(facts, file, pyc)
    yield from _form(facts, file, pyc)
    yield from _code(facts, file, pyc)


def _magic(facts: Facts, file: Observed, pyc: Bytecode) -> Iterator[Finding]:
    name = parse_pyc_name(posixpath.basename(file.path)) if _in_cache(file.path) else None
    named = python_of_tag(name.tag) if name else None
    if named and pyc.python and pyc.python != named:
        message = "is of Python {}.{}, its name says {}.{}".format(*pyc.python, *named)
        yield Finding("wrong-magic", facts.final(file.path), message)
    elif named and pyc.python is None and named <= NEWEST:
        number = int.from_bytes(pyc.magic[:2], "little")
        message = "has the magic number {}, which is not that of Python {}.{}".format(number, *named)
        yield Finding("wrong-magic", facts.final(file.path), message)


def _mode(facts: Facts, file: Observed, pyc: Bytecode) -> Iterator[Finding]:
    wanted = facts.scheme.invalidation_mode if facts.scheme else pyc.mode
    if pyc.mode is not None and pyc.mode is not wanted and wanted is not None:
        message = f"is {pyc.mode.value}, the scheme has {wanted.value}"
        yield Finding("wrong-invalidation-mode", facts.final(file.path), message)


def _source(facts: Facts, file: Observed, pyc: Bytecode) -> Iterator[Finding]:
    """Check a pyc against its source, as Python does before it takes the pyc."""
    path = source_path(file.path)
    if not path:
        return
    source = facts.files.get(path)
    if source is None:
        yield Finding("stray-pyc", facts.final(file.path), f"has no source {posixpath.basename(path)}")
    elif source.kind is not MemberKind.FILE:
        return
    elif pyc.mode is InvalidationMode.TIMESTAMP:
        if pyc.size != source.size & 0xFFFFFFFF:
            message = f"is of a source of {pyc.size} bytes, which has {source.size}"
            yield Finding("stale-pyc", facts.final(file.path), message)
        elif pyc.mtime != source.mtime & 0xFFFFFFFF:
            message = f"is of a source of {pyc.mtime} (seconds since 1970), which is of {source.mtime}"
            yield Finding("stale-pyc", facts.final(file.path), message)
    elif facts.hashes.get((source.sha256, pyc.magic), pyc.source_hash) != pyc.source_hash:
        found = facts.hashes[source.sha256, pyc.magic].hex()
        message = f"has the source hash {pyc.source_hash.hex()}, the source has {found}"
        yield Finding("wrong-source-hash", facts.final(file.path), message)


def _path(facts: Facts, file: Observed, pyc: Bytecode) -> Iterator[Finding]:
    names = [name for name in pyc.names if not _leads_to_source(facts, file, name)]
    if names and not _is_cut(facts, file, pyc.names):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Finding("wrong-co-filename", facts.final(file.path), f"says {names[0]!r}{more}")


def _leads_to_source(facts: Facts, file: Observed, name: str) -> bool:
    """Whether a path is that of the source by links of the target, as where /usr/local is one."""
    return name.startswith("/") and facts.leads_to(name) == facts.final(source_path(file.path))


def _is_cut(facts: Facts, file: Observed, names: tuple[str, ...]) -> bool:
    """Whether the code has what the scheme leaves of the path."""
    kind = facts.scheme.code_filename if facts.scheme else CodeFilename.FULL
    final = facts.final(source_path(file.path))
    if kind is CodeFilename.NAME:
        return set(names) == {posixpath.basename(final)}
    return kind is CodeFilename.RELATIVE and len(names) == 1 and final.endswith(f"/{names[0]}")


def _form(facts: Facts, file: Observed, pyc: Bytecode) -> Iterator[Finding]:
    if facts.scheme is not None and not pyc.canonical:
        yield Finding("not-canonical", facts.final(file.path), "has code that is not in the canonical form")


def _code(facts: Facts, file: Observed, pyc: Bytecode) -> Iterator[Finding]:
    compiled = facts.compiled.get(file.path)
    if compiled is not None and compiled != pyc.code:
        message = "has other code than its source gives" if compiled else "has a source that does not compile"
        yield Finding("different-code", facts.final(file.path), message)


def check_levels(facts: Facts) -> Iterator[Finding]:
    """Compare the levels of each source."""
    if facts.scheme is None or not (facts.scheme.hardlink or facts.scheme.symlink):
        return
    levels: dict[tuple[str, str], list[Observed]] = defaultdict(list)
    for file in facts.files.special_doubtful():
        name = parse_pyc_name(posixpath.basename(file.path)) if file.pyc and _in_cache(file.path) else None
        if name:
            levels[source_path(file.path), name.tag].append(file)
    for files in levels.values():
        first: dict[bytes, Observed] = {}
        for file in sorted(files, key=lambda each: len(each.path)):
            same = first.setdefault(file.sha256, file)
            if (same.inode or same.path) != (file.inode or file.path):
                message = f"equals {posixpath.basename(same.path)} and is another file"
                yield Finding("levels-not-linked", facts.final(file.path), message)


def _missing(facts: Facts, site: Site) -> Iterator[Finding]:
    """Yield the sources without a pyc, or one finding where none has any."""
    sources = list(modules(facts, site))
    for tag in wanted_tags(facts, site, sources):
        absent = absent_pycs(facts, sources, tag)
        absent = {path: levels for path, levels in absent.items() if path not in facts.uncompilable}
        if len(absent) == len(sources) > 1 and not has_pycs(facts, sources, tag):
            message = f"has {len(sources)} sources, and no pyc of {tag} for any"
            yield Finding("missing-pyc", facts.final(site.path), message)
            continue
        for path, levels in absent.items():
            named = " and ".join(str(level) for level in levels)
            yield Finding("missing-pyc", facts.final(path), f"has no pyc of {tag} at level {named}")


def modules(facts: Facts, site: Site) -> Iterator[str]:
    """Yield the sources of a site that are to have bytecode."""
    for path in facts.within(site):
        if path.endswith(".py") and facts.files.kind(path) is MemberKind.FILE:
            inside = path[len(site.path) :].lstrip("/").split("/")
            if CACHE not in inside and not inside[0].endswith(".dist-info"):
                yield path


def absent_pycs(facts: Facts, sources: list[str], tag: str) -> Mapping[str, list[int]]:
    """Return the sources that lack pycs, and at which levels."""
    absent = {}
    wanted = _levels(facts, sources, tag)
    for path in sources:
        levels = [
            level for level in wanted if (pyc := pyc_path(path, tag, level)) not in facts.files and _fits(pyc)
        ]
        if levels:
            absent[path] = levels
    return absent


def _fits(pyc: str) -> bool:
    return len(posixpath.basename(pyc).encode("utf-8", "surrogateescape")) <= _LONGEST_NAME


def _levels(facts: Facts, sources: list[str], tag: str) -> tuple[int, ...]:
    if facts.scheme is not None:
        return facts.scheme.optimize
    if not facts.is_package:
        return ()
    counts = Counter(
        level for path in sources for level in range(3) if pyc_path(path, tag, level) in facts.files
    )
    return tuple(level for level in range(3) if counts[level] >= _SHARE * len(sources) > 0)


def wanted_tags(facts: Facts, site: Site, sources: list[str]) -> list[str]:
    """Return the cache tags whose pycs a site should have: its own, of the Pythons named, or of any there."""
    wanted = set(sources)
    seen: set[str] = set()
    for path in facts.within(site):
        name = parse_pyc_name(posixpath.basename(path)) if path.endswith(".pyc") else None
        if name and name.tag not in seen and facts.files[path].pyc and source_path(path) in wanted:
            seen.add(name.tag)
    known = sorted(tag for tag in seen if python_of_tag(tag))
    own = [tag for tag in known if tag.rstrip("t") == site.tag] or ([site.tag] if site.tag else [])
    return own or list(facts.tags) or known


def has_pycs(facts: Facts, sources: list[str], tag: str) -> bool:
    """Whether any of the sources has a pyc of a cache tag."""
    return any(pyc_path(path, tag, level) in facts.files for path in sources for level in range(3))


def _in_cache(path: str) -> bool:
    return posixpath.basename(posixpath.dirname(path)) == CACHE

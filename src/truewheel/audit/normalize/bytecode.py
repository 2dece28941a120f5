"""Decide what becomes of the bytecode of a tree."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from truewheel.audit.layout import python_of_tag
from truewheel.audit.normalize.model import BytecodePlan, Entry, Job, Options
from truewheel.bytecode.pycs import CACHE, is_bytecode, parse_pyc_name, pyc_path, source_path
from truewheel.model import PycTarget
from truewheel.package.model import MemberKind

_LEVELS = {"": 0, "1": 1, "2": 2}
_LIBRARY = re.compile(r"(?:^|/)(?:lib|lib64)/python3\.(\d+)(t?)(?=/)")


def tags_of(entries: Iterable[Entry]) -> set[str]:
    """Return the cache tags of the Pythons that a tree is for: those of its pycs and of its directories."""
    found = set()
    for entry in entries:
        name = parse_pyc_name(posixpath.basename(entry.path)) if _is_pyc(entry) else None
        tags = {name.tag} if name and source_path(entry.path) else library_tags(entry.path)
        found |= {tag for tag in tags if python_of_tag(tag)}
    return found


def library_tags(path: str) -> set[str]:
    """Return the cache tag of the Python whose library a path lies in, if any."""
    match = _LIBRARY.search(path)
    return {f"cpython-3{match[1]}{match[2]}"} if match else set()


def plan_bytecode(
    entries: Mapping[str, Entry], sources: Collection[str], at_hand: Collection[str], options: Options
) -> BytecodePlan:
    """Decide for each pyc of a tree, ``entries`` by path.

    ``sources`` are the paths of sources, which for a layer may lie in those below it; ``at_hand`` are the
    cache tags of the Pythons that can compile.
    """
    groups: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    rewritten: list[tuple[str, str]] = []
    removed: dict[str, str] = {}
    for path, entry in entries.items():
        if not _is_pyc(entry) or entry.owned:
            continue
        source, name = source_path(path), parse_pyc_name(posixpath.basename(path))
        if not source or name is None:
            rewritten.append((path, ""))
        elif source not in sources:
            if options.strays and (name.tag in at_hand or not options.bytecode):
                removed[path] = "its source is gone"
            else:
                rewritten.append((path, ""))
        elif not options.bytecode:
            removed[path] = "no bytecode is wanted"
        elif options.recompile and name.tag in at_hand and name.optimization in _LEVELS:
            groups[source, name.tag][_LEVELS[name.optimization]] = path
        else:
            rewritten.append((path, source))
    if options.complete and options.bytecode:
        _complete(groups, entries, at_hand)
    jobs = [
        Job(source, tag, tuple(PycTarget(level, targets[level]) for level in sorted(targets)))
        for (source, tag), targets in sorted(groups.items())
    ]
    return BytecodePlan(tuple(jobs), tuple(rewritten), removed)


def _is_pyc(entry: Entry) -> bool:
    return ".pyc" in entry.path[-8:] and entry.kind is MemberKind.FILE and is_bytecode(entry.path)


def _complete(
    groups: defaultdict[tuple[str, str], dict[int, str]],
    entries: Mapping[str, Entry],
    at_hand: Collection[str],
) -> None:
    """Add the pycs that sources lack, at the levels that the others of their Python have."""
    levels: defaultdict[str, set[int]] = defaultdict(set)
    for (_, tag), targets in groups.items():
        levels[tag] |= targets.keys()
    for path in _modules(entries):
        for tag in library_tags(path) & set(at_hand):
            for level in levels[tag] or {0}:
                pyc = pyc_path(path, tag, level)
                if pyc not in entries or entries[pyc].kind is not MemberKind.LINK:
                    groups[path, tag].setdefault(level, pyc)


def _modules(entries: Mapping[str, Entry]) -> Iterator[str]:
    for path, entry in entries.items():
        is_source = path.endswith(".py") and entry.kind is MemberKind.FILE and not entry.owned
        if is_source and CACHE not in path.split("/"):
            yield path

"""Compare two targets path by path; each is read twice as a stream, and nothing is extracted."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from truewheel.audit.diff.causes import Cause, Difference, Sort, cause, gravest
from truewheel.audit.diff.files import compare_files
from truewheel.dataclass import dataclass
from truewheel.package.model import MemberKind, Package, Target

LARGEST = 64 << 20  # bytes of a file that are looked at for a cause
_BATCH = 256 << 20  # bytes of files that are held at a time
PACKAGE = "(package)"  # what stands for the path of a package's own fields


@dataclass(frozen=True)
class _Facts:
    """A member without its content: ``holder`` is the path of the member that has this."""

    kind: MemberKind
    mode: int
    owner: tuple[str | int, str | int]
    named: bool
    mtime: int
    size: int
    target: str
    linked: str
    holder: str
    digest: bytes


class _Side:
    """One target, read once."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.members: dict[str, _Facts] = {}
        self.groups: defaultdict[str, set[str]] = defaultdict(set)
        for member in target.members():
            linked = member.inode or member.path
            digest = b""
            if member.kind is MemberKind.FILE and not member.repeats:
                state = hashlib.blake2b(digest_size=16)
                for piece in member.chunks():
                    state.update(piece)
                digest = state.digest()
            self.groups[linked].add(member.path)
            self.members[member.path] = _Facts(
                kind=member.kind,
                mode=member.mode,
                owner=(member.owner or member.uid, member.group or member.gid),
                named=member.owner is not None,
                mtime=member.mtime,
                size=member.size,
                target=member.target,
                linked=linked,
                holder=member.repeats or member.path,
                digest=digest,
            )

    def digest(self, path: str) -> bytes:
        """Return the digest of a file's content, wherever that is."""
        holder = self.members.get(self.members[path].holder)
        return self.members[path].digest if holder is None else holder.digest

    def size(self, path: str) -> int:
        """Return how many bytes of a file are looked at."""
        facts = self.members[path]
        return min(self.members.get(facts.holder, facts).size, LARGEST)

    def links(self, path: str) -> frozenset[str]:
        """Return the paths that are one file with this one."""
        return frozenset(self.groups[self.members[path].linked])

    def contents(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Read the target again; return the content of some files by path, at most ``LARGEST`` bytes each."""
        holders = {path: self.members[path].holder for path in paths}
        wanted, found = set(holders.values()), {}
        for member in self.target.members():
            if member.path in wanted and member.kind is MemberKind.FILE and not member.repeats:
                found[member.path] = member.read(LARGEST)
        return {path: found.get(holder, b"") for path, holder in holders.items()}


def compare_targets(one: Target, other: Target) -> Iterator[Difference]:
    """Yield what differs between two targets, in the order of the paths.

    Memory is proportional to the number of paths, and time to the content; files that differ are held in
    batches of 256 MiB. Raises TargetDamaged and UsageError as the targets do.
    """
    first, second = _Side(one), _Side(other)
    both = [path for path in first.members if path in second.members]
    changed = [
        path for path in both if _is_file(first, path, second) and first.digest(path) != second.digest(path)
    ]
    kinds: dict[str, str] = {}
    causes: defaultdict[str, list[Cause]] = defaultdict(list)
    for path, kind, found in _contents(first, second, changed):
        kinds[path] = kind
        causes[path] += found
    if one.package is not None and other.package is not None and one.package != other.package:
        causes[PACKAGE] = list(_package_causes(one.package, other.package))
    for path in first.members.keys() | second.members.keys():
        found = list(_member_causes(path, first, second))
        if found:
            causes[path] += found
    for path in sorted(causes):
        yield Difference(path, kinds.get(path) or _kind(path, first, second), tuple(causes[path]))


def _package_causes(one: Package, other: Package) -> Iterator[Cause]:
    for name in ("name", "version", "architecture"):
        pair = getattr(one, name), getattr(other, name)
        if pair[0] != pair[1]:
            yield cause("package", f"{name} {pair[0]} and {pair[1]}")
    alone = sorted(set(one.depends) ^ set(other.depends))
    if alone:
        yield cause("package", f"one alone depends on {', '.join(alone[:3])}")


def _is_file(first: _Side, path: str, second: _Side) -> bool:
    return first.members[path].kind is second.members[path].kind is MemberKind.FILE


def _kind(path: str, first: _Side, second: _Side) -> str:
    facts = first.members.get(path) or second.members.get(path)
    return "package" if facts is None else facts.kind.value


def _contents(first: _Side, second: _Side, changed: list[str]) -> Iterator[tuple[str, str, list[Cause]]]:
    """Yield each path whose content differs, what sort of file it is, and why; RECORDs after all others."""
    known: dict[str, Sort] = {}
    for batch in _batches(sorted(changed, key=_records_last), first, second):
        ones, others = first.contents(batch), second.contents(batch)
        for path in batch:
            if ones[path] == others[path]:
                yield path, "file", [cause("bytes", f"behind the first {LARGEST >> 20} MiB")]
                continue
            kind, causes = compare_files(path, ones[path], others[path], known)
            known[path] = gravest(each.sort for each in causes)
            yield path, kind, causes


def _records_last(path: str) -> tuple[bool, str]:
    return path.endswith("/RECORD"), path


def _batches(paths: list[str], first: _Side, second: _Side) -> Iterator[list[str]]:
    batch: list[str] = []
    left = _BATCH
    for path in paths:
        size = first.size(path) + second.size(path)
        if batch and size > left:
            yield batch
            batch, left = [], _BATCH
        batch.append(path)
        left -= size
    if batch:
        yield batch


def _member_causes(path: str, first: _Side, second: _Side) -> Iterator[Cause]:
    one, other = first.members.get(path), second.members.get(path)
    if one is None or other is None:
        yield cause("added" if one is None else "removed", "")
    elif one.kind is not other.kind:
        yield cause("kind", f"{one.kind.value} and {other.kind.value}")
    else:
        yield from _facts_causes(one, other)
        links, other_links = first.links(path), second.links(path)
        if links != other_links:
            yield cause(
                "hard-link", f"one file with {_others(links, path)} and with {_others(other_links, path)}"
            )


def _facts_causes(one: _Facts, other: _Facts) -> Iterator[Cause]:
    if one.mode != other.mode and one.kind is not MemberKind.LINK:
        modes = f"{one.mode:04o} and {other.mode:04o}"
        yield cause("mode", modes, f"mode {modes}")
    if one.owner != other.owner and one.named == other.named:
        owners = " and ".join(f"{owner}:{group}" for owner, group in (one.owner, other.owner))
        yield cause("owner", owners, f"owner {owners}")
    if one.mtime != other.mtime:
        yield cause("date", f"{one.mtime} and {other.mtime} seconds since the epoch")
    if one.target != other.target:
        yield cause("link", f"{one.target} and {other.target}")


def _others(links: frozenset[str], path: str) -> str:
    names = sorted(links - {path})
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "no other"

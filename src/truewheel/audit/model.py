"""What an audit passes on: files as they were observed, and findings."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from truewheel.beneath import resolved
from truewheel.bytecode.pycs import source_path
from truewheel.dataclass import dataclass, field
from truewheel.model import InvalidationMode, Scheme
from truewheel.package.model import MemberKind, Target
from truewheel.rules import Severity
from truewheel.rules.table import RULES

if TYPE_CHECKING:
    from truewheel.audit.files import Files


@dataclass(frozen=True)
class Finding:
    """Something that breaks a rule.

    ``rule`` is a name in `truewheel.rules`; ``path`` the final path or the wheel's entry, "" for the target
    itself; ``hint`` says what to do, by default in the words of the rule.
    """

    rule: str
    path: str
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        if not self.hint:
            object.__setattr__(self, "hint", RULES[self.rule].hint)

    @property
    def is_error(self) -> bool:
        """Whether the rule is one of errors; the others warn."""
        return RULES[self.rule].severity is not Severity.WARNING


class Bytecode(NamedTuple):
    """What a pyc is like.

    ``problem`` says why it cannot be read, by the ``rule`` of that; all else is unknown then. ``python`` is
    None for a magic number of no CPython from 3.7 on; ``mtime`` in seconds since the epoch and ``size`` in
    bytes are those of the source. ``canonical`` says whether the code is in the canonical form; ``names`` are
    the co_filename that are not the expected one; ``code`` is the sha256 of the canonical form with the
    expected one, where that was asked for.
    """

    rule: str = ""
    problem: str = ""
    magic: bytes = b""
    python: tuple[int, int] | None = None
    mode: InvalidationMode | None = None
    source_hash: bytes = b""
    mtime: int = 0
    size: int = 0
    canonical: bool = True
    names: tuple[str, ...] = ()
    code: bytes = b""


class Observed(NamedTuple):
    """A member of a target as it was observed; the fields up to ``target`` are the member's.

    ``sha256`` is the digest of a file; ``head`` its first line where that begins with ``#!``; ``traces`` are
    the build paths found in it, each with what is around; ``text`` is the content of a RECORD or INSTALLER.
    """

    path: str
    kind: MemberKind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    inode: str
    target: str = ""
    sha256: bytes = b""
    head: bytes = b""
    traces: tuple[tuple[str, str], ...] = ()
    pyc: Bytecode | None = None
    text: bytes | None = None
    is_elf: bool = False


@dataclass(frozen=True)
class Site:
    """A directory that projects are installed in; ``tag`` is the cache tag of its Python, "" for several."""

    path: str
    tag: str


class _Cached:
    """Has a ``__dict__``, where cached properties lie."""


@dataclass(frozen=True)
class Facts(_Cached):
    """All that the checks of one target know.

    ``files`` are those of the target; ``hashes`` the source hashes by sha256 of the source and magic number;
    ``sites`` are the directories that Pythons import from; ``scheme`` is what the target should be like, None
    where that is not known; ``tags`` are the cache tags of the Pythons that were named; ``epoch`` is
    SOURCE_DATE_EPOCH in seconds; ``build_paths`` those that were named. ``uncompilable`` are sources without
    a pyc that do not compile; ``compiled`` the sha256 of what a Python makes of a source, by the path of the
    pyc.
    """

    target: Target
    files: Files
    hashes: Mapping[tuple[bytes, bytes], bytes]
    sites: tuple[Site, ...] = ()
    scheme: Scheme | None = None
    tags: tuple[str, ...] = ()
    epoch: int | None = None
    build_paths: tuple[str, ...] = ()
    uncompilable: frozenset[str] = frozenset()
    compiled: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def is_package(self) -> bool:
        """Whether the target is a package of a distribution."""
        return self.target.package is not None

    def final(self, path: str) -> str:
        """Return the final path of a member's path."""
        return self.target.final(path)

    def followed(self, path: str) -> Observed | None:
        """Return what a path leads to within the target, None where there is nothing."""
        file = self.files.get(path)
        if file is None or file.kind is not MemberKind.LINK:
            return file
        return self._member(self.leads_to(self.final(path)))

    def leads_to(self, final: str) -> str:
        """Return the final path that one leads to by the links of the target, "" for a loop of them."""
        try:
            return resolved(final, self._link)
        except OSError:
            return ""

    def _link(self, final: str) -> str:
        file = self._member(final)
        return file.target if file is not None and file.kind is MemberKind.LINK else ""

    def _member(self, final: str) -> Observed | None:
        base = self.final("")
        return self.files.get(final[len(base) :]) if final.startswith(base) else None

    def level(self, file: Observed) -> Observed:
        """Return a file; for a link to bytecode of the same source, what it leads to, with its own path."""
        if file.kind is MemberKind.LINK and (source := source_path(file.path)):
            led = self.followed(file.path)
            if led is not None and led.pyc and source_path(led.path) == source:
                return led._replace(path=file.path)
        return file

    def within(self, site: Site) -> Iterator[str]:
        """Yield the paths of the members that lie in a directory of installed projects."""
        for directory in self._by_site.get(site.path, ()):
            yield from self.files.inside(directory)

    def doubtful(self, site: Site) -> Iterator[Observed]:
        """Yield the members that lie in a directory of installed projects and are not approved."""
        for directory in self._by_site.get(site.path, ()):
            yield from self.files.doubtful(directory)

    @cached_property
    def _by_site(self) -> Mapping[str, Sequence[str]]:
        known: dict[str, str | None] = {site.path: site.path for site in self.sites}
        found: dict[str, list[str]] = {site.path: [] for site in self.sites}
        for directory in self.files.directories():
            site = _site_above(directory.rstrip("/"), known)  # the innermost one
            if site is not None:
                found[site].append(directory)
        return found


def _site_above(directory: str, known: dict[str, str | None]) -> str | None:
    """Return the site that a directory is or lies in; ``known`` has and gets those of directories."""
    passed = []
    while directory not in known and directory:
        passed.append(directory)
        directory = posixpath.dirname(directory)
    site = known.get(directory)
    known.update(dict.fromkeys(passed, site))
    return site

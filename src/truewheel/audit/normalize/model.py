"""What normalizing passes on: the paths of a tree, what was asked for, what is to be done."""

from __future__ import annotations

from collections.abc import Mapping

from truewheel.dataclass import dataclass
from truewheel.model import InvalidationMode, PycTarget
from truewheel.package.model import MemberKind


@dataclass(frozen=True)
class Entry:
    """A path of a tree, without leading slash; "" is the tree itself.

    ``mode`` are the permission bits; ``mtime`` in seconds since the epoch, ``size`` in bytes. Entries with
    one ``inode`` are hard links of one file, "" is that of no other; ``outside``: the file has more links
    than the tree has. ``owned``: a package of the tree's own dpkg, rpm or conda has it, and its content is
    left alone; ``settled``: its mode and date as well. ``target`` is what a symbolic link has.
    """

    path: str
    kind: MemberKind
    mode: int
    mtime: int
    size: int = 0
    uid: int = 0
    gid: int = 0
    inode: str = ""
    outside: bool = False
    owned: bool = False
    settled: bool = False
    target: str = ""


@dataclass(frozen=True)
class Compilation:
    """A source and the pycs that a Python made of it: a run that finds all of it again need not compile.

    ``source`` is the final path, ``python`` and ``tag`` tell the Python (``3.11.2``, ``cpython-311``),
    ``date`` is the one in the header in seconds since the epoch, 0 for hashes. ``sha256`` is that of the
    source, ``pycs`` are levels and the sha256 of what they have, in hex digits.
    """

    source: str
    sha256: str
    python: str
    tag: str
    mode: InvalidationMode
    date: int
    pycs: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Options:
    """What was asked for.

    ``date`` in seconds since the epoch is the latest one that a path has afterwards, or with ``set_dates``
    that of all. ``mode`` and ``levels`` are those of bytecode; without ``bytecode`` there is none, with
    ``complete`` each source of a Python at hand has some. Without ``recompile`` it is made of what is there.
    ``moved`` maps directories of the build to final ones. ``strays``: bytecode without a source goes.
    ``vouched`` is what earlier runs compiled, by their reports.
    """

    date: int
    set_dates: bool = False
    keep_modes: bool = False
    mode: InvalidationMode = InvalidationMode.CHECKED_HASH
    recompile: bool = True
    complete: bool = False
    bytecode: bool = True
    moved: tuple[tuple[str, str], ...] = ()
    strays: bool = True
    vouched: frozenset[Compilation] = frozenset()

    def final(self, path: str) -> str:
        """Return where a path of the build is on the final system."""
        for build, final in self.moved:
            if path == build or path.startswith(f"{build.rstrip('/')}/"):
                return final.rstrip("/") + path[len(build.rstrip("/")) :]
        return path

    def dated(self, mtime: int) -> int:
        """Return the date of a path that has this one."""
        return self.date if self.set_dates else min(mtime, self.date)


@dataclass(frozen=True)
class Job:
    """A source to compile again, at the levels of ``targets``, whose paths are those of the tree."""

    source: str
    tag: str
    targets: tuple[PycTarget, ...]


@dataclass(frozen=True)
class BytecodePlan:
    """What becomes of each pyc.

    ``jobs`` compile it again; ``rewritten`` are made of their own bytes, each with its source, "" for none;
    ``removed`` go, for a reason.
    """

    jobs: tuple[Job, ...]
    rewritten: tuple[tuple[str, str], ...]
    removed: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """Something that is done to a path, in words."""

    path: str
    what: str


@dataclass(frozen=True)
class Normalized:
    """What was done, or would be, in the order of the paths; ``findings`` are what cannot be made equal.

    ``recompiled`` and ``rewritten`` are numbers of pycs, changed or not, and ``vouched`` that of those which
    a report of an earlier run spared; ``compiled`` is what a later run can be spared.
    """

    changes: tuple[Change, ...]
    findings: tuple[Change, ...]
    recompiled: int
    rewritten: int
    vouched: int = 0
    compiled: tuple[Compilation, ...] = ()

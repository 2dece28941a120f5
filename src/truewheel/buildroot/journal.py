"""Note what a run does below a root, in memory and on disk, each step before it is taken."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from truewheel.buildroot import log
from truewheel.buildroot.trouble import undated_error
from truewheel.dataclass import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# inode, size in bytes, date in nanoseconds: whether a file is still the one that was put there
Identity = tuple[int, int, int]
Times = tuple[int, int]

_VERSION = 1
_RUN = r"[0-9a-f]{16}"
_SECOND = 10**9
_IDENTITY = struct.Struct("<QQqI")


def identity(info: os.stat_result) -> Identity:
    """What tells a file of ours from one that another put in its place."""
    return info.st_ino, info.st_size, info.st_mtime_ns


class NotedFiles:
    """Files that took their places, in 36 bytes of memory each; a dict of tuples has six times as much."""

    def __init__(self) -> None:
        self._together: list[tuple[tuple[str, ...], bytes]] = []

    def add(self, files: Mapping[str, Identity]) -> None:
        """Note files by their final paths; raises struct.error for numbers that no system has."""
        packed = [_IDENTITY.pack(ino, size, *divmod(date, _SECOND)) for ino, size, date in files.values()]
        self._together.append((tuple(files), b"".join(packed)))

    def backwards(self) -> Iterator[tuple[str, Identity]]:
        """Yield the files, the last one first."""
        for finals, packed in reversed(self._together):
            for number in reversed(range(len(finals))):
                inode, size, seconds, more = _IDENTITY.unpack_from(packed, number * _IDENTITY.size)
                yield finals[number], (inode, size, seconds * _SECOND + more)


@dataclass(frozen=True)
class Kept:
    """A file that is replaced or removed: its name meanwhile, and what takes its place, None for nothing."""

    name: str
    new: Identity | None


@dataclass
class Facts:
    """What a run did, by final path; ``root`` is None for a root that it made, else the root's dates.

    ``dates`` are access and modification times, in nanoseconds, of directories that were there before,
    ``others`` those directories that another user has, who alone can set their dates.
    ``settled`` are the dates that directories get and ``emptied`` the directories that go if they are
    empty, once nothing is undone any more.
    """

    run: str
    root: Times | None
    directories: dict[str, None] = field(default_factory=dict)
    files: NotedFiles = field(default_factory=NotedFiles)
    kept: dict[str, Kept] = field(default_factory=dict)
    dates: dict[str, Times] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)
    settled: dict[str, int] | None = None
    emptied: list[str] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """How the temporary names of this run begin."""
        return f".truewheel-{self.run}-"


class Journal:
    """The facts of this run and their file, which is made with the first step that changes something.

    With ``dated`` every directory must get its date: `write` raises StageError where one cannot. Methods
    raise the OSError of the system.
    """

    def __init__(self, dated: bool = False) -> None:
        self.facts = Facts(os.urandom(8).hex(), None)
        self._dated = dated
        self._prefix = self.facts.prefix
        self._root = -1
        self._log: int | None = None
        self._is_written = False
        self._pending: list[list[Any]] = []
        self._expected: set[str] = set()
        self._names = 0

    @property
    def is_written(self) -> bool:
        """Whether there is a file, or might be."""
        return self._is_written

    @property
    def is_begun(self) -> bool:
        """Whether a root is open."""
        return self._root >= 0

    def begin(self, root: int, times: Times | None) -> None:
        """Begin in an open root, whose dates were ``times``; None for one that this run made."""
        self._root = root
        self.facts.root = times
        self._pending.append(["run", _VERSION, self.facts.run, times and list(times)])
        if times is not None and self._is_dateable("/", root):
            self.facts.dates["/"] = times

    def read_dead(self, root: int) -> Facts | None:
        """What a killed run noted in this root, whose file is then ours; raises ConflictRefused."""
        left = log.read(root)
        if left is None:
            return None
        self._log, entries = left
        self._is_written = True
        return _replayed(entries)

    def write(self) -> None:
        """Write down what is noted: a step that changes something is taken after this."""
        if self._pending:
            if self._dated and self.facts.others:
                raise undated_error(next(iter(self.facts.others)))
            if self._log is None:
                self._create()
            else:
                log.append(self._log, self._pending)
            self._pending.clear()

    def _create(self) -> None:
        if "/" in self.facts.dates:
            log.mark_times(self._root, self.facts.dates["/"])
        self._is_written = True
        self._log = log.create(self._root)
        log.append(self._log, self._pending)
        log.unmark_times(self._root)

    def new_name(self) -> str:
        """A temporary name that is this run's alone: a process id comes again, above all in containers."""
        self._names += 1
        return f"{self._prefix}{self._names}.tmp"

    def files(self, files: Mapping[str, Identity]) -> None:
        """Note files that take places where there are none, by final path."""
        self.facts.files.add(files)
        self._pending += (["file", final, *new] for final, new in files.items())
        self.write()

    def expect(self, paths: Iterable[str]) -> None:
        """Note directories that will be made, so that it is written down at once; those above come first."""
        for path in paths:
            self.facts.directories[path] = None
            self._expected.add(path)
            self._pending.append(["directory", path])

    def directory(self, path: str) -> bool:
        """Note a directory that is made next; False if this run made it before."""
        new = True
        if path in self._expected:
            self._expected.remove(path)
        else:
            new = path not in self.facts.directories
            self.facts.directories[path] = None
            self._pending.append(["directory", path])
        self.write()
        return new

    def no_directory(self, path: str) -> None:
        """Take back the note of a directory that this run did not make."""
        self.facts.directories.pop(path, None)
        self._pending.append(["no directory", path])

    def forget_expected(self) -> None:
        """Forget directories that were not made: there is nothing to undo about them."""
        for path in self._expected:
            del self.facts.directories[path]
        self._expected.clear()

    def is_expected(self, path: str) -> bool:
        """Whether a directory is one that will be made."""
        return path in self._expected

    def is_ours(self, path: str) -> bool:
        """Whether this run made a directory."""
        made = path in self.facts.directories and path not in self._expected
        return made or (path == "/" and self.facts.root is None)

    def date(self, path: str, descriptor: int) -> None:
        """Note the dates of a directory that is there, when it is opened first."""
        known = path in self.facts.dates or path in self.facts.others or self.is_ours(path)
        if not known and self._is_dateable(path, descriptor):
            info = os.fstat(descriptor)
            self.facts.dates[path] = (info.st_atime_ns, info.st_mtime_ns)
            self._pending.append(["date", path, info.st_atime_ns, info.st_mtime_ns])

    def _is_dateable(self, path: str, descriptor: int) -> bool:
        """Whether this user can set the dates of a directory that is there; notes one where not."""
        info = os.fstat(descriptor)
        if info.st_uid == os.geteuid():
            return True
        with suppress(OSError):  # root can, as a rule
            os.utime(descriptor, ns=(info.st_atime_ns, info.st_mtime_ns))
            return True
        self.facts.others[path] = None
        self._pending.append(["other's", path])
        return False

    def keep(self, final: str, name: str, new: Identity | None) -> None:
        """Note the name, in its directory, under which a file that is replaced or removed is kept."""
        self.facts.kept[final] = Kept(name, new)
        self._pending.append(["keep", final, name, new and list(new)])
        self.write()

    def keep_nothing(self, final: str) -> None:
        """Take back a note of `keep`: there was no file, so what comes in its place is ours."""
        kept = self.facts.kept.pop(final)
        if kept.new is not None:
            self.files({final: kept.new})

    def settle(self, dates: Mapping[str, int], emptied: Sequence[str]) -> None:
        """Note that nothing is undone any more, and what is left to do."""
        self.facts.settled, self.facts.emptied = dict(dates), list(emptied)
        self._pending.append(["settled", dict(dates), list(emptied)])
        self.write()

    def unsettle(self) -> None:
        """Take back a note of `settle`, which could not be written."""
        self.facts.settled = None
        self._pending.clear()

    def release(self) -> None:
        """Close the file, which is there still: NFS and FUSE keep one that is removed while it is open."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def close(self) -> None:
        """Close the file, which is gone or stays for the next run."""
        self.release()
        self._is_written = False


def _replayed(entries: Sequence[Any]) -> Facts | None:
    """The facts of the last run that wrote; raises ConflictRefused for entries that no run writes."""
    facts: Facts | None = None
    for entry in entries:
        match entry:
            case ["run", 1, str(run), None] if re.fullmatch(_RUN, run):
                facts = Facts(run, None)
            case ["run", 1, str(run), [int(atime), int(mtime)]] if re.fullmatch(_RUN, run):
                facts = Facts(run, (atime, mtime), dates={"/": (atime, mtime)})
            case [str(kind), *rest] if facts is not None and _replay(facts, kind, rest):
                pass
            case _:
                raise log.malformed()
    return facts


def _replay(facts: Facts, kind: str, rest: list[Any]) -> bool:
    """Add one entry to the facts; False for one that no run writes."""
    match kind, rest:
        case "directory", [str(path)] if _is_final(path):
            facts.directories[path] = None
        case "no directory", [str(path)]:
            facts.directories.pop(path, None)
        case "file", [str(final), int(inode), int(size), int(date)] if _is_final(final):
            try:
                facts.files.add({final: (inode, size, date)})
            except struct.error:
                return False
            facts.kept.pop(final, None)
        case "keep", [str(final), str(name), None] if _is_kept(facts, final, name):
            facts.kept[final] = Kept(name, None)
        case "keep", [str(final), str(name), [int(inode), int(size), int(date)]] if _is_kept(
            facts, final, name
        ):
            facts.kept[final] = Kept(name, (inode, size, date))
        case "date", [str(path), int(atime), int(mtime)] if _is_final(path):
            facts.dates[path] = (atime, mtime)
        case "other's", [str(path)] if _is_final(path):
            facts.others[path] = None
            facts.dates.pop(path, None)
        case "settled", [dict(dates), list(emptied)] if _are_settled(dates, emptied):
            facts.settled, facts.emptied = dates, emptied
        case _:
            return False
    return True


def _is_kept(facts: Facts, final: str, name: str) -> bool:
    return _is_final(final) and name.startswith(facts.prefix) and "/" not in name and "\0" not in name


def _are_settled(dates: dict[Any, Any], emptied: list[Any]) -> bool:
    return all(isinstance(date, int) for date in dates.values()) and all(map(_is_final, [*dates, *emptied]))


def _is_final(path: object) -> bool:
    """Whether an entry is an absolute path below the root, and none that leads elsewhere."""
    if not isinstance(path, str) or "\0" in path or not path.startswith("/"):
        return False
    return path == "/" or not {"", ".", ".."}.intersection(path[1:].split("/"))

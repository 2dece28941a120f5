"""Keep RECORD true where a run makes only some of the bytecode that is there."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from truewheel.buildroot.tree import below, look
from truewheel.bytecode.pycs import CACHE, source_path
from truewheel.dataclass import dataclass
from truewheel.errors import TruewheelError
from truewheel.model import File, Found, RecordPlan
from truewheel.record import columns, read_rows, row_path, write_rows
from truewheel.textfile import decoded, read_bytes

_DPKG = "var/lib/dpkg/info"
_RPM = ("usr/lib/sysimage/rpm", "var/lib/rpm")


@dataclass(frozen=True)
class Correction:
    """A RECORD to replace: final path, content, mode, mtime in seconds since the epoch."""

    final: str
    content: bytes
    mode: int
    mtime: int


def corrections(
    root: Path, sources: Iterable[str], there: Mapping[str, File], gone: Collection[str]
) -> list[Correction]:
    """Return the RECORDs that change where ``sources`` were compiled (final paths).

    The compilation made the pycs ``there``, by final path, and removed those ``gone``. A RECORD that lists no
    bytecode is true without. One that cannot be read stays as it is, and so does one that dpkg or rpm owns on
    an installed system.
    """
    found = []
    for final in _records(root, sources):
        path = below(root, final)
        try:
            before = read_bytes(path, subject=final)
            rows = read_rows(decoded(before, final))
        except (TruewheelError, ValueError):
            continue
        base = posixpath.dirname(posixpath.dirname(final))
        after = write_rows(_with_bytecode(rows, base, there, gone))
        if after != write_rows(rows) and not _is_owned(root, final):
            info = path.stat()
            mode, mtime = stat.S_IMODE(info.st_mode), info.st_mtime_ns // 10**9
            found.append(Correction(final, after, mode, mtime))
    return found


def bytecode_there(root: Path, record: RecordPlan, gone: Collection[str]) -> tuple[Found, ...]:
    """The bytecode of a RECORD's sources that an install neither makes nor removes (``gone``)."""
    members, apart = set(record.members), {*record.members, *gone}
    caches = {f"{final.rpartition('/')[0]}/{CACHE}" for final in members if final.endswith(".py")}
    there = [
        f"{cache}/{name}"
        for cache in sorted(caches)
        if (path := below(root, cache)).is_dir() and not path.is_symlink()
        for name in sorted(os.listdir(path))
    ]
    left = [final for final in there if final not in apart and source_path(final) in members]
    found = look(root, left) if left else {}
    return tuple(found[final] for final in left if found[final].has_content)


def _with_bytecode(
    rows: Sequence[list[str]], base: str, there: Mapping[str, File], gone: Collection[str]
) -> list[list[str]]:
    """The rows with those of pycs as they are now, without a hash where none of them has one."""
    listed = {row_path(row, base): row for row in rows}
    before = [row for path, row in listed.items() if source_path(path)]
    bare = not any(row[1:2] != [""] for row in before)
    mine = {path: file for path, file in there.items() if source_path(path) in listed} if before else {}
    made = {
        path: [posixpath.relpath(path, base), *(["", ""] if bare else columns(file))]
        for path, file in mine.items()
    }
    kept = [made.pop(row_path(row, base), row) for row in rows if row_path(row, base) not in gone]
    after = [*kept, *made.values()]
    return sorted(after) if list(rows) == sorted(rows) else after


def _records(root: Path, sources: Iterable[str]) -> Iterator[str]:
    directories = {str(parent) for source in sources for parent in PurePosixPath(source).parents}
    for directory in sorted(directories):
        for path in sorted(below(root, directory).glob("*.dist-info/RECORD")):
            if path.is_file() and not path.is_symlink() and not path.parent.is_symlink():
                yield posixpath.join(directory, path.parent.name, path.name)


def _is_owned(root: Path, final: str) -> bool:
    line = os.fsencode(final)
    if any(line in path.read_bytes().splitlines() for path in (root / _DPKG).glob("*.list")):
        return True
    if not any(any((root / directory).glob("*")) for directory in _RPM):
        return False
    import subprocess  # which most installs do not need

    command = ["rpm", "--root", os.path.abspath(root), "-qf", final]
    try:
        answer = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    except OSError:  # nobody to ask
        return True
    return answer.returncode == 0 or b"is not owned by any package" not in answer.stdout + answer.stderr

"""Read what is already below a root, without following a link."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import stat
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from operator import attrgetter
from pathlib import Path

from truewheel.buildroot.log import JOURNAL
from truewheel.buildroot.trouble import undated_error
from truewheel.bytecode.pycs import CACHE, is_bytecode, source_path
from truewheel.dataclass import replace
from truewheel.errors import ConflictRefused, UsageError
from truewheel.model import Found

_CHUNK = 1 << 16  # bytes; most files have fewer, and what is larger costs the allocator a mapping each time


def below(root: Path, final: str) -> Path:
    """Return where a final path lies on the build host."""
    return root / final.lstrip("/")


def is_interrupted(root: Path) -> bool:
    """Whether a run is at work below ``root``, or was killed there, which the next one undoes."""
    return os.path.lexists(root / JOURNAL)


def is_reached(root: Path, final: str) -> bool:
    """Whether the directory of a final path exists and no link leads to it."""
    directory = posixpath.dirname(final)
    path = below(root, directory)
    return path.is_dir() and os.path.realpath(path) == os.path.normpath(
        os.path.join(os.path.realpath(root), directory.lstrip("/"))
    )


def look(root: Path, finals: Iterable[str]) -> dict[str, Found]:
    """Return those of ``finals`` that exist below ``root``, with the digests of files.

    Raises ConflictRefused if a directory on the way is a link or a file: a write there would leave the root
    or fail half-way.
    """
    known: dict[str, bool] = {"/": _is_root(root)}
    by_directory: dict[str, list[str]] = {}
    for final in finals if known["/"] else ():
        directory, _, name = final.rpartition("/")
        by_directory.setdefault(directory or "/", []).append(name)
    found: dict[str, Found] = {}
    for directory in sorted(by_directory):
        if _is_directory(root, directory, known):
            inside = f"{os.fspath(root)}{directory}"
            for name in {*by_directory[directory]}.intersection(os.listdir(inside)):
                final = posixpath.join(directory, name)
                found[final] = _examine(f"{inside}/{name}", final)
    return found


def _is_root(root: Path) -> bool:
    try:
        mode = root.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UsageError(
            error.strerror or str(error), subject=str(root), hint="give a directory to --root"
        ) from error
    if not stat.S_ISDIR(mode):
        raise UsageError("is not a directory", subject=str(root), hint="give a directory to --root")
    return True


def _is_directory(root: Path, directory: str, known: dict[str, bool]) -> bool:
    if directory not in known:
        above = directory.rpartition("/")[0] or "/"
        known[directory] = _is_directory(root, above, known) and _check(root, directory)
    return known[directory]


def _check(root: Path, directory: str) -> bool:
    try:
        mode = os.lstat(below(root, directory)).st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        return True
    what = "a symbolic link" if stat.S_ISLNK(mode) else "not a directory"
    raise ConflictRefused(
        f"is {what} in the root, and files would be written below it",
        subject=directory,
        hint="remove it from the root or choose another --prefix or --scheme",
    )


def _examine(path: str, final: str) -> Found:
    info = os.lstat(path)
    regular = stat.S_ISREG(info.st_mode)
    digest = file_sha256(path) if regular else ""
    mode, inode = stat.S_IMODE(info.st_mode), (info.st_dev, info.st_ino)
    found = Found(final, regular, mode, info.st_mtime_ns // 10**9, info.st_size, digest, inode)
    return _with_level(Path(path), found) if stat.S_ISLNK(info.st_mode) else found


def _with_level(path: Path, found: Found) -> Found:
    """Return a link with what it leads to, where that is bytecode of its own source beside it."""
    name, source = str(path.readlink()), source_path(found.final)
    other = source_path(posixpath.join(posixpath.dirname(found.final), name)) if "/" not in name else ""
    if not source or source != other:
        return found
    beside = path.with_name(name)
    if beside.is_symlink() or not beside.is_file():
        return found
    info = beside.stat()
    mode, digest = stat.S_IMODE(info.st_mode), file_sha256(beside)
    return replace(found, link=name, mode=mode, size=info.st_size, sha256=digest)


def file_sha256(path: str | Path) -> str:
    """Return the hex digest of a regular file; raises OSError for a link."""
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def refuse_undated(root: Path, finals: Iterable[str]) -> None:
    """Raise StageError for a directory above ``finals`` of another user, whom a run that dates it needs."""
    above = {"/"}
    for final in finals:
        directory = posixpath.dirname(final)
        while directory not in above:
            above.add(directory)
            directory = posixpath.dirname(directory)
    for directory in sorted(above) if os.geteuid() else ():  # root dates all of them
        with suppress(FileNotFoundError):
            if os.stat(below(root, directory)).st_uid != os.geteuid():
                raise undated_error(directory)


def sources(root: Path, start: str) -> Iterator[str]:
    """Yield the final paths of ``.py`` files at or below the final path ``start``, sorted, without links."""
    path = below(root, start)
    info = os.lstat(path)
    if stat.S_ISREG(info.st_mode) and start.endswith(".py"):
        yield start
        return
    if not stat.S_ISDIR(info.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "neither a directory nor a .py file")
    pending = [start.rstrip("/")]
    while pending:
        directory = pending.pop()
        with os.scandir(f"{os.fspath(root)}{directory}/") as entries:
            found = sorted(entries, key=attrgetter("name"))
        for entry in found:
            if entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                yield f"{directory}/{entry.name}"
        pending += (
            f"{directory}/{entry.name}"
            for entry in reversed(found)
            if entry.name != CACHE and entry.is_dir(follow_symlinks=False)
        )


def strays(root: Path, start: str, wanted: Container[str]) -> Iterator[str]:
    """Yield the final paths of bytecode in ``__pycache__`` below ``start`` that is not ``wanted``.

    Sources that are links are not compiled here, and their bytecode is left alone.
    """
    for directory, directories, names in os.walk(below(root, start), onerror=_raise):
        directories.sort()
        if posixpath.basename(directory) == CACHE:
            inside = "/" + os.path.relpath(directory, root)
            for name in sorted(names):
                final = posixpath.join(inside, name)
                if is_bytecode(name) and final not in wanted and not _is_of_link(root, final):
                    yield final


def _is_of_link(root: Path, pyc: str) -> bool:
    source = source_path(pyc)
    return source != "" and below(root, source).is_symlink()


def _raise(error: OSError) -> None:
    raise error

"""Copy the built files into a package's directory, all of them or none."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import below, look
from truewheel.dataclass import dataclass
from truewheel.debian.model import SCHEME, Layout
from truewheel.debian.options import Options
from truewheel.errors import ConflictRefused, RefusedInput
from truewheel.schemes import load_scheme

_EXT_PATTERN = r"\.so(\.[^/]*)?$"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Copy:
    """A file or directory to copy from the build host to a final path.

    ``mtime`` is in seconds since the epoch; ``mode`` counts for files alone.
    """

    source: str
    final: str
    directory: bool
    mode: int
    mtime: int


def install_built(layout: Layout) -> None:
    """Copy data, scripts, headers and modules to their places in the package.

    dh_python3 moves the modules on to /usr/lib/python3. Raises RefusedInput where there is no file to copy.
    """
    home = layout.home_dir
    places = [(f"{home}/data", "/usr"), (f"{home}/scripts", "/usr/bin")]
    if Path(home, "include").is_dir():
        from truewheel.debian.wheels import built_wheel  # few packages have headers, and it imports much
        from truewheel.wheel.reader import read_wheel

        project = read_wheel(built_wheel(layout)).name
        places.append((f"{home}/include", f"{layout.flavor.python.include_dir}/{project}"))
    places.append((layout.build_dir, layout.install_dir))
    present = [(source, final) for source, final in places if Path(source).is_dir()]
    copies = [copy for source, final in present for copy in plan_copies(source, os.path.normpath(final))]
    if all(copy.directory for copy in copies):
        raise RefusedInput(
            "there is nothing to install",
            subject=layout.build_dir,
            hint="let dh_auto_build run first, or leave this out by PYBUILD_DISABLE",
        )
    copy_all(copies, Path(layout.destdir), load_scheme(SCHEME).directory_mode)


def move_extensions(layout: Layout, options: Options, target: str) -> None:
    """Move extension modules, or what PYBUILD_EXT_PATTERN matches, to a directory of the build host."""
    move_matching(
        layout.destdir,
        target,
        options.get("ext_pattern", layout.flavor) or _EXT_PATTERN,
        options.get("ext_sub_pattern", layout.flavor) or "",
        options.get("ext_sub_repl", layout.flavor) or "",
    )


def plan_copies(source: str, final: str) -> list[Copy]:
    """List the files below a directory of the build host and their final paths, links followed, sorted.

    Raises RefusedInput for a link that leads nowhere or in a circle, and for anything that is neither a
    file nor a directory.
    """
    return list(_walk(source, final, ()))


def copy_all(copies: Sequence[Copy], root: Path, directory_mode: int) -> None:
    """Copy below ``root``; of two copies to one path the later one counts, existing files are replaced.

    Raises ConflictRefused for a link or device in the way, StageError for trouble; the root is then
    as it was.
    """
    last = {copy.final: copy for copy in copies}
    files = [copy for copy in last.values() if not copy.directory]
    found = look(root, [copy.final for copy in files])
    for path in found.values():
        if not path.regular:
            raise ConflictRefused(
                "is there already and is not a regular file",
                subject=str(below(root, path.final)),
                hint="remove it before dh_auto_install",
            )
    with Buildroot(root, directory_mode) as buildroot:
        for copy in last.values():
            if copy.directory:
                buildroot.directory(copy.final, copy.mtime)
            elif copy.final in found:
                buildroot.replace(copy.final, _chunks(copy.source), copy.mode, copy.mtime)
            else:
                buildroot.create(copy.final, _chunks(copy.source), copy.mode, copy.mtime)
        buildroot.commit()


def move_matching(source: str, target: str, pattern: str, sub: str, repl: str) -> None:
    """Move files whose path matches a regular expression to another directory; remove emptied directories.

    Matches of ``sub``, where it is given, in the path below ``source`` become ``repl``.
    """
    for directory, _, names in list(os.walk(source)):
        for name in sorted(names):
            path = os.path.join(directory, name)
            if re.search(pattern, path):
                relative = os.path.relpath(path, source)
                relative = re.sub(sub, repl, relative) if sub else relative
                os.renames(path, os.path.join(target, relative))


def _walk(source: str, final: str, above: tuple[tuple[int, int], ...]) -> Iterator[Copy]:
    try:
        info = os.stat(source)
    except OSError as error:
        raise RefusedInput(
            f"cannot be copied: {error.strerror}", subject=source, hint="remove it after the build step"
        ) from error
    mtime = info.st_mtime_ns // 10**9
    if stat.S_ISREG(info.st_mode):
        yield Copy(source, final, False, stat.S_IMODE(info.st_mode), mtime)
        return
    inode = (info.st_dev, info.st_ino)
    if not stat.S_ISDIR(info.st_mode) or inode in above:
        problem = (
            "is neither a file nor a directory" if inode not in above else "is a link to a directory above it"
        )
        raise RefusedInput(problem, subject=source, hint="remove it after the build step")
    yield Copy(source, final, True, stat.S_IMODE(info.st_mode), mtime)
    for name in sorted(os.listdir(source)):
        yield from _walk(os.path.join(source, name), f"{final.rstrip('/')}/{name}", (*above, inode))


def _chunks(path: str) -> Iterator[bytes]:
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk

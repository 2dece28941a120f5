"""Tell what a target is by its content, and open it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from truewheel.dataclass import replace
from truewheel.errors import TargetDamaged, UsageError
from truewheel.package import deb, rpm
from truewheel.package.archive import tar_members
from truewheel.package.image import image_members, is_image
from truewheel.package.model import Member, MemberKind, Target, TargetKind
from truewheel.package.streams import decompressed
from truewheel.package.tree import tree_members

# a directory with one of these is the root of a system, or what a package puts there
_OF_ROOTS = ("usr", "etc")
_PACKAGES = (".rpm", ".deb", ".whl")
_HEAD = 200  # members that may come before those that tell an image


def open_target(path: Path, root: Path | None = None) -> Target:
    """Return the target at ``path``, which is told by its content, not by its name.

    A directory's final paths are those below ``root`` where that is given; else those below the directory
    itself if it looks like the root of a system, and where it is now if not. Raises UsageError for what
    cannot be read, TargetDamaged for what is no target.
    """
    try:
        if path.is_dir():
            return _directory(path, root)
        return _file(path)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", subject=os.fspath(path)) from error


def packages_in(path: Path) -> tuple[Path, ...]:
    """Return the packages and wheels that a directory stands for, sorted; none if it is a target itself.

    Such a directory is what a build leaves: it has packages in it, or nothing but directories of packages.
    """
    if not path.is_dir():
        return ()
    entries = sorted(path.iterdir())
    names = {each.name for each in entries}
    if not names.isdisjoint((*_OF_ROOTS, "pyvenv.cfg", "oci-layout")):
        return ()
    if any(name.endswith((".py", ".dist-info")) for name in names):
        return ()
    files = [each for each in entries if each.is_file()]
    inner = [each for each in entries if each.is_dir() and not each.is_symlink()]
    found = files or [each for directory in inner for each in sorted(directory.iterdir())]
    return tuple(each for each in found if each.name.endswith(_PACKAGES) and each.is_file())


def _directory(path: Path, root: Path | None) -> Target:
    name = os.fspath(path)
    if (path / "oci-layout").is_file():
        return Target(name, TargetKind.IMAGE, "/", partial(_named, name, partial(image_members, path)))
    real = Path(os.path.realpath(path))
    if root is not None:
        below = Path(os.path.realpath(root))
        if below != real and below not in real.parents:
            raise UsageError("does not lie below the root", subject=name, hint="check --root")
        start = os.path.relpath(real, below)
        start = "" if start == "." else start
        return Target(
            name, TargetKind.ROOT, "/", partial(tree_members, below, start), os.fspath(below), start=start
        )
    venv = (path / "pyvenv.cfg").is_file()
    if not venv and any((path / each).is_dir() for each in _OF_ROOTS):
        return Target(name, TargetKind.ROOT, "/", partial(tree_members, real), os.fspath(real))
    kind = TargetKind.VENV if venv else TargetKind.TREE
    return Target(name, kind, os.fspath(real), partial(tree_members, real), os.fspath(real))


def _file(path: Path) -> Target:
    name = os.fspath(path)
    with path.open("rb") as stream:
        head = stream.read(8)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return Target(name, TargetKind.WHEEL, "/", lambda: iter(()))
    if head.startswith(rpm.MAGIC):
        with _about(name):
            package = rpm.rpm_package(path)
        return Target(
            name, TargetKind.RPM, "/", partial(_named, name, partial(rpm.rpm_members, path)), package=package
        )
    if head == deb.MAGIC:
        with _about(name):
            package = deb.deb_package(path)
        return Target(
            name, TargetKind.DEB, "/", partial(_named, name, partial(deb.deb_members, path)), package=package
        )
    with _about(name):
        names = [member.path for member in islice(_archive(path), _HEAD)]
    if is_image(names):
        return Target(name, TargetKind.IMAGE, "/", partial(_named, name, partial(image_members, path)))
    return Target(name, TargetKind.ARCHIVE, "/", partial(_named, name, partial(_archive, path)))


def _archive(path: Path) -> Iterator[Member]:
    with path.open("rb") as stream, decompressed(stream, path.stat().st_size) as unpacked:
        yield from tar_members(unpacked)


def _named(name: str, opened: partial[Iterator[Member]]) -> Iterator[Member]:
    with _about(name):
        for member in opened():
            if member.kind is MemberKind.FILE:
                yield replace(member, open_chunks=partial(_named_chunks, name, member.open_chunks))
            else:
                yield member


def _named_chunks(name: str, chunks: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    with _about(name):
        yield from chunks()


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Name the target in the errors of its readers."""
    try:
        yield
    except (TargetDamaged, UsageError) as error:
        if not error.subject:
            error.subject = name
        raise
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", subject=name) from error

"""Compare two paths of the build host: files, trees, packages, archives or images."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from truewheel import textfile
from truewheel.audit.diff.causes import Difference, Sort
from truewheel.audit.diff.files import compare_files
from truewheel.audit.diff.targets import LARGEST, compare_targets
from truewheel.audit.diff.zips import archive_causes, is_zip, zip_target
from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput, UsageError
from truewheel.package import deb, rpm
from truewheel.package.model import Target
from truewheel.package.streams import is_compressed
from truewheel.package.target import open_target

ARCHIVE = "(archive)"  # what stands for the path of how a ZIP archive is made
_HEAD = 512


@dataclass(frozen=True)
class Comparison:
    """Two paths of the build host, as they were asked for, and what differs between them."""

    one: str
    other: str
    differences: tuple[Difference, ...]

    def of_sort(self, sort: Sort) -> tuple[Difference, ...]:
        """Return the differences of which this is the gravest sort."""
        return tuple(each for each in self.differences if each.sort is sort)


def compare_paths(one: Path, other: Path) -> Comparison:
    """Compare two files, or two targets of any kinds.

    A ZIP archive, package, archive or image is told by its content; of all other files the content is
    compared, as what the name of the first says it is. Raises UsageError for what cannot be read,
    TargetDamaged for a target that is damaged, RefusedInput for a device or a file of more than 64 MiB that
    is no target.
    """
    heads = [_head(path) for path in (one, other)]
    kinds = [head is None or _is_target(head) for head in heads]
    if all(kinds):
        targets = [_target(path, head) for path, head in zip((one, other), heads, strict=True)]
        differences = list(compare_targets(*targets))
        if all(head is not None and is_zip(head) for head in heads) and (
            causes := archive_causes(one, other)
        ):
            differences.insert(0, Difference(ARCHIVE, "ZIP", tuple(causes)))
    elif any(kinds):
        raise UsageError("is not of the kind of the other", subject=os.fspath(one if kinds[0] else other))
    else:
        differences = _compare_contents(one, other)
    return Comparison(os.fspath(one), os.fspath(other), tuple(differences))


def _target(path: Path, head: bytes | None) -> Target:
    return zip_target(path) if head is not None and is_zip(head) else open_target(path)


def _head(path: Path) -> bytes | None:
    """Return the begin of a file; None for a directory."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return None
        if not stat.S_ISREG(mode):  # a FIFO would block
            raise RefusedInput("is not a regular file", subject=os.fspath(path))
        with path.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", subject=os.fspath(path)) from error


def _is_target(head: bytes) -> bool:
    package = head.startswith((rpm.MAGIC, deb.MAGIC + b"debian-binary"))  # a static library begins as a .deb
    return package or is_zip(head) or head[257:262] == b"ustar" or is_compressed(head)


def _compare_contents(one: Path, other: Path) -> list[Difference]:
    first, second = (textfile.read_bytes(path, limit=LARGEST) for path in (one, other))
    if first == second:
        return []
    kind, causes = compare_files(os.fspath(one), first, second)
    return [Difference(one.name, kind, tuple(causes))]

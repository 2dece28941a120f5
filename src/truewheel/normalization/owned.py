"""Read which paths dpkg, rpm or conda of a tree own: they complain of other contents or dates."""

from __future__ import annotations

import json
import os
import posixpath
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from truewheel.bytecode.pycs import is_bytecode
from truewheel.dataclass import dataclass
from truewheel.errors import UsageError
from truewheel.package.model import MemberKind
from truewheel.process import last_line

_DPKG = "var/lib/dpkg/info"
# where distributions have it, and what the backends call their files
_RPM = ("usr/lib/sysimage/rpm", "var/lib/rpm")
_DATABASES = {"rpmdb.sqlite", "Packages.db", "Packages"}
CONDA = "conda-meta"  # in each environment
_DIGESTS = ("sha256", "sha256_in_prefix")  # the latter where a placeholder was replaced, or always


@dataclass(frozen=True)
class Owned:
    """Paths without leading slash; dpkg does not check directories, conda contents alone."""

    dpkg: frozenset[str] = frozenset()
    rpm: frozenset[str] = frozenset()
    conda: frozenset[str] = frozenset()

    def has(self, path: str, kind: MemberKind) -> bool:
        """Whether a package has a path, and its database says what it is to be."""
        return path in self.conda or self.is_settled(path, kind)

    def is_settled(self, path: str, kind: MemberKind) -> bool:
        """Whether that is a matter of mode and date, too."""
        return path in self.rpm or (path in self.dpkg and kind is not MemberKind.DIRECTORY)

    def __or__(self, other: Owned) -> Owned:
        return Owned(self.dpkg | other.dpkg, self.rpm | other.rpm, self.conda | other.conda)


def owned_paths(subject: str, files: Iterable[str], read: Callable[[str], bytes]) -> Owned:
    """Return what the databases among these files of a tree list, which ``read`` gives the content of.

    Raises UsageError, about ``subject``, where there is a database of rpm's and it cannot be read.
    """
    listed: set[str] = set()
    conda: set[str] = set()
    databases: dict[str, list[str]] = {}
    for path in files:
        directory, _, name = path.rpartition("/")
        if directory == _DPKG and name.endswith(".list"):
            listed |= _dpkg_paths(read(path))
        elif name.endswith(".json") and posixpath.basename(directory) == CONDA:
            conda |= _conda_paths(posixpath.dirname(directory), read(path))
        elif directory in _RPM:
            databases.setdefault(directory, []).append(path)
    found: set[str] = set()
    for paths in databases.values():
        if not _DATABASES.isdisjoint(map(posixpath.basename, paths)):
            found |= _rpm_paths(subject, {posixpath.basename(path): path for path in paths}, read)
    return Owned(frozenset(listed), frozenset(found), frozenset(conda))


def _dpkg_paths(listing: bytes) -> set[str]:
    """Return the paths of a list of dpkg's; those of a merged /usr also as they are there."""
    paths = {line.lstrip("/") for line in listing.decode("utf-8", "surrogateescape").splitlines()}
    return paths | {f"usr/{path}" for path in paths if path.startswith(("bin/", "sbin/", "lib"))}


def _conda_paths(prefix: str, data: bytes) -> set[str]:
    """Return the files that conda has digests of, but bytecode, which it does not check."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return set()
    rows = _part(_part(document, "paths_data", dict), "paths", list)
    names = {_part(row, "_path", str) for row in rows if any(_part(row, key, str) for key in _DIGESTS)}
    return {posixpath.normpath(posixpath.join(prefix, name)) for name in names if not is_bytecode(name)}


def _part(document: object, key: str, kind: type) -> Any:
    """Return what a document has under a key; where that is of another type, an empty one."""
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, kind) else kind()


def _rpm_paths(subject: str, names: dict[str, str], read: Callable[[str], bytes]) -> set[str]:
    """Return the paths of a database of rpm's, of which rpm gets a copy: it writes locks beside it."""
    with tempfile.TemporaryDirectory(prefix="truewheel-") as directory:
        for name, path in names.items():
            Path(directory, name).write_bytes(read(path))
        command = ["rpm", "--dbpath", os.path.abspath(directory), "-qa", "--qf", "[%{FILENAMES}\n]"]
        try:
            done = subprocess.run(
                command, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False
            )
        except OSError as error:
            raise UsageError(
                f"has files of rpm's, and rpm cannot be run: {error.strerror}",
                subject=subject,
                hint="install rpm, or give --all",
            ) from error
    if done.returncode or done.stderr.startswith(b"error:"):
        raise UsageError(
            f"has a database of rpm's, and rpm cannot read it: {last_line(done.stderr)}",
            subject=subject,
            hint="use the rpm of its distribution, or give --all",
        )
    return {line.decode("utf-8", "surrogateescape").lstrip("/") for line in done.stdout.splitlines()}

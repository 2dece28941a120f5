"""Find earlier installs of a project below a root, and what of them an overwriting install takes away."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path

from truewheel.buildroot.tree import below, is_reached, look
from truewheel.bytecode.pycs import CACHE, source_path
from truewheel.dataclass import dataclass
from truewheel.errors import ConflictRefused, RefusedInput
from truewheel.metadata import normalized
from truewheel.model import InstallPaths
from truewheel.record import ADDED, read_rows, row_path
from truewheel.textfile import decoded, read_bytes

_HINT = "remove that version from the root first"


@dataclass(frozen=True)
class Place:
    """Where a wheel goes for one Python: the project's normalized name, its dist-info, its directories."""

    project: str
    dist_info: str
    paths: InstallPaths


@dataclass(frozen=True)
class Earlier:
    """An earlier install in a place of ours: its version, and its dist-info directory as a final path."""

    place: Place
    version: str
    dist_info: str

    @property
    def is_same(self) -> bool:
        """Whether its dist-info directory is the one that is installed now."""
        return self.dist_info == self.place.dist_info


def earlier_installs(root: Path, places: Iterable[Place]) -> tuple[Earlier, ...]:
    """Return what is installed of these projects, by the dist-info directories beside those to install."""
    found: dict[str, Earlier] = {}
    for place in places:
        for site in (place.paths.purelib, place.paths.platlib):
            for name in _dist_infos(root, site):
                project, _, version = name.removesuffix(".dist-info").partition("-")
                if normalized(project) == place.project:
                    final = posixpath.join(site, name)
                    found.setdefault(final, Earlier(place, version, final))
    return tuple(found[final] for final in sorted(found))


def refuse_versions(earlier: Iterable[Earlier]) -> None:
    """Raise ConflictRefused for a project of which another version is installed."""
    for each in earlier:
        if not each.is_same:
            raise ConflictRefused(
                f"{each.place.project} {each.version} is installed already",
                subject=each.dist_info,
                hint="install into an empty root, or give --overwrite to replace that version",
            )


def superseded(
    root: Path,
    earlier: Iterable[Earlier],
    planned: Set[str],
    reported: Mapping[str, Set[str]],
) -> tuple[str, ...]:
    """Return the files that earlier installs have and the ``planned`` one has not, as final paths.

    Each install has what its RECORD lists, or what is ``reported`` for its dist-info directory: below its own
    directories, through no link, and in no other RECORD. Raises ConflictRefused where there is neither,
    RefusedInput for a RECORD that cannot be read.
    """
    gone: set[str] = set()
    earlier = tuple(earlier)
    for each in earlier:
        listed = _listed(root, each, reported)
        gone.update(final for final in listed if _is_own(each, final) and not _stays(each, final, planned))
    gone = {final for final in gone if os.path.lexists(below(root, final))}
    if not gone:
        return ()
    gone.update(pyc for final in tuple(gone) if final.endswith(".py") for pyc in _pycs(root, final))
    ours = {each.dist_info for each in earlier}
    gone -= {*planned, *_of_others(root, {each.place.paths.data for each in earlier} | _sites(earlier), ours)}
    found = look(root, [final for final in gone if is_reached(root, final)])
    return tuple(sorted(final for final, file in found.items() if file.has_content))


def emptied(gone: Iterable[str], earlier: Iterable[Earlier]) -> set[str]:
    """Return the directories of files that go, which go as well if nothing is left in them."""
    own = {path for each in earlier for path in (*_directories(each), each.place.paths.data)}
    directories = set()
    for final in gone:
        above = posixpath.dirname(final)
        while above not in own and above != "/":
            directories.add(above)
            above = posixpath.dirname(above)
    return directories


def _dist_infos(root: Path, site: str) -> list[str]:
    if not is_reached(root, f"{site}/any"):
        return []
    return sorted(name for name in os.listdir(below(root, site)) if name.endswith(".dist-info"))


def _listed(root: Path, earlier: Earlier, reported: Mapping[str, Set[str]]) -> set[str]:
    added = {posixpath.join(earlier.dist_info, name) for name in ADDED}
    record = posixpath.join(earlier.dist_info, "RECORD")
    if is_reached(root, record) and os.path.lexists(below(root, record)):
        return added | _rows(root, record)
    if earlier.dist_info in reported:
        return added | reported[earlier.dist_info]
    if earlier.is_same:
        return added
    raise ConflictRefused(
        f"{earlier.place.project} {earlier.version} is installed without a RECORD that names its files",
        subject=earlier.dist_info,
        hint=f"{_HINT}, or give the file that its install wrote as --report",
    )


def _rows(root: Path, record: str) -> set[str]:
    """The final paths that a RECORD lists."""
    path = below(root, record)
    if path.is_symlink():
        raise RefusedInput("is a symbolic link", subject=record, hint=_HINT)
    base = posixpath.dirname(posixpath.dirname(record))
    try:
        rows = read_rows(decoded(read_bytes(path, subject=record, hint=_HINT), record, _HINT))
    except ValueError as error:
        raise RefusedInput(f"is not a table of rows: {error}", subject=record, hint=_HINT) from error
    return {row_path(row, base) for row in rows if row and "\0" not in row[0]}


def _directories(earlier: Earlier) -> tuple[str, ...]:
    paths = earlier.place.paths
    mapped = (directory for _, directory in paths.data_map)
    return paths.purelib, paths.platlib, paths.scripts, paths.headers, *mapped


def _is_own(earlier: Earlier, final: str) -> bool:
    above = (*_directories(earlier), earlier.place.paths.data)
    return final.startswith(tuple(path.rstrip("/") + "/" for path in above))


def _stays(earlier: Earlier, final: str, planned: Set[str]) -> bool:
    """Whether a file is planned, or is bytecode of the same version for another Python or level."""
    return final in planned or (earlier.is_same and source_path(final) in planned)


def _pycs(root: Path, source: str) -> Iterator[str]:
    cache = posixpath.join(posixpath.dirname(source), CACHE)
    if is_reached(root, f"{cache}/any"):
        for name in os.listdir(below(root, cache)):
            final = posixpath.join(cache, name)
            if source_path(final) == source:
                yield final


def _sites(earlier: Iterable[Earlier]) -> set[str]:
    return {site for each in earlier for site in (each.place.paths.purelib, each.place.paths.platlib)}


def _of_others(root: Path, directories: Set[str], ours: Set[str]) -> set[str]:
    """What the RECORDs of other projects, and of other Pythons, list: those in or below ``directories``."""
    listed: set[str] = set()
    for directory in directories:
        for pattern in ("*.dist-info/RECORD", "lib*/python3*/*-packages/*.dist-info/RECORD"):
            for path in below(root, directory).glob(pattern):
                record = f"/{path.relative_to(root)}"
                if posixpath.dirname(record) not in ours and is_reached(root, record):
                    listed |= _rows(root, record)
    return listed

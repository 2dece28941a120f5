"""Read which files install reports list, and which of them a buildroot still has."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from truewheel.buildroot.tree import below, file_sha256
from truewheel.bytecode.pycs import pyc_path, source_path
from truewheel.dataclass import dataclass, field
from truewheel.metadata import parse_fields
from truewheel.model import Kind
from truewheel.report.reader import InstallReport, load_report
from truewheel.textfile import read_text

_IN_SITE = (Kind.SOURCE, Kind.EXTENSION, Kind.MODULE_DATA)
# the outermost one: a vendored project's may lie among the licences
_DIST_INFO = re.compile(r"(.*?/[^/]+\.dist-info)/")
_SITE_NAMES = ("site-packages", "dist-packages")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".lzma", ".Z")
_MANUAL = re.compile(r"/(man/([^/]+/)?man[^/]*|share/info)/(?!dir$)[^/]+$")


@dataclass(frozen=True)
class ListedFile:
    """A path of a report, or one that replaced it, as in the final system.

    ``dist`` is the normalised name of its project, ``site`` the directory of modules above it, "" for none;
    ``present`` tells whether the buildroot has it.
    """

    final: str
    kind: Kind
    dist: str
    site: str
    present: bool

    @property
    def manual(self) -> bool:
        """Tell whether it is a manual or info page, which rpm's brp-compress compresses after %install."""
        return _is_manual(self.final, self.site)


@dataclass(frozen=True)
class Dist:
    """A dist-info directory: its project as the report names it, and the License-File fields of METADATA."""

    name: str
    dist_info: str
    license_files: tuple[str, ...]

    @property
    def normalised(self) -> str:
        """Return the name by which projects are compared."""
        return canonicalize_name(self.name)


@dataclass(frozen=True)
class Gone:
    """A path that the buildroot no longer has: a file, or a directory with its ``count`` files.

    ``now`` is the path where it is found instead, "" if unknown.
    """

    final: str
    count: int
    now: str
    dists: frozenset[str]


@dataclass(frozen=True)
class Installed:
    """The files and projects that reports list, and the paths that are gone from the buildroot."""

    files: tuple[ListedFile, ...]
    dists: tuple[Dist, ...]
    gone: tuple[Gone, ...]


def read_installed(reports: Sequence[Path], root: Path) -> Installed:
    """Read reports of ``truewheel install`` and look at the buildroot they were written for.

    Raises RefusedInput for a file that is not such a report.
    """
    listed: list[_Listed] = []
    names: dict[str, str] = {}
    tags: set[str] = set()
    for report in reports:
        installed = load_report(report)
        names.update({canonicalize_name(wheel.name): wheel.name for wheel in installed.wheels})
        tags.update(interpreter.cache_tag for interpreter in installed.interpreters)
        listed += _listed(installed)
    looker = _Looker(root, _sites(listed), frozenset(tags))
    files = tuple(looker.files(listed))
    dists = tuple(_dists(root, files, names))
    return Installed(files, dists, tuple(_gone(root, listed, files)))


def uncompressed(final: str) -> str:
    """Return the path of a manual page without the extension of a compressor."""
    stem, ending = posixpath.splitext(final)
    return stem if ending in _COMPRESSED else final


def _is_manual(final: str, site: str) -> bool:
    return not site and _MANUAL.search(final) is not None


@dataclass(frozen=True)
class _Listed:
    final: str
    kind: Kind
    dist: str
    size: int
    sha256: str


def _listed(report: InstallReport) -> Iterator[_Listed]:
    dist_of = {wheel.file: canonicalize_name(wheel.name) for wheel in report.wheels}
    for file in report.files:
        yield _Listed(file.path, file.kind, dist_of.get(file.wheel, ""), file.size, file.sha256)


def _sites(listed: Iterable[_Listed]) -> tuple[str, ...]:
    """Return the directories of modules: those that hold dist-info directories, and for a project of both
    kinds the other one, which has the same name below lib or lib64."""
    files = list(listed)
    bases = {posixpath.dirname(directory) for directory in map(_dist_info, files) if directory}
    names = {posixpath.basename(base) for base in bases}.union(_SITE_NAMES)
    for file in files:
        if file.kind in _IN_SITE and not _site_of(file.final, bases):
            parts = file.final.split("/")
            ends = [number for number, part in enumerate(parts[:-1], 1) if part in names]
            bases.update("/".join(parts[:end]) for end in ends[:1])
    return tuple(sorted(bases))


def _dist_info(file: _Listed | ListedFile) -> str:
    """Return the dist-info directory above a file, "" for none."""
    match = _DIST_INFO.match(file.final) if file.kind is Kind.METADATA else None
    return match[1] if match else ""


def _site_of(final: str, bases: Iterable[str]) -> str:
    return max((base for base in bases if final.startswith(base + "/")), key=len, default="")


class _Looker:
    """Look at a buildroot, each directory once."""

    def __init__(self, root: Path, sites: tuple[str, ...], tags: frozenset[str]) -> None:
        self._root = root
        self._sites = sites
        self._tags = sorted(tags)
        self._directories: dict[str, dict[str, str]] = {}

    def files(self, listed: Iterable[_Listed]) -> Iterator[ListedFile]:
        """Yield each listed file, links that replaced a directory, and bytecode that no report lists."""
        known = {(file.final, file.dist) for file in listed}
        for file in listed:
            site = _site_of(file.final, self._sites)
            present = self._present(file.final, site)
            yield ListedFile(file.final, file.kind, file.dist, site, present)
            link = "" if present else self._link_above(file.final, site)
            extra = [link] if link else []
            if file.kind is Kind.SOURCE and present and site:
                extra += self._pycs(file.final)
            for final in extra:
                if (final, file.dist) not in known:
                    known.add((final, file.dist))
                    kind = Kind.MODULE_DATA if final == link else Kind.BYTECODE
                    yield ListedFile(final, kind, file.dist, site, True)

    def _present(self, final: str, site: str) -> bool:
        directory, name = posixpath.split(final)
        found = self._directory(directory)
        if _is_manual(final, site):
            plain = posixpath.basename(uncompressed(final))
            return any(plain + ending in found for ending in ("", *_COMPRESSED))
        return found.get(name, "directory") != "directory" and not self._orphaned(final)

    def _orphaned(self, final: str) -> bool:
        """Tell whether it is bytecode without a source: Python ignores it, and brp-truewheel removes it."""
        directory, name = posixpath.split(source_path(final))
        return name != "" and name not in self._directory(directory)

    def _pycs(self, source: str) -> list[str]:
        paths = [pyc_path(source, tag, level) for tag in self._tags for level in (0, 1, 2)]
        return [path for path in paths if self._what(path) == "file"]

    def _what(self, final: str) -> str | None:
        directory, name = posixpath.split(final)
        return self._directory(directory).get(name)

    def _link_above(self, final: str, site: str) -> str:
        """Return the link that replaced a directory above a file of a directory of modules, "" for none."""
        above = posixpath.dirname(final)
        while site and len(above) > len(site):
            directory, name = posixpath.split(above)
            if self._directory(directory).get(name) == "link":
                return above
            above = directory
        return ""

    def _directory(self, directory: str) -> dict[str, str]:
        """Return a directory's entries, name to file, link or directory; none if a link leads to it."""
        if directory not in self._directories:
            above, name = posixpath.split(directory)
            real = directory == "/" or self._directory(above).get(name) == "directory"
            self._directories[directory] = _scan(below(self._root, directory)) if real else {}
        return self._directories[directory]


def _scan(directory: Path) -> dict[str, str]:
    try:
        with os.scandir(directory) as entries:
            return {entry.name: _what(entry) for entry in entries}
    except FileNotFoundError:
        return {}


def _what(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    return "directory" if entry.is_dir(follow_symlinks=False) else "file"


def _dists(root: Path, files: Iterable[ListedFile], names: Mapping[str, str]) -> Iterator[Dist]:
    directories = {(_dist_info(file), file.dist) for file in files}
    for directory, dist in sorted(pair for pair in directories if pair[0]):
        metadata = below(root, posixpath.join(directory, "METADATA"))
        yield Dist(names.get(dist, dist), directory, _license_files(metadata))


def _license_files(metadata: Path) -> tuple[str, ...]:
    """Return the License-File fields of METADATA (PEP 639); none if the file is gone."""
    if not metadata.exists():
        return ()
    return tuple(dict.fromkeys(parse_fields(read_text(metadata)).all("License-File")))


@dataclass
class _Loss:
    """The files that are gone with one path."""

    files: list[_Listed] = field(default_factory=list)


def _gone(root: Path, listed: Sequence[_Listed], files: Iterable[ListedFile]) -> Iterator[Gone]:
    """Yield the paths that are gone, a whole directory once; bytecode goes with its source uncounted."""
    absent = {file.final for file in files if not file.present and file.kind is not Kind.BYTECODE}
    losses: dict[str, _Loss] = {}
    for file in listed:
        if file.final in absent:
            losses.setdefault(_top_gone(root, file.final), _Loss()).files.append(file)
    unlisted = _Unlisted(root, {file.final for file in listed})
    sites = sorted({file.site for file in files if file.site})
    for final, loss in sorted(losses.items()):
        now = unlisted.now(final, loss.files, _site_of(final, sites))
        dists = frozenset(file.dist for file in loss.files)
        yield Gone(final, len({file.final for file in loss.files}), now, dists)


def _top_gone(root: Path, final: str) -> str:
    """Return the highest directory above a file that is not in the buildroot any more, else the file."""
    gone, above = final, posixpath.dirname(final)
    while above != "/":
        try:
            if not stat.S_ISDIR(below(root, above).lstat().st_mode):
                gone = above
        except (FileNotFoundError, NotADirectoryError):
            gone = above
        above = posixpath.dirname(above)
    return gone


class _Unlisted:
    """Find files of a buildroot that no report lists by their content."""

    def __init__(self, root: Path, known: set[str]) -> None:
        self._root = root
        self._known = known
        self._by_size: dict[str, dict[int, list[str]]] = {}

    def now(self, gone: str, files: Iterable[_Listed], site: str) -> str:
        """Return where a path that is gone is now, by the content of one of its files; "" if unknown."""
        for file in files:
            start = site or posixpath.dirname(gone)
            for other in self._sizes(start).get(file.size, []) if file.size else []:
                if file_sha256(below(self._root, other)) == file.sha256:
                    tail = file.final.removeprefix(gone)
                    return other.removesuffix(tail) if tail else other
        return ""

    def _sizes(self, start: str) -> dict[int, list[str]]:
        if start not in self._by_size:
            self._by_size[start] = {}
            for directory, directories, names in os.walk(below(self._root, start)):
                directories.sort()
                inside = "/" + os.path.relpath(directory, self._root)
                for name in sorted(names):
                    self._add(self._by_size[start], posixpath.join(inside, name))
        return self._by_size[start]

    def _add(self, sizes: dict[int, list[str]], final: str) -> None:
        info = below(self._root, final).lstat()
        if final not in self._known and stat.S_ISREG(info.st_mode):
            sizes.setdefault(info.st_size, []).append(final)

"""Decide the %files list of a package: which installed files it has, and how rpm reads their paths."""

from __future__ import annotations

import difflib
import fnmatch
import keyword
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from packaging.utils import canonicalize_name

from truewheel.bytecode.pycs import CACHE, parse_pyc_name
from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput, UsageError
from truewheel.model import Kind
from truewheel.rpm.installed_files import Dist, Gone, Installed, ListedFile, uncompressed

Unit = tuple[str, ...]

# the first rpm that reads backslashes in file lists; 4.18.90 is the first alpha of 4.19
_BACKSLASH_SINCE = (4, 18, 90)
_LANGUAGE = re.compile(r".*/([a-z]{2,3}(?:[@.-][^/_]*)?)(?:_[^/]*)?/LC_MESSAGES/.+\.(?:mo|qm)$")
_LICENSE_DIRECTORIES = ("licenses", "license_files", "")
_SPECIAL = re.compile(r'["*?\[\]{}\\]')
_MOST_NAMES = 12


@dataclass(frozen=True)
class FileListRequest:
    """Which files to list.

    ``globs`` name top-level modules, or modules below them with dots; ``auto`` adds files of no module;
    ``dists`` are names of projects, none for all; ``rpm_version`` is that of the rpm that reads the list.
    ``bytecode`` is ``only`` for a list of bytecode, ``without`` for one of all else, "" for both.
    """

    globs: tuple[str, ...]
    auto: bool = False
    allow_no_modules: bool = False
    require_license: bool = False
    dists: tuple[str, ...] = ()
    rpm_version: tuple[int, ...] = (4, 19)
    bytecode: str = ""


@dataclass(frozen=True)
class FileList:
    """The lines for %files, the modules for an import check, and warnings for the packager.

    ``finals`` are the final paths of the files alone.
    """

    lines: tuple[str, ...]
    modules: tuple[str, ...]
    warnings: tuple[str, ...]
    finals: tuple[str, ...] = ()


def list_files(installed: Installed, request: FileListRequest) -> FileList:
    """Return the list of the installed files that ``request`` asks for.

    Raises UsageError for a request that contradicts itself, RefusedInput for a glob that matches nothing, an
    unknown project, a missing licence if one is required, or a path that rpm cannot package.
    """
    _check_arguments(request)
    wanted = _wanted_dists(installed, request.dists)
    files = [file for file in installed.files if file.dist in wanted]
    dists = [dist for dist in installed.dists if dist.normalised in wanted]
    selected = _select(files, request.globs)
    licenses = _licenses(dists, files, request.require_license)
    rest = [file for file in files if not _unit(file) and (request.auto or file.kind is Kind.METADATA)]
    chosen = [file for file in (*selected, *rest) if file.present and _is_asked_for(file, request.bytecode)]
    paths = _Paths(request.rpm_version >= _BACKSLASH_SINCE)
    lines = {paths.line(file, file.final in licenses) for file in chosen}
    lines.update(f"%dir {paths.escape(directory)}" for directory in _directories(chosen))
    modules = {name for file in selected if file.present for name in _module_names(file)}
    present = {file.final for file in chosen}
    gone = [loss for loss in installed.gone if loss.dists & wanted]
    return FileList(
        tuple(sorted(lines)),
        tuple(sorted(modules)),
        (*(_gone_line(loss, loss.final in present) for loss in gone), *_lost_licenses(dists, licenses)),
        tuple(sorted(present)),
    )


def _is_asked_for(file: ListedFile, bytecode: str) -> bool:
    return not bytecode or (file.kind is Kind.BYTECODE) is (bytecode == "only")


def parse_rpm_version(text: str) -> tuple[int, ...]:
    """Parse a version of rpm such as ``4.18.0`` or ``4.20.1-beta1``; empty or ``0`` stands for an old one.

    A leading zero is dropped, so that ``0%{?rpmversion}`` can be given. Raises UsageError for other text.
    """
    match = re.match(r"[0-9]{1,9}(\.[0-9]{1,9})*(?![0-9])", text or "0")
    if not match:
        raise UsageError(
            f"{text!r} is not a version of rpm", hint="give one such as 4.18.0, or 0%{?rpmversion}"
        )
    return tuple(int(part) for part in match[0].split("."))


def _check_arguments(request: FileListRequest) -> None:
    if request.allow_no_modules and request.globs:
        raise UsageError(
            f"-M says that there are no modules, and {request.globs[0]!r} asks for some",
            hint="leave out -M or the globs",
        )
    if not request.globs and not request.allow_no_modules:
        raise UsageError(
            "no module is named", hint="name the top-level modules, or give -M if the package has none"
        )
    for glob in request.globs:
        if "/" in glob or glob.startswith("+") or not all(glob.split(".")):
            raise UsageError(
                f"{glob!r} is not the name of a module",
                hint="write it as in an import statement, or give +auto",
            )


def _wanted_dists(installed: Installed, names: Sequence[str]) -> frozenset[str]:
    known = {dist.normalised for dist in installed.dists}.union(file.dist for file in installed.files)
    wanted: frozenset[str] = frozenset(map(canonicalize_name, names)) or frozenset(known)
    for name in sorted(wanted - known):
        raise RefusedInput(
            f"no project {name} in the reports", hint=_suggest(name, sorted(known)) or "install it first"
        )
    return wanted


def _select(files: Sequence[ListedFile], globs: Sequence[str]) -> list[ListedFile]:
    units = {file: _unit(file) for file in files}
    for glob in globs:
        if glob != "*" and not any(_matches(unit, glob) for unit in units.values()):
            raise _nothing(glob, units.values())
    return [file for file, unit in units.items() if any(_matches(unit, glob) for glob in globs)]


def _nothing(glob: str, units: Iterable[Unit]) -> RefusedInput:
    depth = glob.count(".") + 1
    names = {".".join(unit[:depth]) for unit in units if unit and "__init__" not in unit[:depth]}
    known = sorted(names)
    there = ", ".join([*known[:_MOST_NAMES], "..."] if len(known) > _MOST_NAMES else known)
    close = _suggest(glob, known)
    hint = "; ".join(part for part in (close, f"there is {there}" if there else "there is no module") if part)
    return RefusedInput(f"the glob {glob!r} matches no module", hint=hint)


def _suggest(word: str, known: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in known}
    plain = re.sub(r"[*?\[\]!]", "", word).casefold().replace("-", "_")
    close = difflib.get_close_matches(plain, folded, 1)
    return f"did you mean {folded[close[0]]}?" if close else ""


def _matches(unit: Unit, glob: str) -> bool:
    """Tell whether a glob names the unit or a module above it; a directory's own name may have dots."""
    if not unit:
        return False
    parts = glob.split(".")
    nested = len(unit) >= len(parts) and all(map(fnmatch.fnmatchcase, unit, parts))
    return nested or fnmatch.fnmatchcase(unit[0], glob)


def _unit(file: ListedFile) -> Unit:
    """Return the module of a file, as parts of its dotted name; data belong to their directory.

    Empty for a file of no module.
    """
    if not file.site or file.kind is Kind.METADATA:
        return ()
    *directories, name = file.final.removeprefix(file.site + "/").split("/")
    stem = _stem(name, directories)
    parents = [directory for directory in directories if directory != CACHE]
    return (*parents, stem) if stem else tuple(parents)


def _stem(name: str, directories: Sequence[str]) -> str:
    if directories[-1:] == [CACHE]:
        parts = parse_pyc_name(name)
        return parts.stem if parts else ""
    if name.endswith(".so"):
        return name.partition(".")[0]
    stem, ending = posixpath.splitext(name)
    return stem if ending in (".py", ".pyi") else ""


def _module_names(file: ListedFile) -> Iterator[str]:
    """Yield the import names of a source or extension and of the packages above; none if one is private."""
    if file.kind not in (Kind.SOURCE, Kind.EXTENSION):
        return
    unit = _unit(file)
    if unit[-1:] == ("__init__",):
        unit = unit[:-1]
    if all(_is_public(part) for part in unit):
        yield from (".".join(unit[:end]) for end in range(1, len(unit) + 1))


def _is_public(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")


def _directories(files: Iterable[ListedFile]) -> Iterator[str]:
    """Yield the directories that a package owns: those of its modules and of its dist-info."""
    for file in files:
        if not (file.kind is Kind.METADATA or _unit(file)):
            continue
        directory = posixpath.dirname(file.final)
        shared = (file.site, posixpath.join(file.site, CACHE))
        while directory not in shared:
            yield directory
            directory = posixpath.dirname(directory)


def _licenses(dists: Iterable[Dist], files: Iterable[ListedFile], required: bool) -> set[str]:
    present = {file.final for file in files if file.present}
    licenses: set[str] = set()
    for dist in dists:
        found = {
            path for name in dist.license_files for path in _license_paths(dist, name) if path in present
        }
        if required and not found:
            declared = ", ".join(dist.license_files)
            raise RefusedInput(
                f"License-File {declared} is not there" if declared else "METADATA has no License-File",
                subject=dist.dist_info,
                hint=f"list the licence of {dist.name} with %license yourself and give -L instead of -l",
            )
        licenses |= found
    return licenses


def _lost_licenses(dists: Iterable[Dist], licenses: set[str]) -> Iterator[str]:
    for dist in dists:
        for name in dist.license_files:
            if not licenses.intersection(_license_paths(dist, name)):
                yield f"{dist.dist_info}: License-File {name} is not there; list it with %license yourself"


def _license_paths(dist: Dist, name: str) -> Iterator[str]:
    for directory in _LICENSE_DIRECTORIES:
        yield posixpath.normpath(posixpath.join(dist.dist_info, directory, name))


def _gone_line(gone: Gone, is_link: bool) -> str:
    many = f"; {gone.count} files are left out" if gone.count > 1 else "; left out"
    if is_link:
        return f"{gone.final}: is a link now, and listed as one; what was below it is left out"
    if gone.now:
        return f"{gone.final}: was renamed to {gone.now}{many}; list the new name yourself"
    return f"{gone.final}: is no longer in the root{many}"


@dataclass(frozen=True)
class _Paths:
    """Write paths so that rpm reads them back unchanged."""

    backslash: bool

    def line(self, file: ListedFile, is_license: bool) -> str:
        """Return the line of a file, with %license or %lang if it is one of those."""
        if file.manual:
            return self.escape(uncompressed(file.final), "*")
        path = self.escape(file.final)
        language = _LANGUAGE.match(file.final)
        if is_license:
            return f"%license {path}"
        return f"%lang({language[1]}) {path}" if language else path

    def escape(self, path: str, glob: str = "") -> str:
        """Escape a path for a file list, but not the ``glob`` behind it.

        rpm expands a percent sign three times before 4.19, once from then on. Before 4.19 only a question
        mark can stand for a special character, and blanks need quotes, in which globs do not work (measured
        with 4.18.0 and 4.20.1). Raises RefusedInput for control characters.
        """
        if re.search(r"[\x00-\x1f\x7f]", path):
            raise RefusedInput(
                "has a control character in its name, which rpm does not package",
                subject=path,
                hint="rename it before the wheel is built",
            )
        return (self._escape_new if self.backslash else self._escape_old)(path, glob)

    def _escape_new(self, path: str, glob: str) -> str:
        last = path[-1:] if path.endswith((" ", "\\")) and not glob else ""
        escaped = re.sub(r'([ "*?\[\]{}\\])', r"\\\1", path.removesuffix(last) if last else path)
        # rpm strips a blank or backslash at the end of a line, escaped or not
        return escaped.replace("%", "%%") + ("?" if last else glob)

    def _escape_old(self, path: str, glob: str) -> str:
        escaped = path.replace("%", "%" * 8)
        if glob or _SPECIAL.search(path):
            return re.sub(r'[ "*?\[\]{}\\]', "?", escaped) + glob
        return f'"{escaped}"' if " " in path else escaped

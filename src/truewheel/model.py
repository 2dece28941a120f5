"""What passes between the stages: frozen dataclasses, no I/O.

Paths named ``final`` are absolute POSIX paths on the system the package is installed on. They never contain
the buildroot.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import Enum

from truewheel.dataclass import dataclass


class InvalidationMode(str, Enum):
    """How an import decides whether a pyc is stale (PEP 552)."""

    CHECKED_HASH = "checked-hash"
    UNCHECKED_HASH = "unchecked-hash"
    TIMESTAMP = "timestamp"


class CodeFilename(str, Enum):
    """What ``co_filename`` is: the final path, what is left of it in the directory of modules, the name."""

    FULL = "full"
    RELATIVE = "relative"
    NAME = "name"


class ErrorPolicy(str, Enum):
    """What an uncompilable source means for the run."""

    WARN = "warn"
    FAIL = "fail"


class State(str, Enum):
    """What a run did for a file that is there after it."""

    CREATED = "created"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


class Kind(str, Enum):
    """What an installed path is."""

    SOURCE = "source"
    EXTENSION = "extension"
    MODULE_DATA = "module-data"
    METADATA = "metadata"
    SCRIPT = "script"
    DATA = "data"
    HEADER = "header"
    BYTECODE = "bytecode"


@dataclass(frozen=True)
class EntryPoint:
    """A console or gui script a wheel asks for; ``attr`` is dotted, ``section`` console or gui."""

    name: str
    module: str
    attr: str
    section: str


# 1980-01-01, the first date ZIP can hold: what is written where there is none
ZIP_ZERO_DATE = 315532800


@dataclass(frozen=True)
class WheelEntry:
    """One file of a wheel's archive.

    ``name`` is its name in the archive; ``category`` the install path it belongs to (purelib,
    platlib, scripts, data, headers) and ``relative`` the path below that; ``sha256`` the hex digest of
    its ``size`` bytes; ``mtime`` the archive's date read as UTC, in seconds since the epoch. ``member`` is
    the entry that a symbolic link leads to, whose bytes and mode these are; empty for all others.
    """

    name: str
    category: str
    relative: str
    size: int
    sha256: str
    executable: bool
    mtime: int
    member: str = ""


@dataclass(frozen=True)
class Warned:
    """Something about a wheel that does not refuse it.

    ``wheel`` is its file name, ``entry`` what it is about in the archive or its final path, empty for the
    wheel itself; ``rule`` is a name in `truewheel.rules`.
    """

    wheel: str
    entry: str
    rule: str
    message: str


@dataclass(frozen=True)
class Wheel:
    """A wheel that passed every check.

    ``path`` is where the file lies; names, and the specifiers ``requires_python``, as in its metadata.
    """

    path: str
    filename: str
    sha256: str
    name: str
    version: str
    dist_info: str
    root_is_purelib: bool
    tags: tuple[str, ...]
    entries: tuple[WheelEntry, ...]
    entry_points: tuple[EntryPoint, ...]
    requires_python: str = ""
    warnings: tuple[Warned, ...] = ()

    @property
    def spelling(self) -> str:
        """The project's name as the file name spells it."""
        return self.filename.partition("-")[0]

    @property
    def newest(self) -> int:
        """The newest mtime of an entry, in seconds since the epoch: the date of generated files."""
        return max(entry.mtime for entry in self.entries)


@dataclass(frozen=True)
class Interpreter:
    """A target Python as its own probe describes it.

    ``command`` is what was asked for, ``executable`` the file that ran; ``magic`` four bytes;
    ``scheme_paths`` maps each sysconfig scheme name to its paths with ``{prefix}`` left open;
    ``install_scheme`` is the scheme the distribution installs by default, below ``prefix``; ``platforms`` the
    platform tags it can load, best first; ``site_directories`` those for modules on its ``sys.path``, none
    where they are not known. A Python that does not run on the build host as it is has the ``root`` that
    chroot runs it in, or the ``compiler`` that runs in its place.
    """

    command: str
    executable: str
    version: tuple[int, int, int]
    version_text: str
    implementation: str
    cache_tag: str
    magic: bytes
    soabi: str
    ext_suffix: str
    free_threaded: bool
    platlibdir: str
    platforms: tuple[str, ...]
    scheme_paths: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    install_scheme: str
    patched: str
    prefix: str = ""
    site_directories: tuple[str, ...] = ()
    root: str = ""
    compiler: str = ""

    @property
    def short_version(self) -> str:
        """Major and minor, as in ``3.11``."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def compiled_by(self) -> str:
        """The path of the Python that compiles for this one, inside of ``root`` where there is one."""
        return self.compiler or self.executable


@dataclass(frozen=True)
class Scheme:
    """How a distribution wants a wheel laid out (see docs/schemes.md for each key)."""

    name: str
    prefix: str
    sysconfig: tuple[str, ...]
    purelib: str
    platlib: str
    scripts: str
    data: str
    headers: str
    installer: str
    record: bool
    requested: bool
    direct_url: bool
    script_python: str
    script_flags: str
    every_shebang: bool
    shebang_blank: bool
    versioned_scripts: bool
    optimize: tuple[int, ...]
    hardlink: bool
    invalidation_mode: InvalidationMode
    errors: ErrorPolicy
    file_mode: int
    executable_mode: int
    directory_mode: int
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    compile_exclude: tuple[str, ...] = ()
    data_map: tuple[tuple[str, str], ...] = ()
    code_filename: CodeFilename = CodeFilename.FULL
    layout: str = "cache"
    symlink: bool = False


@dataclass(frozen=True)
class InstallPaths:
    """Final absolute directories of one wheel for one interpreter.

    ``data_map`` has the directories of data files that do not go below ``data``, by their name in the wheel.
    """

    purelib: str
    platlib: str
    scripts: str
    data: str
    headers: str
    data_map: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class File:
    """A file of a run at its ``final`` path, whether it is written already or not.

    ``mtime`` in seconds since the epoch, clamped; ``size`` in bytes; ``sha256`` is hex; ``wheel`` is the file
    name of the wheel it belongs to, empty for none.
    """

    final: str
    kind: Kind
    mode: int
    mtime: int
    size: int
    sha256: str
    wheel: str


@dataclass(frozen=True)
class RewrittenEntry:
    """An entry of a wheel whose first ``skipped`` bytes give way to ``line``.

    ``size``, in bytes, and ``sha256``, in hex, are those of the result.
    """

    entry: WheelEntry
    line: bytes
    skipped: int
    size: int
    sha256: str


@dataclass(frozen=True)
class PlannedFile(File):
    """A file to write: a copy of an entry of its wheel, one with another first line, or bytes of ours.

    ``entry`` is the name in the archive of the entry that it is or was made of, empty for what we add.
    """

    source: WheelEntry | RewrittenEntry | bytes
    entry: str = ""


@dataclass(frozen=True)
class InstalledFile(File):
    """A file that is there after a run, and how it came to be there."""

    state: State


@dataclass(frozen=True)
class Found:
    """A path that exists below a root: ``sha256`` is "" unless it is a regular file.

    ``mtime`` in seconds since the epoch; ``inode`` is device and inode, which hard links share. Bytecode that
    is a symbolic link to another level of its source has that one's name as ``link``, and its mode, size and
    digest.
    """

    final: str
    regular: bool
    mode: int
    mtime: int
    size: int
    sha256: str
    inode: tuple[int, int]
    link: str = ""

    @property
    def has_content(self) -> bool:
        """Whether it is a regular file, or a link to the bytecode of another level."""
        return self.regular or self.link != ""


@dataclass(frozen=True)
class PycTarget:
    """One pyc to write: its optimization level and final path."""

    level: int
    final: str


@dataclass(frozen=True)
class PycJob:
    """One source to compile at all its levels, for the interpreter of the run that has this cache tag.

    ``size`` in bytes and ``mtime`` in seconds since the epoch are those of the source; ``wheel`` is the file
    name of the wheel it belongs to, empty for none. ``left_out`` are pycs whose names are too long.
    ``filename`` is the ``co_filename`` of its code, empty for the source's final path.
    """

    source: str
    cache_tag: str
    size: int
    mtime: int
    targets: tuple[PycTarget, ...]
    wheel: str = ""
    left_out: tuple[PycTarget, ...] = ()
    filename: str = ""


@dataclass(frozen=True)
class BytecodePolicy:
    """What the bytecode of a run is like; ``exclude`` are globs of sources that have none.

    ``legacy``: an install leaves a pyc in the place of each source, which is not installed (PEP 3147).
    Equal levels are symbolic links with ``symlink``, else hard links with ``hardlink``, else copies.
    """

    mode: InvalidationMode
    levels: tuple[int, ...]
    hardlink: bool
    errors: ErrorPolicy
    exclude: tuple[str, ...] = ()
    filename: CodeFilename = CodeFilename.FULL
    legacy: bool = False
    symlink: bool = False


@dataclass(frozen=True)
class Limits:
    """What a compiler may take for one source: far more than the largest modules of the world need.

    ``cpu`` in seconds of CPU time, ``memory`` in MiB of address space, ``output`` in MiB of bytecode,
    ``time`` in seconds by the clock, without an answer.
    """

    cpu: int = 300
    memory: int = 2048
    output: int = 256
    time: int = 3600


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class RecordPlan:
    """A RECORD to write last: where, and the final paths it lists apart from itself.

    The rows are sorted, or ``in_order`` those of the members and then its own. ``kept`` is bytecode of its
    sources that is in the root, of other levels or Pythons, and stays.
    """

    final: str
    base: str
    members: tuple[str, ...]
    mtime: int
    wheel: str
    in_order: bool = False
    kept: tuple[Found, ...] = ()


# why an entry is not installed that the caller left out
EXCLUDED = "left out by --exclude or by the scheme"


@dataclass(frozen=True)
class Dropped:
    """An entry of a wheel that is not installed, and why."""

    wheel: str
    entry: str
    reason: str


@dataclass(frozen=True)
class InstallPlan:
    """Everything an install will do, decided before the first write.

    ``sources`` are compiled and not installed.
    """

    scheme: Scheme
    wheels: tuple[Wheel, ...]
    interpreters: tuple[Interpreter, ...]
    files: tuple[PlannedFile, ...]
    jobs: tuple[PycJob, ...]
    policy: BytecodePolicy
    records: tuple[RecordPlan, ...]
    dropped: tuple[Dropped, ...]
    warnings: tuple[Warned, ...] = ()
    sources: tuple[PlannedFile, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What an install would change in the root: ``files`` are the states of planned files by final path.

    ``there`` are the pycs and RECORDs that are there already, whose content is not known before the run;
    ``removed`` goes.
    """

    files: Mapping[str, State]
    there: Set[str]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class CompileResult:
    """What became of one source: its pycs, or the reason why there are none."""

    source: str
    interpreter: str
    source_hash: str
    pycs: tuple[PycTarget, ...]
    error: str


@dataclass(frozen=True)
class Manifest:
    """What a run put below the root: every path, every compile result, and the ``strays`` it removed.

    ``warnings`` are about its wheels.
    """

    files: tuple[InstalledFile, ...]
    compiled: tuple[CompileResult, ...]
    dropped: tuple[Dropped, ...]
    strays: tuple[str, ...] = ()
    warnings: tuple[Warned, ...] = ()

    @property
    def failures(self) -> tuple[CompileResult, ...]:
        """The sources that did not compile."""
        return tuple(result for result in self.compiled if result.error)

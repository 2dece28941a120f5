"""The causes of differences: their one table, and how much each matters."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from truewheel.dataclass import dataclass


class Sort(str, Enum):
    """How much a difference matters; the values are in rising order."""

    HARMLESS = "harmless"
    BUILD = "path-or-time"
    REAL = "real"

    @property
    def words(self) -> str:
        """The sort as people read it."""
        return _WORDS[self]


_WORDS = {
    Sort.HARMLESS: "harmless state of the compiler",
    Sort.BUILD: "path or time of the build",
    Sort.REAL: "real difference",
}
_ORDER = list(Sort)


@dataclass(frozen=True)
class Rule:
    """A row of the table: ``title`` is the cause in a few words, ``hint`` what makes it go away."""

    sort: Sort
    title: str
    hint: str = ""


_CANONICAL = "write the canonical form: `truewheel install` and `truewheel compile` do"
_FINAL_PATH = "compile with the final path; `pip --root` does not"
_EPOCH = "set SOURCE_DATE_EPOCH, and clamp dates to it"
_HASH_MODE = "write pycs with a hash in place of a date: --invalidation-mode checked-hash"
_GIVE_MODE = "give the mode: Python's default depends on whether SOURCE_DATE_EPOCH is set"

RULES = {
    "added": Rule(Sort.REAL, "the second has it alone"),
    "removed": Rule(Sort.REAL, "the first has it alone"),
    "package": Rule(Sort.REAL, "what a package says of itself"),
    "kind": Rule(Sort.REAL, "what it is: file, directory or link"),
    "mode": Rule(Sort.REAL, "permission bits", "set the modes; with some tools they follow the umask"),
    "owner": Rule(Sort.REAL, "owner or group"),
    "date": Rule(Sort.BUILD, "modification time", _EPOCH),
    "link": Rule(Sort.REAL, "target of a symbolic link"),
    "hard-link": Rule(Sort.REAL, "hard links: which paths are one file"),
    "pyc-flags": Rule(Sort.HARMLESS, "reference flags that nothing uses", _CANONICAL),
    "pyc-sharing": Rule(Sort.HARMLESS, "equal values that are one object or several", _CANONICAL),
    "pyc-sets": Rule(Sort.HARMLESS, "order of the elements of a set", _CANONICAL),
    "pyc-interned": Rule(Sort.HARMLESS, "interned bit of a string", _CANONICAL),
    "pyc-encoding": Rule(Sort.HARMLESS, "type codes for equal values", _CANONICAL),
    "pyc-mtime": Rule(Sort.BUILD, "date of the source in a pyc's header", _HASH_MODE),
    "pyc-path": Rule(Sort.BUILD, "co_filename", _FINAL_PATH),
    "pyc-mode": Rule(Sort.REAL, "invalidation mode of a pyc", _GIVE_MODE),
    "pyc-size": Rule(Sort.REAL, "size of the source in a pyc's header"),
    "pyc-hash": Rule(Sort.REAL, "hash of the source in a pyc's header"),
    "pyc-python": Rule(Sort.REAL, "Python that wrote a pyc"),
    "pyc-level": Rule(Sort.REAL, "optimization level"),
    "pyc-columns": Rule(Sort.REAL, "columns in the line table", "unset PYTHONNODEBUGRANGES, leave out "
                        "-X no_debug_ranges"),
    "pyc-lines": Rule(Sort.REAL, "line table"),
    "pyc-docstring": Rule(Sort.REAL, "docstring"),
    "pyc-constants": Rule(Sort.REAL, "constants"),
    "pyc-names": Rule(Sort.REAL, "names or variables"),
    "pyc-functions": Rule(Sort.REAL, "functions and classes that the code has"),
    "pyc-signature": Rule(Sort.REAL, "arguments, flags or stack size of a function"),
    "pyc-instructions": Rule(Sort.REAL, "instructions"),
    "pyc-exceptions": Rule(Sort.REAL, "exception table"),
    "pyc-damaged": Rule(Sort.REAL, "pyc that cannot be read"),
    "record-order": Rule(Sort.HARMLESS, "order of RECORD's rows", "sort them"),
    "record-rows": Rule(Sort.REAL, "rows of RECORD that are in one alone"),
    "record-values": Rule(Sort.REAL, "hashes or sizes in RECORD of files that are equal"),
    "record-follows": Rule(Sort.BUILD, "rows of RECORD that follow files that differ"),
    "metadata-order": Rule(Sort.HARMLESS, "order of the fields of metadata"),
    "metadata-fields": Rule(Sort.REAL, "fields of metadata"),
    "metadata-text": Rule(Sort.REAL, "description in metadata"),
    "shebang-path": Rule(Sort.BUILD, "directory in a script's first line", "build in the final directory, or "
                         "`truewheel fix-shebang`"),
    "shebang": Rule(Sort.REAL, "script's first line"),
    "text-path": Rule(Sort.BUILD, "paths in a text"),
    "text-time": Rule(Sort.BUILD, "dates in a text", _EPOCH),
    "text": Rule(Sort.REAL, "text"),
    "elf-build-id": Rule(Sort.BUILD, "build-id of an ELF file"),
    "elf-path": Rule(Sort.BUILD, "paths in an ELF file", "compile with -ffile-prefix-map"),
    "elf-sections": Rule(Sort.REAL, "sections of an ELF file"),
    "zip-order": Rule(Sort.HARMLESS, "order of a ZIP archive's entries", "sort them"),
    "zip-date": Rule(Sort.BUILD, "dates in a ZIP archive", _EPOCH),
    "zip-extra": Rule(Sort.BUILD, "extra fields in a ZIP archive"),
    "zip-mode": Rule(Sort.REAL, "modes in a ZIP archive"),
    "zip-compression": Rule(Sort.HARMLESS, "compression in a ZIP archive"),
    "zip-entries": Rule(Sort.REAL, "entries that are in one ZIP archive alone"),
    "zip-content": Rule(Sort.REAL, "content of entries of a ZIP archive"),
    "compression": Rule(Sort.HARMLESS, "compression of the same content"),
    "bytes": Rule(Sort.REAL, "bytes"),
}  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """Why two files differ: a name of the table, and in words what the first and the second have.

    ``group`` is what files with the same cause share, empty for the cause's title; ``detail`` are lines to
    show below it. ``sort`` is the table's, or that of what it follows.
    """

    name: str
    text: str
    sort: Sort
    group: str = ""
    detail: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """The row of the table."""
        return RULES[self.name]


@dataclass(frozen=True)
class Difference:
    """A path whose two sides differ; ``kind`` is what sort of file it is in a word, as ``pyc``."""

    path: str
    kind: str
    causes: tuple[Cause, ...]

    @property
    def sort(self) -> Sort:
        """The gravest sort of its causes."""
        return gravest(cause.sort for cause in self.causes)


def cause(
    name: str, text: str, group: str = "", detail: Iterable[str] = (), sort: Sort | None = None
) -> Cause:
    """Make a cause with the sort that the table gives it, unless it follows another."""
    return Cause(name, text, sort or RULES[name].sort, group, tuple(detail))


def gravest(sorts: Iterable[Sort]) -> Sort:
    """Return the gravest of some sorts; HARMLESS of none."""
    return max(sorts, key=_ORDER.index, default=Sort.HARMLESS)

"""The rules of bytecode in trees and packages."""

from __future__ import annotations

from truewheel.rules.model import Rule, Severity

_COMPILE = "byte-compile the source again"


def _bytecode(
    name: str, text: str, why: str, hint: str = _COMPILE, severity: Severity = Severity.ERROR
) -> Rule:
    return Rule(name, "bytecode", severity, text, hint, why)


TABLE = (
    _bytecode(
        "unreadable-pyc",
        "A pyc is no pyc, or its code is malformed.",
        "Imports of the module fail, or run something else.",
    ),
    _bytecode(
        "truncated-pyc",
        "A pyc ends early.",
        "Imports of the module fail with EOFError; the disk was full, or the writer was killed.",
    ),
    _bytecode(
        "wrong-magic",
        "The magic number of a pyc is not that of the Python in its name.",
        "That Python ignores the pyc, and compiles the module in each process anew.",
    ),
    _bytecode(
        "missing-pyc",
        "A source has no pyc at a level that the scheme or the rest of the package has.",
        "The module is compiled in each process anew, or a user with the right to do so writes a file that "
        "the package manager does not know.",
        "byte-compile the source at that level",
    ),
    _bytecode(
        "stray-pyc",
        "A pyc in __pycache__ has no source beside that directory.",
        "Python never imports it; it is left over from a source that was renamed, moved or removed.",
        "remove it",
        Severity.WARNING,
    ),
    _bytecode(
        "stale-pyc",
        "The date or the size in the header of a pyc is not that of its source.",
        "Python compiles the module anew in each process, and writes a pyc of its own where it can.",
        "byte-compile the source after its date is set, or choose checked-hash",
    ),
    _bytecode(
        "wrong-source-hash",
        "The hash in the header of a pyc is not that of its source.",
        "Python compiles the module anew in each process; with unchecked-hash it runs the code of another.",
        "byte-compile the source after its last change",
    ),
    _bytecode(
        "wrong-invalidation-mode",
        "The invalidation mode of a pyc is not the one of the scheme.",
        "With timestamps a tree whose dates change, as in OSTree or an image, has stale bytecode.",
        "choose --invalidation-mode when it is byte-compiled",
        Severity.WARNING,
    ),
    _bytecode(
        "wrong-co-filename",
        "The co_filename of a pyc is not the installed path of its source.",
        "Tracebacks and debuggers show a path that does not exist, which may be that of the build.",
        "byte-compile with the final path",
    ),
    _bytecode(
        "different-code",
        "The code of a pyc is not what the Python compiles from the source.",
        "The module does something else than its source says. Only --recompile finds it.",
    ),
    _bytecode(
        "not-canonical",
        "The code of a pyc is right, but not written in the canonical form.",
        "The bytes depend on what the compiling process did before, so that two builds differ.",
        "byte-compile with truewheel",
        Severity.WARNING,
    ),
    _bytecode(
        "levels-not-linked",
        "The pycs of a source at two levels are equal but not links of one file.",
        "They take the space of two files.",
        "link them",
        Severity.WARNING,
    ),
)

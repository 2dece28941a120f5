"""Rewrite the first line of installed scripts to the one that a distribution wants."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from truewheel.buildroot.transaction import Buildroot
from truewheel.errors import StageError, UsageError
from truewheel.shebang import wants_python, with_python

_HEAD = 4096
_DIRECTORY_MODE = 0o755


def fix_shebangs(paths: Iterable[Path], shebang: bytes) -> list[Path]:
    """Rewrite the first line of every script that runs in Python at or below ``paths``.

    ``shebang`` is the whole line without the line end. Links are not followed; modes stay, and so do dates,
    in whole seconds. Returns the changed files, sorted. Raises UsageError for a missing path, StageError if a
    file cannot be written; no file is changed then.
    """
    tops: dict[Path, Path] = {}
    for path in map(Path, map(os.path.abspath, paths)):
        for script in _scripts(path):
            tops.setdefault(script, path.parent if script == path else path)
    bodies = {script: script.read_bytes() for script in sorted(tops)}
    fixed = {script: with_python(body, shebang, every=True) for script, body in bodies.items()}
    changed = [script for script, body in bodies.items() if fixed[script] != body]
    with contextlib.ExitStack() as stack:
        # below the paths alone: the directories above them are not ours to date
        tops_changed = {tops[script] for script in changed}
        roots = {top: stack.enter_context(Buildroot(top, _DIRECTORY_MODE)) for top in tops_changed}
        for script in changed:
            _replace(roots[tops[script]], tops[script], script, fixed[script])
        for root in roots.values():
            root.commit()
    return changed


def _replace(root: Buildroot, top: Path, script: Path, body: bytes) -> None:
    info = script.stat()
    final = f"/{script.relative_to(top)}"
    try:
        root.replace(final, (body,), stat.S_IMODE(info.st_mode), info.st_mtime_ns // 10**9)
    except StageError as error:
        raise StageError(error.message, subject=str(script), hint=error.hint) from error


def _scripts(path: Path) -> Iterator[Path]:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", subject=str(path), hint="name a script"
        ) from error
    if stat.S_ISDIR(mode):
        for entry in path.iterdir():
            yield from _scripts(entry)
    elif stat.S_ISREG(mode):
        with path.open("rb") as stream:
            if wants_python(stream.read(_HEAD), every=True):
                yield path

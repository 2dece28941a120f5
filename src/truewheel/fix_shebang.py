"""Rewrite the first line of installed scripts to the one that a distribution wants."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from truewheel.buildroot.transaction import Buildroot
from truewheel.errors import StageError, UsageError
from truewheel.shebang import wants_python, with_python

_HEAD = 4096  # bytes; no kernel reads a longer first line
_CHUNK = 1 << 20
_DIRECTORY_MODE = 0o755


def fix_shebangs(paths: Iterable[Path], shebang: bytes, modules_only: bool = False) -> list[Path]:
    """Rewrite the first line of every script that runs in Python at or below ``paths``.

    ``shebang`` is the whole line without the line end. Of a directory, ``modules_only`` takes only names in
    ``.py``. Links are not followed; modes stay, and so do dates, in whole seconds. Returns the changed
    files, sorted. Raises UsageError for a missing path, StageError if a file cannot be written; no file is
    changed then, or those below the paths that the error names.
    """
    tops: dict[Path, Path] = {}
    for path in (Path(os.path.realpath(each.parent), each.name) for each in map(_absolute, paths)):
        for script in _scripts(path, ".py" if modules_only and path.is_dir() else ""):
            tops.setdefault(script, path.parent if script == path else path)
    lines = {script: _first_line(script) for script in sorted(tops)}
    fixed = {script: with_python(line, shebang, every=True) for script, line in lines.items()}
    changed = [script for script, line in lines.items() if fixed[script] != line]
    with contextlib.ExitStack() as stack:
        # below the paths alone: the directories above them are not ours to date
        tops_changed = {tops[script] for script in changed}
        roots = {top: stack.enter_context(Buildroot(top, _DIRECTORY_MODE)) for top in sorted(tops_changed)}
        for script in changed:
            content = itertools.chain([fixed[script]], _behind(script, len(lines[script])))
            _replace(roots[tops[script]], tops[script], script, content)
        _commit(roots)
    return changed


def _commit(roots: Mapping[Path, Buildroot]) -> None:
    """Commit each; what ends this half-way says what is done."""
    done: list[str] = []
    for top, root in roots.items():
        told = f"the scripts below {', '.join(done)} are changed, no others"
        try:
            root.commit()
        except StageError as error:
            raise StageError(
                error.message, subject=error.subject, hint=told if done else error.hint
            ) from error
        except KeyboardInterrupt as error:
            error.args = (told,) if done else ()
            raise
        done.append(str(top))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _first_line(script: Path) -> bytes:
    with script.open("rb") as stream:
        return stream.readline(_HEAD)


def _behind(script: Path, start: int) -> Iterator[bytes]:
    with script.open("rb") as stream:
        stream.seek(start)
        while chunk := stream.read(_CHUNK):
            yield chunk


def _replace(root: Buildroot, top: Path, script: Path, content: Iterable[bytes]) -> None:
    info = script.stat()
    final = f"/{script.relative_to(top)}"
    try:
        root.replace(final, content, stat.S_IMODE(info.st_mode), info.st_mtime_ns // 10**9)
    except StageError as error:
        raise StageError(error.message, subject=str(script), hint=error.hint) from error


def _scripts(path: Path, suffix: str) -> Iterator[Path]:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", subject=str(path), hint="name a script"
        ) from error
    if stat.S_ISDIR(mode):
        for entry in path.iterdir():
            yield from _scripts(entry, suffix)
    elif stat.S_ISREG(mode) and path.name.endswith(suffix) and wants_python(_first_line(path), every=True):
        yield path

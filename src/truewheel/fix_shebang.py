"""Give scripts that are below a root already the first line that a distribution wants."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from truewheel.errors import UsageError
from truewheel.shebang import wants_python, with_python
from truewheel.stage import Buildroot

_HEAD = 4096
_DIRECTORY_MODE = 0o755


def fix_shebangs(paths: Iterable[Path], shebang: bytes) -> list[Path]:
    """Rewrite the first line of every script that runs in Python at or below ``paths``.

    ``shebang`` is the whole line without its end. Links are not followed; modes and dates, in whole seconds,
    stay. Returns the files that changed, sorted; all of them change or none. Raises UsageError for a path
    that is not there.
    """
    scripts = sorted({script for path in paths for script in _scripts(Path(os.path.abspath(path)))})
    changed = []
    with Buildroot(Path("/"), _DIRECTORY_MODE) as root:
        for script in scripts:
            body = script.read_bytes()
            fixed = with_python(body, shebang, every=True)
            if fixed != body:
                info = script.stat()
                root.replace(str(script), (fixed,), stat.S_IMODE(info.st_mode), info.st_mtime_ns // 10**9)
                changed.append(script)
        root.commit()
    return changed


def _scripts(path: Path) -> Iterator[Path]:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", path=str(path), hint="name a script") from error
    if stat.S_ISDIR(mode):
        for entry in path.iterdir():
            yield from _scripts(entry)
    elif stat.S_ISREG(mode):
        with path.open("rb") as stream:
            if wants_python(stream.read(_HEAD), every=True):
                yield path

"""Decide which files globs of the caller leave out."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable


class Exclusions:
    """Globs, in which ``*`` matches slashes, too, for files and for directories with all below them.

    One that begins with a slash is of final paths; any other is of the last parts of a path below the
    directory that is looked at, so that ``tests`` is each directory and file of that name.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        trimmed = [glob.rstrip("/") for glob in globs]
        self._final = _pattern(glob for glob in trimmed if glob.startswith("/"))
        self._inside = _pattern(f"*/{glob}" for glob in trimmed if not glob.startswith("/"))

    def __bool__(self) -> bool:
        """Whether there are globs."""
        return bool(self._final or self._inside)

    def has(self, final: str, directory: str) -> bool:
        """Whether a final path below a directory is left out."""
        inside = "/" + final[len(directory) :].lstrip("/")
        return bool(
            (self._final and self._final.match(final)) or (self._inside and self._inside.match(inside))
        )


def _pattern(globs: Iterable[str]) -> re.Pattern[str] | None:
    found = [fnmatch.translate(each) for glob in globs for each in (glob, f"{glob}/*")]
    return re.compile("|".join(found)) if found else None

"""Read requirements files of pip, as far as packages can be required from them.

Source: pip's requirements file format. Only the option ``-r`` is known: others say where to download from,
which a package build never does.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from truewheel.errors import RefusedInput, UsageError
from truewheel.textfile import read_text

_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_URL = re.compile(r"[A-Za-z0-9+_-]+://")
_EGG_NAME = re.compile(r"[A-Za-z0-9_-]+")
_NESTED = re.compile(r"(?:-r|--requirement(?:=|\s))\s*(.+)")
_LINE_OPTION = re.compile(r"\s(--(?:hash|config-settings|global-option)\b)")


def read_requirements_file(path: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the requirements of a file and of those it names by ``-r``, which lie relative to it.

    ``${NAME}`` stands for a variable set in ``environ``. Raises UsageError for a file that cannot be read,
    RefusedInput for one that includes itself or another that cannot be read, and for options that have no
    meaning in a package build.
    """
    return _read(path, environ, ())


def requirements_of_lines(lines: Iterable[str], origin: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the requirements of lines that could be in the file ``origin``."""
    return _convert(lines, origin, environ, (origin,))


def _read(path: Path, environ: Mapping[str, str], parents: tuple[Path, ...]) -> list[str]:
    try:
        resolved = path.resolve()
    except ValueError as error:
        raise RefusedInput(f"is not a path: {error}", subject=str(path), hint="name a file by -r") from error
    if resolved in parents:
        raise RefusedInput(
            "includes itself", subject=str(path), hint="remove the -r line that comes back to it"
        )
    try:
        text = read_text(path, subject=f"requirements file {path}")
    except UsageError as error:
        if not parents:
            raise
        raise RefusedInput(error.message, subject=error.subject) from error
    return _convert(text.splitlines(), path, environ, (*parents, resolved))


def _convert(
    lines: Iterable[str], origin: Path, environ: Mapping[str, str], parents: tuple[Path, ...]
) -> list[str]:
    found: list[str] = []
    for logical in _logical(lines):
        stripped = _COMMENT.sub("", logical).strip()
        line = _VARIABLE.sub(lambda match: environ.get(match[1], match[0]), stripped)
        nested = _NESTED.fullmatch(line)
        if nested:
            found.extend(_read(origin.parent / nested[1], environ, parents))
        elif line:
            _refuse_options(line, origin)
            found.append(_named(line))
    return found


def _logical(lines: Iterable[str]) -> Iterator[str]:
    """Join continued lines; a comment line is left out, even if it ends with a backslash."""
    joined = ""
    for line in lines:
        text = line.rstrip("\n")
        if re.match(r"\s*#", text):
            continue
        if text.endswith("\\"):
            joined += text[:-1]
            continue
        yield joined + text
        joined = ""
    yield joined


def _refuse_options(line: str, origin: Path) -> None:
    option = re.match(r"-\S+", line) or _LINE_OPTION.search(line)
    if option:
        raise RefusedInput(
            f"unsupported requirements file option: {option[0].strip()}",
            subject=str(origin),
            hint="patch the line out, or write the requirements into another file",
        )


def _named(line: str) -> str:
    """Put the name of a URL's ``#egg=`` fragment in front of it, as PEP 508 wants it."""
    if not _URL.match(line):
        return line
    # urlsplit refuses hosts that packaging passes over
    eggs = urllib.parse.parse_qs(line.partition("#")[2]).get("egg", [""])
    name = _EGG_NAME.match(eggs[0])
    return f"{name[0]}@{line}" if name else line

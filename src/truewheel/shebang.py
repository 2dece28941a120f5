"""Decide the first line of scripts that run in Python."""

from __future__ import annotations

import re

_MARKED = re.compile(rb"#!pythonw?(?=\s|$)[^\n]*")
_PYTHON = re.compile(
    rb"""\#![ \t]*
    (?:/[^ \t\r\n]*/)?                       # a directory,
    (?:env[ \t]+(?:-S[ \t]+)?(?:[^ \t\r\n]*/)?)?  # or what finds it on PATH
    python[0-9.]*w?
    (?P<rest>[ \t][^\r\n]*)?
    \r?(?=\n|$)""",
    re.VERBOSE,
)


def wants_python(head: bytes, every: bool) -> bool:
    """Whether the first line of a script that begins with ``head`` must be rewritten.

    That is ``#!python`` (wheel specification); with ``every`` any Python, also one that env finds.
    """
    return _MARKED.match(head) is not None or (every and _PYTHON.match(head) is not None)


def with_python(body: bytes, shebang: bytes, every: bool) -> bytes:
    """Return the script ``body`` with the first line ``shebang``, such as ``#!/usr/bin/python3 -sP``.

    Arguments after ``#!python`` are dropped; flags of any other Python are kept behind the new ones.
    """
    if _MARKED.match(body) or not every:
        return _MARKED.sub(lambda _: shebang, body, count=1)
    return _PYTHON.sub(lambda match: _merged(shebang, match["rest"] or b""), body, count=1)


def _merged(shebang: bytes, rest: bytes) -> bytes:
    words = rest.split()
    if not words or not words[0].startswith(b"-") or words[0].startswith(b"--"):
        return b" ".join([shebang, *words])
    python, _, flags = shebang.partition(b" ")
    known = flags[1:]
    added = bytes(flag for flag in words[0][1:] if flag not in known)
    return b" ".join([python, b"-" + known + added, *words[1:]])

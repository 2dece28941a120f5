"""Decide the first line of scripts that run in Python."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

ENV = "/usr/bin/env "  # what finds a Python on PATH begins so

# compiled by the first script that is compared with them
_MARKED = rb"#!pythonw?(?=\s|$)[^\n]*"
_PYTHON = rb"""(?x)\#![ \t]*
    (?:/[^ \t\r\n]*/)?                       # a directory,
    (?:env[ \t]+(?P<split>-S[ \t]*)?(?:[^ \t\r\n]*/)?)?  # or what finds it on PATH
    python[0-9.]*w?
    (?P<rest>[ \t][^\r\n]*)?
    \r?(?=\n|$)"""
_BY_ENV = rb"(?P<env>#! ?/usr/bin/env)(?: -S)? (?P<name>[^ -][^ ]*)(?P<flags>[^\n]*)"
_INTERPRETER = rb"#![ \t]*([^ \t\r\n]+)"
_PROGRAMS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_LIBRARIES = ("/usr/lib", "/lib")  # and libexec, lib64: programs that others start
# -c and -m take a program, and what is behind it
_FLAGS = rb"-(?=[^-])(?P<flags>[^WXcm]*)(?P<valued>[WX].*)?"
_ENV_QUOTES = b"\\'\"$#"


def wants_python(head: bytes, every: bool) -> bool:
    """Whether the first line of a script that begins with ``head`` must be rewritten.

    That is ``#!python`` (wheel specification); with ``every`` any Python, also one that env finds.
    """
    return re.match(_MARKED, head) is not None or (every and re.match(_PYTHON, head) is not None)


def with_python(body: bytes, shebang: bytes, every: bool) -> bytes:
    """Return the script ``body`` with the first line ``shebang``, such as ``#!/usr/bin/python3 -sP``.

    Arguments after ``#!python`` are dropped; flags of any other Python are kept behind the new ones. The
    kernel hands on all behind the program as one word: what ``env -S`` takes apart becomes one word, or stays
    with it.
    """
    if re.match(_MARKED, body) or not every:
        return re.sub(_MARKED, lambda _: shebang, body, count=1)
    return re.sub(
        _PYTHON, lambda found: _merged(shebang, found["rest"] or b"", bool(found["split"])), body, count=1
    )


def dead_interpreter(head: bytes, programs: Collection[str]) -> str:
    """Return the interpreter that a script which begins with ``head`` starts with, if it is not to be found.

    That is a path outside the directories ``programs`` and those of every system; "" for all others.
    """
    found = re.match(_INTERPRETER, head) if head.startswith(b"#!") else None
    path = found[1].decode("utf-8", "backslashreplace") if found else ""
    return "" if posixpath.dirname(path) in {*_PROGRAMS, *programs} or path.startswith(_LIBRARIES) else path


def _merged(shebang: bytes, rest: bytes, split: bool) -> bytes:
    if b"\n" in shebang:  # sh starts Python
        import shlex

        words = [shlex.quote(word).encode("latin-1") for word in rest.decode("latin-1").split()]
        return shebang.replace(b' "$0"', b"".join(b" " + word for word in words) + b' "$0"', 1)
    if found := re.fullmatch(_BY_ENV, shebang):
        words = [*found["flags"].split(), *rest.split()]
        return b" ".join([found["env"], b"-S", found["name"], *words]) if words else shebang
    start = b"#! " if shebang.startswith(b"#! ") else b"#!"
    python, _, own = shebang[len(start) :].partition(b" ")
    words = rest.split()
    option, left = _option(own, words if split else words[:1])
    if split and (left or any(char in rest for char in _ENV_QUOTES)):
        return b" ".join([start + b"/usr/bin/env -S", python, *filter(None, [own]), *words])
    return b" ".join([start + python, *filter(None, [option]), *left, *([] if split else words[1:])])


def _option(own: bytes, words: list[bytes]) -> tuple[bytes, list[bytes]]:
    """One word of the flags ``own`` and those of ``words``, and the words from the first that does not fit.

    An option with a value takes all that is behind it, so it must be the last.
    """
    option = own or b"-"
    left = list(words)
    while left and (found := re.fullmatch(_FLAGS, left[0])):
        del left[0]
        option += bytes(flag for flag in found["flags"] if flag not in own)
        if found["valued"]:
            option += found["valued"]
            if len(found["valued"]) == 1 and left:
                option += left.pop(0)
            break
    return (option if option != b"-" else b""), left

"""Keep the build path out of compiled code: compilers on PATH that map it away.

A flag in CFLAGS would be recorded by projects that keep their flags (numpy's and scipy's ``__config__``), and
the path with it. Programs that are found by PATH before the real ones leave CC and CFLAGS as they are.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_COMPILER = re.compile(
    r"(?:[a-z0-9_]+-[a-z0-9_-]+-)?(?:cc|c\+\+|gcc|g\+\+|gfortran|clang|clang\+\+)(?:-[0-9.]+)?"
)
_FLAG = "-ffile-prefix-map={}=."
_PROBE_SECONDS = 20


@contextmanager
def mapped_compilers(project: Path, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield an environment whose PATH has compilers that record ``.`` for the project's directory.

    They record ``.`` for the directory they run in, too, since backends build in temporary ones. ``project``
    is absolute. A compiler that is named by a path, or does not know ``-ffile-prefix-map`` (before GCC 8 and
    clang 10), is left as it is. The directory of the programs is removed afterwards.
    """
    search = environ.get("PATH", os.defpath)
    with tempfile.TemporaryDirectory(prefix="truewheel-") as directory:
        knows: dict[str, bool] = {}
        for name, compiler in _compilers(search).items():
            real = os.path.realpath(compiler)  # a dozen names of three programs
            if real not in knows:
                knows[real] = _knows_the_flag(compiler, environ)
            if knows[real]:
                program = Path(directory, name)
                program.write_text(_script(compiler, project, search), encoding="utf-8")
                program.chmod(0o755)
        yield {**environ, "PATH": os.pathsep.join((directory, search))}


def _compilers(search: str) -> dict[str, str]:
    """The compilers on PATH, each name's first."""
    found: dict[str, str] = {}
    for directory in search.split(os.pathsep):
        try:
            names = sorted(os.listdir(directory or "."))
        except OSError:
            continue
        for name in filter(_COMPILER.fullmatch, names):
            path = os.path.abspath(os.path.join(directory, name))
            if name not in found and Path(path).is_file() and os.access(path, os.X_OK):
                found[name] = path
    return found


def _knows_the_flag(compiler: str, environ: Mapping[str, str]) -> bool:
    language = "f95" if "gfortran" in compiler else "c"
    command = [compiler, _FLAG.format("/"), "-E", "-x", language, os.devnull]
    try:
        ran = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0


def _script(compiler: str, project: Path, search: str) -> str:
    # the later map wins; PATH as it was, since a ccache looks for the compiler there
    flags = f'"{_FLAG.format("$PWD")}" {shlex.quote(_FLAG.format(project))}'
    return f'#!/bin/sh\nPATH={shlex.quote(search)} exec {shlex.quote(compiler)} "$@" {flags}\n'

"""Decide where a wheel goes on the final system, and what its scripts are."""

from __future__ import annotations

import re

from truewheel.errors import InterpreterError, UsageError, WheelRefused
from truewheel.model import EntryPoint, InstallPaths, Interpreter, Scheme
from truewheel.shebang import ENV

# kernels before 5.1 cut a longer first line of a script
_LONGEST_SHEBANG = 127
# the name for the scheme of sysconfig that the target installs to by default
PREFERRED = "preferred"
# flags a Python does not know keep a script from starting, so they are left out there
_FLAG_SINCE = {"P": (3, 11)}
# what pypa/installer writes, whose import takes as long as a third of a small install
_BODY = r"""
# -*- coding: utf-8 -*-
import re
import sys
from {module} import {name}
if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script\.pyw|\.exe)?$", "", sys.argv[0])
    sys.exit({attr}())
"""


def install_paths(
    scheme: Scheme, interpreter: Interpreter, prefix: str, wheel_name: str, spelling: str = ""
) -> InstallPaths:
    """Return the final directories of one wheel for one interpreter: absolute, normalised, no buildroot.

    Each is the scheme's own template where it has one, else what the interpreter's sysconfig says under the
    first scheme of ``scheme.sysconfig`` that it has; ``preferred`` is the one it
    installs to by default. Headers go to a directory of the wheel's name below
    sysconfig's ``include``; ``spelling`` is that name in the wheel's file name, where it differs, as pip by
    ``name==version`` and installer have it. ``prefix`` is a final path such as ``/usr``, "" the target's own.

    Raises UsageError if the prefix is not absolute and normalised, InterpreterError if the Python has none of
    the named schemes, WheelRefused if the name cannot be that of a directory.
    """
    prefix = final_prefix(prefix, interpreter)
    if not wheel_name.strip(".") or "/" in wheel_name or not wheel_name.isprintable():
        raise WheelRefused("cannot be the name of a directory", subject=wheel_name)
    values = {**_values(interpreter, prefix), "name": wheel_name}

    def directory(template: str, key: str, below: str = "") -> str:
        if template:
            return _normalise(template.format(**values))
        return _normalise(_from_sysconfig(scheme, interpreter, key, prefix) + below)

    return InstallPaths(
        purelib=directory(scheme.purelib, "purelib"),
        platlib=directory(scheme.platlib, "platlib"),
        scripts=directory(scheme.scripts, "scripts"),
        data=directory(scheme.data, "data"),
        headers=directory(scheme.headers, "include", f"/{spelling or wheel_name}"),
        data_map=tuple((name, _normalise(place.format(**values))) for name, place in scheme.data_map),
    )


def data_path(paths: InstallPaths, relative: str) -> str:
    """Return the final path of a data file by its path below the wheel's ``.data/data``."""
    for name, directory in sorted(paths.data_map, reverse=True):  # the longest name first
        if relative.startswith(name + "/"):
            return f"{directory.rstrip('/')}/{relative[len(name) + 1 :]}"
    return f"{paths.data.rstrip('/')}/{relative}"


def script_shebang(scheme: Scheme, interpreter: Interpreter, prefix: str) -> bytes:
    """Return how a script for one interpreter begins, ``#!`` included, without the last line end.

    That is one line, or where it would be longer than every kernel reads or the Python's path has a blank,
    three that both sh and Python read: sh starts Python, to which they are a text. ``-P`` is left out for a
    Python older than 3.11, which would refuse to start with it. Raises UsageError for a path that sh would
    not take as it is.
    """
    prefix = final_prefix(prefix, interpreter)
    python = scheme.script_python.format(**_values(interpreter, prefix))
    flags = "".join(flag for flag in scheme.script_flags[1:] if _knows(interpreter, flag))
    flags = f" -{flags}" if flags else ""
    mark = "#! " if scheme.shebang_blank else "#!"
    if python.startswith(ENV):
        name = python.removeprefix(ENV)
        return f"{mark}{ENV}-S {name}{flags}".encode() if flags else f"{mark}{python}".encode()
    python = _normalise(python)
    line = f"{mark}{python}{flags}".encode()
    if " " not in python and len(line) <= _LONGEST_SHEBANG:
        return line
    if re.search(r"""["'$`\\]""", python):
        raise UsageError(
            "a script cannot start with this Python: sh would not take its path as it is",
            subject=python,
            hint=f"choose a prefix without quotes, or one that keeps the line below {_LONGEST_SHEBANG} bytes",
        )
    return f"""#!/bin/sh\n'''exec' "{python}"{flags} "$0" "$@"\n' '''""".encode()


def entry_point_script(shebang: bytes, point: EntryPoint) -> bytes:
    """Return the script of an entry point that begins as `script_shebang` says."""
    body = _BODY.format(module=point.module, name=point.attr.partition(".")[0], attr=point.attr)
    return shebang + body.encode()


def final_prefix(prefix: str, interpreter: Interpreter) -> str:
    """Return the prefix, or the target's own where it is "". Raises UsageError as `check_prefix` does."""
    check_prefix(prefix or interpreter.prefix)
    return prefix or interpreter.prefix


def check_prefix(prefix: str) -> None:
    """Raise UsageError unless the prefix is an absolute, normalised, printable POSIX path."""
    if not prefix.startswith("/"):
        raise UsageError(f"the prefix {prefix!r} is not absolute", hint="give a final path such as /usr")
    if not prefix.isprintable():
        raise UsageError(f"the prefix {prefix!r} has characters that cannot be printed")
    normal = _normalise(prefix)
    if ".." in prefix.split("/"):
        raise UsageError(f"the prefix {prefix!r} has a '..' in it", hint="give a final path such as /usr")
    if normal != prefix:
        raise UsageError(f"the prefix {prefix!r} is not normalised", hint=f"write it {normal}")


def _values(interpreter: Interpreter, prefix: str) -> dict[str, str]:
    return {
        "prefix": prefix,
        "python": interpreter.executable,
        "version": interpreter.short_version,
        "version_nodot": interpreter.short_version.replace(".", ""),
        "platlibdir": interpreter.platlibdir,
        "abi_thread": "t" if interpreter.free_threaded else "",
    }


def _from_sysconfig(scheme: Scheme, interpreter: Interpreter, key: str, prefix: str) -> str:
    known = dict(interpreter.scheme_paths)
    for name in scheme.sysconfig:
        path = dict(known.get(interpreter.install_scheme if name == PREFERRED else name, ())).get(key)
        if path is not None:
            return path.replace("{prefix}", prefix)
    wanted = " or ".join(scheme.sysconfig) or "(none named)"
    raise InterpreterError(
        f"has no sysconfig scheme {wanted} with {key}, which the scheme {scheme.name} asks for",
        subject=interpreter.command,
        hint=f"it has {', '.join(known) or 'none'}; give paths.purelib and so on as templates",
    )


def _knows(interpreter: Interpreter, flag: str) -> bool:
    return interpreter.version >= _FLAG_SINCE.get(flag, (0,))


def _normalise(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/" + "/".join(parts)

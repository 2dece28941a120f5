"""Decide where a wheel goes on the final system, and the first line of its scripts."""

from __future__ import annotations

import re

from truewheel.errors import InterpreterError, UsageError, WheelRefused
from truewheel.model import InstallPaths, Interpreter, Scheme

# kernels before 5.1 cut a longer first line of a script
_LONGEST_SHEBANG = 127
# flags a Python does not know keep a script from starting, so they are left out there
_FLAG_SINCE = {"P": (3, 11)}


def install_paths(scheme: Scheme, interpreter: Interpreter, prefix: str, wheel_name: str) -> InstallPaths:
    """Return the final directories of one wheel for one interpreter: absolute, normalised, no buildroot.

    Each is the scheme's own template where it has one, else what the interpreter's sysconfig says under the
    first scheme of ``scheme.sysconfig`` that it has. Headers go to a directory of the wheel's name below
    sysconfig's ``include``, as pip does. ``prefix`` is a final path such as ``/usr``.

    Raises UsageError if the prefix is not absolute and normalised, InterpreterError if the Python has none of
    the named schemes, WheelRefused if the name cannot be that of a directory.
    """
    check_prefix(prefix)
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
        headers=directory(scheme.headers, "include", f"/{wheel_name}"),
    )


def script_shebang(scheme: Scheme, interpreter: Interpreter, prefix: str) -> bytes:
    """Return the first line of a script for one interpreter, ``#!`` included, without the line end.

    ``-P`` is left out for a Python older than 3.11, which would refuse to start with it. Raises UsageError
    where the line would be longer than every kernel reads, or the Python's path has a space.
    """
    check_prefix(prefix)
    python = _normalise(scheme.script_python.format(**_values(interpreter, prefix)))
    flags = "".join(flag for flag in scheme.script_flags[1:] if _knows(interpreter, flag))
    line = f"#!{python}" + (f" -{flags}" if flags else "")
    if " " in python or len(line.encode()) > _LONGEST_SHEBANG:
        raise UsageError(
            "a script cannot start with this Python: its path has a space or is too long",
            subject=python,
            hint=f"choose a prefix that keeps the line below {_LONGEST_SHEBANG} bytes",
        )
    return line.encode()


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
        "version": interpreter.short_version,
        "version_nodot": interpreter.short_version.replace(".", ""),
        "platlibdir": interpreter.platlibdir,
        "abi_thread": "t" if interpreter.free_threaded else "",
    }


def _from_sysconfig(scheme: Scheme, interpreter: Interpreter, key: str, prefix: str) -> str:
    known = dict(interpreter.scheme_paths)
    for name in scheme.sysconfig:
        path = dict(known.get(name, ())).get(key)
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
    parts = [part for part in re.split("/+", path) if part not in ("", ".")]
    return "/" + "/".join(parts)

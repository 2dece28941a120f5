"""Tells what a Python is like, as one line of ASCII JSON on standard output.

Run in the target Python itself, whichever that turns out to be. So: standard library only, and only syntax
that Python 2.7 reads as well, for an old or foreign Python to answer who it is instead of tripping. The JSON
is written by hand because importing json would double the time a probe takes.

Keys: always ``implementation`` and ``version``; from CPython 3.7 on the rest too. Paths below ``schemes`` are
as sysconfig expands them on the final system, the prefix left open as ``{prefix}``.
"""

import os
import sys
import sysconfig

OPEN = "{prefix}"
UPSTREAM = ("posix_prefix", "posix_home", "posix_venv", "venv")
# upstream's too, but of a user's home or of another system
OTHERS = ("posix_user", "nt", "nt_user", "nt_venv", "osx_framework_user", "os2", "os2_home")
OLDEST = (3, 7)


def implementation():
    # type: () -> str
    """Name the implementation in lower case, as sys.implementation does where there is one."""
    if hasattr(sys, "implementation"):
        return sys.implementation.name.lower()
    if "__pypy__" in sys.builtin_module_names:
        return "pypy"
    return "jython" if sys.platform.startswith("java") else "cpython"


def describe():
    # type: () -> dict[str, object]
    """Return the whole answer as a dict of what JSON can say."""
    name = implementation()
    answer = details() if name == "cpython" and sys.version_info[:2] >= OLDEST else {}
    answer["implementation"] = name
    answer["version"] = list(sys.version_info[:3])
    answer["version_text"] = sys.version.split()[0]
    return answer


def details():
    # type: () -> dict[str, object]
    """Return what only a supported Python is asked for."""
    schemes = scheme_paths()
    platlibdir = schemes["posix_prefix"]["platlib"].split("/")[1]
    venv = virtual_environment()
    scheme = ("venv" if "venv" in schemes else "posix_prefix") if venv else default_scheme()
    prefix = venv or default_prefix(scheme, schemes)
    return {
        "executable": sys.executable or "",
        "cache_tag": sys.implementation.cache_tag or "",
        "magic": "".join("%02x" % byte for byte in bytearray(magic_number())),
        "soabi": sysconfig.get_config_var("SOABI") or "",
        "ext_suffix": sysconfig.get_config_var("EXT_SUFFIX") or "",
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "platlibdir": getattr(sys, "platlibdir", platlibdir),
        "platform": sysconfig.get_platform(),
        "pointer_bits": 64 if sys.maxsize > 2**32 else 32,
        "libc": libc(),
        "schemes": schemes,
        "install_scheme": scheme,
        "prefix": prefix,
        "site_directories": site_directories(venv, schemes.get(scheme, {})),
        "added_schemes": sorted(set(sysconfig.get_scheme_names()).difference(UPSTREAM, OTHERS)),
    }


def magic_number():
    # type: () -> bytes
    """Return the four bytes pycs of this Python begin with (importlib.util costs more to import)."""
    try:
        from _frozen_importlib_external import MAGIC_NUMBER
    except ImportError:
        from importlib.util import MAGIC_NUMBER
    return MAGIC_NUMBER


def scheme_paths():
    # type: () -> dict[str, dict[str, str]]
    """Return the paths of each scheme below a prefix; those of a home or another system are left out."""
    keys = ("purelib", "platlib", "include", "scripts", "data")
    # given outright, so that neither a venv's prefix nor a distribution's /usr/local gets in
    given = dict.fromkeys(("base", "platbase", "installed_base", "installed_platbase"), OPEN)
    schemes = {}
    for name in sysconfig.get_scheme_names():
        if name not in OTHERS:
            paths = sysconfig.get_paths(name, vars=dict(given))
            schemes[name] = {key: paths[key] for key in keys if paths.get(key, "").startswith(OPEN)}
    return schemes


def default_scheme():
    # type: () -> str
    """Name the scheme a plain install goes to (the function was private before 3.10)."""
    for name in ("get_default_scheme", "_get_default_scheme"):
        if hasattr(sysconfig, name):
            return str(getattr(sysconfig, name)())
    return "posix_prefix"


def virtual_environment():
    # type: () -> str
    """Return the directory of the virtual environment that this Python is of, else "" (PEP 405).

    The site module would set sys.prefix to it, and is not there with -S.
    """
    programs = os.path.dirname(os.path.abspath(sys.executable))
    above = os.path.dirname(programs)
    found = any(os.path.isfile(os.path.join(place, "pyvenv.cfg")) for place in (programs, above))
    return above if found else ""


def default_prefix(scheme, schemes):
    # type: (str, dict[str, dict[str, str]]) -> str
    """Return the prefix of a plain install: what sysconfig says without what the scheme adds to it."""
    data = sysconfig.get_path("data", scheme)
    added = schemes.get(scheme, {}).get("data", OPEN)[len(OPEN) :]
    prefix = data[: -len(added)] if added and data.endswith(added) else data
    return prefix.rstrip("/") or "/"


def site_directories(venv, paths):
    # type: (str, dict[str, str]) -> list[str]
    """Return the directories for modules on sys.path; ``paths`` are those of the scheme of a ``venv``."""
    if venv:
        return sorted({paths[key].replace(OPEN, venv) for key in ("purelib", "platlib") if key in paths})
    import site

    return site.getsitepackages()


def libc():
    # type: () -> str
    """Return ``glibc 2.36``, ``musl 1.2`` or an empty string."""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        text = ""
    if text.startswith("glibc "):
        return text
    host = "%s %s" % (sysconfig.get_config_var("HOST_GNU_TYPE"), sysconfig.get_config_var("SOABI"))
    loader = elf_loader(sys.executable)
    if "musl" in loader or "musl" in host:
        return musl(loader)
    return ""


def musl(loader):
    # type: (str) -> str
    """Ask musl's loader, which without arguments prints its version (PEP 656); a musl not told is 1.1."""
    import re
    import subprocess

    try:
        told = subprocess.Popen([loader], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE).communicate()[1]
    except (OSError, ValueError):
        told = b""
    found = re.search(b"Version ([0-9]+[.][0-9]+)", told)
    return "musl " + (found.group(1).decode() if found else "1.1")


def elf_loader(path):
    # type: (str) -> str
    """Return the loader an ELF file asks for, or an empty string where there is none to be read."""
    import struct

    try:
        with open(path, "rb") as stream:
            return interpreter_segment(stream.read())
    except (OSError, IOError, struct.error):
        return ""


def interpreter_segment(data):
    # type: (bytes) -> str
    """Return the PT_INTERP of an ELF file, or an empty string (System V ABI, program header)."""
    from struct import unpack_from

    if data[:4] != b"\x7fELF":
        return ""
    wide, order = data[4:5] == b"\x02", ">" if data[5:6] == b"\x02" else "<"
    word = order + ("Q" if wide else "I")
    (table,) = unpack_from(word, data, 32 if wide else 28)
    size, count = unpack_from(order + "HH", data, 54 if wide else 42)
    for header in range(table, table + size * count, size or 1):
        if unpack_from(order + "I", data, header)[0] == 3:
            (start,) = unpack_from(word, data, header + (8 if wide else 4))
            return data[start : start + 4096].split(b"\0")[0].decode("ascii", "replace")
    return ""


def encode(value):
    # type: (object) -> str
    """Write a dict, list, string, bool or int as ASCII JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(encode(key) + ": " + encode(value[key]) for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(encode(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(character(ord(char)) for char in value) + '"'
    raise TypeError(type(value))


def character(code):
    # type: (int) -> str
    """Write one character of a JSON string; what a file name cannot decode stays a lone surrogate."""
    if 32 <= code < 127 and code not in (34, 92):
        return chr(code)
    if code > 0xFFFF:
        code -= 0x10000
        return "\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
    return "\\u%04x" % code


def main():
    # type: () -> None
    """Write the answer."""
    sys.stdout.write(encode(describe()) + "\n")
    sys.stdout.flush()

"""Read what describes a Python that cannot run here: a document of ours, or build-details.json (PEP 739)."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from truewheel.beneath import is_directory, leads_to
from truewheel.dataclass import replace
from truewheel.errors import InterpreterError, TruewheelError
from truewheel.interpreter import described
from truewheel.model import Interpreter
from truewheel.textfile import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HINT = "give what truewheel python PY --json wrote there, or the build-details.json of CPython 3.14 or newer"
_LEVELS = {"alpha": "a", "beta": "b", "candidate": "rc", "final": ""}
_NO_MAGIC = "00000000"  # build-details.json has none: that of the compiler


def read_description(path: Path, root: Path) -> Interpreter:
    """Return the Python that a file of the build host describes.

    Where build-details.json lies below ``root``, links to it are followed as from inside, and its relative
    paths count from its place there. What it does not say is as upstream has it, and as Debian has it where
    the root has Debian's directory of modules; its ``magic`` is four zero bytes. Raises InterpreterError for
    a file that is no description.
    """
    try:
        document = json.loads(read_text(_on_host(path, root), subject=str(path), hint=_HINT))
        if document.get("report") == "python":
            return _ours(str(path), document["interpreter"])
        if "schema_version" in document:
            return _build_details(path, root, document)
        raise ValueError("neither of the two")
    except TruewheelError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InterpreterError("does not describe a Python", subject=str(path), hint=_HINT) from error


def lacks_magic(interpreter: Interpreter) -> bool:
    """Whether the description does not say the magic number of the Python's bytecode."""
    return interpreter.magic.hex() == _NO_MAGIC


def _ours(command: str, facts: Mapping[str, Any]) -> Interpreter:
    patched, platforms = facts["patched"], facts["platforms"]
    if not all(isinstance(each, str) for each in (facts["executable"], patched, *platforms)):
        raise TypeError("not texts")
    if _absolute(facts["executable"], "/") != facts["executable"]:
        raise ValueError("not a path")
    answer = {
        **facts,
        "schemes": facts["scheme_paths"],
        "added_schemes": patched.split(", ") if patched else [],
        "platform": "any",
        "pointer_bits": 64,
        "libc": "",
    }
    return replace(described(command, facts["executable"], answer), platforms=tuple(platforms))


def _build_details(path: Path, root: Path, details: Mapping[str, Any]) -> Interpreter:
    place = posixpath.dirname(_final(path, root))
    prefix = _absolute(details["base_prefix"], place)
    program = _absolute(details.get("base_interpreter") or posixpath.join(prefix, "bin/python3"), place)
    implementation, abi = details["implementation"], details.get("abi", {})
    version = implementation["version"]
    extensions = details.get("suffixes", {}).get("extensions") or [""]
    suffix, thread = abi.get("extension_suffix", extensions[0]), "t" if "t" in abi.get("flags", ()) else ""
    short = f"{version['major']}.{version['minor']}"
    platlibdir = posixpath.basename(posixpath.dirname(place)) or "lib"
    numbers = [version[part] for part in ("major", "minor", "micro")]
    level = _LEVELS[version["releaselevel"]]
    answer = {
        "implementation": implementation["name"],
        "version": numbers,
        "version_text": ".".join(map(str, numbers)) + (f"{level}{version['serial']}" if level else ""),
        "cache_tag": implementation["cache_tag"],
        "magic": _NO_MAGIC,
        "soabi": suffix.strip(".").removesuffix(".so"),
        "ext_suffix": suffix,
        "free_threaded": bool(thread),
        "platlibdir": platlibdir,
        "platform": details["platform"],
        "pointer_bits": 64,
        "libc": "",
        "schemes": {"posix_prefix": _upstream(short, thread, platlibdir)},
        "install_scheme": "posix_prefix",
        "prefix": prefix,
        "site_directories": [],
        "added_schemes": [],
    }
    if is_directory(root, posixpath.join(prefix, "lib/python3/dist-packages")):
        answer.update(_debian(answer["schemes"], short))
    return described(str(path), program, answer)


def _upstream(short: str, thread: str, platlibdir: str) -> dict[str, str]:
    return {
        "purelib": f"{{prefix}}/lib/python{short}{thread}/site-packages",
        "platlib": f"{{prefix}}/{platlibdir}/python{short}{thread}/site-packages",
        "include": f"{{prefix}}/include/python{short}{thread}",
        "scripts": "{prefix}/bin",
        "data": "{prefix}",
    }


def _debian(schemes: object, short: str) -> dict[str, object]:
    """Return what differs in Debian, whose Python looks for modules in dist-packages."""
    modules = f"{{prefix}}/local/lib/python{short}/dist-packages"
    local = {
        "purelib": modules,
        "platlib": modules,
        "include": f"{{prefix}}/include/python{short}",
        "scripts": "{prefix}/local/bin",
        "data": "{prefix}/local",
    }
    return {
        "schemes": {"posix_local": local, **dict(schemes)},  # type: ignore[call-overload]
        "install_scheme": "posix_local",
        "added_schemes": ["posix_local"],
    }


def _final(path: Path, root: Path) -> str:
    """Return the final path of a file below the root; that on the build host where it lies elsewhere."""
    absolute, inside = os.path.abspath(path), os.path.abspath(root).rstrip("/")
    return absolute[len(inside) :] if absolute.startswith(inside + "/") else absolute


def _on_host(path: Path, root: Path) -> Path:
    """Return where a file lies whose path may be below the root, by links of the root."""
    final = _final(path, root)
    return path if final == os.path.abspath(path) else root / leads_to(root, final).lstrip("/")


def _absolute(text: str, place: str) -> str:
    final = posixpath.normpath(posixpath.join(place, text))
    if not text or not re.match(r"/(?!/)", final) or not final.isprintable():
        raise ValueError(f"{text!r} is no path")
    return final

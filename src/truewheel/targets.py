"""Find the target Pythons of a run: on this machine, in the root, or by a description of them."""

from __future__ import annotations

import itertools
import os
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from truewheel.beneath import is_directory, is_file, leads_to
from truewheel.children import Standby
from truewheel.dataclass import dataclass, replace
from truewheel.errors import InterpreterError, UsageError
from truewheel.interpreter import on_path, platform_tags, probe, probe_in_root
from truewheel.model import Interpreter

_PROGRAMS = ("/usr/local/bin", "/usr/bin", "/bin")  # in the order of a usual PATH
_LIBRARIES = ("lib", "lib64")
# PEP 739; Debian has the architecture in the name
_DESCRIPTION = r"build-details(\.[\w.-]*)?\.json"
_REMEDY = (
    "give --run-target to run it by chroot, or --python DESCRIPTION.json --compiler PY, or --scheme for "
    "the python3 of this machine"
)


@dataclass(frozen=True)
class TargetOptions:
    """Which Pythons a run is for, as asked for.

    ``pythons`` are paths or names of programs, or paths of descriptions that end in ``.json``. With ``run``
    they lie in the root and are run there. ``compilers`` compile for those that are described; ``platforms``
    are tags that take the place of the targets' own.
    """

    pythons: tuple[str, ...] = ()
    run: bool = False
    compilers: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()


def find_targets(
    options: TargetOptions, root: Path, look: bool, standby: Standby | None = None
) -> tuple[Interpreter, ...]:
    """Return the target Pythons, described; without a name the Python of the root where ``look`` says so.

    Nothing in the root runs without ``options.run``. The processes of this machine's Pythons stay in
    ``standby``. Raises UsageError for a Python in the root that nothing describes, InterpreterError for one
    that is not there, does not run, or has no compiler.
    """
    is_looked_for = not options.pythons and (look or options.run)
    python = _in_root(root, options.run) if is_looked_for else ""
    if python and not options.run:
        found = [_described(root, python, options.compilers)]
    else:
        found = [_target(name, options, root, standby) for name in options.pythons or (python or "python3",)]
    if options.platforms:
        tags = tuple(dict.fromkeys(tag for text in options.platforms for tag in _older(text)))
        found = [replace(each, platforms=tags) for each in found]
    return tuple(found)


def _in_root(root: Path, run: bool) -> str:
    if os.path.realpath(root) == "/" and not run:
        return ""
    python = _program(root, "python3")
    if not python and run:
        raise InterpreterError(
            "has no python3 in " + ", ".join(_PROGRAMS), subject=str(root), hint="name it: --python PATH"
        )
    return python


def _described(root: Path, python: str, compilers: Sequence[str]) -> Interpreter:
    """Return the Python of the root by its description, with the path by which it is found, as if it ran."""
    from truewheel.descriptions import read_description

    description = _described_there(root, python)
    if not description:
        raise UsageError(f"has a Python, {python}, and nothing describes it", subject=str(root), hint=_REMEDY)
    return replace(_with_compiler(read_description(Path(description), root), compilers), executable=python)


def _program(root: Path, name: str) -> str:
    places = (posixpath.join(directory, name) for directory in _PROGRAMS)
    return next((place for place in places if is_file(root, place)), "")


def _described_there(root: Path, python: str) -> str:
    """Return where on the build host the description of the root's Python lies, "" for nowhere.

    Directories of the root that are links are named, not followed: relative paths count from there.
    """
    program = leads_to(root, python)  # .../python3.14, perhaps below another prefix
    prefixes = dict.fromkeys(posixpath.dirname(posixpath.dirname(each)) for each in (python, program))
    for prefix, library in itertools.product(prefixes, _LIBRARIES):
        place = posixpath.join(prefix, library, posixpath.basename(program))
        if is_directory(root, place):
            names = sorted(os.listdir(root / leads_to(root, place).lstrip("/")))
            for name in (each for each in names if re.fullmatch(_DESCRIPTION, each)):
                return str(root / place.lstrip("/") / name)
    return ""


def _target(name: str, options: TargetOptions, root: Path, standby: Standby | None) -> Interpreter:
    if name.endswith(".json"):
        from truewheel.descriptions import read_description

        return _with_compiler(read_description(Path(name), root), options.compilers)
    if not options.run:
        return probe(name, standby=standby)
    python = name if "/" in name else _program(root, name)
    if not python.startswith("/") or not is_file(root, python):
        raise InterpreterError(
            "is not in the root", subject=name, hint="give the path as it is inside: /usr/bin/python3"
        )
    return probe_in_root(os.path.abspath(root), python)


def _with_compiler(target: Interpreter, commands: Sequence[str]) -> Interpreter:
    names = (f"python{target.short_version}", "python3")
    candidates = commands or [name for name in names if on_path(name)]
    for compiler in map(probe, candidates):
        if _compiles_for(compiler, target):
            return replace(target, compiler=compiler.executable, magic=compiler.magic)
    tried = f"none of {', '.join(candidates)} has" if candidates else "no Python here has"
    raise InterpreterError(
        f"{tried} its magic number",
        subject=f"{target.command}: Python {target.version_text}",
        hint=f"give --compiler PY, a CPython {target.short_version}",
    )


def _compiles_for(compiler: Interpreter, target: Interpreter) -> bool:
    from truewheel.descriptions import lacks_magic

    if not lacks_magic(target):
        return compiler.magic == target.magic
    released = not any(letter.isalpha() for letter in target.version_text + compiler.version_text)
    same = compiler.version[:2] == target.version[:2] and released
    return same or compiler.version_text == target.version_text


def _older(tag: str) -> tuple[str, ...]:
    """Return a platform tag with those of older C libraries, which fit too (PEP 600, PEP 656)."""
    family, _, rest = tag.partition("_")
    libc = {"manylinux": "glibc", "musllinux": "musl"}.get(family)
    numbers = rest.split("_", 2)
    if libc is None or len(numbers) != 3 or not all(each.isdecimal() for each in numbers[:2]):
        return (tag,)
    major, minor, machine = numbers
    found = platform_tags(f"linux-{machine}", 64, f"{libc} {major}.{minor}")
    return tuple(each for each in found if each.startswith((family, tag)))

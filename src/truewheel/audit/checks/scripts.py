"""Check the first lines of scripts, and that the package depends on their Python."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from truewheel.audit.model import Facts, Finding, Observed
from truewheel.audit.observe import BUILDERS
from truewheel.package.model import MemberKind, TargetKind
from truewheel.shebang import ENV

_PROGRAMS = frozenset(
    ("bin", "sbin", "usr/bin", "usr/sbin", "usr/games", "usr/local/bin", "usr/local/sbin", "usr/libexec")
)
# beside what builders of packages work in: places that no package has its interpreter in
_PASSING = ("/tmp/", "/var/tmp/", "/builddir/", "/build/", *BUILDERS)  # noqa: S108
_INTERPRETER = re.compile(rb"#![ \t]*([^ \t\r]+)(?:[ \t]+([^\r]*))?")
_PYTHON = re.compile(r"python(?P<version>[0-9]+(?:\.[0-9]+)?)?$")


def check_scripts(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the first lines of a target's programs."""
    for file in facts.files.unpacked():
        match = _INTERPRETER.match(file.head)
        if match is None or file.kind is not MemberKind.FILE or not file.mode & 0o111:
            continue
        interpreter = match[1].decode("utf-8", "backslashreplace")
        arguments = (match[2] or b"").decode("utf-8", "backslashreplace").split()
        yield from _build_path(facts, file, interpreter)
        if posixpath.dirname(file.path) in _PROGRAMS:
            yield from _env(facts, file, interpreter, arguments)
            yield from _dependency(facts, file, interpreter)


def _build_path(facts: Facts, file: Observed, interpreter: str) -> Iterator[Finding]:
    places = (*_PASSING, *(f"{path.rstrip('/')}/" for path in facts.build_paths))
    base = facts.target.base.rstrip("/") + "/"
    is_own = base != "/" and interpreter.startswith(base)  # a virtual environment in its place
    if not is_own and any(place in interpreter for place in _anchored(places, interpreter)):
        yield Finding("shebang-build-path", facts.final(file.path), f"starts with {interpreter}")


def _anchored(places: tuple[str, ...], interpreter: str) -> Iterator[str]:
    """The places that a path may begin with or, for those of builders, hold."""
    for place in places:
        if place in BUILDERS or interpreter.startswith(place):
            yield place


def _env(facts: Facts, file: Observed, interpreter: str, arguments: list[str]) -> Iterator[Finding]:
    if facts.scheme is None and facts.target.kind not in (TargetKind.RPM, TargetKind.DEB):
        return
    if facts.scheme is not None and facts.scheme.script_python.startswith(ENV):
        return
    program = next((word for word in arguments if not word.startswith("-") and "=" not in word), "")
    if posixpath.basename(interpreter) == "env" and _PYTHON.match(program):
        yield Finding("shebang-env", facts.final(file.path), f"starts with {interpreter} {program}")


def _dependency(facts: Facts, file: Observed, interpreter: str) -> Iterator[Finding]:
    """Check a package's direct dependencies: by the Python's package, path, or its ABI as rpm has it."""
    package = facts.target.package
    match = _PYTHON.match(posixpath.basename(interpreter))
    if package is None or match is None or interpreter.lstrip("/") in facts.files:
        return
    version = match["version"] or ""
    if not any(_provides(name, interpreter, version) for name in (*package.depends, package.name)):
        message = f"starts with {interpreter}, on which {package.name} does not depend"
        yield Finding("missing-python-dependency", facts.final(file.path), message)


def _provides(name: str, interpreter: str, version: str) -> bool:
    """Whether a dependency brings an interpreter; the package of a Python brings all of its major version."""
    if name in (interpreter, "python(abi)"):
        return True
    major = version.partition(".")[0]
    if not major:
        return re.match(r"(lib)?python\d?(\b|-)", name) is not None
    if "." in version:
        return re.match(rf"(lib)?python{re.escape(version)}(?![0-9])|python3?(-all|-dev)*$", name) is not None
    return re.match(rf"(lib)?python{major}(?![0-9])", name) is not None

"""Warn of files that go where they do no good: at the top of site-packages, or off the target's path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from truewheel.metadata import normalized
from truewheel.model import InstallPaths, Interpreter, PlannedFile, Scheme, Warned, Wheel
from truewheel.paths import PREFERRED

# sets: to compile patterns at each start takes a hundredth of a small install
_STRAY_DIRECTORIES = {"test", "tests", "doc", "docs", "example", "examples", "usr", "etc", "__MACOSX"}
_STRAY_FILES = {"setup.py", "setup.cfg", "pyproject.toml"}
_STRAY_TEXTS = ("license", "licence", "copying", "readme", "changes", "changelog", "authors")


def strays_at_top(files: Iterable[PlannedFile], paths: InstallPaths, wheel: Wheel) -> Iterator[Warned]:
    """Warn of what does not belong at the top of a directory of modules, a directory once."""
    own = normalized(wheel.name)
    for directory in dict.fromkeys((paths.purelib, paths.platlib)):
        begin = directory + "/"
        inside = [file.final[len(begin) :] for file in files if file.final.startswith(begin)]
        for top in dict.fromkeys([path[: path.find("/") + 1] or path for path in inside]):
            if _is_stray(top) and normalized(top.rstrip("/")) != own:
                message = "goes to the top of site-packages, where it is no module and may be other projects'"
                yield Warned(wheel.filename, top, "stray-top-level", message)


def _is_stray(top: str) -> bool:
    """Whether a name at the top, of a directory with a slash, is none of a module."""
    if top.endswith("/"):
        return top[:-1] in _STRAY_DIRECTORIES
    lower = top.lower()
    behind = next((lower[len(text) :][:1] for text in _STRAY_TEXTS if lower.startswith(text)), None)
    return top in _STRAY_FILES or (behind in ("", ".", "_", "-") and not top.endswith(".py"))


def off_path(
    files: Iterable[PlannedFile], paths: InstallPaths, interpreter: Interpreter, scheme: Scheme
) -> Iterator[Warned]:
    """Warn of a directory of modules that is not on ``sys.path`` where the Python is the final system's.

    A Python of this machine may stand in for that of the system which a scheme by name is for.
    """
    is_final = PREFERRED in scheme.sysconfig or interpreter.root or interpreter.compiler
    if not is_final or not interpreter.site_directories:
        return
    for directory in dict.fromkeys((paths.purelib, paths.platlib)):
        if directory in interpreter.site_directories:
            continue
        if any(file.final.startswith(directory + "/") for file in files):
            remedy = "leave out --scheme and --prefix, or name it in PYTHONPATH or in a .pth file"
            message = f"is not on sys.path of {interpreter.command}; {remedy}"
            yield Warned("", directory, "not-on-path", message)

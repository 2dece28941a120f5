"""Our scripts for target Pythons as one text, for a root in which the files of truewheel are not."""

from __future__ import annotations

from pathlib import Path

_DIRECTORY = Path(__file__).parent / "_target"
_PACKAGE = "_target"
# -c puts the working directory on the path
_SAFE_PATH = "import sys; sys.path[:] = [path for path in sys.path if path]\n"
_LOADER = """\
from importlib.machinery import ModuleSpec


class Sources:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package="." not in name) if name in SOURCES else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(SOURCES[module.__name__], module.__name__, "exec"), module.__dict__)


sys.meta_path.insert(0, Sources())
"""
_WORKER = (
    "pyc_worker",
    "dumps",
    "canonical",
    "localsplus",
    "marshal_form",
    "marshal_stream",
    "marshal_values",
)


def bundled(name: str) -> str:
    """Return what ``python -c`` runs in place of the script ``name``: probe, which imports nothing, or
    pyc_worker with the modules that it imports.
    """
    if name != "pyc_worker":
        return f"{_SAFE_PATH}{_source(name)}\n\nmain()\n"
    sources = {f"{_PACKAGE}.{each}": _source(each) for each in (*_WORKER, "versions")}
    found = f"SOURCES = { ({_PACKAGE: '', **sources})!r}\n"
    run = f"from {_PACKAGE}.{name} import main\nsys.exit(main())\n"
    return f"{_SAFE_PATH}{found}{_LOADER}{run}"


def _source(name: str) -> str:
    return (_DIRECTORY / f"{name}.py").read_text(encoding="utf-8")

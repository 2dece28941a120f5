"""Packages in a clean root: install, import everything as root, look what changed, erase."""

from __future__ import annotations

import json
import os

from tests.rpm.rpmroot import RpmRoot
from tests.support import inside

_IMPORT = """
import importlib, json, os, sys
sites, modules = json.loads(sys.argv[1])
sys.path[:0] = sites
del sys.argv[1:]
failed = {}
for name in modules:
    try:
        module = importlib.import_module(name)
        origin = getattr(module, "__file__", None)
        assert origin is None or origin.startswith(tuple(sites)), origin
    except BaseException as error:
        failed[name] = repr(error)
print("\\nFAILED " + json.dumps(failed), flush=True)
os._exit(0)
"""
_LATER = 100_000


class CleanRoot:
    """The root ``/clean`` inside of another: rpm_root's without truewheel."""

    def __init__(self, outer: RpmRoot) -> None:
        self._outer = outer
        self._directory = outer.directory / "clean"

    def rpm(self, *arguments: str, ok: bool = True) -> str:
        """Run the outer root's rpm on this one."""
        done = inside(self._outer.directory, ["rpm", "--root", "/clean", *arguments])
        assert not ok or done.returncode == 0, f"rpm {arguments}:\n{done.stdout}"
        return done.stdout

    def install(self, packages: list[str]) -> list[str]:
        """Install package files without what they depend on; returns their names."""
        self.rpm("-i", "--nodeps", "--nosignature", *packages)
        return self.rpm("-qp", "--nosignature", "--qf", "%{NAME}\\n", *packages).split()

    def dates(self, names: list[str]) -> dict[str, int]:
        """The paths of installed packages, each with the date it is packaged with."""
        lines = self.rpm("-q", "--qf", "[%{FILEMTIMES} %{FILENAMES}\\n]", *names).splitlines()
        return {path: int(date) for date, path in (line.split(" ", 1) for line in lines)}

    def modules(self, names: list[str]) -> list[str]:
        """Every module below the directories of modules, whether it is meant to be imported or not."""
        found = set()
        for path in self.dates(names):
            for site in self._outer.sites():
                inner = path.removeprefix(site + "/")
                if inner != path and inner.endswith((".py", ".so")) and ".dist-info/" not in inner:
                    parts = inner.split("/")
                    parts[-1] = parts[-1].partition(".")[0]
                    found.add(tuple(parts[:-1] if parts[-1] == "__init__" else parts))
        return sorted(".".join(parts) for parts in found if all(map(str.isidentifier, parts)))

    def imports(self, modules: list[str]) -> dict[str, str]:
        """Import all in one process of root, which may write bytecode; returns what failed and why."""
        task = json.dumps([self._outer.sites(), modules])
        done = inside(self._directory, ["python3", "-c", _IMPORT, task])
        assert "\nFAILED " in done.stdout, done.stdout[-3000:]
        return dict(json.loads(done.stdout.rsplit("\nFAILED ", 1)[1].splitlines()[0]))

    def touch(self, dates: dict[str, int], later: int = _LATER) -> None:
        """Give sources a later date than the packaged one."""
        for path, date in dates.items():
            os.utime(self._directory / path.lstrip("/"), (date + later, date + later))

    def below_sites(self) -> set[str]:
        """The paths in the directories of modules."""
        directories = [self._directory / site.lstrip("/") for site in self._outer.sites()]
        return {
            f"/{path.relative_to(self._directory)}"
            for directory in directories
            for path in directory.rglob("*")
        }

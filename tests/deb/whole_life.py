"""The life of packages with shipped bytecode: installed, used, installed again, upgraded, purged."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tests.deb.lifecycle import SITE, System

# a module may fail for want of what is not in the root: its bytecode has been looked at by then
_IMPORT = """\
import importlib, sys
fine = 0
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
        fine += 1
    except BaseException:
        pass
sys.exit(fine < int(sys.argv[1]))
"""
_NEXT = """\
dpkg-deb --raw-extract "$1" "$1.d"
sed -i 's/^Version: .*/&.1/' "$1.d/DEBIAN/control"
dpkg-deb -Znone --build "$1.d" "$1"
"""


def whole_life(
    system: System, packages: Sequence[Path], pythons: Sequence[str], fewest: int = 0
) -> list[str]:
    """Take packages through their life on a system; they are sound at each step and leave nothing.

    At least ``fewest`` of their modules can be imported there. Returns their public modules but those of
    tests, each of which has bytecode for all ``pythons``.
    """
    names = [package.name.partition("_")[0] for package in packages]
    files = system.take(packages)
    install(system, files)
    modules = modules_of(system, names, pythons)
    sound(system, names)
    use(system, names, modules, fewest)
    for target in ([SITE], *(["-p", name] for name in names)):
        system.root.run("py3compile", *target)
    sound(system, names)
    install(system, files)
    sound(system, names)
    for file in files:
        system.root.run("sh", "-ec", _NEXT, "sh", file)
    install(system, files)
    sound(system, names)
    use(system, names, modules, fewest)
    system.dpkg("--purge", "--force-depends", *names)
    assert system.left() == set()
    return modules


def install(system: System, files: Sequence[str]) -> None:
    """Install without what the packages need, which is not in the root."""
    system.dpkg("--force-depends", "--install", *files)


def modules_of(system: System, names: Sequence[str], pythons: Sequence[str]) -> list[str]:
    """The public modules of the packages but those of tests; each one has bytecode for each Python."""
    owned = system.owned(names)
    modules = [path for path in sorted(owned) if path.startswith(f"{SITE}/") and path.endswith(".py")]
    for python in pythons:
        cached = rf"__pycache__/\1.cpython-{python.replace('.', '')}.pyc"
        assert {re.sub(r"([^/]+)\.py$", cached, path) for path in modules} <= owned
    dotted = (path.removeprefix(f"{SITE}/").removesuffix(".py").replace("/", ".") for path in modules)
    return [name.removesuffix(".__init__") for name in dotted if "test" not in name]


def use(system: System, names: Sequence[str], modules: Sequence[str], fewest: int) -> None:
    """Import all as root, whose Python may write bytecode, before and after the sources get another date."""
    system.root.run("python3", "-c", _IMPORT, str(fewest), *modules)
    sound(system, names)
    system.touch(names)
    system.root.run("python3", "-c", _IMPORT, str(fewest), *modules)
    sound(system, names)


def sound(system: System, names: Sequence[str]) -> None:
    """Nothing is missing or changed, and there is no bytecode but that of the packages."""
    owned = system.owned(names)
    assert system.dpkg("--verify", *names) == ""
    assert [path for path in owned if not os.path.lexists(system.root.outside(path))] == []
    assert [path for path in system.left() - owned if path.endswith(".pyc")] == []

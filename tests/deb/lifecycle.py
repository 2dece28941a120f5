"""Packages with every kind of module, and what becomes of them on a system: installed, upgraded, removed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.deb.debroot import DebRoot
from tests.support import give_network, inside, mirror

SITE = "/usr/lib/python3/dist-packages"
_APT = ("-o", "APT::Sandbox::User=root", "-o", "Dpkg::Options::=--force-unsafe-io")
_CONTROL = """\
Source: {name}
Section: python
Priority: optional
Maintainer: A Packager <packager@example.org>
Build-Depends: debhelper-compat (= {compat}), dh-sequence-python3, dh-sequence-truewheel, python3-all-dev,
 python3-setuptools
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: python3-{name}
Architecture: any
Depends: ${{misc:Depends}}, ${{python3:Depends}}, ${{shlibs:Depends}}
Description: modules of {name} for a test
 A package of the tests of a sequence add-on.

Package: python3-{name}-space
Architecture: all
Depends: ${{misc:Depends}}, ${{python3:Depends}}
Description: a part of a namespace of {name} for a test
 A package of the tests of a sequence add-on.

Package: {name}-app
Architecture: all
Depends: ${{misc:Depends}}, ${{python3:Depends}}
Description: private modules of {name} for a test
 A package of the tests of a sequence add-on.
"""
_RULES = """\
#!/usr/bin/make -f
{exports}
%:
\tdh $@ --buildsystem=pybuild
"""
_CHANGELOG = """\
{name} ({number}-1) unstable; urgency=medium

  * Test.

 -- A Packager <packager@example.org>  Sat, 01 Nov 2025 12:00:00 +0000
"""
_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: the authors
License: public-domain
 This is a test.
"""
_SETUP = """\
from setuptools import Extension, setup

setup(
    name="{name}",
    version="{number}",
    packages=["{name}", "{name}.sub", "{name}_space.part"],
    py_modules=["{name}_alone"],
    ext_modules=[Extension("{name}._fast", ["fast.c"])] if {extension} else [],
)
"""
_FAST = """\
#include <Python.h>
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "_fast", NULL, -1, NULL}};
PyMODINIT_FUNC PyInit__fast(void) {{ return PyModule_Create(&module); }}
"""
_SCRIPT = """\
#!/usr/bin/python3
import sys
sys.path.insert(0, "/usr/share/{name}-app")
import tool
"""
_IMPORT = """
import importlib, json, os, sys
before = set(sys.modules)
for directory, names in json.loads(sys.argv[1]).items():
    sys.path.insert(0, directory)
    for name in names:
        importlib.import_module(name)
for name in set(sys.modules) - before:
    module = sys.modules[name]
    if getattr(module, "__cached__", None) and not name.startswith("encodings"):
        assert os.path.exists(module.__cached__), name
"""


@dataclass(frozen=True)
class Trial:
    """A source package of every kind of module; ``number`` is its version.

    From one number to the next a module goes, one comes and one changes. ``files`` are further files, by
    path; ``exports`` are variables of debian/rules.
    """

    name: str = "trial"
    number: int = 1
    extension: bool = True
    compat: int = 13
    exports: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def packages(self) -> list[str]:
        """The names of its binary packages."""
        return [f"python3-{self.name}", f"python3-{self.name}-space", f"{self.name}-app"]

    def modules(self) -> dict[str, list[str]]:
        """Modules to import, by the directory that must be on the search path."""
        name = self.name
        public = [name, f"{name}.changed", f"{name}.sub.deep", f"{name}.only{self.number}", f"{name}_alone"]
        public += [f"{name}_space.part.module"] + [f"{name}._fast"] * self.extension
        return {SITE: public, f"/usr/share/{name}-app": ["tool"], f"/usr/lib/{name}-app": ["inner.engine"]}


def write_trial(trial: Trial, directory: Path) -> Path:
    """Write a trial's source below a directory; returns the source's own directory."""
    source = directory / f"{trial.name}-{trial.number}"
    for path, text in {**_sources(trial), **_debian(trial), **trial.files}.items():
        file = source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (source / "debian/rules").chmod(0o755)
    (source / f"bin/{trial.name}-app").chmod(0o755)
    return source


def _sources(trial: Trial) -> dict[str, str]:
    name, number = trial.name, trial.number
    return {
        "setup.py": _SETUP.format(name=name, number=number, extension=trial.extension),
        "fast.c": _FAST.format(),
        f"{name}/__init__.py": "from . import sub\n",
        f"{name}/changed.py": f"NUMBER = {number}\n",
        f"{name}/only{number}.py": "def only():\n    return {1, 2, 3}\n",
        f"{name}/sub/__init__.py": "",
        f"{name}/sub/deep.py": "assert __debug__ or True, 'deep'\n",
        f"{name}_space/part/module.py": "PART = 1\n",
        f"{name}_alone.py": "ALONE = 1\n",
        "share/tool.py": f"from odd_dots import *\nNUMBER = {number}\n",
        "share/odd_dots.py": "",
        "share/odd 'name $(touch x).py": "ODD = 1\n",
        "share/odd.dots.in.py": "ODD = 2\n",
        "lib/inner/__init__.py": "",
        "lib/inner/engine.py": "ENGINE = 1\n",
        f"bin/{name}-app": _SCRIPT.format(name=name),
    }


def _debian(trial: Trial) -> dict[str, str]:
    name, number = trial.name, trial.number
    site = "usr/lib/python3*/*-packages"
    exports = "".join(f"export {variable}={value}\n" for variable, value in trial.exports.items())
    return {
        "debian/control": _CONTROL.format(name=name, compat=trial.compat),
        "debian/rules": _RULES.format(exports=exports),
        "debian/changelog": _CHANGELOG.format(name=name, number=number),
        "debian/copyright": _COPYRIGHT,
        "debian/source/format": "3.0 (quilt)\n",
        "debian/not-installed": f"{site}/__pycache__\n",
        f"debian/python3-{name}.install": f"{site}/{name}\n{site}/{name}_alone.py\n{site}/{name}-*\n",
        f"debian/python3-{name}-space.install": f"{site}/{name}_space\n",
        f"debian/{name}-app.install": (
            f"share/* usr/share/{name}-app\nlib/* usr/lib/{name}-app\nbin/* usr/bin\n"
        ),
    }


class System:
    """A root that packages are installed into."""

    def __init__(self, root: DebRoot) -> None:
        self.root = root
        (root.directory / "debs").mkdir(exist_ok=True)
        self._pristine = self.paths()

    def dpkg(self, *arguments: str) -> str:
        """Run dpkg as root, without waiting for the disk, which must exit 0."""
        return self.root.run("eatmydata", "dpkg", "--force-unsafe-io", *arguments)

    def install(self, packages: Iterable[Path]) -> None:
        """Install package files, in one go."""
        self.dpkg("--install", *self.take(packages))

    def take(self, packages: Iterable[Path]) -> list[str]:
        """Copy package files into the root; returns their paths there."""
        return [
            "/debs/" + Path(shutil.copy(package, self.root.directory / "debs")).name for package in packages
        ]

    def upgrade_to(self, release: str, repository: Path) -> dict[str, str]:
        """Have apt know a release and a directory of packages with its index; returns the environment for
        it."""
        environ = {**give_network(self.root.directory), "DEBIAN_FRONTEND": "noninteractive"}
        shutil.copytree(repository, self.root.outside("/repository"))
        for file in self.root.outside("/etc/apt/sources.list.d").iterdir():
            file.unlink()
        sources = f"deb {mirror()} {release} main\ndeb [trusted=yes] file:/repository ./\n"
        self.root.outside("/etc/apt/sources.list").write_text(sources, encoding="utf-8")
        self.root.run("apt-get", "-qq", *_APT, "update", environ=environ)
        return environ

    def apt(self, environ: Mapping[str, str], *arguments: str) -> str:
        """Run apt-get as root, which asks nothing and installs no recommendations."""
        options = ["-y", "--no-install-recommends", *_APT]
        return self.root.run("eatmydata", "apt-get", *options, *arguments, environ=environ)

    def imports(self, trial: Trial) -> None:
        """Import every module of a trial in one process of root, which may write bytecode."""
        self.root.run("python3", "-c", _IMPORT, json.dumps(trial.modules()))

    def owned(self, names: Sequence[str]) -> set[str]:
        """The paths of installed packages."""
        return {line for line in self.dpkg("--listfiles", *names).splitlines() if line.startswith("/")}

    def sound(self, trial: Trial) -> None:
        """Nothing of a trial's packages is missing, changed, or beside them."""
        names = trial.packages()
        assert self.dpkg("--verify", *names) == ""
        owned = self.owned(names)
        assert {path for path in owned if not self.root.outside(path).exists()} == set()
        assert self.caches(trial) - owned == set()

    def caches(self, trial: Trial) -> set[str]:
        """The bytecode of a trial's modules, whoever made it."""
        directories = [SITE, f"/usr/share/{trial.name}-app", f"/usr/lib/{trial.name}-app"]
        found = (path for path in self.paths() if path.endswith((".pyc", ".pyo")))
        return {path for path in found if path.startswith(tuple(directories)) and trial.name in path}

    def paths(self) -> set[str]:
        """Everything that packages of modules may leave behind."""
        names = ("usr/lib", "usr/share", "usr/bin", "var/lib/dpkg/info")
        places = [self.root.outside(name) for name in names]
        return {f"/{file.relative_to(self.root.directory)}" for place in places for file in place.rglob("*")}

    def left(self) -> set[str]:
        """What is there that was not there at first."""
        return self.paths() - self._pristine

    def touch(self, names: Sequence[str]) -> None:
        """Give every source of installed packages a later date."""
        for path in self.owned(names):
            if path.endswith(".py"):
                os.utime(self.root.outside(path), (2_000_000_000, 2_000_000_000))

    def script(self, name: str, *arguments: str) -> None:
        """Run the prerm of an installed package as dpkg would, where there is neither Python nor py3clean."""
        hide = "mount -t tmpfs none /usr/share/python3; mount --bind /bin/false /usr/bin/python3;"
        command = f'{hide} mount --bind /dev/null /usr/bin/py3clean; exec dash "$@"'
        script = f"/var/lib/dpkg/info/{name}.prerm"
        done = inside(self.root.directory, ["sh", "-ec", command, "sh", script, *arguments])
        assert (done.returncode, done.stdout) == (0, ""), done.stdout

"""pyenv's CPythons as packages of openSUSE's names: python3XY, and python3XY-modules to build with."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.opensuse.obs.debs import Deb, write_deb
from tests.pythons import available_pythons

FLAVORS = ("python311", "python312", "python313")
PRIMARY = "python313"
_PARTS = ("base", "devel", "xml", "curses", "dbm", "testsuite", "tools")
_MODULES = (
    *("pip", "setuptools", "wheel", "flit-core", "hatchling", "packaging", "Cython", "pytest"),
    *("build", "installer", "pyyaml"),
)
_LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "__pycache__")
_OWN_DIRECTORIES = re.compile(r"-L/usr/lib ?|-Wl,-rpath,/usr/lib ?|-I/usr/include ?")
_VERSIONED = re.compile(r"[A-Za-z0-9+.-]+ \(= [0-9][A-Za-z0-9.+~-]*\)")


def short(flavor: str) -> str:
    """``3.11`` of ``python311``."""
    return f"3.{flavor.removeprefix('python3')}"


def pyenv_python(flavor: str) -> Path:
    """The interpreter the flavor is made from; without one the test is skipped."""
    python = available_pythons().get(short(flavor))
    if python is None or python.is_relative_to("/usr"):
        pytest.skip(f"no CPython {short(flavor)} of pyenv or TRUEWHEEL_TEST_PYTHONS that can be copied")
    return python


def write_flavor(flavor: str, work: Path, directory: Path) -> None:
    """Make a flavor's packages in ``directory``; ``work`` keeps ``FLAVOR-modules``, the tree of the
    second."""
    _write_interpreter(flavor, work / flavor, directory)
    _write_modules(flavor, work / f"{flavor}-modules", directory)


def compile_library(flavor: str, tree: Path, below: str) -> None:
    """Byte-compile what a build only runs: the build user cannot, and would wait for it in every call."""
    command = [str(pyenv_python(flavor)), "-S", "-m", "compileall", "-q", "-s", str(tree), "-p", "/"]
    command += ["--invalidation-mode", "unchecked-hash", str(tree / below)]
    subprocess.run(command, check=False, capture_output=True)  # some modules hold broken ones for their tests


def _write_interpreter(flavor: str, tree: Path, directory: Path) -> None:
    """An interpreter finds itself where it lies; what it says of a compiler has to be told."""
    version, home = short(flavor), pyenv_python(flavor).resolve().parents[1]
    library = tree / f"usr/lib/python{version}"
    ignored = shutil.ignore_patterns(*_LEFT_OUT, "*.a", "*.o")
    shutil.copytree(home / f"lib/python{version}", library, ignore=ignored)
    (library / "site-packages").mkdir()
    shutil.copytree(home / f"include/python{version}", tree / f"usr/include/python{version}")
    for shared in home.glob(f"lib/libpython{version}.so*"):
        shutil.copy2(shared, tree / "usr/lib", follow_symlinks=False)
    (tree / "usr/bin").mkdir()
    shutil.copy2(home / f"bin/python{version}", tree / "usr/bin")
    for settings in (*library.glob("_sysconfigdata*.py"), *library.glob("config-*/Makefile")):
        settings.write_text(_OWN_DIRECTORIES.sub("", settings.read_text().replace(str(home), "/usr")))
    compile_library(flavor, tree, f"usr/lib/python{version}")
    names = [f"{flavor}-{part}" for part in _PARTS]
    if flavor == PRIMARY:
        (tree / "usr/bin/python3").symlink_to(f"python{version}")
        names += ["python3", *(f"python3-{part}" for part in _PARTS)]
    provides = tuple(f"{name} (= {version}.0)" for name in names)
    write_deb(Deb(flavor, f"{version}.0", "amd64", ("libc6",), provides, "ldconfig"), tree, directory)


def _write_modules(flavor: str, tree: Path, directory: Path) -> None:
    """What specs build and test with, from pip's index; programs end in the flavor's version."""
    version = short(flavor)
    command = [str(pyenv_python(flavor)), "-m", "pip", "install", "-q", "--ignore-installed", "--no-compile"]
    command += ["--root", str(tree), "--prefix", "/usr", "--only-binary", ":all:", *_MODULES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    site = tree / f"usr/lib/python{version}/site-packages"
    for program in list((tree / "usr/bin").iterdir()):
        line, _, rest = program.read_bytes().partition(b"\n")
        program.unlink()
        named = program if program.name.endswith(version) else program.with_name(f"{program.name}-{version}")
        named.write_bytes(re.sub(rb"^#!.*", f"#!/usr/bin/python{version}".encode(), line) + b"\n" + rest)
        named.chmod(0o755)
    compile_library(flavor, tree, str(site.relative_to(tree)))
    write_deb(Deb(f"{flavor}-modules", "1", "amd64", (flavor,), _provides(flavor, site)), tree, directory)


def _provides(flavor: str, site: Path) -> tuple[str, ...]:
    """``python311-NAME (= VERSION)`` of what is installed, in the ways specs write names."""
    prefixes = (flavor, "python3") if flavor == PRIMARY else (flavor,)
    found = set()
    for info in site.glob("*.dist-info"):
        text = (info / "METADATA").read_text(encoding="utf-8")
        name, version = (re.search(rf"^{key}: (.*)$", text, re.M)[1] for key in ("Name", "Version"))  # type: ignore[index]
        for form in {name, name.lower(), re.sub(r"[-_.]+", "-", name)}:
            found |= {f"{prefix}-{form} (= {version})" for prefix in prefixes}
    return tuple(sorted(one for one in found if _VERSIONED.fullmatch(one)))

"""A Debian root with rpm, compilers, build backends, truewheel from the checkout and its macros."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support import CHECKOUT, Recipe, Root, give_network, inside, put_truewheel, python_of

_REQUIREMENTS = Path(__file__).parent / "requirements.txt"
_PACKAGES = (
    *(
        "rpm",
        "file",
        "patch",
        "make",
        "gcc",
        "g++",
        "pkgconf",
        "ninja-build",
        "faketime",
        "debugedit",
        "elfutils",
    ),
    *("python3-dev", "python3-pip", "libffi-dev", "libyaml-dev", "zlib1g-dev"),
    *("python3-build", "python3-installer", "python3-packaging", "python3-yaml"),
)
_SITES = ("usr/lib/python{}/site-packages", "usr/lib64/python{}/site-packages")


@dataclass(frozen=True)
class RpmRoot(Root):
    """A root; ``python`` is the version of its Python, ``rpm`` that of its rpm."""

    python: str
    rpm: tuple[int, ...]

    def sites(self) -> list[str]:
        """Return Fedora's site directories, which Debian's Python does not search."""
        return ["/" + site.format(self.python) for site in _SITES]


def rpm_root(directory: Path, release: str, more: tuple[str, ...] = ()) -> RpmRoot:
    """Unpack such a root into a new directory, with the checkout's truewheel and macros.

    ``more`` are packages of Debian that it has besides.
    """
    _recipe(release, more).unpack(directory)
    _put_macros(directory)
    version = inside(directory, ["rpm", "--version"]).stdout.split()[-1]
    return RpmRoot(directory, python_of(directory), tuple(int(part) for part in version.split(".")[:2]))


def clean_copy(outer: RpmRoot, release: str, directory: Path) -> None:
    """Unpack the same root again, without truewheel, with the directories that Fedora's python3 owns."""
    _recipe(release).unpack(directory)
    for site in outer.sites():
        (directory / site.lstrip("/") / "__pycache__").mkdir(parents=True)


def _recipe(release: str, more: tuple[str, ...] = ()) -> Recipe:
    return Recipe((*_PACKAGES, *more), release, finish=_add_backends, ingredients=_REQUIREMENTS.read_text())


def _add_backends(directory: Path) -> None:
    environ = give_network(directory)
    shutil.copy(_REQUIREMENTS, directory / "root/requirements.txt")
    command = ["python3", "-m", "pip", "install", "--quiet", "--break-system-packages", "--no-cache-dir"]
    command += ["--root-user-action=ignore", "--only-binary=:all:", "--ignore-installed"]
    Root(directory).run(*command, "-r", "/root/requirements.txt", environ=environ)


def _put_macros(directory: Path) -> None:
    put_truewheel(directory)
    macros = directory / "usr/lib/rpm/macros.d"
    macros.mkdir(parents=True, exist_ok=True)
    for name in ("fileattrs", "lua"):
        shutil.copytree(CHECKOUT / "macros" / name, directory / "usr/lib/rpm" / name, dirs_exist_ok=True)
    for file in (CHECKOUT / "macros").iterdir():
        if file.name.startswith("macros."):
            shutil.copy(file, macros / file.name)
        elif file.is_file():
            shutil.copy(file, directory / "usr/lib/rpm" / file.name)
            (directory / "usr/lib/rpm" / file.name).chmod(0o755)

"""Debian roots with debhelper, compilers, build backends and truewheel from the checkout."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support import (
    CHECKOUT,
    Recipe,
    Root,
    give_network,
    inside,
    mirror,
    put_truewheel,
    python_of,
)

USER = 1000
_PACKAGES = (
    *("build-essential", "debhelper", "dh-python", "fakeroot", "faketime", "eatmydata", "strace"),
    *("python3-all-dev", "pybuild-plugin-pyproject", "python3-setuptools", "python3-wheel", "flit"),
    *(
        "python3-hatchling",
        "python3-hatch-vcs",
        "python3-poetry-core",
        "python3-setuptools-scm",
        "python3-pbr",
    ),
    *("python3-cffi", "cython3", "python3-pybind11", "pybind11-dev", "python3-mesonpy", "pkgconf"),
    *("python3-pytest", "python3-stestr", "python3-testtools", "python3-mock", "tox"),
    *("libperl-critic-perl", "lintian"),
    *("python3-build", "python3-installer", "python3-packaging", "python3-yaml"),
)
_ALSO = {
    "bookworm": (
        *("python3-pdm-pep517", "python3-numpy", "python3-sphinx", "python3-docs-theme", "python3-git"),
        *("python3-myst-parser", "python3-sphinx-reredirects", "python3-tomlkit", "python3-astroid"),
        *("python3-isort", "python3-mccabe", "python3-dill", "python3-toml", "python3-platformdirs"),
    ),
    "trixie": ("python3-pdm-backend",),
    "sid": ("python3-pdm-backend",),
}
_CLEAN = ("python3", "eatmydata")


@dataclass(frozen=True)
class DebRoot(Root):
    """A root; ``pythons`` are the versions it supports, the default last."""

    release: str
    pythons: tuple[str, ...]


def recipe(release: str) -> Recipe:
    """Return the root of a release to build packages in."""
    return Recipe((*_PACKAGES, *_ALSO[release]), release)


def deb_root(directory: Path, release: str) -> DebRoot:
    """Unpack a root to build packages in, with the checkout's truewheel, into a new directory.

    A user without rights, USER, can build.
    """
    recipe(release).unpack(directory)
    _let_build(directory)
    put_debhelper(directory)
    return DebRoot(directory, release, pythons_of(directory))


def pythons_of(directory: Path) -> tuple[str, ...]:
    """Return the versions that a root supports, the default last."""
    default = inside(directory, ["py3versions", "-dv"]).stdout.strip()
    supported = inside(directory, ["py3versions", "-sv"]).stdout.split()
    return (*(python for python in supported if python != default), default)


def clean_root(directory: Path, release: str) -> DebRoot:
    """Unpack a root with Debian's default Python and nothing else to install packages into."""
    Recipe(_CLEAN, release).unpack(directory)
    return DebRoot(directory, release, (python_of(directory),))


def let_fetch(root: DebRoot) -> dict[str, str]:
    """Let apt in the root fetch packages and sources of its release; return the environment for it."""
    environ = give_network(root.directory)
    sources = f"deb-src {mirror()} {root.release} main\n"
    root.outside("/etc/apt/sources.list.d/sources.list").write_text(sources, encoding="utf-8")
    root.run("apt-get", "-qq", "update", environ=environ)
    return environ


def put_debhelper(directory: Path) -> None:
    """Copy truewheel and its files for debhelper from the checkout to their places in a root."""
    put_truewheel(directory)
    files = CHECKOUT / "debhelper"
    shutil.copytree(files / "Debian", directory / "usr/share/perl5/Debian", dirs_exist_ok=True)
    shutil.copytree(files / "autoscripts", directory / "usr/share/debhelper/autoscripts", dirs_exist_ok=True)
    for command in files.glob("dh_*"):
        shutil.copy(command, directory / "usr/bin")
        (directory / "usr/bin" / command.name).chmod(0o755)


def _let_build(directory: Path) -> None:
    """Add the user who builds; faketime wants shared memory."""
    (directory / "dev/shm").chmod(0o1777)
    with (directory / "etc/passwd").open("a", encoding="utf-8") as file:
        file.write(f"builder:x:{USER}:{USER}::/home/builder:/bin/sh\n")
    with (directory / "etc/group").open("a", encoding="utf-8") as file:
        file.write(f"builder:x:{USER}:\n")
    home = directory / "home/builder"
    home.mkdir()
    os.chown(home, USER, USER)

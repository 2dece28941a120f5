"""Debian roots with debhelper, compilers, build backends and truewheel from the checkout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.repro.roots import debian_root, give_network, inside, mirror, root_archive

USER = 1000
_CHECKOUT = Path(__file__).parents[2]
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
_TRUEWHEEL = """\
#!/usr/bin/python3 -B
import sys
sys.path.insert(0, "/opt/truewheel/src")
from truewheel.cli.main import run
run()
"""


@dataclass(frozen=True)
class DebRoot:
    """A root; ``pythons`` are the versions it supports, the default last."""

    directory: Path
    release: str
    pythons: tuple[str, ...]

    def run(self, *command: str, environ: Mapping[str, str] | None = None, cwd: str = "/") -> str:
        """Run a command inside as root, which must exit 0; returns what it prints."""
        done = inside(self.directory, command, environ, cwd)
        assert done.returncode == 0, f"{command} exits {done.returncode}:\n{done.stdout[-6000:]}"
        return done.stdout

    def outside(self, path: str) -> Path:
        """A path of the root as it is seen from here."""
        return self.directory / path.lstrip("/")


def deb_root(directory: Path, release: str) -> DebRoot:
    """Unpack a root to build packages in, with truewheel from the checkout, into a new directory.

    What is Debian's is made once and kept in the test cache. A user without rights, USER, can build.
    """
    debian_root(directory, "amd64", (*_PACKAGES, *_ALSO[release]), release)
    _let_build(directory)
    put_truewheel(directory)
    default = inside(directory, ["py3versions", "-dv"]).stdout.strip()
    supported = inside(directory, ["py3versions", "-sv"]).stdout.split()
    return DebRoot(directory, release, (*(python for python in supported if python != default), default))


def chroot_archive(release: str) -> Path:
    """The tar file of what is Debian's of such a root."""
    return root_archive("amd64", (*_PACKAGES, *_ALSO[release]), release)


def clean_root(directory: Path, release: str) -> DebRoot:
    """Unpack a root with Debian's default Python and nothing else to install packages into."""
    debian_root(directory, "amd64", _CLEAN, release)
    version = inside(directory, ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).stdout
    return DebRoot(directory, release, (version.strip(),))


def put_truewheel(directory: Path) -> None:
    """Copy truewheel and its files for debhelper from the checkout to their places in a root."""
    shutil.copytree(
        _CHECKOUT / "src",
        directory / "opt/truewheel/src",
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    program = directory / "usr/bin/truewheel"
    program.write_text(_TRUEWHEEL, encoding="utf-8")
    program.chmod(0o755)
    files = _CHECKOUT / "debhelper"
    shutil.copytree(files / "Debian", directory / "usr/share/perl5/Debian", dirs_exist_ok=True)
    shutil.copytree(files / "autoscripts", directory / "usr/share/debhelper/autoscripts", dirs_exist_ok=True)
    shutil.copy(files / "dh_truewheel", directory / "usr/bin/dh_truewheel")
    (directory / "usr/bin/dh_truewheel").chmod(0o755)


def let_fetch(root: DebRoot) -> dict[str, str]:
    """Let apt in the root fetch packages and sources of its release; returns the environment for it."""
    environ = give_network(root.directory)
    sources = f"deb-src {mirror()} {root.release} main\n"
    root.outside("/etc/apt/sources.list.d/sources.list").write_text(sources, encoding="utf-8")
    root.run("apt-get", "-qq", "update", environ=environ)
    return environ


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

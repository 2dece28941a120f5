"""A Debian root with rpm, set up as openSUSE's build roots are: several CPythons in /usr, and their macros.

The flavors are pyenv's Pythons, whose own paths are /usr once they lie there; Debian's Python 3.11 runs
truewheel and is no flavor. A root of SLE has no Python of Debian: ``python3`` is 3.6 there.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pythons import available_pythons
from tests.support import CHECKOUT, Recipe, Root, give_network, put_truewheel

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements.txt"
FLAVORS = ("python310", "python312", "python313")
_SYSTEM = (
    *("rpm", "file", "patch", "make", "gcc", "libc6-dev", "faketime"),
    *("libffi8", "libssl3", "libsqlite3-0", "libexpat1", "libreadline8", "libuuid1"),
)
_PACKAGES = (*_SYSTEM, "python3-build", "python3-installer", "python3-packaging", "python3-yaml")
SLE_FLAVOR = "python311"
_SLE_PIP = {
    "3.6": ("pip<22", "setuptools<60", "wheel<0.38"),
    "3.11": (
        *("pip", "setuptools<80", "wheel", "flit_core"),
        *("build", "installer", "packaging", "pyyaml"),
    ),
}
_LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "__pycache__", "config-*")
_SETTINGS = """\
%_buildshell /bin/bash
%debug_package %{nil}
%__os_install_post /usr/lib/rpm/brp-suse
%_build_id_links none
"""
_BRP_SUSE = """\
#!/bin/sh
for script in /usr/lib/rpm/brp-suse.d/brp*; do
  [ ! -x "$script" ] || "$script" || exit 1
done
"""


@dataclass(frozen=True)
class SuseRoot(Root):
    """A root whose macros in ``/usr/lib/rpm/macros.d`` are those of openSUSE, stand-in or real ones."""

    def put_ours(self, flavors: tuple[str, ...] = FLAVORS) -> None:
        """Add truewheel's macros and its policy script to the stock ones."""
        ours = CHECKOUT / "macros/opensuse"
        made = subprocess.run([ours / "truewheel-flavor-macros", *flavors], capture_output=True, check=True)
        rpm = self.directory / "usr/lib/rpm"
        (rpm / "macros.d/macros.zz-truewheel-flavors").write_bytes(made.stdout)
        shutil.copy(ours / "brp-90-truewheel", rpm / "brp-suse.d/brp-90-truewheel")

    def take_ours(self) -> None:
        """Remove them again."""
        for name in ("macros.d/macros.zz-truewheel-flavors", "brp-suse.d/brp-90-truewheel"):
            (self.directory / "usr/lib/rpm" / name).unlink(missing_ok=True)


def suse_root(directory: Path, stock: Path, more: tuple[str, ...] = ()) -> SuseRoot:
    """Unpack such a root into a new directory, with the file of macros ``stock`` and ``more`` of Debian."""
    ingredients = " ".join(FLAVORS) + _REQUIREMENTS.read_text()
    Recipe((*_PACKAGES, *more), finish=_add_flavors, ingredients=ingredients).unpack(directory)
    put_truewheel(directory)
    return _set_up(directory, stock)


def sle_root(directory: Path, stock: Path) -> SuseRoot:
    """Unpack a root of SLE 15 into a new directory, with a flavor that its ``python3`` is not."""
    ingredients = repr(_SLE_PIP)
    Recipe((*_SYSTEM, "fdupes", "g++", "unzip"), finish=_add_sle_pythons, ingredients=ingredients).unpack(
        directory
    )
    put_truewheel(directory)
    run_by_311(directory)
    return _set_up(directory, stock)


def run_by_311(directory: Path) -> None:
    """Let truewheel run by Python 3.11 in a root whose ``python3`` is another."""
    program = directory / "usr/bin/truewheel"
    program.write_text(program.read_text().replace("/usr/bin/python3 ", "/usr/bin/python3.11 "))


def find_headers(root: SuseRoot, version: str) -> None:
    """Let a flavor's Python say of its headers and libraries where they lie in the root."""
    ask = "import sysconfig; print(sysconfig.get_config_var('INCLUDEPY'))"
    home = root.run(f"/usr/bin/python{version}", "-c", ask).strip().removesuffix(f"/include/python{version}")
    for settings in root.outside(f"/usr/lib/python{version}").glob("_sysconfigdata*.py"):
        settings.write_text(settings.read_text().replace(home, "/usr"))


def _set_up(directory: Path, stock: Path) -> SuseRoot:
    rpm = directory / "usr/lib/rpm"
    (rpm / "brp-suse.d").mkdir()
    (rpm / "brp-suse").write_text(_BRP_SUSE)
    (rpm / "brp-suse").chmod(0o755)
    shutil.copy(stock, rpm / "macros.d/macros.python_all")
    (directory / "etc/rpm").mkdir(exist_ok=True)
    (directory / "etc/rpm/macros").write_text(_SETTINGS)
    return SuseRoot(directory)


def _add_flavors(directory: Path) -> None:
    environ = give_network(directory)
    shutil.copy(_REQUIREMENTS, directory / "root/requirements.txt")
    for flavor in FLAVORS:
        version = f"3.{flavor.removeprefix('python3')}"
        _relocate(version, directory)
        python = f"/usr/bin/python{version}"
        for command in ("ensurepip", "pip install -q --root-user-action=ignore -r /root/requirements.txt"):
            Root(directory).run(python, "-m", *command.split(), environ=environ)


def _add_sle_pythons(directory: Path) -> None:
    environ = give_network(directory)
    for version, modules in _SLE_PIP.items():
        _relocate(version, directory)
        python = f"/usr/bin/python{version}"
        Root(directory).run(python, "-m", "ensurepip", environ=environ)
        install = ("-m", "pip", "install", "-q", "--upgrade")
        Root(directory).run(python, *install, *modules, environ=environ)
    (directory / "usr/bin/python3").symlink_to("python3.6")


def _relocate(version: str, directory: Path) -> None:
    """Copy one of pyenv's Pythons to /usr, where it finds its library by itself."""
    python = available_pythons().get(version)
    if python is None or python.parts[:2] == ("/", "usr"):
        pytest.skip(f"no CPython {version} of pyenv or TRUEWHEEL_TEST_PYTHONS that can be copied")
    home = python.resolve().parents[1]
    (directory / "usr/include").mkdir(exist_ok=True)
    shutil.copy(home / f"bin/python{version}", directory / "usr/bin")
    for library in home.glob(f"lib/libpython{version}*.so*"):
        shutil.copy(library, directory / "usr/lib")
    for headers in home.glob(f"include/python{version}*"):
        shutil.copytree(headers, directory / f"usr/include/{headers.name}")
    ignored = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(home / f"lib/python{version}", directory / f"usr/lib/python{version}", ignore=ignored)

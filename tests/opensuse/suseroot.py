"""A Debian root with rpm, set up as openSUSE's build roots are: several CPythons in /usr, and their macros.

The flavors are pyenv's Pythons, whose own paths are /usr once they lie there; Debian's Python 3.11 runs
truewheel and is no flavor.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pythons import available_pythons
from tests.registry import cache_directory
from tests.repro.roots import debian_root, give_network, inside

_HERE = Path(__file__).parent
_CHECKOUT = _HERE.parents[1]
_REQUIREMENTS = _HERE / "requirements.txt"
FLAVORS = ("python310", "python312", "python313")
_PACKAGES = (
    *("rpm", "file", "patch", "make", "gcc", "libc6-dev", "faketime"),
    *("libffi8", "libssl3", "libsqlite3-0", "libexpat1", "libreadline8", "libuuid1"),
    *("python3-build", "python3-installer", "python3-packaging", "python3-yaml"),
)
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
_TRUEWHEEL = """\
#!/usr/bin/python3 -B
import sys
sys.path.insert(0, "/opt/truewheel/src")
from truewheel.cli.main import run
run()
"""


@dataclass(frozen=True)
class SuseRoot:
    """A root whose macros in ``/usr/lib/rpm/macros.d`` are those of openSUSE, stand-in or real ones."""

    directory: Path

    def run(self, *command: str, environ: dict[str, str] | None = None) -> str:
        """Run a command inside, which must exit 0; returns what it prints."""
        done = inside(self.directory, command, environ)
        assert done.returncode == 0, f"{command} exits {done.returncode}:\n{done.stdout[-6000:]}"
        return done.stdout

    def put_ours(self, flavors: tuple[str, ...] = FLAVORS) -> None:
        """Put truewheel's macros and its policy script in; without them the root has the stock ones alone."""
        ours = _CHECKOUT / "macros/opensuse"
        made = subprocess.run([ours / "truewheel-flavor-macros", *flavors], capture_output=True, check=True)
        rpm = self.directory / "usr/lib/rpm"
        (rpm / "macros.d/macros.zz-truewheel-flavors").write_bytes(made.stdout)
        shutil.copy(ours / "brp-90-truewheel", rpm / "brp-suse.d/brp-90-truewheel")

    def take_ours(self) -> None:
        """Take them out again."""
        for name in ("macros.d/macros.zz-truewheel-flavors", "brp-suse.d/brp-90-truewheel"):
            (self.directory / "usr/lib/rpm" / name).unlink(missing_ok=True)


def suse_root(directory: Path, stock: Path) -> SuseRoot:
    """Unpack such a root into a new directory, with the file of macros ``stock``; kept in the test cache."""
    kept = _kept()
    if not kept.exists():
        _make(directory, kept)
    else:
        directory.mkdir(parents=True)
        subprocess.run(["tar", "-xf", kept, "-C", directory, "--numeric-owner"], check=True)
    _put_truewheel(directory)
    rpm = directory / "usr/lib/rpm"
    (rpm / "brp-suse.d").mkdir()
    (rpm / "brp-suse").write_text(_BRP_SUSE)
    (rpm / "brp-suse").chmod(0o755)
    shutil.copy(stock, rpm / "macros.d/macros.python_all")
    (directory / "etc/rpm").mkdir(exist_ok=True)
    (directory / "etc/rpm/macros").write_text(_SETTINGS)
    return SuseRoot(directory)


def _kept() -> Path:
    recipe = hashlib.sha256(
        _REQUIREMENTS.read_bytes() + " ".join((*_PACKAGES, *FLAVORS)).encode()
    ).hexdigest()
    return cache_directory("roots") / f"bookworm-suse-{recipe[:12]}.tar"


def _make(directory: Path, kept: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    debian_root(directory, "amd64", _PACKAGES)
    environ = give_network(directory)
    shutil.copy(_REQUIREMENTS, directory / "root/requirements.txt")
    for flavor in FLAVORS:
        version = f"3.{flavor.removeprefix('python3')}"
        _relocate(version, directory)
        python = f"/usr/bin/python{version}"
        for command in ("ensurepip", "pip install -q --root-user-action=ignore -r /root/requirements.txt"):
            done = inside(directory, [python, "-m", *command.split()], environ)
            assert done.returncode == 0, done.stdout[-6000:]
    partial = kept.with_name(f"partial-{os.getpid()}-{kept.name}")
    subprocess.run(["tar", "-cf", partial, "-C", directory, "--numeric-owner", "."], check=True)
    partial.replace(kept)


def _relocate(version: str, directory: Path) -> None:
    """Copy one of pyenv's Pythons to where it finds itself in /usr."""
    python = available_pythons().get(version)
    if python is None or python.parts[:2] == ("/", "usr"):
        pytest.skip(f"no CPython {version} of pyenv or TRUEWHEEL_TEST_PYTHONS that can be copied")
    home = python.resolve().parents[1]
    (directory / "usr/include").mkdir(exist_ok=True)
    shutil.copy(home / f"bin/python{version}", directory / "usr/bin")
    for library in home.glob(f"lib/libpython{version}.so*"):
        shutil.copy(library, directory / "usr/lib")
    shutil.copytree(home / f"include/python{version}", directory / f"usr/include/python{version}")
    ignored = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(home / f"lib/python{version}", directory / f"usr/lib/python{version}", ignore=ignored)


def _put_truewheel(directory: Path) -> None:
    shutil.copytree(
        _CHECKOUT / "src", directory / "opt/truewheel/src", ignore=shutil.ignore_patterns("__pycache__")
    )
    program = directory / "usr/bin/truewheel"
    program.write_text(_TRUEWHEEL)
    program.chmod(0o755)

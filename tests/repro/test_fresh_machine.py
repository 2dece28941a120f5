"""What the README says of a fresh machine holds in a minimal Debian that has only what it names.

By night also where rpm, its macros and its Pythons are set up as Fedora and openSUSE have them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.needs import nightly_but
from tests.opensuse.conftest import stock_macros
from tests.opensuse.suseroot import suse_root
from tests.rpm.rpmroot import rpm_root
from tests.support import CHECKOUT, Recipe, give_network, inside, put_checkout, python_of

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


class Machine(NamedTuple):
    """A root, and the environment that gives it the network."""

    root: Path
    environ: dict[str, str]


RELEASES = ["bookworm", "trixie", "sid"]
DISTRIBUTIONS = ["fedora", "opensuse"]
MACHINES = [*RELEASES, *DISTRIBUTIONS]


def new_machine(directory: Path, name: str) -> Machine:
    """Make a root with the README's packages and a fresh clone of HEAD in /checkout."""
    named = re.search(r"`apt-get install ([^`]+)`", README)
    assert named, "the README names no packages"
    root, packages = directory / "machine", tuple(named[1].split())
    if name == "fedora":
        rpm_root(root, "trixie", packages)
    elif name == "opensuse":
        suse_root(root, stock_macros(directory), packages)
    else:
        Recipe(packages, name).unpack(root)
    if name in DISTRIBUTIONS:
        (root / "etc/os-release").unlink()
        (root / "etc/os-release").write_text(f"ID={name}\nNAME={name}\n")
    put_checkout(root)
    return Machine(root, give_network(root))


def command(word: str) -> str:
    """The shell command of the README that says the word."""
    blocks = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    found = [block for block in blocks if word in block]
    assert len(found) == 1, f"{len(found)} commands say {word}"
    return str(found[0])


@pytest.mark.parametrize("name", nightly_but(["bookworm", "trixie"], MACHINES))
def test_first_command_installs(tmp_path: Path, name: str) -> None:
    machine = new_machine(tmp_path, name)
    version = python_of(machine.root)
    done = inside(machine.root, ["sh", "-c", command("truewheel install")], machine.environ, "/checkout")
    assert done.returncode == 0, done.stdout
    first = rf"^requests \S+ into buildroot for Python {re.escape(version)}\.\d+ \(fedora scheme\)$"
    assert re.search(first, done.stdout, re.M)
    summary = re.search(r"^done: (\d+) files \(.*\), (\d+) pycs \(.*\) of (\d+) sources$", done.stdout, re.M)
    assert summary, done.stdout
    buildroot = machine.root / "checkout/buildroot"
    pycs = list(buildroot.rglob("*.pyc"))
    files = [path for path in buildroot.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [len(files), len(pycs)] == [int(summary[1]), int(summary[2])]
    shutil.copytree(buildroot / "usr", machine.root / "usr", dirs_exist_ok=True)
    site = f"/usr/lib/python{version}/site-packages/requests"
    load = [".venv/bin/python", "-B", "-v", "-c", f"import sys; sys.path.append({site!r}); import hooks"]
    loaded = inside(machine.root, load, machine.environ, "/checkout")
    pyc = f"{site}/__pycache__/hooks.cpython-{version.replace('.', '')}.pyc"
    assert f"code object from '{pyc}'" in loaded.stdout, loaded.stdout


# .ci/run does this on a bare Debian 12
@pytest.mark.parametrize("name", nightly_but(["trixie"], MACHINES))
def test_second_command_passes_the_tests(tmp_path: Path, name: str) -> None:
    machine = new_machine(tmp_path, name)
    done = inside(machine.root, ["sh", "-c", command("pytest")], machine.environ, "/checkout")
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"\d+ passed", done.stdout)

"""What the README says of a fresh machine holds in a minimal Debian that has only what it names."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.repro.needs import require
from tests.repro.roots import debian_root, give_network, inside

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


class Machine(NamedTuple):
    """A root, and the environment that gives it the network."""

    root: Path
    environ: dict[str, str]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A root with the README's packages and a fresh clone of HEAD in /checkout."""
    require("git")
    named = re.search(r"`apt-get install ([^`]+)`", README)
    assert named, "the README names no packages"
    root = debian_root(tmp_path / "machine", "amd64", named[1].split())
    clone = ["git", "clone", "--quiet", "--no-local", str(CHECKOUT), str(root / "checkout")]
    subprocess.run(clone, check=True)
    return Machine(root, give_network(root))


def command(word: str) -> str:
    """The one-line shell command of the README that says the word."""
    blocks = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    found = [block for block in blocks if word in block]
    assert len(found) == 1, f"{len(found)} commands say {word}"
    return str(found[0])


def test_first_command_installs(machine: Machine) -> None:
    done = inside(machine.root, ["sh", "-c", command("truewheel install")], machine.environ, "/checkout")
    assert done.returncode == 0, done.stdout
    assert re.search(
        r"^requests \S+ into buildroot for Python 3\.11\.\d+ \(fedora scheme\)$", done.stdout, re.M
    )
    summary = re.search(r"^done: (\d+) files \(.*\), (\d+) pycs \(.*\) of (\d+) sources$", done.stdout, re.M)
    assert summary, done.stdout
    buildroot = machine.root / "checkout/buildroot"
    pycs = list(buildroot.rglob("*.pyc"))
    files = [path for path in buildroot.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [len(files), len(pycs)] == [int(summary[1]), int(summary[2])]
    shutil.copytree(buildroot / "usr", machine.root / "usr", dirs_exist_ok=True)
    site = "/usr/lib/python3.11/site-packages/requests"
    load = [".venv/bin/python", "-B", "-v", "-c", f"import sys; sys.path.append({site!r}); import hooks"]
    loaded = inside(machine.root, load, machine.environ, "/checkout")
    assert f"code object from '{site}/__pycache__/hooks.cpython-311.pyc'" in loaded.stdout, loaded.stdout


def test_second_command_passes_the_tests(machine: Machine) -> None:
    done = inside(machine.root, ["sh", "-c", command("pytest")], machine.environ, "/checkout")
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"\d+ passed", done.stdout)

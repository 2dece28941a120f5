"""The default scheme leaves what pip leaves, in paths and contents, but for what docs/elsewhere.md lists."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import need, nightly_but
from tests.pythons import available_pythons
from tests.registry import fetched, popular

pytestmark = pytest.mark.slow

_OWN = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")


@pytest.fixture(scope="module")
def python() -> Path:
    found = available_pythons()
    need("3.11" in found, "no Python 3.11 of pyenv, which has a pip")
    return found["3.11"]


def tree(root: Path) -> dict[str, Path]:
    """The files below a root by path, without those that an installer writes of its own."""
    return {
        str(path.relative_to(root)): path
        for path in root.rglob("*")
        if path.is_file() and not (path.parent.suffix == ".dist-info" and path.name in _OWN)
    }


def content(path: Path) -> tuple[bytes, bool]:
    """The bytes and whether it is executable; of the script of an entry point the first line alone."""
    data = path.read_bytes()
    is_entry_point = path.parent.name == "bin" and b"sys.exit(" in data and data.count(b"\n") < 12
    executable = bool(path.stat().st_mode & stat.S_IXUSR)
    return (data.partition(b"\n")[0] if is_entry_point else data), executable


@pytest.mark.parametrize("batch", nightly_but([0], range(10)))
def test_ten_wheels_are_installed_as_by_pip(tmp_path: Path, python: Path, batch: int) -> None:
    wheels = [str(fetched(pin)) for pin in popular()[batch * 10 : batch * 10 + 10]]
    environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
    one, other = tmp_path / "pip", tmp_path / "truewheel"
    pip = [str(python), "-m", "pip", "install", "-q", "--root", str(one), "--no-compile", "--no-deps"]
    pip += ["--ignore-installed", "--no-index", "--no-warn-script-location", "--root-user-action=ignore"]
    subprocess.run([*pip, *wheels], env=environ, check=True)
    ours = [sys.executable, "-m", "truewheel", "install", "-q", "--root", str(other), "--no-compile"]
    subprocess.run([*ours, "--overwrite", "--python", str(python), *wheels], env=environ, check=True)
    theirs, found = tree(one), tree(other)
    assert set(found) == set(theirs)
    assert [name for name in theirs if content(theirs[name]) != content(found[name])] == []
    shutil.rmtree(tmp_path)

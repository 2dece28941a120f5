"""An install of truewheel's own, of which each test changes a copy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

FILES = {
    "demo/__init__.py": "import os\n\n\ndef f(x):\n    '''doc'''\n    return x in {'foo', 2}\n",
    "demo/other.py": "def g():\n    assert f'{g}'\n",
    "demo/empty.py": "",
    "demo/data.txt": "text\n",
}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a wheel in it, by the scheme generic."""
    top = tmp_path_factory.mktemp("installed")
    wheel = WheelBuilder(top).build(files=FILES, entry_points={"demo": "demo:f"})
    root = top / "root"
    arguments = ["--root", str(root), "--python", sys.executable, "--scheme", "generic", "--quiet"]
    assert main(["install", str(wheel), *arguments]) == 0
    return root


@pytest.fixture
def root(installed: Path, tmp_path: Path) -> Path:
    """A copy of that root, hard links kept."""
    subprocess.run(["cp", "-a", installed, tmp_path / "copy"], check=True)
    return tmp_path / "copy"


@pytest.fixture
def site(root: Path) -> Path:
    """The directory of installed projects in the copy."""
    (found,) = root.glob("usr/lib*/python3*/site-packages")
    return found


@pytest.fixture
def pyc(site: Path) -> Callable[[str, int], Path]:
    """Return the path of a module's pyc at a level."""

    def path(module: str, level: int = 0) -> Path:
        tag = sys.implementation.cache_tag
        return site / f"demo/__pycache__/{module}.{tag}{f'.opt-{level}' if level else ''}.pyc"

    return path

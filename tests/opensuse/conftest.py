"""A root with openSUSE's macros, or the stand-in for them, and ours on top; one a session."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.opensuse.suseroot import SuseRoot, suse_root

_STANDIN = Path(__file__).parent / "macros.standin"


@pytest.fixture(scope="session")
def suse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SuseRoot]:
    """Debian 12's rpm 4.18 with CPython 3.10, 3.12 and 3.13."""
    directory = tmp_path_factory.mktemp("suse")
    root = suse_root(directory / "root", stock_macros(directory))
    root.put_ours()
    yield root
    shutil.rmtree(directory, ignore_errors=True)


def stock_macros(directory: Path) -> Path:
    """The stand-in, or what a checkout of python-rpm-macros compiles to for our flavors."""
    checkout = os.environ.get("TRUEWHEEL_PYTHON_RPM_MACROS")
    if not checkout:
        return _STANDIN
    pythons = next(line for line in _STANDIN.read_text().splitlines() if line.startswith("%pythons"))
    return compiled_macros(Path(checkout), f"{pythons}\n%primary_python python313\n", directory)


def compiled_macros(checkout: Path, build_set: str, directory: Path) -> Path:
    """What a checkout of python-rpm-macros compiles to in a directory, for the build set of a project."""
    shutil.copytree(checkout, directory / "macros")
    (directory / ".rpmmacros").write_text(f"## PYTHON MACROS BEGIN\n{build_set}## PYTHON MACROS END\n")
    subprocess.run(
        ["bash", "compile-macros.sh"],
        cwd=directory / "macros",
        env={**os.environ, "HOME": str(directory)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return directory / "macros/macros.python_all"

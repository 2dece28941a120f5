"""The wheels that the world installs most are accepted: every eighth in each run, all by night."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import need
from tests.pythons import available_pythons
from tests.registry import Pin, fetched, popular

pytestmark = pytest.mark.slow

_PINS = popular()


@pytest.fixture(scope="module")
def python() -> str:
    """A Python 3.11, which the wheels are for."""
    found = available_pythons()
    need("3.11" in found or "debian" in found, "no Python 3.11")
    return str(found.get("3.11") or found["debian"])


def installed(pin: Pin, *options: str) -> str:
    """Install a pinned wheel; returns what the command said on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "truewheel", "install", *options, str(fetched(pin))],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "pin",
    [pytest.param(pin, id=pin.name, marks=() if rank % 8 == 0 else pytest.mark.nightly)
     for rank, pin in enumerate(_PINS)],
)  # fmt: skip
def test_a_popular_wheel_is_installed_whole(pin: Pin, python: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = [
        "--root",
        str(tmp_path / "root"),
        "--scheme",
        "fedora",
        "--python",
        python,
        "--report",
        str(report),
    ]
    installed(pin, *options)
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    assert all(
        (tmp_path / "root" / file["path"].lstrip("/")).lstat().st_size == file["size"] for file in files
    )

"""Real wheels that other installers take and that are odd: each is installed, with a warning of its rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.registry import Pin, odd
from tests.targets.test_popular_wheels import installed, python  # noqa: F401

pytestmark = pytest.mark.slow

WARNS = {
    "nodejs-bin": ["symbolic-link"] * 3,
    "openturns": ["missing-tag", "malformed-tag"],
    "playwright": ["tag-mismatch"],
    "qtconsole": ["script-and-entry-point"],
    "ray": ["tag-mismatch"],
}


def test_every_odd_wheel_has_its_warnings_here() -> None:
    assert [pin.name for pin in odd()] == list(WARNS)


@pytest.mark.parametrize("pin", odd(), ids=lambda pin: pin.name)
def test_an_odd_wheel_is_installed_with_its_warnings(
    pin: Pin,
    python: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    report, root = tmp_path / "report.json", tmp_path / "root"
    options = ["--root", str(root), "--python", python, "--optimize", "", "--report", str(report), "-q"]
    options += ["--allow=symbolic-link"] if pin.name == "nodejs-bin" else []
    said = installed(pin, *options)
    told = [line.rpartition(" [")[2].rstrip("]") for line in said.splitlines() if line.endswith("]")]
    document = json.loads(report.read_text(encoding="utf-8"))
    assert told == WARNS[pin.name] == [warned["rule"] for warned in document["warnings"]]
    assert all((root / file["path"][1:]).lstat().st_size == file["size"] for file in document["files"])

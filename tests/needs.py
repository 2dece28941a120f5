"""What a test needs of the machine: missing, it is a skip on a workstation and a failure in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def require(*tools: str) -> None:
    """Go on only where these commands are on PATH."""
    for tool in tools:
        need(shutil.which(tool) is not None, f"{tool} is not installed")


def need(condition: bool, reason: str) -> None:
    """Go on only where the condition holds; ``reason`` says what is missing."""
    if condition:
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{reason}, and in CI nothing may be missing")
    pytest.skip(reason)


def require_root() -> None:
    """Go on only as root on Debian."""
    need(os.geteuid() == 0, "not root")
    need(Path("/etc/debian_version").exists(), "not Debian")

"""What a test needs of the machine, and which of its cases run nightly alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest


def nightly_but(daily: Collection[Any], cases: Iterable[Any]) -> list[Any]:
    """Return the cases as parameters of a test; those that are not daily repeat what the others guard.

    A case that is a tuple is one of several parameters.
    """
    found = list(cases)
    assert set(daily) <= set(found), f"no such cases: {set(daily) - set(found)}"
    marks = [[] if case in daily else [pytest.mark.nightly] for case in found]
    values = [case if isinstance(case, tuple) else (case,) for case in found]
    return [pytest.param(*value, marks=mark) for value, mark in zip(values, marks, strict=True)]


def require(*tools: str) -> None:
    """Go on only where these commands are on PATH."""
    for tool in tools:
        need(shutil.which(tool) is not None, f"{tool} is not installed")


def need(condition: bool, reason: str) -> None:
    """Go on only where the condition holds; ``reason`` says what is missing.

    Without it the test is skipped, and fails in CI.
    """
    if condition:
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{reason}, and in CI nothing may be missing")
    pytest.skip(reason)


def require_root() -> None:
    """Go on only as root on Debian."""
    need(os.geteuid() == 0, "not root")
    need(Path("/etc/debian_version").exists(), "not Debian")

"""Mutated inputs are refused in one line or installed whole; nothing else changes, and none takes long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.mutations import KINDS

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[2]
SHORT, LONG = 40, 1250
# 10,000 of each kind by night
SHARES = [(kind, 0, SHORT) for kind in KINDS]
NIGHTLY = [(kind, at, LONG) for kind in KINDS for at in range(0, 10_000, LONG)]


@pytest.mark.parametrize(
    ("kind", "first", "count"),
    [*SHARES, *(pytest.param(*share, marks=pytest.mark.nightly) for share in NIGHTLY)],
)
def test_a_mutated_input_is_refused_in_a_line_or_installed_whole(kind: str, first: int, count: int) -> None:
    command = [sys.executable, "-m", "tests.hostile.mutations", kind, str(first), str(count)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ended in {done.stderr.splitlines()[-1:]}: {done.returncode}"
    assert done.stdout == f"{count} runs\n"

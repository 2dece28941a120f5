"""Fixtures shared by all tests, and the one line about what was left out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.wheelbuilder import WheelBuilder


@pytest.fixture
def wheel_builder(tmp_path: Path) -> WheelBuilder:
    """A builder that puts wheels into the directory ``wheels`` of the test's own directory."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    return WheelBuilder(directory)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests were skipped, and why."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        # a test for each of the other Pythons, where there is none
        reasons["no other Python" if reason.startswith("got empty parameter set") else reason] += 1
    if reasons:
        each = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"left out: {each}")

"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wheelbuilder import WheelBuilder


@pytest.fixture
def wheel_builder(tmp_path: Path) -> WheelBuilder:
    """A builder that puts wheels into the directory ``wheels`` of the test's own directory."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    return WheelBuilder(directory)

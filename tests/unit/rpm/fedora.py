"""Fedora's own test data of its macros, which are not part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_VARIABLE = "TRUEWHEEL_FEDORA_TESTDATA"


def fedora_testdata(name: str) -> Path:
    """The path of one of the files; skips the module that asks for it if their directory is not known."""
    directory = os.environ.get(_VARIABLE)
    if not directory:
        pytest.skip(f"{_VARIABLE} is not set", allow_module_level=True)
    path = Path(directory, name)
    assert path.is_file(), f"{_VARIABLE} has no {name}"
    return path

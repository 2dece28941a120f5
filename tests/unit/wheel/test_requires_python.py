"""Requires-Python is read as packaging reads it."""

from __future__ import annotations

import itertools

import pytest
from packaging.specifiers import SpecifierSet

from truewheel.wheel.requires_python import admits

OPERATORS = (">=", "<=", "<", ">", "==", "!=", "~=")
RELEASES = (
    "3",
    "3.11",
    "3.11.0",
    "3.11.7",
    "3.11.7.0",
    "3.11.7.1",
    "3.9",
    "4",
    "3.11.*",
    "3.*",
    "3.11.7.*",
    "03.011",
)
PYTHONS = ((3, 7, 0), (3, 9, 18), (3, 11, 0), (3, 11, 7), (3, 13, 1), (4, 0, 0))
OTHERS = (
    "",
    ",",
    ">=3.7,",
    " >= 3.7 , < 4",
    ">=3.7,!=3.11.*",
    ">=3.8a1",
    "===3.11.7",
    ">=1!3",
    ">3.11.post1",
)


@pytest.mark.parametrize("wanted", [*map("".join, itertools.product(OPERATORS, RELEASES)), *OTHERS])
@pytest.mark.parametrize("version", PYTHONS, ids=str)
def test_a_specifier_admits_what_it_does_for_packaging(wanted: str, version: tuple[int, int, int]) -> None:
    try:
        expected = SpecifierSet(wanted).contains(".".join(map(str, version)), prereleases=True)
    except ValueError:
        with pytest.raises(ValueError):
            admits(wanted, version)
    else:
        assert admits(wanted, version) is expected

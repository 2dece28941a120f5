"""Names in Build-Depends, in every way they are written."""

from __future__ import annotations

import pytest

from truewheel.debian.control import dependency_names


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("", ()),
        ("debhelper-compat (= 13), python3-all", ("debhelper-compat", "python3-all")),
        ("python3:any, python3-all-dev:native (>= 3.9)", ("python3", "python3-all-dev")),
        ("python3-all|python3-all-dev(>=3)", ("python3-all", "python3-all-dev")),
        ("python3-pytest <!nocheck> , tox [amd64 arm64]", ("python3-pytest", "tox")),
        ("g++, libstdc++-dev, g++", ("g++", "libstdc++-dev")),
        ("${mine:Depends}, python3,\n , ", ("python3",)),
    ],
)
def test_names(field: str, names: tuple[str, ...]) -> None:
    assert dependency_names(field) == names

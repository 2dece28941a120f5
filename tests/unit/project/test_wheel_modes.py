"""Modes of a built wheel are 0644 and 0755, whatever those of the sources were."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from truewheel.project.wheel_modes import normalise_modes


def archive(path: Path, modes: dict[str, int]) -> Path:
    """A ZIP archive whose entries have modes."""
    with zipfile.ZipFile(path, "w") as made:
        for name, mode in modes.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = mode << 16
            made.writestr(info, name)
    return path


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o100664, 0o100644), (0o100600, 0o100644), (0o100775, 0o100755), (0o100700, 0o100755),
     (0o104755, 0o100755), (0o120777, 0o120777), (0o040700, 0o040700), (0o100644, 0o100644)],
)  # fmt: skip
def test_each_mode_becomes_one_of_two(tmp_path: Path, before: int, after: int) -> None:
    path = archive(tmp_path / "a.whl", {"first": 0o100644, "größe": before, "last": 0o100755})
    normalise_modes(path)
    with zipfile.ZipFile(path) as made:
        assert made.testzip() is None
        assert [info.external_attr >> 16 for info in made.infolist()] == [0o100644, after, 0o100755]


def test_an_archive_behind_other_bytes_is_changed_in_the_right_place(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.whl", {"x": 0o100600})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    normalise_modes(path)
    with zipfile.ZipFile(path) as made:
        assert stat.S_IMODE(made.infolist()[0].external_attr >> 16) == 0o644
        assert made.read("x") == b"x"


def test_what_is_no_archive_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(b"no archive")
    normalise_modes(path)
    assert path.read_bytes() == b"no archive"

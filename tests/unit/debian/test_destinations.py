"""Modules that go to the directory of a package that debian/control does not have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.debian.sources import layout, write
from truewheel.debian.destinations import lost_layouts, refuse_lost
from truewheel.debian.options import parse_options
from truewheel.errors import RefusedInput


@pytest.mark.parametrize(
    ("packages", "environ", "destdir", "lost"),
    [
        ("python3-other", {}, "python3-demo", True),
        ("python3-other python3-demo", {}, "python3-demo", False),
        ("", {}, "python3-demo", False),
        ("python3-other", {}, "tmp", False),
        ("python3-other", {"PYBUILD_DESTDIR": "debian/python3-demo/"}, "python3-demo", False),
        ("python3-other", {"PYBUILD_DESTDIR": "debian/tmp"}, "python3-demo", True),
    ],
)
def test_modules_are_lost(
    tmp_path: Path, packages: str, environ: dict[str, str], destdir: str, lost: bool
) -> None:
    where = replace(layout(tmp_path), destdir=str(tmp_path / "debian" / destdir))
    options = parse_options([], environ)
    assert lost_layouts([where], packages.split(), options, str(tmp_path)) == [where] * lost


@pytest.mark.parametrize(
    ("args", "environ", "rules", "refused"),
    [
        ("", {}, "", True),
        ("", {}, "x:\n\tmv debian/python3-demos y\n", True),
        ("", {}, "x:\n\tmv debian/python3-demo y\n", False),
        ("--root=debian/mine", {}, "", False),
        ("", {"PYBUILD_AFTER_INSTALL": "mv {destdir} debian/mine"}, "", False),
    ],
)
def test_they_are_refused_where_nothing_moves_them(
    tmp_path: Path, args: str, environ: dict[str, str], rules: str, refused: bool
) -> None:
    write(tmp_path, {"debian/rules": rules})
    call = ([layout(tmp_path, args)], ["python3-other"], parse_options([], environ), str(tmp_path))
    if not refused:
        refuse_lost(*call)
        return
    with pytest.raises(RefusedInput, match=r"has no package python3-demo \(name one of python3-other"):
        refuse_lost(*call)

"""What is built comes into the package whole: modes, dates, links, replacements, refusals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.debian.sources import below, write
from truewheel.debian.installing import copy_all, move_matching, plan_copies
from truewheel.errors import ConflictRefused, RefusedInput

DATE = 1_500_000_000


def _copy(source: Path, root: Path, final: str = "/usr/lib") -> None:
    copy_all(plan_copies(str(source), final), root, 0o755)


def test_modes_dates_and_empty_directories(tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "root"
    write(source, {"pkg/run.sh": "x", "pkg/data": "y"})
    (source / "pkg" / "empty").mkdir()
    (source / "pkg" / "run.sh").chmod(0o755)
    for path in (*source.rglob("*"), source):
        os.utime(path, (DATE, DATE))
    before = os.umask(0o077)
    try:
        _copy(source, root)
    finally:
        os.umask(before)
    assert below(root / "usr/lib") == ["pkg", "pkg/data", "pkg/empty", "pkg/run.sh"]
    assert (root / "usr/lib/pkg/run.sh").stat().st_mode & 0o777 == 0o755
    assert (root / "usr/lib/pkg/data").read_text() == "y"
    assert (root / "usr/lib/pkg/empty").stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mtime for path in (root / "usr").rglob("*")} == {DATE}


def test_links_are_followed(tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "root"
    write(source, {"a/x": "x"})
    (source / "file").symlink_to("a/x")
    (source / "directory").symlink_to("a")
    _copy(source, root)
    assert not (root / "usr/lib/file").is_symlink() and (root / "usr/lib/file").read_text() == "x"
    assert not (root / "usr/lib/directory").is_symlink() and (root / "usr/lib/directory/x").read_text() == "x"


def test_the_later_flavor_replaces(tmp_path: Path) -> None:
    first, last, root = tmp_path / "1", tmp_path / "2", tmp_path / "root"
    write(first, {"script": "python3.11", "only": "1"})
    write(last, {"script": "python3"})
    _copy(first, root, "/usr/bin")
    _copy(last, root, "/usr/bin")
    assert (root / "usr/bin/script").read_text() == "python3"
    assert below(root / "usr/bin") == ["only", "script"]


def test_a_link_in_the_package_is_not_followed(tmp_path: Path) -> None:
    source, root, outside = tmp_path / "source", tmp_path / "root", tmp_path / "outside"
    write(source, {"x": "new"})
    outside.mkdir()
    (root / "usr").mkdir(parents=True)
    (root / "usr" / "lib").symlink_to(outside)
    with pytest.raises(ConflictRefused, match="symbolic link"):
        _copy(source, root)
    (root / "usr" / "lib").unlink()
    (root / "usr" / "lib").mkdir()
    (root / "usr" / "lib" / "x").symlink_to(outside / "x")
    with pytest.raises(ConflictRefused, match="not a regular file"):
        _copy(source, root)
    assert below(outside) == []


@pytest.mark.parametrize("kind", ["dangling", "circle", "pipe"])
def test_what_cannot_be_copied(tmp_path: Path, kind: str) -> None:
    source, root = tmp_path / "source", tmp_path / "root"
    write(source, {"fine": ""})
    if kind == "pipe":
        os.mkfifo(source / kind)
    else:
        (source / kind).symlink_to("nowhere" if kind == "dangling" else ".")
    with pytest.raises(RefusedInput, match=f"source/{kind}: "):
        _copy(source, root)
    assert not root.exists()


def test_extensions_move(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    write(source, {"usr/lib/python3.11/a/b.so": "", "usr/lib/python3.11/a/b.py": "", "usr/lib/c/d.so.1": ""})
    move_matching(str(source), str(target), r"\.so(\.[^/]*)?$", r"python3\.11", "py")
    assert [path.name for path in source.rglob("*") if path.is_file()] == ["b.py"]
    assert not (source / "usr" / "lib" / "c").exists()
    assert (target / "usr/lib/py/a/b.so").exists() and (target / "usr/lib/c/d.so.1").exists()

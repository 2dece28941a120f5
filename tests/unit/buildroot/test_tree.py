"""Reading what is in a root, never through a link."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from truewheel.buildroot.tree import below, file_sha256, look, sources, strays
from truewheel.errors import ConflictRefused, UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/usr/lib").mkdir(parents=True)
    return tmp_path / "root"


def test_final_paths_lie_below_the_root(root: Path) -> None:
    assert below(root, "/usr/lib/x") == root / "usr/lib/x"
    assert below(root, "//usr") == root / "usr"


def test_a_file_is_found_with_all_that_counts(root: Path) -> None:
    path = root / "usr/lib/x"
    path.write_bytes(b"content")
    path.chmod(0o640)
    os.utime(path, ns=(0, 1_700_000_000_500_000_000))
    (found,) = look(root, ["/usr/lib/x", "/usr/lib/missing", "/opt/missing"]).values()
    assert (found.final, found.regular, found.mode) == ("/usr/lib/x", True, 0o640)
    assert (found.mtime, found.size) == (1_700_000_000, 7)
    assert found.sha256 == hashlib.sha256(b"content").hexdigest()
    assert found.inode == (path.stat().st_dev, path.stat().st_ino)


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "directory"])
def test_what_is_no_regular_file_is_found_unread(root: Path, kind: str) -> None:
    path = root / "usr/lib/x"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("/etc/passwd" if kind == "link" else "nowhere")
    found = look(root, ["/usr/lib/x"])["/usr/lib/x"]
    assert not found.regular
    assert found.sha256 == ""


@pytest.mark.parametrize("target", ["/", "lib", "nowhere"])
def test_a_link_on_the_way_is_refused(root: Path, target: str) -> None:
    (root / "usr/lib64").symlink_to(target)
    with pytest.raises(ConflictRefused, match=r"^/usr/lib64: "):
        look(root, ["/usr/lib64/python3/x"])


def test_a_file_on_the_way_is_refused(root: Path) -> None:
    (root / "usr/file").write_text("")
    with pytest.raises(ConflictRefused, match=r"^/usr/file: "):
        look(root, ["/usr/file/x"])


def test_a_root_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert look(tmp_path / "root", ["/usr/lib/x"]) == {}


def test_a_root_that_is_a_file_is_refused(root: Path) -> None:
    (root / "file").write_text("")
    with pytest.raises(UsageError, match="--root"):
        look(root / "file", ["/x"])


def test_a_root_below_a_file_is_refused(root: Path) -> None:
    (root / "file").write_text("")
    with pytest.raises(UsageError, match="--root"):
        look(root / "file/root", ["/x"])


def test_a_root_that_is_a_link_to_a_directory_is_fine(root: Path, tmp_path: Path) -> None:
    (root / "x").write_text("")
    (tmp_path / "link").symlink_to(root)
    assert list(look(tmp_path / "link", ["/x"])) == ["/x"]


def test_a_digest_is_not_taken_through_a_link(root: Path) -> None:
    (root / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        file_sha256(root / "link")


def test_sources_are_sorted_and_regular(root: Path, tmp_path: Path) -> None:
    for name in ("b.py", "a.py", "sub/c.py", "sub/__pycache__/d.py", "data.txt", "py"):
        (root / "usr/lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "usr/lib" / name).write_text("")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "out.py").write_text("")
    (root / "usr/lib/linked.py").symlink_to(outside / "out.py")
    (root / "usr/lib/linked").symlink_to(outside)
    (root / "usr/lib/directory.py").mkdir()
    assert list(sources(root, "/usr/lib")) == ["/usr/lib/a.py", "/usr/lib/b.py", "/usr/lib/sub/c.py"]
    assert list(sources(root, "/usr/lib/a.py")) == ["/usr/lib/a.py"]
    assert next(sources(root, "/")) == "/usr/lib/a.py"


def test_a_missing_path_has_no_sources(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(sources(root, "/missing"))


def test_a_start_that_is_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out.py").write_text("")
    (root / "usr/linked").symlink_to(tmp_path)
    try:
        found = list(sources(root, "/usr/linked"))
    except (OSError, ConflictRefused, UsageError):
        return
    assert found == []


def test_strays_are_what_nobody_wants_below_pycache(root: Path) -> None:
    cache = root / "usr/lib/a/__pycache__"
    cache.mkdir(parents=True)
    names = ("kept.cpython-311.pyc", "gone.cpython-311.opt-1.pyc", "odd.cpython-311-pytest-8.pyc", "note.txt")
    for name in (*names, "dotted.name.cpython-311.pyc", "linked.cpython-311.opt-1.pyc"):
        (cache / name).write_bytes(b"")
    (root / "usr/lib/a/plain.pyc").write_bytes(b"")
    (root / "usr/lib/a/linked.py").symlink_to("/nowhere")
    (root / "usr/lib/a/dotted.name.py").symlink_to("/nowhere")
    found = list(strays(root, "/usr/lib", {"/usr/lib/a/__pycache__/kept.cpython-311.pyc"}))
    assert found == [f"/usr/lib/a/__pycache__/{name}" for name in names[1:3]]

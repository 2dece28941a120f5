"""A tree as a stream of members: what lies there is told, and no link is followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from truewheel.errors import UsageError
from truewheel.package.model import MemberKind
from truewheel.package.tree import tree_members

NAME = "d" * 20


def test_members_are_told_with_what_a_listing_shows(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.txt").write_bytes(b"text")
    os.chmod(tmp_path / "a/b.txt", 0o4640)
    os.utime(tmp_path / "a/b.txt", (5, 1234567890.9))
    (tmp_path / "a/link").symlink_to("b.txt")
    os.mkfifo(tmp_path / "pipe")
    found = {each.path: each for each in tree_members(tmp_path)}
    assert list(found) == ["a", "pipe", "a/b.txt", "a/link"]
    file = found["a/b.txt"]
    assert (file.kind, file.mode, file.size, file.mtime) == (MemberKind.FILE, 0o4640, 4, 1234567890)
    assert (found["a/link"].kind, found["a/link"].target) == (MemberKind.LINK, "b.txt")
    assert found["pipe"].kind is MemberKind.OTHER


def test_bytecode_comes_before_its_sources_and_hard_links_share_an_inode(tmp_path: Path) -> None:
    cache = tmp_path / "p/__pycache__"
    cache.mkdir(parents=True)
    (tmp_path / "p/A.py").write_text("")
    (cache / "A.cpython-311.pyc").write_bytes(b"x")
    os.link(cache / "A.cpython-311.pyc", cache / "A.cpython-311.opt-1.pyc")
    members = list(tree_members(tmp_path, "p"))
    assert [each.path for each in members] == [
        "p/__pycache__/A.cpython-311.opt-1.pyc",
        "p/__pycache__/A.cpython-311.pyc",
        "p/A.py",
        "p/__pycache__",
    ]
    assert members[0].inode == members[1].inode != ""
    assert members[2].inode == ""


def test_content_is_read_while_the_stream_is_there_and_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (3 << 20))
    for member in tree_members(tmp_path):
        assert member.read(2 << 20) == b"x" * (2 << 20)
        assert sum(map(len, member.chunks())) == 3 << 20


def test_a_link_to_a_directory_is_not_entered(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/link").symlink_to(outside)
    assert [each.path for each in tree_members(tmp_path / "root")] == ["link"]


def test_what_is_no_directory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be read: Not a directory"):
        list(tree_members(tmp_path / "file"))
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="/link: cannot be read"):
        list(tree_members(tmp_path, "link"))


def test_a_tree_may_be_deeper_than_paths_and_descriptors_reach(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir(NAME, dir_fd=here)
        inner = os.open(NAME, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)
    paths = [member.path for member in tree_members(tmp_path)]
    assert paths[-1] == f"{NAME}/" * 300 + "file"
    assert len(paths) == 301


def test_what_goes_away_during_the_walk_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")
    found = []
    for member in tree_members(tmp_path):
        found.append(member.path)
        if member.path == "a":
            (tmp_path / "b/file").unlink()
            (tmp_path / "b").rmdir()
    assert found == ["a", "c", "a/file", "c/file"]


def test_a_link_in_the_place_of_a_directory_of_bytecode_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p/__pycache__").symlink_to("/etc")
    assert [(each.path, each.kind) for each in tree_members(tmp_path, "p")] == [
        ("p/__pycache__", MemberKind.LINK)
    ]

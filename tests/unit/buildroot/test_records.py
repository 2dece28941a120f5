"""RECORD is true after a tree was compiled in place, and after an install with fewer levels."""

from __future__ import annotations

import base64
import csv
import hashlib
import shutil
import sys
from pathlib import Path

import pytest

from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

PY = ("--python", sys.executable)
FILES = {"demo/__init__.py": "assert 1\n", "demo/sub/mod.py": "assert 2\n"}


class Tree:
    """A root with a wheel in it, and its RECORD."""

    def __init__(self, root: Path, wheel: Path, scheme: str) -> None:
        self.root, self.wheel, self.scheme = root, wheel, scheme

    def install(self, *options: str) -> None:
        words = ["install", str(self.wheel), "--root", str(self.root), "--scheme", self.scheme]
        assert main([*words, *PY, *options]) == 0

    def compile(self, *options: str) -> None:
        words = ["compile", self.final(self.site), "--root", str(self.root), "--scheme", self.scheme]
        assert main([*words, *PY, *options]) == 0

    @property
    def site(self) -> Path:
        return self.site_of("1.0")

    def site_of(self, version: str) -> Path:
        (dist_info,) = self.root.rglob(f"demo-{version}.dist-info")
        return dist_info.parent

    @property
    def record(self) -> Path:
        return self.site / "demo-1.0.dist-info/RECORD"

    def final(self, path: Path) -> str:
        return f"/{path.relative_to(self.root)}"

    def rows(self) -> dict[str, list[str]]:
        return {row[0]: row[1:] for row in csv.reader(self.record.read_text().splitlines())}

    def truth(self) -> dict[str, list[str]]:
        """The rows that the files of the site would have."""
        rows = {}
        for path in self.site.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
                rows[str(path.relative_to(self.site))] = [f"sha256={digest}", str(len(content))]
        rows[str(self.record.relative_to(self.site))] = ["", ""]
        return rows


@pytest.fixture(params=["generic", "debian"])
def tree(tmp_path: Path, wheel_builder: WheelBuilder, request: pytest.FixtureRequest) -> Tree:
    return Tree(tmp_path / "root", wheel_builder.build("demo", "1.0", files=FILES), request.param)


def test_more_levels_are_listed_after_compile(tree: Tree) -> None:
    tree.install("--optimize", "0")
    date = tree.record.stat().st_mtime_ns
    tree.compile("--optimize", "0,1,2")
    assert tree.rows() == tree.truth()
    assert sum(name.endswith(".pyc") for name in tree.rows()) == 6
    assert list(csv.reader(tree.record.read_text().splitlines())) == sorted(
        csv.reader(tree.record.read_text().splitlines())
    )
    assert tree.record.stat().st_mtime_ns == date


def test_other_bytecode_has_its_own_digest_after_compile(tree: Tree) -> None:
    tree.install()
    before = tree.record.read_bytes()
    tree.compile("--invalidation-mode", "unchecked-hash")
    assert tree.record.read_bytes() != before
    assert tree.rows() == tree.truth()
    tree.compile()
    assert tree.record.read_bytes() == before


def test_strays_that_are_removed_are_listed_no_longer(tree: Tree) -> None:
    tree.install()
    tree.compile("--optimize", "0", "--remove-strays")
    assert tree.rows() == tree.truth()
    assert not any("opt-1" in name for name in tree.rows())


def test_bytecode_of_a_source_that_no_longer_compiles_is_listed_no_longer(tree: Tree) -> None:
    tree.install()
    (tree.site / "demo/sub/mod.py").write_text("x =\n")
    tree.compile()
    assert set(tree.rows()) == set(tree.truth())
    assert sum(name.endswith(".pyc") for name in tree.rows()) == 2


@pytest.mark.parametrize("levels", ["0", ""])
def test_a_second_install_with_fewer_levels_lists_what_the_first_one_left(tree: Tree, levels: str) -> None:
    tree.install("--optimize", "0,1")
    before = tree.record.read_bytes()
    tree.install("--optimize", levels)
    assert tree.rows() == tree.truth()
    assert tree.record.read_bytes() == before


def test_a_record_without_bytecode_and_one_that_is_no_table_stay(tree: Tree) -> None:
    tree.install("--optimize", "")
    other = tree.site / "other-1.dist-info/RECORD"
    other.parent.mkdir()
    other.write_bytes(b"\xff\n")
    before = tree.record.read_bytes()
    tree.compile()
    assert (tree.record.read_bytes(), other.read_bytes()) == (before, b"\xff\n")


def test_bytecode_is_listed_as_pip_does_where_pip_installed_it(tree: Tree) -> None:
    tree.install("--optimize", "0")
    rows = [[name, *(["", ""] if name.endswith(".pyc") else rest)] for name, rest in tree.rows().items()]
    tree.record.write_text("".join(f"{','.join(row)}\n" for row in rows))
    tree.compile("--optimize", "0,1")
    assert tree.rows()["demo/__init__.py"][0].startswith("sha256=")
    pycs = {name: row for name, row in tree.rows().items() if name.endswith(".pyc")}
    assert len(pycs) == 4
    assert all(row == ["", ""] for row in pycs.values())


def test_a_record_that_dpkg_owns_stays(tree: Tree) -> None:
    tree.install()
    lists = tree.root / "var/lib/dpkg/info"
    lists.mkdir(parents=True)
    (lists / "python3-demo.list").write_text(f"/.\n/usr\n{tree.final(tree.record)}\n")
    before = tree.record.read_bytes()
    tree.compile("--invalidation-mode", "unchecked-hash")
    assert tree.record.read_bytes() == before
    (lists / "python3-demo.list").write_text("/.\n/usr\n")
    tree.compile("--invalidation-mode", "timestamp")
    assert tree.rows() == tree.truth()


@pytest.mark.parametrize(
    ("says", "status", "stays"),
    [
        ("python3-demo-1.0-1.noarch", 0, True),
        ("file /x is not owned by any package", 1, False),
        ("error: cannot open Packages database", 1, True),
    ],
)
def test_a_record_that_rpm_owns_stays(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, status: int, stays: bool
) -> None:
    tree.install()
    database = tree.root / "usr/lib/sysimage/rpm"
    database.mkdir(parents=True)
    (database / "rpmdb.sqlite").touch()
    rpm = tmp_path / "bin/rpm"
    rpm.parent.mkdir()
    rpm.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    rpm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{rpm.parent}:/usr/bin:/bin")
    before = tree.record.read_bytes()
    tree.compile("--invalidation-mode", "unchecked-hash")
    assert (tree.record.read_bytes() == before) is stays
    shutil.rmtree(rpm.parent)


def test_the_bytecode_of_a_version_that_goes_is_not_listed(tree: Tree, wheel_builder: WheelBuilder) -> None:
    tree.install("--optimize", "0,1")
    tree.wheel = wheel_builder.build("demo", "2.0", files=FILES)
    tree.install("--optimize", "0", "--overwrite")
    record = tree.site_of("2.0") / "demo-2.0.dist-info/RECORD"
    listed = {row[0] for row in csv.reader(record.read_text().splitlines())}
    site = tree.site_of("2.0")
    assert listed == {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}

"""Another version of a project: refused by name, or taken away by its RECORD, and nothing else with it."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.faults.support import snapshot
from tests.treehash import tree_listing
from tests.wheelbuilder import WheelBuilder
from truewheel.errors import ConflictRefused, RefusedInput
from truewheel.model import Manifest
from truewheel.pipeline import install, prepare_install
from truewheel.report.document import install_document, write_document
from truewheel.request import InstallRequest

SITE = sysconfig.get_path("purelib", "posix_prefix", {"base": "/usr"})[1:]
OLD_INFO, NEW_INFO = f"{SITE}/demo-1.0.dist-info", f"{SITE}/demo-2.0.dist-info"


def put(root: Path, wheel: Path, **options: Any) -> Manifest:
    request = InstallRequest((wheel,), root, pythons=(sys.executable,), **options)
    return install(prepare_install(request, {}))


@pytest.fixture
def old(wheel_builder: WheelBuilder) -> Path:
    return wheel_builder.build(
        files={"demo/__init__.py": "old = 1\n", "demo/gone/a.py": "a = 1\n", "demo/both.txt": "same"},
        entry_points={"old-tool": "demo:old", "tool": "demo:old"},
        data={"data/share/demo/old.txt": "x", "headers/demo/old.h": "x"},
    )


@pytest.fixture
def new(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    return WheelBuilder(tmp_path / "new").build(
        version="2.0",
        files={"demo/__init__.py": "new = 1\n", "demo/both.txt": "same"},
        entry_points={"tool": "demo:new"},
    )


@pytest.fixture
def root(tmp_path: Path, old: Path) -> Path:
    put(tmp_path / "root", old)
    return tmp_path / "root"


def names(root: Path) -> list[str]:
    return [line.split()[0] for line in tree_listing(root)]


def test_another_version_is_refused_by_its_name(root: Path, new: Path) -> None:
    before = snapshot(root)
    with pytest.raises(ConflictRefused, match=r"^/.*demo-1.0.dist-info: demo 1.0 is installed already"):
        put(root, new)
    assert snapshot(root) == before


def test_overwriting_another_version_leaves_what_a_fresh_install_leaves(
    tmp_path: Path, root: Path, new: Path
) -> None:
    put(root, new, overwrite=True)
    put(tmp_path / "fresh", new)
    left = {"usr/share", "usr/include"} | {name for name in names(root) if name.startswith("usr/include/")}
    assert set(names(tmp_path / "fresh")) == set(names(root)) - left
    assert not (root / "usr/share/demo").exists()
    assert not list((root / "usr/include").rglob("*.h"))


def test_a_failed_overwrite_brings_the_other_version_back(
    root: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(root)
    unlink = os.unlink

    def fail(path: str, **options: int) -> None:
        if path == "a.py":
            raise OSError(5, "Input/output error")
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", fail)
    with pytest.raises(Exception, match="Input/output error"):
        put(root, new, overwrite=True)
    monkeypatch.undo()
    assert snapshot(root) == before


def test_what_pip_added_goes_from_the_same_version_too(root: Path, old: Path) -> None:
    before = snapshot(root)
    for name in ("REQUESTED", "direct_url.json"):
        (root / OLD_INFO / name).write_text("")
    put(root, old, overwrite=True)
    assert set(snapshot(root)) == set(before)


def test_bytecode_of_another_python_stays_beside_that_of_the_same_version(root: Path, old: Path) -> None:
    other = root / SITE / "demo/__pycache__/__init__.cpython-399.pyc"
    other.write_bytes(b"")
    with open(root / OLD_INFO / "RECORD", "a") as record:
        record.write("demo/__pycache__/__init__.cpython-399.pyc,,\n")
    put(root, old, overwrite=True)
    assert other.exists()


def test_nothing_outside_goes_and_nothing_through_a_link(tmp_path: Path, root: Path, new: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("")
    (root / "etc").mkdir()
    (root / "etc/kept").write_text("")
    (root / SITE / "demo/link").symlink_to(outside)
    (root / "usr/bin/kept").symlink_to(outside / "kept")
    rows = [f"demo/link/kept,,\n../../../../etc/kept,,\n../../../../../outside/kept,,\n{outside}/kept,,\n"]
    with open(root / OLD_INFO / "RECORD", "a") as record:
        record.writelines([*rows, "../../../bin/kept,,\n", "demo/gone,,\n"])
    put(root, new, overwrite=True)
    assert (outside / "kept").exists()
    assert (root / "etc/kept").exists()
    assert (root / "usr/bin/kept").is_symlink()


def test_what_another_record_lists_stays(root: Path, new: Path) -> None:
    for site in (SITE, "usr/lib/python3.99/site-packages"):
        other = root / site / "other-1.dist-info"
        other.mkdir(parents=True)
    (root / SITE / "other-1.dist-info/RECORD").write_text("demo/gone/a.py,,\n")
    other = root / "usr/lib/python3.99/site-packages/other-1.dist-info/RECORD"
    other.write_text("../../../bin/old-tool,,\n")
    put(root, new, overwrite=True)
    assert (root / SITE / "demo/gone/a.py").exists()
    assert (root / "usr/bin/old-tool").exists()


def test_a_vendored_dist_info_does_not_count(root: Path, new: Path, old: Path) -> None:
    shutil.copytree(root / OLD_INFO, root / SITE / "demo/_vendor/demo-0.5.dist-info")
    put(root, old)
    put(root, new, overwrite=True)
    assert (root / SITE / "demo/_vendor/demo-0.5.dist-info/RECORD").exists()


def test_another_spelling_of_the_name_is_the_same_project(root: Path, new: Path) -> None:
    (root / OLD_INFO).rename(root / SITE / "DEMO-1.0.dist-info")
    with pytest.raises(ConflictRefused, match=r"demo 1\.0 is installed already"):
        put(root, new)


def test_another_version_without_record_and_report_is_refused(root: Path, new: Path) -> None:
    (root / OLD_INFO / "RECORD").unlink()
    before = snapshot(root)
    with pytest.raises(ConflictRefused, match=r"demo 1\.0 is installed without a RECORD"):
        put(root, new, overwrite=True)
    assert snapshot(root) == before


def test_another_version_without_record_goes_by_the_report_of_its_install(
    tmp_path: Path, old: Path, new: Path
) -> None:
    root, report = tmp_path / "root", tmp_path / "report.json"
    request = InstallRequest((old,), root, "fedora", (sys.executable,))
    prepared = prepare_install(request, {})
    write_document(report, install_document(prepared.plan, install(prepared)))
    put(root, new, scheme="fedora", overwrite=True, reports=(report, tmp_path / "none.json"))
    assert not list(root.rglob("demo-1.0.dist-info"))
    assert not list(root.rglob("gone"))
    assert not list(root.rglob("old-tool"))


@pytest.mark.parametrize("kind", ["link", "binary"])
def test_a_record_that_cannot_be_read_is_refused(tmp_path: Path, root: Path, new: Path, kind: str) -> None:
    record = root / OLD_INFO / "RECORD"
    record.rename(tmp_path / "RECORD")
    if kind == "link":
        record.symlink_to(tmp_path / "RECORD")
    else:
        record.write_bytes(b"\xff\n")
    before = snapshot(root)
    with pytest.raises(RefusedInput, match="RECORD: is"):
        put(root, new, overwrite=True)
    assert snapshot(root) == before

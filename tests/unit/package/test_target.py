"""Targets are told by their content, and packages are read as dpkg-deb and rpmbuild write them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.needs import require
from tests.wheelbuilder import WheelBuilder
from truewheel.errors import TargetDamaged, TruewheelError, UsageError
from truewheel.package.model import Member, Target, TargetKind
from truewheel.package.target import open_target

SPEC = """
Name: demo
Version: 1
Release: 2
Summary: demo
License: MIT
BuildArch: noarch
Requires: python3 >= 3.6, /usr/bin/env
%description
demo
%install
cp -a {tree}/usr %{{buildroot}}/usr
%files
/usr
"""


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tree")
    cache = top / "usr/lib/demo/__pycache__"
    cache.mkdir(parents=True)
    (cache / "a.pyc").write_bytes(b"linked")
    os.link(cache / "a.pyc", cache / "b.pyc")
    (top / "usr/lib/demo/empty").write_bytes(b"")
    os.link(top / "usr/lib/demo/empty", top / "usr/lib/demo/void")
    (top / "usr/lib/demo/link").symlink_to("empty")
    (top / "usr/lib/demo/tool").write_bytes(b"#!/bin/sh\n" * 1000)
    (top / "usr/lib/demo/tool").chmod(0o755)
    return top


@pytest.fixture(scope="session")
def deb(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("deb")
    if shutil.which("dpkg-deb") is None:
        pytest.skip("needs dpkg-deb")
    shutil.copytree(tree, top / "t", symlinks=True)
    (top / "t/usr/lib/demo/__pycache__/b.pyc").unlink()
    os.link(top / "t/usr/lib/demo/__pycache__/a.pyc", top / "t/usr/lib/demo/__pycache__/b.pyc")
    (top / "t/DEBIAN").mkdir()
    (top / "t/DEBIAN/control").write_text(
        "Package: demo\nVersion: 1-2\nArchitecture: all\nMaintainer: a <a@b>\nDescription: demo\n"
        "Pre-Depends: dpkg (>= 1) | x\nDepends: python3:any (>= 3.6),\n python3-foo (<< 9)\n"
    )
    command = ["dpkg-deb", "--build", "--root-owner-group", str(top / "t"), str(top / "demo.deb")]
    subprocess.run(command, check=True, capture_output=True)
    return top / "demo.deb"


@pytest.fixture(scope="session", params=["w9.gzdio", "w6.xzdio", "w3.zstdio", "w.ufdio"])
def rpm(request: pytest.FixtureRequest, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("rpm")
    if shutil.which("rpmbuild") is None:
        pytest.skip("needs rpmbuild")
    if request.param.endswith("zstdio"):
        require("zstd")
    (top / "demo.spec").write_text(SPEC.format(tree=tree))
    defines = {"_topdir": top, "_binary_payload": request.param, "__os_install_post": "%{nil}"}
    options = [word for name, value in defines.items() for word in ("--define", f"{name} {value}")]
    subprocess.run(["rpmbuild", "-bb", *options, top / "demo.spec"], check=True, capture_output=True)
    return next(top.rglob("*.rpm"))


def files(target: Target) -> Iterator[tuple[Member, bytes]]:
    return ((each, each.read(1 << 20)) for each in target.members() if "demo/" in each.path)


def check(target: Target) -> None:
    found = {each.path.rpartition("demo/")[2]: (each, data) for each, data in files(target)}
    assert set(found) == {
        "__pycache__",
        "__pycache__/a.pyc",
        "__pycache__/b.pyc",
        "empty",
        "void",
        "link",
        "tool",
    }
    pycs = [found["__pycache__/a.pyc"], found["__pycache__/b.pyc"]]
    assert sorted(data for _, data in pycs) == [b"", b"linked"]
    (first,) = (each.path for each, data in pycs if data)
    assert [each.repeats for each, data in pycs if not data] == [first]
    assert found["tool"][0].mode == 0o755
    assert found["tool"][1] == b"#!/bin/sh\n" * 1000
    assert found["link"][0].target == "empty"
    assert found["empty"][1] == b""
    assert {(each.uid, each.gid, each.owner) for each, _ in found.values()} == {(0, 0, "root")}


def test_a_deb_is_read_as_it_was_packed(deb: Path) -> None:
    target = open_target(deb)
    assert target.kind is TargetKind.DEB
    assert target.package is not None
    assert (target.package.name, target.package.version, target.package.architecture) == (
        "demo",
        "1-2",
        "all",
    )
    assert target.package.depends == ("dpkg", "x", "python3", "python3-foo")
    check(target)


def test_an_rpm_is_read_as_it_was_packed(rpm: Path) -> None:
    target = open_target(rpm)
    assert target.kind is TargetKind.RPM
    assert target.package is not None
    assert (target.package.name, target.package.version, target.package.architecture) == (
        "demo",
        "1-2",
        "noarch",
    )
    assert {"python3", "/usr/bin/env"} <= set(target.package.depends)
    check(target)


def test_a_target_that_needs_a_program_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = tmp_path / "layer.tar.zst"
    layer.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=f"^{layer}: is compressed by zstd, which is not installed "):
        list(files(open_target(layer)))


def test_a_package_that_is_cut_off_or_changed_is_read_or_refused_in_one_line(
    deb: Path, rpm: Path, tmp_path: Path
) -> None:
    for whole in (deb, rpm):
        data = whole.read_bytes()
        for size in range(0, len(data), max(1, len(data) // 40)):
            part = tmp_path / whole.name
            part.write_bytes(data[:size])
            with pytest.raises(TruewheelError, match=r"^[^\n]*: "):
                list(files(open_target(part)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_mutated_package_is_read_or_refused_in_one_line(
    data: st.DataObject, deb: Path, rpm: Path, tmp_path: Path
) -> None:
    whole = data.draw(st.sampled_from([deb, rpm]))
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    part = tmp_path / whole.name
    part.write_bytes(content)
    try:
        list(files(open_target(part)))
    except TruewheelError as error:
        assert "\n" not in str(error)
        assert error.exit_code == 2


@pytest.mark.parametrize("number", [b"-0000001", b"0x000001", b"0_000001", b" 0000001", b"+0000001"])
@pytest.mark.parametrize("rpm", ["w.ufdio"], indirect=True)
def test_a_number_of_a_payload_is_eight_digits(number: bytes, rpm: Path, tmp_path: Path) -> None:
    content = rpm.read_bytes()
    at = content.find(b"070701")
    (tmp_path / "x.rpm").write_bytes(content[: at + 14] + number + content[at + 22 :])
    with pytest.raises(TargetDamaged, match=r"x\.rpm: has something else in place of a number"):
        list(files(open_target(tmp_path / "x.rpm")))


def test_directories_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    for name, inside in (("root", "usr/lib"), ("venv", "lib"), ("plain", "package")):
        (tmp_path / name / inside).mkdir(parents=True)
    (tmp_path / "venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    kinds = {name: open_target(tmp_path / name) for name in ("root", "venv", "plain")}
    assert [each.kind for each in kinds.values()] == [TargetKind.ROOT, TargetKind.VENV, TargetKind.TREE]
    assert kinds["root"].final("usr") == "/usr"
    assert kinds["venv"].final("lib") == f"{tmp_path}/venv/lib"


def test_a_part_of_a_root_has_final_paths(tmp_path: Path) -> None:
    (tmp_path / "opt/app/x").mkdir(parents=True)
    target = open_target(tmp_path / "opt/app", tmp_path)
    assert [target.final(each.path) for each in target.members()] == ["/opt/app/x"]
    with pytest.raises(UsageError, match="does not lie below the root"):
        open_target(tmp_path, tmp_path / "opt")


def test_a_wheel_is_told_whatever_its_name(tmp_path: Path) -> None:
    path = WheelBuilder(tmp_path).build()
    assert open_target(path.rename(tmp_path / "other")).kind is TargetKind.WHEEL


@pytest.mark.parametrize("content", [b"", b"text\n" * 500, b"!<arch>\nrest", b"\xed\xab\xee\xdbrest"])
def test_what_is_no_target_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(TargetDamaged, match=r"^.*/file: "):
        open_target(tmp_path / "file")
    with pytest.raises(UsageError, match="gone: cannot be read: No such file"):
        open_target(tmp_path / "gone")

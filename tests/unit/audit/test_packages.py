"""Packages, layers and images made of an install: nothing is found but what is made wrong in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.needs import need
from truewheel.audit.model import Finding
from truewheel.audit.verify import VerifyRequest, verify
from truewheel.package.model import TargetKind
from truewheel.schemes import load_scheme

SPEC = """
Name: {name}
Version: 1
Release: 1
Summary: demo
License: MIT
BuildArch: noarch
AutoReqProv: no
{requires}
%description
demo
%install
cp -a {root}/usr %{{buildroot}}/usr
%files
%defattr(-,{owner},{owner})
/usr/*
"""


def make_deb(
    root: Path, top: Path, name: str = "demo", depends: str = "python3", owner: str = "root"
) -> Path:
    tree = top / f"tree-{name}"
    subprocess.run(["cp", "-a", root, tree], check=True)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: demo\n"
        + (f"Depends: {depends}\n" if depends else "")
    )
    (tree / "DEBIAN").chmod(0o755)
    own = ["--root-owner-group"] if owner == "root" else []
    if not own:
        need(os.geteuid() == 0, "needs root, to give a file away")
        subprocess.run(["chown", "-R", owner, tree / "usr"], check=True)
    subprocess.run(["dpkg-deb", *own, "--build", tree, top / f"{name}.deb"], check=True, capture_output=True)
    return top / f"{name}.deb"


def make_rpm(
    root: Path, top: Path, name: str = "demo", depends: str = "python(abi) = 3", owner: str = "root"
) -> Path:
    requires = f"Requires: {depends}" if depends else ""
    (top / "demo.spec").write_text(SPEC.format(name=name, requires=requires, root=root, owner=owner))
    defines = {"_topdir": str(top / name), "__os_install_post": "%{nil}", "_build_id_links": "none"}
    options = [word for key, value in defines.items() for word in ("--define", f"{key} {value}")]
    subprocess.run(["rpmbuild", "-bb", *options, str(top / "demo.spec")], check=True, capture_output=True)
    return next((top / name).rglob("*.rpm"))


def make_layer(root: Path, top: Path) -> Path:
    with tarfile.open(top / "layer.tar.xz", "w:xz") as tar:
        tar.add(root / "usr", "usr")
    return top / "layer.tar.xz"


def make_image(root: Path, top: Path) -> Path:
    layer = make_layer(root, top)
    (top / "manifest.json").write_text(json.dumps([{"Config": "c", "Layers": ["a/layer.tar"]}]))
    with tarfile.open(top / "image.tar", "w") as tar:
        tar.add(layer, "a/layer.tar")
        tar.add(top / "manifest.json", "manifest.json")
    return top / "image.tar"


MAKERS = {
    TargetKind.DEB: make_deb,
    TargetKind.RPM: make_rpm,
    TargetKind.ARCHIVE: make_layer,
    TargetKind.IMAGE: make_image,
}
PACKAGES = [TargetKind.DEB, TargetKind.RPM]


def make(kind: TargetKind, root: Path, top: Path, **options: str) -> Path:
    tool = {TargetKind.DEB: "dpkg-deb", TargetKind.RPM: "rpmbuild"}.get(kind, "tar")
    if shutil.which(tool) is None:
        pytest.skip(f"needs {tool}")
    maker: Callable[..., Path] = MAKERS[kind]
    return maker(root, top, **options)


def found(targets: Sequence[Path], scheme: str = "") -> list[Finding]:
    request = VerifyRequest(tuple(targets), scheme=load_scheme(scheme) if scheme else None, jobs=1)
    return [finding for each in verify(request, {}) for finding in each.findings]


@pytest.mark.parametrize("kind", MAKERS)
def test_what_truewheel_installs_has_no_finding_once_it_is_packed(
    kind: TargetKind, root: Path, tmp_path: Path
) -> None:
    target = make(kind, root, tmp_path)
    (verified,) = verify(VerifyRequest((target,), jobs=1), {})
    assert (verified.target.kind, verified.findings) == (kind, ())
    assert found([target], "generic") == []


@pytest.mark.parametrize("kind", MAKERS)
def test_a_defect_is_found_in_a_package_as_in_a_tree(
    kind: TargetKind, root: Path, tmp_path: Path, pyc: Callable[..., Path]
) -> None:
    data = pyc("other").read_bytes()
    pyc("other").write_bytes(data[:8] + b"\0" * 8 + data[16:])
    rules = {each.rule for each in found([make(kind, root, tmp_path)])}
    assert rules == {"wrong-source-hash", "wrong-record-hash"}


@pytest.mark.parametrize("kind", PACKAGES)
def test_a_package_misses_the_pyc_that_its_other_sources_have(
    kind: TargetKind, root: Path, site: Path, tmp_path: Path, pyc: Callable[..., Path]
) -> None:
    for number in range(12):
        (site / f"demo/more{number}.py").write_bytes((site / "demo/empty.py").read_bytes())
        shutil.copy(pyc("empty"), pyc(f"more{number}"))
    pyc("other").unlink()
    missing = {each.path for each in found([make(kind, root, tmp_path)]) if each.rule == "missing-pyc"}
    assert {Path(path).name for path in missing} == {"other.py"}


@pytest.mark.parametrize("kind", PACKAGES)
def test_a_script_needs_a_dependency_on_its_python(kind: TargetKind, root: Path, tmp_path: Path) -> None:
    assert [each.rule for each in found([make(kind, root, tmp_path, depends="")])] == [
        "missing-python-dependency"
    ]
    path = "/usr/bin/python3" if kind is TargetKind.RPM else "python3-minimal"
    for number, depends in enumerate(("python3", path, "python3.11")):
        assert found([make(kind, root, tmp_path, name=f"demo{number}", depends=depends)]) == []
    other = make(kind, root, tmp_path, name="other", depends="python2")
    assert [each.rule for each in found([other])] == ["missing-python-dependency"]


@pytest.mark.parametrize("kind", PACKAGES)
def test_modules_belong_to_root(kind: TargetKind, root: Path, tmp_path: Path) -> None:
    assert {each.rule for each in found([make(kind, root, tmp_path, owner="nobody")])} == {"wrong-owner"}


@pytest.mark.parametrize("kind", PACKAGES)
def test_two_packages_do_not_share_a_path(kind: TargetKind, root: Path, site: Path, tmp_path: Path) -> None:
    first = make(kind, root, tmp_path, name="first")
    (site / "demo/data.txt").write_text("more\n")
    second = make(kind, root, tmp_path, name="second")
    shared = [each for each in found([first, second]) if each.rule == "shared-by-packages"]
    assert f"/{(site / 'demo/data.txt').relative_to(root)}" in {each.path for each in shared}
    assert {each.message for each in shared} == {"is in first as well"}
    assert (len(shared) == 1) == (kind is TargetKind.RPM)


def test_an_rpm_of_rpms_own_installer_has_no_record(root: Path, site: Path, tmp_path: Path) -> None:
    (site / "demo-1.0.dist-info/INSTALLER").write_text("rpm\n")
    rules = {each.rule for each in found([make(TargetKind.RPM, root, tmp_path)])}
    assert "leftover-record" in rules
    assert "leftover-record" in {each.rule for each in found([root], "fedora")}

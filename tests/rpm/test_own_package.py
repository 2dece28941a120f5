"""truewheel's own packages for rpm, made by itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.own_source import NAME, own_source
from tests.rpm.building import HERE, build, within
from tests.rpm.rpmroot import RpmRoot
from tests.support import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.chroot]


def listings(root: RpmRoot, directory: Path, *defines: str) -> tuple[set[str], set[str]]:
    """The files of the package of macros, and of the one with the program."""
    own_source(directory)
    archive = directory / f"{NAME}.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", directory, NAME], check=True)
    made = build(root, CHECKOUT / "packaging/truewheel.spec", [archive], HERE, *defines)
    assert made.status == 0, made.log[-6000:]
    stand_ins = [package for package in made.packages if "pyproject-rpm-macros" in package.name]
    for package in stand_ins:
        assert root.run("rpm", "-qpl", within(root, package)).split() == ["(contains", "no", "files)"]
        assert "pyproject-rpm-macros = " in root.run("rpm", "-qp", "--provides", within(root, package))
    packages = set(made.packages).difference(stand_ins)
    program, macros = sorted(packages, key=lambda package: "rpm-macros" in package.name)
    lists = [set(root.run("rpm", "-qpl", within(root, package)).split()) for package in (macros, program)]
    return lists[0], lists[1]


def test_each_file_is_where_fedora_looks_for_it(bookworm: RpmRoot, tmp_path: Path) -> None:
    macros, program = listings(bookworm, tmp_path)
    assert macros == {
        "/usr/lib/rpm/brp-truewheel",
        "/usr/lib/rpm/lua/truewheel",
        "/usr/lib/rpm/lua/truewheel/getopt.lua",
        *(f"/usr/lib/rpm/fileattrs/{file.name}" for file in (CHECKOUT / "macros/fileattrs").iterdir()),
        *(f"/usr/lib/rpm/macros.d/{file.name}" for file in (CHECKOUT / "macros").glob("macros.*")),
    }
    assert "/usr/bin/truewheel" in program
    assert f"{bookworm.sites()[0]}/truewheel/__pycache__/model.cpython-311.pyc" in program
    assert f"{bookworm.sites()[0]}/truewheel/_canonical.abi3.so" in program


def test_each_file_is_where_opensuse_looks_for_it(bookworm: RpmRoot, tmp_path: Path) -> None:
    macros, program = listings(bookworm, tmp_path, "suse_version 1699")
    assert macros == {"/usr/lib/rpm/macros.d/macros.zz-truewheel-flavors"}
    assert {path for path in program if path.startswith(("/usr/bin/", "/usr/lib/rpm/"))} == {
        "/usr/bin/truewheel",
        "/usr/bin/truewheel-flavor-macros",
        "/usr/lib/rpm/brp-suse.d",
        "/usr/lib/rpm/brp-suse.d/brp-90-truewheel",
    }

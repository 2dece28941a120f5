"""truewheel's own packages for rpm, made by itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.own_source import CHECKOUT, NAME, own_source
from tests.rpm.building import build
from tests.rpm.rpmroot import RpmRoot

pytestmark = [pytest.mark.slow, pytest.mark.chroot]


def test_each_file_is_where_rpm_looks_for_it(bookworm: RpmRoot, tmp_path: Path) -> None:
    own_source(tmp_path)
    archive = tmp_path / f"{NAME}.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", tmp_path, NAME], check=True)
    made = build(bookworm, CHECKOUT / "packaging/truewheel.spec", [archive])
    assert made.status == 0, made.log[-6000:]
    lists = {}
    for package in made.packages:
        inner = f"/{package.relative_to(bookworm.folder)}"
        lists[package.name] = bookworm.run("rpm", "-qpl", inner).split()
    (macros,) = (files for name, files in lists.items() if "rpm-macros" in name)
    assert set(macros) == {
        "/usr/lib/rpm/brp-truewheel",
        *(f"/usr/lib/rpm/fileattrs/{file.name}" for file in (CHECKOUT / "macros/fileattrs").iterdir()),
        *(f"/usr/lib/rpm/macros.d/{file.name}" for file in (CHECKOUT / "macros").glob("macros.*")),
    }
    (program,) = (files for name, files in lists.items() if "rpm-macros" not in name)
    assert "/usr/bin/truewheel" in program
    assert f"{bookworm.sites()[0]}/truewheel/__pycache__/model.cpython-311.pyc" in program

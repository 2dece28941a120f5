"""truewheel's own packages, made by itself, and what a packager who installs them can do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deb.building import Build, Job, build, built
from tests.deb.debroot import DebRoot, deb_root
from tests.own_source import own_source

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

RULES = "#!/usr/bin/make -f\n%:\n\tdh $@ --buildsystem=truewheel --with truewheel\n"
CONTROL = """\
Source: demo
Section: python
Priority: optional
Maintainer: Demo <demo@demo.invalid>
Standards-Version: 4.7.0
Build-Depends: debhelper-compat (= 13), dh-sequence-python3, pybuild-plugin-pyproject, python3-all,
 python3-setuptools

Package: python3-demo
Architecture: all
Depends: ${misc:Depends}, ${python3:Depends}
Description: demo
 A demo.
"""
CHANGELOG = "demo (1.0-1) unstable; urgency=medium\n\n  * Demo.\n\n -- Demo <demo@demo.invalid>  {}\n"
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "demo"
version = "1.0"
[tool.setuptools]
py-modules = ["demo"]
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[DebRoot, Build]:
    """A root with truewheel's files from the checkout, and the packages that it made of itself."""
    folder = tmp_path_factory.mktemp("own")
    root = deb_root(folder / "root", "bookworm")
    source = own_source(folder)
    shutil.copytree(source / "packaging/debian", source / "debian")
    return root, built(build(root, Job(source)))


def listing(package: Path) -> set[str]:
    text = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    names = subprocess.run(["tar", "-t"], input=text, capture_output=True, check=True).stdout.decode()
    return {name.removeprefix(".") for name in names.split() if not name.endswith("/")}


def test_each_file_is_where_the_distribution_wants_it(own: tuple[DebRoot, Build]) -> None:
    debhelper, program = (listing(package) for package in own[1].packages)
    assert {name for name in debhelper if not name.startswith("/usr/share/doc/")} == {
        "/usr/bin/dh_truewheel",
        "/usr/share/debhelper/autoscripts/prerm-truewheel",
        "/usr/share/man/man1/dh_truewheel.1.gz",
        "/usr/share/man/man3/Debian::Debhelper::Buildsystem::truewheel.3pm.gz",
        "/usr/share/perl5/Debian/Debhelper/Buildsystem/truewheel.pm",
        "/usr/share/perl5/Debian/Debhelper/Sequence/truewheel.pm",
    }
    assert "/usr/bin/truewheel" in program
    assert "/usr/lib/python3/dist-packages/truewheel/schemes/debian.yaml" in program
    assert not [name for name in program if "rpm" in name.split("/")]


def test_the_installed_packages_build_a_package(own: tuple[DebRoot, Build], tmp_path: Path) -> None:
    root, packages = own
    shutil.rmtree(root.outside("/opt/truewheel"))
    shutil.rmtree(root.outside("/usr/share/perl5/Debian/Debhelper/Sequence/truewheel.pm"), ignore_errors=True)
    for package in packages.packages:
        shutil.copy(package, root.outside("/root"))
    root.run("sh", "-c", "dpkg -i /root/*.deb")
    source = tmp_path / "demo-1.0"
    (source / "debian/source").mkdir(parents=True)
    (source / "demo.py").write_text("x = 1\n")
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "debian/control").write_text(CONTROL)
    (source / "debian/rules").write_text(RULES)
    (source / "debian/rules").chmod(0o755)
    (source / "debian/source/format").write_text("3.0 (quilt)\n")
    (source / "debian/changelog").write_text(CHANGELOG.format("Tue, 24 Nov 2026 00:00:00 +0000"))
    (package,) = built(build(root, Job(source))).packages
    assert "/usr/lib/python3/dist-packages/__pycache__/demo.cpython-311.pyc" in listing(package)

"""truewheel's own packages, made by itself, and what a packager who installs them can do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deb.building import Build, Job, Surroundings, build, build_all, built, difference, sums
from tests.deb.debroot import DebRoot, deb_root
from tests.needs import nightly_but
from tests.own_source import own_source
from tests.support import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

RULES = "#!/usr/bin/make -f\n{exports}%:\n\tdh $@ --buildsystem=truewheel --with truewheel\n"
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
def own_root(tmp_path_factory: pytest.TempPathFactory) -> DebRoot:
    """A root of which the tests take away truewheel's files."""
    return deb_root(tmp_path_factory.mktemp("own") / "root", "bookworm")


def listing(package: Path) -> set[str]:
    """The paths in a package; those of directories end in a slash."""
    text = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    names = subprocess.run(["tar", "-t"], input=text, capture_output=True, check=True).stdout.decode()
    return {name.removeprefix(".") for name in names.split()}


def test_each_file_is_where_the_distribution_wants_it(own_packages: Build) -> None:
    debhelper, library, macros, program = (files(package) for package in own_packages.packages)
    assert debhelper == {
        "/usr/bin/dh_truewheel",
        "/usr/share/debhelper/autoscripts/prerm-truewheel",
        "/usr/bin/dh_truewheel_verify",
        "/usr/share/man/man1/dh_truewheel.1.gz",
        "/usr/share/man/man1/dh_truewheel_verify.1.gz",
        "/usr/share/man/man3/Debian::Debhelper::Buildsystem::truewheel.3pm.gz",
        "/usr/share/perl5/Debian/Debhelper/Buildsystem/truewheel.pm",
        "/usr/share/perl5/Debian/Debhelper/Sequence/truewheel.pm",
    }
    assert {
        "/usr/bin/truewheel",
        "/usr/share/bash-completion/completions/truewheel",
        "/usr/share/fish/vendor_completions.d/truewheel.fish",
        "/usr/share/man/man1/truewheel.1.gz",
        "/usr/share/man/man1/truewheel-install.1.gz",
        "/usr/share/zsh/vendor-completions/_truewheel",
    } <= program
    assert not [name for name in program if name.startswith("/usr/lib")]
    assert "/usr/lib/python3/dist-packages/truewheel/schemes/debian.yaml" in library
    assert "/usr/lib/python3/dist-packages/truewheel/_canonical.abi3.so" in library
    assert not [name for name in library if "_support" in name]
    assert {
        "/usr/bin/truewheel-flavor-macros",
        "/usr/lib/rpm/brp-suse.d/brp-90-truewheel",
        "/usr/lib/rpm/brp-truewheel",
        "/usr/lib/rpm/lua/truewheel/getopt.lua",
        "/usr/lib/rpm/macros.d/macros.truewheel",
        "/usr/share/man/man7/truewheel-macros.7.gz",
    } <= macros


def files(package: Path) -> set[str]:
    """The files in a package but for its documentation."""
    return {name for name in listing(package) if name[-1] != "/" and not name.startswith("/usr/share/doc/")}


def test_a_checkout_builds_a_package(own_root: DebRoot, tmp_path: Path) -> None:
    hide(own_root)
    for part in ("debhelper", "packaging/bootstrap", "src"):
        shutil.copytree(CHECKOUT / part, own_root.outside(f"/checkout/{part}"))
    environ = {
        "PERL5LIB": "/checkout/debhelper",
        "DH_AUTOSCRIPTDIR": "/checkout/debhelper/autoscripts",
        "PATH": "/checkout/debhelper:/checkout/packaging/bootstrap:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    source = demo(tmp_path, "export PYBUILD_AFTER_INSTALL_python3.11 = mkdir -p {destdir}/usr/dotted\n")
    (package,) = built(build(own_root, Job(source, Surroundings(environ=environ)))).packages
    assert "/usr/lib/python3/dist-packages/__pycache__/demo.cpython-311.pyc" in listing(package)
    assert "/usr/dotted/" in listing(package)


def test_the_installed_packages_build_a_package(
    own_root: DebRoot, own_packages: Build, tmp_path: Path
) -> None:
    hide(own_root)
    for package in own_packages.packages:
        shutil.copy(package, own_root.outside("/root"))
    own_root.run("sh", "-c", "dpkg -i --force-depends /root/*.deb")  # rpm is not in this root
    program = own_root.outside("/usr/bin/truewheel").read_text(encoding="utf-8")
    assert program.startswith("#! /usr/bin/python3 -I\n")
    # a module of the packager's that truewheel would find first, were it to obey PYTHONPATH
    poison = own_root.outside("/poison/build.py")
    poison.parent.mkdir()
    poison.write_text("raise ImportError('of the packager')\n")
    around = Surroundings(environ={"PYTHONPATH": "/poison"})
    (package,) = built(build(own_root, Job(demo(tmp_path), around))).packages
    assert "/usr/lib/python3/dist-packages/__pycache__/demo.cpython-311.pyc" in listing(package)


def hide(root: DebRoot) -> None:
    """Remove what a root has of truewheel that is no package's."""
    perl = "/usr/share/perl5/Debian/Debhelper"
    paths = ["/opt/truewheel", "/usr/bin/truewheel", "/usr/bin/dh_truewheel"]
    paths += [f"{perl}/{kind}/truewheel.pm" for kind in ("Buildsystem", "Sequence")]
    root.run("rm", "-rf", *paths, "/usr/share/debhelper/autoscripts/prerm-truewheel")


def demo(directory: Path, exports: str = "") -> Path:
    """Write a source whose packages ship bytecode below a directory; returns its own."""
    source = directory / "demo-1.0"
    (source / "debian/source").mkdir(parents=True)
    (source / "demo.py").write_text("x = 1\n")
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "debian/control").write_text(CONTROL)
    (source / "debian/rules").write_text(RULES.format(exports=exports))
    (source / "debian/rules").chmod(0o755)
    (source / "debian/source/format").write_text("3.0 (quilt)\n")
    (source / "debian/changelog").write_text(CHANGELOG.format("Tue, 24 Nov 2026 00:00:00 +0000"))
    return source


@pytest.mark.parametrize("release", nightly_but(["bookworm"], ["bookworm", "trixie", "sid"]))
def test_two_builds_are_equal_and_packages_come_and_go_without_a_trace(
    release: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    root: DebRoot = request.getfixturevalue(release)
    source = own_source(tmp_path)
    shutil.copytree(source / "packaging/debian", source / "debian")
    around = Surroundings("/srv/else", umask=0o077, environ={"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"})
    first, second = map(built, build_all(root, Job(source), Job(source, around)))
    assert sums(first) == sums(second), difference(first, second)
    bare = deb_root(tmp_path / "bare", release)
    hide(bare)
    before = below(bare, "usr", "etc", "var/lib/dpkg/info")
    for package in first.packages:
        shutil.copy(package, bare.outside("/root"))
    install = "dpkg -i --force-depends /root/*.deb"
    bare.run("sh", "-c", install)
    assert bare.run("truewheel", "--version").startswith("truewheel ")
    assert bare.run("dpkg", "-V", *NAMES) == ""
    bare.run("sh", "-c", install)  # as an upgrade
    bare.run("dpkg", "--purge", *NAMES)
    assert below(bare, "usr", "etc", "var/lib/dpkg/info") - before == set()


NAMES = ("dh-truewheel", "python3-truewheel", "truewheel", "truewheel-rpm-macros")


def below(root: DebRoot, *tops: str) -> set[str]:
    """The paths below directories of a root."""
    return {str(path) for top in tops for path in root.outside(top).rglob("*")}

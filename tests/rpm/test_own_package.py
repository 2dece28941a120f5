"""truewheel's own packages for rpm, made by itself alone, and what a packager who installs them can do."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.needs import nightly_but
from tests.own_source import BUNDLED
from tests.own_source import spec_sources as sources
from tests.registry import sdist
from tests.rpm.building import HERE, Build, build, build_twice, tags, within
from tests.rpm.installed import CleanRoot
from tests.rpm.rpmroot import RpmRoot, clean_copy
from tests.rpm.specs import Package, packages, write_spec
from tests.support import CHECKOUT, Root

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_SPEC = CHECKOUT / "packaging/truewheel.spec"
_SUSE = "suse_version 1699"


def by_name(root: RpmRoot, made: Build) -> dict[str, Path]:
    """Packages by their name."""
    assert made.status == 0, made.log[-6000:]
    return {
        root.run("rpm", "-qp", "--nosignature", "--qf", "%{NAME}", within(root, package)): package
        for package in made.packages
        if not re.search("-debug(info|source)-", package.name)
    }


def listing(root: RpmRoot, package: Path) -> set[str]:
    """The paths in a package."""
    lines = root.run("rpm", "-qpl", "--nosignature", within(root, package)).splitlines()
    # manual pages are compressed where rpm does that
    return {line.removesuffix(".gz") for line in lines if line.startswith("/")}


def test_each_file_is_where_fedora_looks_for_it(bookworm: RpmRoot, tmp_path: Path) -> None:
    made = by_name(bookworm, build(bookworm, _SPEC, sources(tmp_path), HERE))
    names = {"truewheel", "python3-truewheel", "truewheel-rpm-macros", "truewheel-pyproject-rpm-macros"}
    assert set(made) == names
    stand_in = made["truewheel-pyproject-rpm-macros"]
    assert listing(bookworm, stand_in) == set()
    assert "pyproject-rpm-macros = " in bookworm.run("rpm", "-qp", "--provides", within(bookworm, stand_in))
    assert listing(bookworm, made["truewheel-rpm-macros"]) == {
        "/usr/lib/rpm/brp-truewheel",
        "/usr/lib/rpm/lua/truewheel",
        "/usr/lib/rpm/lua/truewheel/getopt.lua",
        "/usr/share/man/man7/truewheel-macros.7",
        *(f"/usr/lib/rpm/fileattrs/{file.name}" for file in (CHECKOUT / "macros/fileattrs").iterdir()),
        *(f"/usr/lib/rpm/macros.d/{file.name}" for file in (CHECKOUT / "macros").glob("macros.*")),
    }
    program = listing(bookworm, made["truewheel"])
    (library,) = (path for path in program if re.fullmatch(r"/usr/lib(64)?/truewheel", path))
    assert {
        "/usr/bin/truewheel",
        f"{library}/truewheel/__pycache__/model.cpython-311.pyc",
        f"{library}/truewheel/_canonical.abi3.so",
        f"{library}/yaml/__pycache__/loader.cpython-311.pyc",
        "/usr/share/man/man1/truewheel-install.1",
        "/usr/share/zsh/site-functions/_truewheel",
    } <= program
    python = listing(bookworm, made["python3-truewheel"])
    assert f"{bookworm.sites()[0]}/truewheel/_canonical.abi3.so" in python
    assert not [path for path in python if path.startswith("/usr/bin/")]
    provided = bookworm.run("rpm", "-qp", "--provides", within(bookworm, made["truewheel"]))
    assert "bundled(python3dist(packaging)) = 26.3" in provided


def test_each_file_is_where_opensuse_looks_for_it(bookworm: RpmRoot, tmp_path: Path) -> None:
    made = by_name(bookworm, build(bookworm, _SPEC, sources(tmp_path), HERE, _SUSE))
    macros = listing(bookworm, made["truewheel-rpm-macros"])
    assert macros == {"/usr/lib/rpm/macros.d/macros.zz-truewheel-flavors"}
    program = listing(bookworm, made["truewheel"])
    assert {path for path in program if path.startswith(("/usr/bin/", "/usr/lib/rpm/"))} == {
        "/usr/bin/truewheel",
        "/usr/bin/truewheel-flavor-macros",
        "/usr/lib/rpm/brp-suse.d",
        "/usr/lib/rpm/brp-suse.d/brp-90-truewheel",
    }


@pytest.mark.parametrize("release", nightly_but(["trixie"], ["trixie", "sid"]))
def test_whole_files_of_two_builds_are_equal(
    release: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    root: RpmRoot = request.getfixturevalue(release)
    first, second = build_twice(root, _SPEC, sources(tmp_path))
    one, other = by_name(root, first), by_name(root, second)
    assert one.keys() == other.keys()
    for name in one:
        assert tags(root, one[name]).splitlines() == tags(root, other[name]).splitlines()
        assert one[name].read_bytes() == other[name].read_bytes()


def test_what_is_packaged_is_installed_builds_a_package_and_goes_without_a_trace(
    bookworm: RpmRoot, tmp_path: Path
) -> None:
    """In a root that has neither truewheel nor what it is made of."""
    old = by_name(bookworm, build(bookworm, _SPEC, sources(tmp_path), HERE))
    kept = bookworm.directory / "packages"
    kept.mkdir()
    first = [within(bookworm, Path(shutil.copy(package, kept))) for package in old.values()]
    bare = Root(bookworm.directory / "clean")
    if not bare.directory.exists():
        clean_copy(bookworm, "bookworm", bare.directory)
    for project in ("build", "packaging", "pyproject_hooks", "yaml"):
        for site in ("usr/lib/python3/dist-packages", "usr/local/lib/python3.11/dist-packages"):
            shutil.rmtree(bare.directory / site / project, ignore_errors=True)
    bare.run("python3", "-c", "import importlib.util as u; assert not u.find_spec('pyproject_hooks')")
    clean = CleanRoot(bookworm)
    bare.run("mkdir", "-p", "/usr/lib/rpm/lua", "/usr/share/licenses")  # rpm's and the system's own on Fedora
    before = paths(bare.directory)
    names = clean.install(first)
    assert clean.rpm("-V", "--nodeps", *names, ok=False).strip() == ""
    help_ = bare.run("truewheel", "help")
    assert "support-files" in help_
    for name in ("six", *BUNDLED):
        made = build(bare, spec_without_check(name, tmp_path), [sdist(name)])
        assert made.status == 0, made.log[-5000:]
        assert any(f"python3-{name}-" in package.name for package in made.packages)
    shutil.rmtree(bare.directory / "build")
    clean.rpm("-U", "--nodeps", "--force", "--nosignature", *first)
    clean.rpm("-e", "--nodeps", *names)
    assert paths(bare.directory) - before == set()


def spec_without_check(name: str, directory: Path) -> Path:
    """The spec of a project whose requirements are not there when it is built."""
    row = packages().get(name, Package(name, save=f"{name.replace('-', '_')} +auto"))
    spec = write_spec(replace(row, buildrequires="-R", extras=()), directory)
    text = spec.read_text(encoding="utf-8")
    spec.write_text(re.sub(r"^%pyproject_check_import.*$", "", text, flags=re.M), encoding="utf-8")
    return spec


def paths(root: Path) -> set[str]:
    """What is in a root but for rpm's database and what programs keep."""
    directories = ("usr", "etc", "opt")
    return {str(path.relative_to(root)) for top in directories for path in (root / top).rglob("*")}

"""Specs of openSUSE, as they are, through obs-build's own script. CI has none of it: run it by hand.

TRUEWHEEL_OBS_BUILD, TRUEWHEEL_PYTHON_RPM_MACROS and TRUEWHEEL_RPM_CONFIG_SUSE name checkouts of openSUSE's
repositories of these names, TRUEWHEEL_OPENSUSE_PACKAGES a directory with PACKAGE/PACKAGE.spec and its
sources. A build root takes a minute or two to install, each further package less than one.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.needs import require, require_root
from tests.opensuse.obs.building import (
    Built,
    Place,
    assert_right,
    build,
    build_twice,
    flavor_of,
    places,
    sources,
)
from tests.opensuse.obs.flavors import FLAVORS
from tests.opensuse.obs.packages import files, has, header
from tests.opensuse.obs.pbuild import pbuild
from tests.opensuse.obs.project import Checkouts, checkouts, stock, with_macros, with_ours, with_package
from tests.opensuse.obs.repository import Repository, add_truewheel, repository
from tests.own_source import spec_sources
from tests.support import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_SPECS = Path(__file__).parents[1] / "specs"
_PACKAGES = Path(os.environ.get("TRUEWHEEL_OPENSUSE_PACKAGES", "/nonexistent"))
_NAMES = sorted(directory.name for directory in _PACKAGES.glob("python-*"))


@dataclass(frozen=True)
class Project:
    """A repository to build from, and the two places to build in."""

    checkouts: Checkouts
    repository: Repository
    places: tuple[Place, Place]


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """With rpm 4.18 and with rpm 4.20; the build roots are removed afterwards."""
    found = checkouts()
    require_root()
    require("unshare", "perl", "ar", "rpm", "rpm2archive", "dpkg-deb", "apt-get")
    directory = tmp_path_factory.mktemp(request.param)
    packages, pair = repository(found, request.param, directory / "packages"), places(directory)
    _build_truewheel(found, packages, pair[0], directory)
    yield Project(found, packages, pair)
    shutil.rmtree(directory, ignore_errors=True)


def _build_truewheel(found: Checkouts, packages: Repository, place: Place, directory: Path) -> None:
    """The first package of the project, whose support the others then have."""
    package = directory / "truewheel"
    package.mkdir()
    for source in (CHECKOUT / "packaging/truewheel.spec", *spec_sources(directory / "source")):
        shutil.copy(source, package)
    configuration = with_ours(stock(packages.release, FLAVORS, epoch=False))
    configuration += "\nMacros:\n%_without_library 1\n:Macros\n"
    done = build(found, packages, place, configuration, package / "truewheel.spec", directory / "out")
    add_truewheel(packages, done.packages, directory / "unpacked")


def assert_same_files(one: Built, other: Built) -> None:
    """The same packages with the same files, whatever is in them."""
    assert [package.name for package in one.packages] == [package.name for package in other.packages]
    for first, second in zip(one.packages, other.packages, strict=True):
        assert files(first) == files(second)


@pytest.mark.parametrize("name", _NAMES or ["none"])
def test_two_builds_are_one(name: str, project: Project, tmp_path: Path) -> None:
    configuration = with_ours(stock(project.repository.release, FLAVORS, epoch=False))
    spec = sources(project.checkouts, name, tmp_path)
    first, second = build_twice(
        project.checkouts, project.repository, project.places, configuration, spec, tmp_path / "out"
    )
    assert first.packages
    assert [package.name for package in first.packages] == [package.name for package in second.packages]
    for one, other in zip(first.packages, second.packages, strict=True):
        assert not [*difflib.unified_diff(header(one), header(other), lineterm="", n=0)]
        assert one.read_bytes() == other.read_bytes()
    compiled, text = [each for each in first.packages if has(each, ".pyc")], spec.read_text()
    # that of packaging moves what pip installed without bytecode, that of Jinja2 removes a flavor's
    if re.search("^%pyproject_install", text, re.M) and "*.pyc" not in text:
        assert compiled == [each for each in first.packages if has(each, ".py")]
    assert_right(compiled, tmp_path / "facts")


@pytest.mark.parametrize("name", _NAMES or ["none"])
def test_switched_over_by_macros_and_without_a_date(name: str, project: Project, tmp_path: Path) -> None:
    here, release = project.places[0], project.repository.release
    spec = sources(project.checkouts, name, tmp_path)
    plain = stock(release, FLAVORS, epoch=False)
    configurations = {
        "stock": plain,
        "macros": with_macros(plain, FLAVORS),
        "package": with_package(plain),
    }
    built = {
        label: build(project.checkouts, project.repository, here, text, spec, tmp_path / label)
        for label, text in configurations.items()
    }
    assert_same_files(built["stock"], built["macros"])
    assert_same_files(built["stock"], built["package"])
    assert_right(built["macros"].packages, tmp_path / "facts-macros")
    assert_right(built["package"].packages, tmp_path / "facts-package")


@pytest.mark.parametrize(
    ("switched", "line", "runs"),
    [
        (True, "#!BuildIgnore: truewheel-rpm-macros truewheel", False),
        (False, "BuildRequires: truewheel-rpm-macros", True),
    ],
)
def test_one_package_is_switched(
    switched: bool, line: str, runs: bool, project: Project, tmp_path: Path
) -> None:
    package = tmp_path / "python-flavored"
    package.mkdir()
    text = (_SPECS / "python-flavored.spec").read_text().replace("BuildArch:", f"{line}\nBuildArch:")
    (package / "python-flavored.spec").write_text(text)
    plain = stock(project.repository.release, FLAVORS)
    configuration = with_package(plain) if switched else plain
    spec = package / "python-flavored.spec"
    done = build(
        project.checkouts, project.repository, project.places[0], configuration, spec, tmp_path / "out"
    )
    assert [flavor_of(package) for package in done.packages] == ["python311", "python312"]
    assert ("/usr/bin/python3.12: all bytecode is right" in done.log) == runs


def test_pbuild_fills_in_the_flavor(project: Project, tmp_path: Path) -> None:
    package = tmp_path / "project/python-flavored"
    package.mkdir(parents=True)
    shutil.copy(_SPECS / "python-flavored.spec", package)
    (package / "_multibuild").write_text("<multibuild><package>primary</package></multibuild>\n")
    configuration = with_package(stock(project.repository.release, FLAVORS))
    # packages of rpm's form cannot be installed into these roots
    configuration += "BuildFlags: nouseforbuild:python-flavored nouseforbuild:python-flavored:primary\n"
    built = pbuild(project.checkouts, project.repository, configuration, package.parent, tmp_path / "work")
    names = {name: [flavor_of(package) for package in found] for name, found in built.items()}
    assert names == {
        "python-flavored": ["python311", "python312"],
        "python-flavored:primary": ["python313"],
    }
    for found in built.values():
        assert_right(found, tmp_path / "facts")

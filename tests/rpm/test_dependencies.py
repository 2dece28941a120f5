"""What packages provide and require, where the distribution has generators for that and where it has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry import sdist, sdist_pin
from tests.rpm.building import Build, build, within
from tests.rpm.rpmroot import RpmRoot
from tests.rpm.specs import packages, write_spec

pytestmark = [pytest.mark.slow, pytest.mark.chroot]


@pytest.fixture
def without_generators(bookworm: RpmRoot) -> Iterator[RpmRoot]:
    """The root while its rpm has no file attributes for Python but ours."""
    directory = bookworm.directory / "usr/lib/rpm/fileattrs"
    stock = [directory / name for name in ("python.attr", "pythondist.attr")]
    for file in stock:
        file.rename(file.with_suffix(".away"))
    yield bookworm
    for file in stock:
        file.with_suffix(".away").rename(file)


def ask(root: RpmRoot, build: Build, what: str) -> dict[str, list[str]]:
    """What each package of a build provides or requires of Python's."""
    assert build.status == 0, build.log[-5000:]
    answers = {}
    for package in build.packages:
        lines = set(root.run("rpm", "-qp", f"--{what}", within(root, package)).splitlines())
        answers[package.name] = sorted(line for line in lines if "python" in line)
    return answers


def test_they_are_generated(without_generators: RpmRoot, tmp_path: Path) -> None:
    root = without_generators
    version = sdist_pin("requests").version
    made = build(root, write_spec(packages()["requests"], tmp_path), [sdist("requests")])
    provides, requires = (ask(root, made, what) for what in ("provides", "requires"))
    name = next(name for name in provides if "+socks" not in name)
    assert {f"python3dist(requests) = {version}", f"python3.11dist(requests) = {version}"} <= set(
        provides[name]
    )
    assert any("python3.11dist(urllib3)" in line for line in requires[name])
    assert "python(abi) = 3.11" in requires[name]
    extra = name.replace("python3-requests", "python3-requests+socks")
    assert f"python3.11dist(requests[socks]) = {version}" in provides[extra]
    assert any("python3.11dist(pysocks)" in line for line in requires[extra])


@pytest.mark.parametrize("name", ["humanize", "httpie"])
def test_they_are_those_of_the_distribution(bookworm: RpmRoot, tmp_path: Path, name: str) -> None:
    """Ours are silent where the distribution's speak: nothing is there twice."""
    made = build(bookworm, write_spec(packages()[name], tmp_path), [sdist(name)])
    for what in ("provides", "requires"):
        for package in made.packages:
            lines = bookworm.run("rpm", "-qp", f"--{what}", within(bookworm, package)).splitlines()
            assert len(lines) == len(set(lines)), (what, lines)
            assert any(line.startswith("python") for line in lines), (what, lines)

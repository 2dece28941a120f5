"""What packages provide and require, where the distribution has generators for that and where it has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry import sdist, sdist_pin
from tests.rpm.building import HERE, Build, build, within
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


_BROKEN = """\
Name:           python3-broken
Version:        1
Release:        1
Summary:        A project by hand
License:        MIT
BuildArch:      noarch
%description
%{{summary}}.
%install
directory=%{{buildroot}}/usr/lib/python3.11/site-packages/broken-1.dist-info
mkdir -p $directory
cat > $directory/METADATA <<'END'
Metadata-Version: 2.1
Name: broken
Version: {version}
{field}
END
%files
/usr/lib/python3.11
%changelog
* Sat Nov 01 2025 A Packager <packager@example.org> - 1-1
- Test
"""


def by_hand(directory: Path, version: str = "1", field: str = "Requires-Dist: bar") -> Path:
    spec = directory / "broken.spec"
    spec.write_text(_BROKEN.format(version=version, field=field), encoding="utf-8", errors="surrogateescape")
    return spec


@pytest.mark.parametrize(
    ("version", "field"),
    [
        ("1", "Requires-Dist: bar; python_version ~= '3'"),
        ("1", "Requires-Dist: bar; 'a'=='b'"),
        ("1", f"Requires-Dist: bar; {'(' * 3000}os_name=='x'{')' * 3000}"),
        ("1", f"Requires-Dist: bar>={'9' * 4301}"),
        ("1", "Requires-Dist: bar===x"),
        ("1", "Author: \udcff"),
        ("9" * 4301, "Requires-Dist: bar"),
        ("1.x", "Requires-Dist: bar"),
    ],
    ids=["comparison", "strings", "parentheses", "digits", "no version", "not UTF-8", "own digits", "own"],
)
def test_metadata_that_says_no_dependency_ends_the_build(
    without_generators: RpmRoot, tmp_path: Path, version: str, field: str
) -> None:
    made = build(without_generators, by_hand(tmp_path, version, field), [])
    assert made.status == 1 and not made.packages, made.log[-3000:]
    assert all("broken-1.dist-info" in line for line in made.errors())
    assert made.errors() and "Traceback" not in made.log


@pytest.mark.parametrize(
    "command",
    ["/nonexistent/truewheel", "sh -c 'kill -9 $$'", "sh -c 'exec /usr/bin/truewheel $* >/dev/full'"],
)
def test_a_generator_that_cannot_answer_ends_the_build(
    without_generators: RpmRoot, tmp_path: Path, command: str
) -> None:
    spec = by_hand(tmp_path)
    assert build(without_generators, spec, []).status == 0
    made = build(without_generators, spec, [], HERE, f"__truewheel {command}")
    assert made.status == 1 and not made.packages, made.log[-3000:]
    assert "*** truewheel failed" in made.log

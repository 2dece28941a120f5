"""One wheel, one tree: the same bytes on 64 and 32 bits, little and big endian."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.registry import wheel
from tests.repro.runs import rare_wheel
from tests.support import Recipe, inside, put_source
from tests.treehash import difference, tree_hash, tree_listing

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

PACKAGES = ("python3", "python3-packaging", "python3-yaml")
NATURE = {"amd64": "little 64", "i386": "little 32", "s390x": "big 64"}
FOREIGN = ["i386", "s390x"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [*map(wheel, ("requests", "rich", "setuptools")), rare_wheel(tmp_path_factory.mktemp("wheels"))]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path]) -> dict[str, Path]:
    """The trees of the schemes on amd64."""
    return install(tmp_path_factory.mktemp("amd64") / "root", "amd64", wheels)


def install(directory: Path, architecture: str, wheels: list[Path]) -> dict[str, Path]:
    """Install in a root of the architecture by two schemes; returns the trees."""
    root = Recipe(PACKAGES, architecture=architecture).unpack(directory)
    ask = "import struct, sys; print(sys.byteorder, 8 * struct.calcsize('P'))"
    assert inside(root, ["python3", "-c", ask]).stdout.strip() == NATURE[architecture]
    put_source(root, "/src")
    names = [str(shutil.copy(path, root / "tmp")).removeprefix(str(root)) for path in wheels]
    trees = {}
    for scheme in ("fedora", "debian"):
        command = ["python3", "-m", "truewheel", "install", "--scheme", scheme, "--root", f"/tmp/{scheme}"]
        done = inside(root, [*command, "--errors", "warn", *names], {"PYTHONPATH": "/src"})
        assert done.returncode == 0, done.stdout
        trees[scheme] = root / "tmp" / scheme
    return trees


def test_amd64_has_bytecode(reference: dict[str, Path]) -> None:
    pycs = list(reference["fedora"].rglob("*.cpython-311.pyc"))
    assert len(pycs) > 300


@pytest.mark.parametrize("architecture", FOREIGN)
def test_architecture(
    tmp_path: Path, wheels: list[Path], reference: dict[str, Path], architecture: str
) -> None:
    for scheme, tree in install(tmp_path / "root", architecture, wheels).items():
        wanted = reference[scheme]
        assert tree_hash(tree) == tree_hash(wanted), difference(tree_listing(wanted), tree_listing(tree))

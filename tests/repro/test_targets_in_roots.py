"""The Python of a root decides the layout, and however it is known, the bytes are the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.needs import need, nightly_but
from tests.pythons import available_pythons
from tests.registry import Pin, fetched, popular
from tests.support import Recipe, inside, put_source
from tests.treehash import difference, tree_hash, tree_listing

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

FLASK = ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker")
# what a Python that describes itself needs of truewheel
SELF = ("python3", "python3-packaging", "python3-yaml")
NUMPY = Pin(
    "numpy",
    "3.11",
    "2.4.6",
    "numpy-2.4.6-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl",
    "0ab0a9c4ffb1a6d95ef519fe4247dba8eb6b18ad93999f76b7f657039acabd47",
)
# the greatest of the programs that the nightly run adds
PROGRAMS = {"ansible-core": ("ansible", "ansible-config"), "jupyterlab": ("jupyter-lab", "jupyter")}


def truewheel(*arguments: object) -> None:
    """Run this checkout's command on the host, with no scheme but what the arguments say."""
    command = [sys.executable, "-m", "truewheel", *map(str, arguments)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def pins(names: Sequence[str]) -> list[Path]:
    known = {pin.name: pin for pin in popular()}
    return [fetched(known[name]) for name in names]


def local_python(root: Path) -> None:
    """Put a Python below /usr/local and nowhere else, as images of Docker have it."""
    python = available_pythons().get("3.11")
    need(python is not None, "no Python 3.11 of pyenv")
    assert python is not None
    own = python.parents[1]
    for name in ("bin", "lib"):
        ignored = shutil.ignore_patterns("site-packages", "test", "__pycache__")
        shutil.copytree(
            own / name, root / "usr/local" / name, symlinks=True, dirs_exist_ok=True, ignore=ignored
        )
    for program in (root / "usr/local/bin").iterdir():
        if not program.name.startswith("python"):
            program.unlink()
    assert inside(root, ["ldconfig"]).returncode == 0  # for libpython, as those images do


ROOTS = {
    "bookworm": Recipe(("python3",)),
    "trixie": Recipe(("python3",), "trixie"),
    "local": Recipe(
        ("libssl3", "libffi8", "zlib1g", "libsqlite3-0", "libbz2-1.0", "liblzma5", "libreadline8"),
        finish=local_python,
        ingredients="pyenv's 3.11 alone in /usr/local",
    ),
}
# where each Python looks for modules that a plain install brings
PLACES = {
    "bookworm": "usr/local/lib/python3.11/dist-packages",
    "trixie": "usr/local/lib/python3.13/dist-packages",
    "local": "usr/local/lib/python3.11/site-packages",
}


def installed(directory: Path, name: str, wheels: Path) -> Path:
    """A root of that name, with the wheels installed and nothing said about the target."""
    root = ROOTS[name].unpack(directory / name)
    truewheel("install", "--root", root, "--run-target", wheels)
    return root


@pytest.mark.parametrize("name", ROOTS)
def test_flask_starts_in_a_root_and_makes_one_hash(tmp_path: Path, name: str) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    # the extension of markupsafe is for one Python
    names = FLASK if name != "trixie" else tuple(each for each in FLASK if each != "markupsafe")
    for path in pins(names):
        shutil.copy(path, wheels)
    if name == "trixie":
        download("markupsafe", "3.13", wheels)
    start(tmp_path, name, wheels, ["flask"])


@pytest.mark.nightly
@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_large_program_starts_in_a_root(tmp_path: Path, program: str, name: str) -> None:
    version = "3.13" if name == "trixie" else "3.11"
    download(program, version, tmp_path / "wheels", "--prefer-binary")
    start(tmp_path, name, tmp_path / "wheels", PROGRAMS[program])


def start(directory: Path, name: str, wheels: Path, programs: Sequence[str]) -> None:
    one = installed(directory / "one", name, wheels)
    other = installed(directory / "other", name, wheels)
    place = PLACES[name]
    assert tree_listing(one / place) == tree_listing(other / place)
    assert tree_hash(one / "usr/local") == tree_hash(other / "usr/local")
    for program in programs:
        done = inside(one, [program, "--version"])
        assert done.returncode == 0, done.stdout
    shutil.rmtree(one)
    shutil.rmtree(other)


def download(name: str, python: str, directory: Path, *options: str) -> None:
    """Download wheels of a project for a Python; with options, those of its dependencies, too."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", str(directory)]
    command += ["--python-version", python, *(options or ("--no-deps",))]
    command += [f"--platform=manylinux_2_{minor}_x86_64" for minor in (28, 17, 12, 5)]
    done = subprocess.run([*command, name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def pure(count: int) -> list[Path]:
    found = [pin for pin in popular() if pin.filename.endswith("-py3-none-any.whl")]
    return [fetched(pin) for pin in found[:count]]


@pytest.mark.parametrize("architecture", nightly_but(["s390x"], ["arm64", "s390x"]))
def test_a_foreign_target_need_not_run(tmp_path: Path, architecture: str) -> None:
    """By its own compiler under QEMU and by one of this machine: the same tree, numpy's extensions too."""
    recipe = Recipe(SELF, architecture=architecture)
    root = recipe.unpack(tmp_path / "root")
    put_source(root, "/src")
    ask = ["python3", "-m", "truewheel", "python", "/usr/bin/python3", "--json"]
    told = inside(root, ask, {"PYTHONPATH": "/src"})
    assert told.returncode == 0, told.stdout
    description = tmp_path / "target.json"
    description.write_text(told.stdout)
    wheels = [*pure(20), *([fetched(NUMPY)] if architecture == "arm64" else [])]
    place = "usr/local/lib/python3.11/dist-packages"
    truewheel("install", "--root", root, "--run-target", *wheels)
    ran = tree_listing(root / place)
    options = ["--python", description, "--compiler", "/usr/bin/python3"]
    truewheel("install", "--root", tmp_path / "described", *options, *wheels)
    without = tree_listing(tmp_path / "described" / place)
    assert without == ran, difference(ran, without)
    assert sum(line.split()[0].endswith(".pyc") for line in ran) > 300
    if architecture == "arm64":
        assert inside(root, ["python3", "-c", "import numpy"]).returncode == 0


@pytest.mark.nightly
def test_the_newest_python_is_known_by_its_build_details(tmp_path: Path) -> None:
    """Inside of unstable, whose Python of the same version compiles for a root that nothing runs."""
    host = Recipe(SELF, "sid").unpack(tmp_path / "host")
    put_source(host, "/src")
    recipe = Recipe(("python3",), "sid")
    recipe.unpack(host / "target")
    for path in pure(20):
        shutil.copy(path, host / "tmp")
    command = "python3 -m truewheel install -q --root /target /tmp/*.whl"
    environ = {"PYTHONPATH": "/src", "SOURCE_DATE_EPOCH": "1700000000"}
    done = inside(host, ["sh", "-c", command], environ)
    assert done.returncode == 0, done.stdout
    ran = recipe.unpack(tmp_path / "ran")
    truewheel("install", "--root", ran, "--run-target", *pure(20))
    (place,) = (ran / "usr/local/lib").glob("python3.*/dist-packages")
    described = tree_listing(host / "target" / place.relative_to(ran))
    assert described == tree_listing(place), difference(tree_listing(place), described)
    assert sum(line.split()[0].endswith(".pyc") for line in described) > 300

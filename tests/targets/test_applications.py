"""Real applications, installed twice by pip and by uv in other surroundings, become one tree that works."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests import applications, registry
from tests.needs import nightly_but
from tests.targets.test_normalize import EPOCH, environment, python_of, run
from tests.treehash import difference, tree_listing
from truewheel.cli.main import main

pytestmark = pytest.mark.slow

PLACES = ["pip into a venv", "pip into a root", "uv into a venv", "uv into a prefix"]
CASES = [
    (name, python, place)
    for name in applications.APPLICATIONS
    for python in applications.PYTHONS
    for place in PLACES
]


def uv(directory: Path) -> Path:
    """The program of the pinned wheel."""
    (pin,) = (pin for pin in registry.popular() if pin.name == "uv")
    with zipfile.ZipFile(registry.fetched(pin)) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/scripts/uv"))
        (directory / "uv").write_bytes(archive.read(name))
    (directory / "uv").chmod(0o755)
    return directory / "uv"


def install(place: str, python: Path, top: Path, wheels: list[Path], second: bool) -> None:
    """Install into ``top``, as a user with these surroundings and caches does."""
    work = top.parent
    env, umask = environment(second, work), 0o077 if second else 0o022
    program, _, kind = place.partition(" into a ")
    venv = ["--python", str(top / "bin/python")]
    offline: list[str | Path] = ["--no-index", "--no-deps", "-q"]
    if kind == "venv":
        run([python, "-m", "venv", "--without-pip", top], umask, env)
    if program == "pip":
        where = ["--root", str(top), "--prefix", "/usr", "--ignore-installed"] if kind == "root" else []
        pip: list[str | Path] = [python, "-m", "pip", *(venv if kind == "venv" else [])]
        run([*pip, "install", *offline, "--no-warn-script-location", *where, *wheels], umask, env)
        return
    where = venv if kind == "venv" else ["--prefix", str(top), "--python", str(python)]
    command = [uv(work), "pip", "install", "--offline", "--compile-bytecode", *offline, *where]
    run([*command, "--cache-dir", work / f"cache{second}", *wheels], umask, env)


def imported(python: Path, site: Path, home: Path) -> dict[str, str]:
    """How the import of each module ends."""
    words: list[str | Path] = [python, "-B", Path(__file__).with_name("import_all.py"), site, "--"]
    done = subprocess.run(words, env=environment(False, home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout))


def imported_from_a_copy(python: Path, site: Path, home: Path) -> dict[str, str]:
    """The same, since some modules write beside themselves at import, as those of Twisted do."""
    copy = home / "copy"
    shutil.copytree(site, copy, symlinks=True)
    found = imported(python, copy, home)
    shutil.rmtree(copy)
    return found


@pytest.mark.parametrize(
    ("name", "version", "place"),
    nightly_but([("flask", "3.11", place) for place in ("pip into a venv", "uv into a prefix")], CASES),
)
def test_two_installs_of_an_application_become_one_tree(
    name: str, version: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    python, top, found = python_of(version), tmp_path / "app", []
    wheels = applications.wheels(name, version)
    normalize = ["normalize", str(top), "--python", str(python), "--quiet"]
    for second in (False, True):
        install(place, python, top, wheels, second)
        (site,) = top.glob("**/site-packages")
        is_tried = second and place == PLACES[0]
        before = imported_from_a_copy(python, site, tmp_path) if is_tried else {}
        assert main(normalize) == 0
        found.append(tree_listing(top))
        assert main([*normalize, "--check"]) == 0
        if is_tried:
            assert imported(python, site, tmp_path) == before
            assert "ok" in before.values()
        elif second:
            starts: list[str | Path] = [python, "-B", "-c", f"import {applications.APPLICATIONS[name][1]}"]
            run(starts, 0o022, {**environment(True, tmp_path), "PYTHONPATH": str(site)})
        else:
            shutil.move(top, tmp_path / "first")
    assert found[0] == found[1], difference(found[0], found[1])
    assert [line for line in found[0] if ".pyc" in line]

"""A real image, built twice and normalized, has one digest, and what is unpacked from it runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.needs import require
from tests.registry import wheel
from tests.support import Recipe, inside
from tests.targets.test_normalize import EPOCH
from truewheel.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.chroot, pytest.mark.nightly]

WHEELS = ("rich", "babel")
PIP = "python3 -m pip install -q --no-index --no-deps --break-system-packages --root-user-action=ignore"


def run(*words: str | Path) -> None:
    """Run a program for images."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def built(top: Path, second: bool) -> Path:
    """An OCI layout of a Debian with projects that pip installed, in other surroundings the second time."""
    root = Recipe(("python3", "python3-pip")).unpack(top / "root")
    (root / "wheels").mkdir()
    for name in WHEELS:
        shutil.copy(wheel(name), root / "wheels")
    environ = {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu"} if second else {"PYTHONHASHSEED": "1"}
    mask = "umask 077; " if second else ""
    done = inside(root, ["sh", "-c", f"{mask}{PIP} /wheels/*.whl"], environ)
    assert done.returncode == 0, done.stdout
    for left in ("wheels", "root/.cache"):
        shutil.rmtree(root / left, ignore_errors=True)
    run("umoci", "init", "--layout", top / "image")
    run("umoci", "new", "--image", f"{top}/image:app")
    run("umoci", "unpack", "--image", f"{top}/image:app", top / "bundle")
    run("cp", "-a", f"{root}/.", top / "bundle/rootfs/")
    run("umoci", "repack", "--image", f"{top}/image:app", top / "bundle")
    shutil.rmtree(root)
    shutil.rmtree(top / "bundle")
    return top / "image"


def content(path: Path) -> dict[str, str]:
    """The sha256 of a file, or of all below a directory."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    return {os.path.relpath(each, path): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def test_two_builds_of_an_image_have_one_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("umoci", "skopeo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    found = []
    for name in ("one", "other"):
        top = tmp_path / name
        top.mkdir()
        image = built(top, second=name == "other")
        archive = top / "image.tar"
        run("skopeo", "copy", "-q", "--insecure-policy", f"oci:{image}:app", f"docker-archive:{archive}")
        for made in (image, archive):
            assert main(["normalize", str(made), "-o", f"{made}.new", "-q"]) == 0
        found.append((content(top / "image.new"), content(top / "image.tar.new")))
        shutil.rmtree(image)
        archive.unlink()
    assert found[0] == found[1]
    run("skopeo", "inspect", f"docker-archive:{tmp_path}/one/image.tar.new")
    run("umoci", "unpack", "--image", f"{tmp_path}/one/image.new:app", tmp_path / "bundle")
    done = inside(tmp_path / "bundle/rootfs", ["python3", "-v", "-c", "import rich, babel; print('runs')"])
    assert done.returncode == 0, done.stdout
    assert "\nruns\n" in done.stdout
    assert "rich/__pycache__/__init__.cpython-311.pyc matches " in done.stdout
    assert "stale" not in done.stdout

"""What pip leaves of real wheels, twice and in other surroundings, becomes one tree, and works as before."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import registry
from tests.needs import need
from tests.pythons import available_pythons
from tests.treehash import difference, tree_listing
from truewheel.audit.diff.comparison import compare_paths
from truewheel.cli.main import main

pytestmark = pytest.mark.slow

EPOCH = "1700000000"
WHEELS = ["rich", "babel"]


def python_of(version: str) -> Path:
    python = available_pythons().get(version)
    need(python is not None, f"no Python {version}")
    assert python is not None
    return python


def environment(second: bool, home: Path) -> dict[str, str]:
    seed = "7" if second else "1"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONHASHSEED": seed,
        "TZ": "Asia/Kathmandu" if second else "UTC",
    }


def run(words: list[str | Path], umask: int, env: dict[str, str]) -> None:
    done = subprocess.run(words, env=env, umask=umask, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.13"])
def test_virtual_environments_of_pip(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    wheels = [registry.wheel(name) for name in WHEELS]
    venv, found = tmp_path / "app", []
    for second in (False, True):
        env, umask = environment(second, tmp_path), 0o077 if second else 0o022
        run([python_of(version), "-m", "venv", venv], umask, env)
        run(
            [venv / "bin/python", "-m", "pip", "install", "-q", "--no-index", "--no-deps", *wheels],
            umask,
            env,
        )
        assert main(["normalize", str(venv), "--python", str(python_of(version)), "--quiet"]) == 0
        found.append(tree_listing(venv))
        assert main(["normalize", str(venv), "--python", str(python_of(version)), "--check"]) == 0
        if not second:
            shutil.move(venv, tmp_path / "first")
    assert found[0] == found[1], difference(found[0], found[1])
    pip: list[str | Path] = [venv / "bin/python", "-m", "pip"]
    run([*pip, "show", "-q", "-f", "babel"], 0o022, environment(True, tmp_path))
    run([*pip, "uninstall", "-q", "-y", "babel"], 0o022, environment(True, tmp_path))
    assert not list(venv.rglob("babel*"))


def test_a_root_of_pip_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    python = python_of("3.11")
    wheels = [registry.wheel(name) for name in WHEELS]
    install = [
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        "--ignore-installed",
        "--prefix",
        "/usr",
    ]
    for second, recompile in ((False, ["--no-recompile"]), (True, [])):
        root = tmp_path / ("two" if second else "one")
        env, umask = environment(second, tmp_path), 0o077 if second else 0o022
        run([python, *install, "--root", root, *wheels], umask, env)
        assert main(["normalize", str(root), "--quiet", *recompile]) == 0
    assert not compare_paths(tmp_path / "one", tmp_path / "two").differences
    assert main(["verify", str(tmp_path / "one")]) == 0

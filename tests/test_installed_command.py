"""The command as pip installs it: its own imports stay its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_source import own_source

pytestmark = pytest.mark.slow

# what truewheel needs, of others and of the standard library
SHADOWED = ("argparse", "build", "installer", "json", "packaging", "traceback", "yaml")


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)
    python = directory / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", own_source(directory)], check=True)
    return directory / "venv"


@pytest.fixture
def shadows(tmp_path: Path) -> Path:
    for name in SHADOWED:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('the project is asked for {name}')\n")
    return tmp_path


@pytest.mark.parametrize("command", [["truewheel"], ["python", "-m", "truewheel"]], ids=" ".join)
def test_what_a_check_exports_does_not_replace_the_commands_imports(
    venv: Path, shadows: Path, command: list[str]
) -> None:
    environ = {**os.environ, "PYTHONPATH": str(shadows), "LC_ALL": "C", "PYTHONUTF8": "0"}
    words = [str(venv / "bin" / command[0]), *command[1:]]
    ran = subprocess.run(
        [*words, "schemes", "fedora"], env=environ, cwd=shadows, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "name: fedora" in ran.stdout


def test_the_caller_of_the_api_decides_what_is_imported(venv: Path, shadows: Path) -> None:
    ran = subprocess.run(
        [venv / "bin/python", "-c", "import truewheel; truewheel.install"],
        env={**os.environ, "PYTHONPATH": str(shadows)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the project is asked for json" in ran.stderr


def test_the_command_runs_from_a_directory_of_pythonpath(venv: Path, tmp_path: Path) -> None:
    """An isolated Python would not find it there."""
    site = next(venv.glob("lib/python3*/site-packages"))
    script = tmp_path / "truewheel"
    script.write_text("from truewheel.__main__ import run\nrun()\n")
    ran = subprocess.run(
        [sys.executable, "-S", script, "schemes"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "fedora" in ran.stdout

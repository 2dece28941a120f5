"""The policy script looks wherever Fedora's does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[3] / "macros/brp-truewheel"
_OWN = f"python{sys.version_info[0]}.{sys.version_info[1]}"


def compiled(root: Path, *options: str, command: str = "echo", status: int = 0) -> list[str]:
    """The directories that are given to the command."""
    return [line.split()[-1] for line in lines(root, *options, command=command, status=status)]


def lines(root: Path, *options: str, command: str = "echo", status: int = 0) -> list[str]:
    given = ["warn", command, "fedora", sys.executable, str(root / "report"), "/own", *options]
    environ = {"PATH": os.environ["PATH"], "RPM_BUILD_ROOT": str(root)}
    done = subprocess.run(
        ["sh", str(_SCRIPT), *given], env=environ, stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == status
    return done.stdout.splitlines()


def test_options_go_to_the_command(tmp_path: Path) -> None:
    (tmp_path / "usr/lib" / _OWN).mkdir(parents=True)
    (told,) = lines(tmp_path, "--compile-exclude", "a*")
    assert " --compile-exclude a* --report-file " in told


def test_all_places_are_compiled_once(tmp_path: Path) -> None:
    places = [
        "/app/lib",
        "/opt/demo/root/usr/lib64",
        "/opt/demo/usr/lib",
        "/own/lib",
        "/usr/lib",
        "/usr/lib64",
    ]
    for place in (*places, "/opt/demo/lib", "/usr/share", "/own/share/lib"):
        (tmp_path / place.lstrip("/") / _OWN / "site-packages/python0.1").mkdir(parents=True)
    assert compiled(tmp_path) == [f"{place}/{_OWN}" for place in places]


@pytest.mark.parametrize("place", ["usr/lib", "app/lib"])
def test_a_command_that_fails_ends_the_build(tmp_path: Path, place: str) -> None:
    (tmp_path / place / _OWN).mkdir(parents=True)
    assert compiled(tmp_path, command="false", status=1) == []

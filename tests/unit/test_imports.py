"""A command imports what it needs: build systems start it for each package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import truewheel
from tests.wheelbuilder import WheelBuilder

_SOURCE = str(Path(truewheel.__file__).parents[1])
_NEVER = ("dataclasses", "email", "importlib.metadata", "inspect", "packaging", "typing", "yaml")
_NOT_FOR_AN_INSTALL = (
    "base64",
    "csv",
    "datetime",
    "locale",
    "platform",
    "selectors",
    "shlex",
    "shutil",
    "subprocess",
    "threading",
    "zipfile",
    "truewheel.descriptions",
    "truewheel.relocation",
    "truewheel.report.document",
    "truewheel.report.reader",
    "truewheel.rules.table",
    "truewheel.scheme_file",
)
_NOT_FOR_RPM = (
    "json",
    "locale",
    "pathlib",
    "platform",
    "shutil",
    "subprocess",
    "truewheel.model",
    "truewheel.report",
)


def _imported(*words: str | Path) -> set[str]:
    """The modules that a command has imported when it ends, but for those that argparse needs itself."""
    coloured = "_colorize, " * (sys.version_info >= (3, 14))
    script = (
        f"import {coloured}argparse, sys; sys.path.insert(0, {_SOURCE!r}); before = set(sys.modules); "
        "from truewheel.cli.main import main; status = main(sys.argv[1:]); "
        "print(*sorted(set(sys.modules) - before), file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("command", [("provides",), ("requires", "run")])
def test_a_dependency_generator_imports_nothing_of_an_install(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    dist = tmp_path / "usr/lib/python3.11/site-packages/demo-1.dist-info"
    dist.mkdir(parents=True)
    needed = "Requires-Dist: a>=1\nRequires-Dist: b[c]<3; python_version<'4'\n"
    (dist / "METADATA").write_text(f"Metadata-Version: 2.1\nName: demo\nVersion: 1\n{needed}")
    imported = _imported(*command, dist)
    assert not imported.intersection((*_NEVER, *_NOT_FOR_RPM)), sorted(imported)


def test_an_install_imports_nothing_that_it_has_no_use_for(
    wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    wheel = wheel_builder.build()
    imported = _imported("install", wheel, "--root", tmp_path / "root", "--scheme", "fedora")
    assert not imported.intersection((*_NEVER, *_NOT_FOR_AN_INSTALL)), sorted(imported)

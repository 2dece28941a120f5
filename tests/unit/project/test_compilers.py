"""Compilers on PATH record no build path, and nothing else changes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from truewheel.project.compilers import mapped_compilers

_SOURCE = "const char *where = __FILE__;\n"


def compiled(project: Path, environ: dict[str, str], compiler: str = "gcc") -> bytes:
    """The object that a compiler makes of a source named by its whole path, with debug information."""
    (project / "a.c").write_text(_SOURCE, encoding="utf-8")
    command = [compiler, "-g", "-c", str(project / "a.c"), "-o", "a.o"]
    subprocess.run(command, cwd=project, env=environ, check=True)
    return (project / "a.o").read_bytes()


@pytest.mark.skipif(not Path("/usr/bin/gcc").exists(), reason="no gcc")
@pytest.mark.parametrize("name", ["gcc", "cc"])
def test_objects_of_two_directories_are_equal(tmp_path: Path, name: str) -> None:
    made = []
    for project in (tmp_path / "a", tmp_path / "another path"):
        project.mkdir()
        with mapped_compilers(project, os.environ) as environ:
            made.append(compiled(project, environ, name))
    assert made[0] == made[1]
    assert str(tmp_path).encode() not in made[0]


@pytest.mark.skipif(not Path("/usr/bin/gcc").exists(), reason="no gcc")
def test_only_path_changes_and_the_programs_are_gone_afterwards(tmp_path: Path) -> None:
    before = dict(os.environ)
    with mapped_compilers(tmp_path, before) as environ:
        directory = environ["PATH"].partition(os.pathsep)[0]
        assert "gcc" in os.listdir(directory)
        assert {**environ, "PATH": before["PATH"]} == before
    assert not Path(directory).exists()


def test_a_compiler_that_does_not_know_the_flag_is_left_alone(tmp_path: Path) -> None:
    old = tmp_path / "bin" / "cc"
    old.parent.mkdir()
    old.write_text('#!/bin/sh\ncase "$*" in *prefix-map*) exit 1;; esac\n', encoding="utf-8")
    old.chmod(0o755)
    with mapped_compilers(tmp_path, {"PATH": str(old.parent)}) as environ:
        assert os.listdir(environ["PATH"].partition(os.pathsep)[0]) == []


def test_a_compiler_finds_the_path_that_the_caller_had(tmp_path: Path) -> None:
    compiler = tmp_path / "bin" / "cc"
    compiler.parent.mkdir()
    compiler.write_text('#!/bin/sh\nprintf %s "$PATH"\n', encoding="utf-8")
    compiler.chmod(0o755)
    search = f"{compiler.parent}:/usr/bin:/bin"
    with mapped_compilers(tmp_path, {"PATH": search}) as environ:
        ran = subprocess.run(["cc"], env=environ, capture_output=True, text=True, check=True)
    assert ran.stdout == search

"""truewheel's own wheels: with the extension where there is a compiler, else without; equal anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.own_source import own_source

pytestmark = pytest.mark.slow

EXTENSION = "truewheel/_canonical.abi3.so"
METADATA = ("/WHEEL", "/RECORD")


def built(directory: Path, **environment: str) -> Path:
    """Build a wheel from a copy of the checkout in this directory."""
    directory.mkdir()
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(directory)]
    environ = {**os.environ, "CFLAGS": "", "LDFLAGS": "", **environment}
    subprocess.run([*command, str(own_source(directory))], env=environ, check=True, timeout=300)
    (wheel,) = directory.glob("*.whl")
    return wheel


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_with_the_extension(tmp_path: Path) -> None:
    wheel = built(tmp_path / "one")
    assert wheel.name.startswith("truewheel-")
    assert "-cp310-abi3-linux_" in wheel.name
    assert EXTENSION in members(wheel)
    other = built(tmp_path / "another directory")
    assert other.name == wheel.name
    assert other.read_bytes() == wheel.read_bytes()


def test_wheel_without_the_extension(tmp_path: Path) -> None:
    pure = built(tmp_path / "compiler", CC="/nonexistent/cc")
    unwanted = built(tmp_path / "unwanted", HATCH_BUILD_NO_HOOKS="true")
    assert pure.name.endswith("-py3-none-any.whl")
    assert unwanted.name == pure.name
    assert unwanted.read_bytes() == pure.read_bytes()
    with_extension = members(built(tmp_path / "extension"))
    del with_extension[EXTENSION]
    without = members(pure)
    assert without.keys() == with_extension.keys()
    differing = [name for name, content in without.items() if with_extension[name] != content]
    assert all(name.endswith(METADATA) for name in differing), differing


def test_broken_compiler_is_named(tmp_path: Path) -> None:
    source = own_source(tmp_path)
    command = [sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "-w", str(tmp_path), str(source)]
    environ = {**os.environ, "CFLAGS": "-include missing.h"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=300)
    assert "truewheel without its extension, which is slower: " in done.stdout + done.stderr
    assert "missing.h" in done.stdout + done.stderr

"""A power cut after ``--sync``: all that was reported as done is on the disk."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.support import snapshot, truewheel
from tests.needs import need, require
from tests.wheelbuilder import WheelBuilder

pytestmark = pytest.mark.slow

# ext4's own ioctl, _IOR('X', 125, __u32): no more input or output, without a flush of the journal
SHUTDOWN, NO_FLUSH = 0x8004587D, 2
SIZE = 64 << 20  # bytes

Cut = Callable[[], None]


@contextmanager
def mounted(image: Path, point: Path) -> Iterator[None]:
    done = subprocess.run(["mount", "-o", "loop", image, point], capture_output=True, text=True, check=False)
    need(done.returncode == 0, f"no loop device: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", point], check=True)


def cut_power(point: Path) -> None:
    descriptor = os.open(point, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", NO_FLUSH))
    except OSError as error:
        need(False, f"the file system does not shut down: {error.strerror}")
    finally:
        os.close(descriptor)


@pytest.fixture
def disk(tmp_path: Path) -> tuple[Path, Path]:
    need(os.geteuid() == 0, "not root")
    require("mkfs.ext4", "mount", "umount")
    image, point = tmp_path / "image", tmp_path / "mount"
    with image.open("wb") as stream:
        stream.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    point.mkdir()
    return image, point


def wheel(directory: Path, text: str) -> Path:
    directory.mkdir()
    files = {f"demo/m{number}.py": f"x = {text!r} * {number}\n" for number in range(50)}
    files["demo/__init__.py"] = ""
    return WheelBuilder(directory).build(files=files, data={"data/share/demo/notes": text * 100_000})


def install(wheel: Path, root: Path, *options: str) -> None:
    done = truewheel(
        "install", wheel, "--root", root, "--python", sys.executable, "--scheme", "generic", "-q", *options
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("overwritten", [False, True], ids=["new", "overwritten"])
def test_what_was_synced_outlives_a_power_cut(
    tmp_path: Path, disk: tuple[Path, Path], overwritten: bool
) -> None:
    image, point = disk
    new = wheel(tmp_path / "new", "b")
    with mounted(image, point):
        if overwritten:
            install(wheel(tmp_path / "old", "a"), point / "root", "--sync")
        install(new, point / "root", "--sync", "--overwrite")
        before = snapshot(point / "root")
        cut_power(point)
    with mounted(image, point):
        assert snapshot(point / "root") == before
    install(new, tmp_path / "root")
    assert {name for name in before if len(before[name]) == 5} == {
        name for name, state in snapshot(tmp_path / "root").items() if len(state) == 5
    }


def test_without_sync_a_power_cut_loses_files(tmp_path: Path, disk: tuple[Path, Path]) -> None:
    """The cut is one: what the kernel had not written yet is gone."""
    image, point = disk
    with mounted(image, point):
        install(wheel(tmp_path / "new", "b"), point / "root")
        before = snapshot(point / "root")
        cut_power(point)
    with mounted(image, point):
        assert snapshot(point / "root") != before

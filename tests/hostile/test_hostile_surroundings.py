"""What a wheel brings is never run by an install, and what happens to the root lets nothing out of it."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from pathlib import Path

import pytest

from tests.faults.support import snapshot, truewheel
from tests.wheelbuilder import WheelBuilder

AT_FDCWD, EXCHANGE = -100, 2  # of renameat2


def test_an_install_runs_nothing_of_the_wheel(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    marker = tmp_path / "marker"
    code = f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n"
    names = (
        "demo/__init__.py",
        "sitecustomize.py",
        "usercustomize.py",
        "encodings/__init__.py",
        "marshal.py",
    )
    wheel = wheel_builder.build(
        files={**dict.fromkeys(names, code), "demo.pth": code},
        data={"scripts/demo": f"#!python\n{code}"},
    )
    root = tmp_path / "root"
    options = ("--root", root, "--python", sys.executable, "--scheme", "fedora", "-q")
    assert truewheel("install", wheel, *options, cwd=tmp_path).returncode == 0
    site = next(root.rglob("demo.pth")).parent
    final = f"/{site.relative_to(root)}"
    assert truewheel("compile", final, *options, "--optimize", "0,1,2", cwd=site).returncode == 0
    assert not marker.exists()
    assert truewheel("check-import", "demo", *options[:-1]).returncode == 0
    assert marker.exists(), "the code would have told"


@pytest.mark.slow
def test_a_directory_that_is_swapped_for_a_link_lets_nothing_out(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    wheel = wheel_builder.build(files={f"demo/m{number}.py": "x = 1\n" for number in range(20)})
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    place = root / "usr"
    before = snapshot(outside)
    done = threading.Event()

    place.mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(outside)
    libc = ctypes.CDLL(None, use_errno=True)

    def swap() -> None:
        while not done.is_set():
            names = (os.fsencode(link), os.fsencode(place))
            assert libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], EXCHANGE) == 0

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(10):
            ran = truewheel(
                "install",
                wheel,
                "--root",
                root,
                "--python",
                sys.executable,
                "--scheme",
                "generic",
                "-q",
                "--overwrite",
            )
            assert ran.returncode in (0, 1, 2)
            assert "Traceback" not in ran.stderr
    finally:
        done.set()
        thread.join()
    assert snapshot(outside) == before

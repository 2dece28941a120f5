"""Run truewheel as a user would, in any surroundings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.needs import need, require
from tests.pythons import available_pythons
from tests.wheelbuilder import WheelBuilder


@dataclass(frozen=True)
class Surroundings:
    """The surroundings of a run, none of which may decide a byte.

    ``wrapper`` is the command that runs Python, ``flags`` are Python's own, ``options`` truewheel's;
    ``root`` is the root's path below a directory of the test.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    wrapper: Sequence[str] = ()
    flags: Sequence[str] = ()
    options: Sequence[str] = ("--jobs", "2")
    umask: int = 0o022
    cwd: str = "/"
    root: str = "root"


def truewheel(around: Surroundings, command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run one command, which must exit 0, with PATH alone of the caller's environment."""
    line = [*around.wrapper, sys.executable, *around.flags, "-m", "truewheel", command, *around.options]
    done = subprocess.run(
        line + [str(argument) for argument in arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C.UTF-8", **around.environ},
        umask=around.umask,
        cwd=around.cwd,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )
    assert done.returncode == 0, f"{line} exits {done.returncode}:\n{done.stderr}"
    return done


def rare_wheel(directory: Path) -> Path:
    """Build a wheel with all that is rare in real ones."""
    return WheelBuilder(directory).build(
        "rare",
        files={
            "rare/__init__.py": "NAMES = {'foo', 'bar', 2, 3, (1, 2.0), b'x'}\n\n\ndef f(x):\n    assert x\n",
            "rare/größe.py": "maß = {'µ', 'ß', 'é'}\nclass Äußeres:\n class Inneres:\n  z = 'Inneres'\n",
            "rare/latin.py": "# coding: latin-1\nname = 'é'\n".encode("latin-1"),
            "rare/broken.py": "def f(:\n",
            "rare/tool": "#!python\n",
        },
        data={"scripts/rare": "#!python\nprint(1)\n", "data/share/rare/данные.txt": "x"},
        entry_points={"rare-tool": "rare:f"},
        modes={"rare/tool": 0o100755},
    )


def targets() -> list[str]:
    """Return the names of the Pythons that truewheel supports, as in ``available_pythons``."""
    return [name for name in available_pythons() if name == "debian" or minor(name) >= (3, 7)]


@contextmanager
def shuffled(directory: Path, mounted: Path, multi_user: bool = False) -> Iterator[Path]:
    """Mount ``directory`` at ``mounted``, where each look at a directory gives another order of entries.

    With ``multi_user`` other users can read it, too.
    """
    require("disorderfs", "fusermount3")
    need(Path("/dev/fuse").exists(), "no /dev/fuse")
    mounted.mkdir()
    command = ["disorderfs", "--quiet", "--shuffle-dirents=yes"]
    command += [f"--multi-user={'yes' if multi_user else 'no'}", str(directory), str(mounted)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield mounted
    finally:
        subprocess.run(["fusermount3", "-u", str(mounted)], check=True)


def minor(name: str) -> tuple[int, ...]:
    """Return a target such as ``3.13t`` as (3, 13); ``debian`` has none."""
    return tuple(int(part) for part in name.rstrip("t").split("."))

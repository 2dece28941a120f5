"""Measures what `truewheel normalize` costs: PYTHON bench/normalize.py WHEEL...

The wheels are installed by pip into a root; CPU of normalizing it (compiled again, from the stream alone,
that a second time, and by the report of an earlier run) in seconds and in per cent of installing the same
wheels with truewheel at the same level. truewheel itself has its bytecode, as where it is installed.
"""

from __future__ import annotations

import compileall
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import truewheel


def spent(*words: str | Path) -> float:
    """CPU seconds of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(wheels: list[str]) -> None:
    compileall.compile_dir(Path(truewheel.__file__).parent, quiet=1)
    program = [sys.executable, "-m", "truewheel"]
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        install = [*program, "install", "--optimize", "0", "--python", sys.executable]
        base = spent(*install, "--root", top / "ours", *wheels)
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--ignore-installed"]
        rows = {"pip install": spent(*pip, "--root", top / "pip", *wheels)}
        shutil.copytree(top / "pip", top / "again", symlinks=True)
        rows["normalize"] = spent(*program, "normalize", top / "pip")
        for name in ("normalize --no-recompile", "the same a second time"):
            rows[name] = spent(*program, "normalize", "--no-recompile", top / "again")
        report = top / "report.json"
        spent(*program, "normalize", top / "pip", "--report", report)
        rows["by the report of a run"] = spent(*program, "normalize", top / "pip", "--report-file", report)
        for name, seconds in rows.items():
            print(f"{name:26} {seconds:6.2f} s {100 * seconds / base:5.0f} %")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Measures ``truewheel verify``: PYTHON bench/verify.py WHEEL... [--copies N,N,...]

The wheels are installed into a root at levels 0 and 1. Times are those of the processes, children included,
as the median of five runs that take turns, against ``compileall -f -q -o 0 -o 1`` over the same modules. Then
copies of the modules are verified, to see that time is linear and memory bounded. truewheel itself has its
bytecode, as where it is installed.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import truewheel
from truewheel.bytecode.canonical_form import rewrite
from truewheel.bytecode.pycs import source_path

RUNS = 5
TRUEWHEEL = [sys.executable, "-m", "truewheel"]
# the same without the extension, as in a pure wheel
PURE = [sys.executable, "-c", "import sys; sys.modules['truewheel._canonical'] = None\n"]
PURE[-1] += "from truewheel.__main__ import run; run()"


def measured(command: Sequence[str | Path]) -> tuple[float, float]:
    """Run a command; return seconds by the clock and of processors."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    spent, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def memory(command: Sequence[str | Path]) -> int:
    """Run a command in a child of its own; return the most MiB that one process had."""
    script = "import resource as r, subprocess, sys\nsubprocess.run(sys.argv[1:], stdout=-3, check=True)"
    script += "\nprint(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    done = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def ratios(root: Path) -> None:
    site = next(root.glob("usr/lib*/python3*/site-packages"))
    scratch = root.parent / "scratch"
    shutil.copytree(site, scratch)
    verify = ["verify", "--root", root, "--scheme", "fedora"]
    rows = {
        "compileall -f -q -o 0 -o 1": [
            sys.executable,
            "-m",
            "compileall",
            "-f",
            "-q",
            "-o",
            "0",
            "-o",
            "1",
            scratch,
        ],
        "verify --jobs 1": [*TRUEWHEEL, *verify, "--jobs", "1"],
        "verify --jobs 2": [*TRUEWHEEL, *verify, "--jobs", "2"],
        "verify --jobs 1, no extension": [*PURE, *verify, "--jobs", "1"],
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for _ in range(RUNS):
        for name, command in rows.items():
            times[name].append(measured(command))
    medians = {
        name: [statistics.median(column) for column in zip(*each, strict=True)]
        for name, each in times.items()
    }
    floor = medians["compileall -f -q -o 0 -o 1"]
    print(f"{'':32} {'clock':>8} {'ratio':>6} {'CPU':>8} {'ratio':>6}")
    for name, (clock, cpu) in medians.items():
        print(f"{name:32} {clock:7.2f}s {clock / floor[0]:6.2f} {cpu:7.2f}s {cpu / floor[1]:6.2f}")


def growth(root: Path, copies: Sequence[int]) -> None:
    """Verify a directory with copies of the modules, each pyc of its own file: what a large image has."""
    site = next(root.glob("usr/lib*/python3*/site-packages"))
    top = root.parent / "large"
    made = 0
    print(f"{'modules':>8} {'paths':>8} {'1 job':>8} {'2 jobs':>8} {'1 / 2':>6} {'MiB':>5}")
    for number in copies:
        for each in range(made, number):
            copy = top / f"opt/{each}/lib/python3.{sys.version_info[1]}/site-packages"
            shutil.copytree(site, copy)
            for pyc in copy.rglob("*.pyc"):  # with the path of the copy
                data, final = pyc.read_bytes(), f"/{source_path(os.fspath(pyc.relative_to(top)))}"
                pyc.write_bytes(data[:16] + rewrite(data[16:], sys.version_info[:2], final))
        made = number
        command = [*TRUEWHEEL, "verify", "--root", top, "--fail-on", "never"]
        one, two = (measured([*command, "--jobs", jobs])[0] for jobs in "12")
        paths = sum(len(names) + len(files) for _, names, files in os.walk(top))
        modules = sum(name.endswith(".py") for _, _, files in os.walk(top) for name in files)
        most = memory([*command, "--jobs", "2"])
        print(f"{modules:8} {paths:8} {one:7.2f}s {two:7.2f}s {one / two:6.2f} {most:5}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", nargs="+")
    parser.add_argument("--copies", default="", help="numbers of copies of the modules to verify")
    options = parser.parse_args()
    compileall.compile_dir(Path(truewheel.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory, "root")
        install = ["install", *options.wheels, "--root", root, "--scheme", "fedora", "--quiet"]
        subprocess.run([*TRUEWHEEL, *install, "--python", sys.executable], check=True)
        ratios(root)
        if options.copies:
            growth(root, [int(number) for number in options.copies.split(",")])


if __name__ == "__main__":
    main()

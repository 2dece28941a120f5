"""Three flavors in one call against a call for each, side by side: CPU seconds, target Pythons included.

Usage: python bench/flavors.py --python PY --python PY --python PY WHEEL...
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def cpu_seconds(wheels: list[str], runs: list[list[str]], jobs: str) -> float:
    """What a number of installs into one new root cost, one for each list of Pythons."""
    root = tempfile.mkdtemp(prefix="flavors-")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        for pythons in runs:
            command = [sys.executable, "-m", "truewheel", "install", "--quiet", "--root", root, "--overwrite"]
            command += ["--scheme", "opensuse", "--jobs", jobs]
            command += [word for python in pythons for word in ("--python", python)]
            subprocess.run([*command, *wheels], check=True)
    finally:
        shutil.rmtree(root)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Warm up once, take turns, print medians and what one call costs of several."""
    parser = argparse.ArgumentParser(description="Compare one call for all flavors with a call for each.")
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument("--python", action="append", required=True, metavar="PY")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--jobs", default="2")
    options = parser.parse_args()
    together, each = [options.python], [[python] for python in options.python]
    print("| wheel | one call, CPU s | a call for each, CPU s | of it |\n|---|---|---|---|")
    for wheel in options.wheels:
        spent: list[tuple[float, float]] = []
        for turn in range(options.runs + 1):
            pair = tuple(cpu_seconds([str(wheel)], runs, options.jobs) for runs in (together, each))
            if turn:
                spent.append((pair[0], pair[1]))
        one, several = (statistics.median(pair[number] for pair in spent) for number in (0, 1))
        print(f"| {wheel.name} | {one:.2f} | {several:.2f} | {one / several:.2f} |", flush=True)


if __name__ == "__main__":
    main()

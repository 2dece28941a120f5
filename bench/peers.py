"""Measures what installing and byte-compiling wheels costs, next to other tools.

python bench/peers.py WHEEL...

All tools take turns in one run, each into an empty directory; the medians are printed. See README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

COMPILE_ALL = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
for path in sorted(Path(sys.argv[1]).rglob("*.py")):
    source = path.read_bytes()
    for level in (0, 1):
        try:
            compile(source, str(path), "exec", dont_inherit=True, optimize=level)
        except SyntaxError:
            pass
"""
FLOOR = Path(__file__).with_name("floor.py")
UNZIP = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])"


@dataclass(frozen=True)
class Sample:
    """What one run took: seconds, and bytes of memory (of the largest process of the run)."""

    cpu: float
    wall: float
    peak: int


@dataclass(frozen=True)
class Tool:
    """A row of the table; ``commands`` makes the command lines for a wheel, a directory, an unpacked
    wheel."""

    name: str
    commands: Callable[[Path, Path, Path], list[list[str]]]


@dataclass
class Row:
    """What was measured of one tool and one wheel."""

    tool: str
    samples: list[Sample] = field(default_factory=list)
    size: int = 0
    pycs: int = 0
    pyc_size: int = 0

    def median(self, name: str) -> float:
        return statistics.median(getattr(sample, name) for sample in self.samples)


def tools(options: argparse.Namespace) -> list[Tool]:
    """The tools that are there, truewheel first: it is what the others are compared with."""
    python = options.python

    def truewheel(*more: str) -> Callable[[Path, Path, Path], list[list[str]]]:
        start = [*options.truewheel.split(), "install", "--quiet", "--errors", "warn", "--scheme", "fedora"]
        start += ["--python", python, *more]
        return lambda wheel, to, _: [[*start, "--root", str(to), str(wheel)]]

    pip = [options.pip, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-input"]
    pip += ["--disable-pip-version-check", "--ignore-installed", "--no-warn-script-location"]
    levels = ["-o", "0", "-o", "1"]
    installer = [options.installer, "-m", "installer", "--compile-bytecode", "0", "--compile-bytecode", "1"]
    compileall = [options.pip, "-m", "compileall", "-q", *levels, "--hardlink-dupes", "-f", "-s"]
    found = [
        Tool("truewheel", truewheel()),
        Tool("truewheel --jobs 1", truewheel("--jobs", "1")),
        Tool("floor", lambda wheel, to, _: [[python, str(FLOOR), str(wheel), str(to)]]),
        Tool("floor: unzip", lambda wheel, to, _: [[python, "-c", UNZIP, str(wheel), str(to)]]),
        Tool("floor: compile() at 0, 1", lambda _wheel, _to, tree: [[python, "-c", COMPILE_ALL, str(tree)]]),
    ]
    if runs([options.installer, "-m", "installer", "--help"]):
        found.append(Tool("installer 0, 1", lambda wheel, to, _: [[*installer, "-d", str(to), str(wheel)]]))
    if runs([options.pip, "-m", "pip", "--version"]):
        root = "--root"
        found.append(Tool("pip (level 0)", lambda wheel, to, _: [[*pip, root, str(to), str(wheel)]]))
        found.append(
            Tool(
                "pip, compileall 0, 1",
                lambda wheel, to, _: [
                    [*pip, "--no-compile", root, str(to), str(wheel)],
                    [*compileall, str(to), str(to)],
                ],
            )
        )
    if runs([*options.uv.split(), "--version"]):
        uv = [
            *options.uv.split(),
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--offline",
            "--no-cache",
        ]
        uv += ["--compile-bytecode", "--link-mode", "copy", "--python", python]
        found.append(Tool("uv (level 0)", lambda wheel, to, _: [[*uv, "--target", str(to), str(wheel)]]))
    return found


def runs(command: Sequence[str]) -> bool:
    """Say whether a tool is there."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def environment() -> dict[str, str]:
    """What the tools get to see: nothing that changes their work."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "PIP_ROOT_USER_ACTION": "ignore", "PIP_CONFIG_FILE": os.devnull}


def measure(commands: Sequence[Sequence[str]]) -> Sample:
    """Run commands one after the other, all that they start included."""
    cpu = peak = 0.0
    begin = time.perf_counter()
    for command in commands:
        spent, memory = measure_one(command)
        cpu += spent
        peak = max(peak, memory)
    return Sample(cpu, time.perf_counter() - begin, int(peak))


def measure_one(command: Sequence[str]) -> tuple[float, int]:
    """Return the user and system seconds of a command and its children, and the peak of the largest."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(), cwd="/"
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(command)}\n{log.read().decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def weigh(row: Row, directory: Path) -> None:
    """Note the size of what a tool left; hard links count once."""
    files = {}
    row.pycs = 0
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink():
            state = path.stat()
            files[state.st_ino] = (state.st_size, path.suffix == ".pyc")
            row.pycs += path.suffix == ".pyc"
    row.size = sum(size for size, _ in files.values())
    row.pyc_size = sum(size for size, is_pyc in files.values() if is_pyc)


def run_all(wheel: Path, found: Sequence[Tool], runs_wanted: int, work: Path) -> list[Row]:
    """Let the tools take turns; the first turn warms the caches and is not counted."""
    tree = work / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree)
    rows = [Row(tool.name) for tool in found]
    for number in range(runs_wanted + 1):
        for tool, row in zip(found, rows, strict=True):
            to = work / "to"
            to.mkdir()
            os.sync()
            sample = measure(tool.commands(wheel, to, tree))
            if number:
                row.samples.append(sample)
            else:
                weigh(row, to)
            shutil.rmtree(to)
    shutil.rmtree(tree)
    return rows


def table(wheel: Path, rows: Sequence[Row]) -> list[str]:
    """The medians, and their ratios to the first row's."""
    lines = [wheel.name, ""]
    lines.append(
        f"{'':26}  {'CPU s':>14}  {'wall s':>14}  {'peak MiB':>8}  {'pycs':>6}  {'pyc MiB':>7}  {'MiB':>6}"
    )
    first = rows[0]
    for row in rows:
        cells = [f"{row.tool:26}"]
        for name in ("cpu", "wall"):
            cells.append(f"{row.median(name):6.2f} ({row.median(name) / first.median(name):4.2f}x)")
        cells.append(f"{row.median('peak') / 2**20:8.0f}")
        cells += [f"{row.pycs:6}", f"{row.pyc_size / 2**20:7.1f}", f"{row.size / 2**20:6.1f}"]
        lines.append("  ".join(cells))
    return lines


def as_json(wheel: Path, rows: Sequence[Row]) -> dict[str, object]:
    """The same for machines: seconds and bytes."""
    content = {
        row.tool: {
            **{name: row.median(name) for name in ("cpu", "wall", "peak")},
            "samples": [vars(sample) for sample in row.samples],
            "pycs": row.pycs,
            "pyc_size": row.pyc_size,
            "size": row.size,
        }
        for row in rows
    }
    return {"wheel": wheel.name, "rows": content}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare truewheel with other installers of wheels.")
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument("--runs", type=int, default=5, help="turns that count (default: 5)")
    parser.add_argument("--python", default=sys.executable, help="the target (default: the one running this)")
    parser.add_argument("--truewheel", default=f"{sys.executable} -m truewheel", metavar="COMMAND")
    parser.add_argument(
        "--installer", default=sys.executable, metavar="PYTHON", help="a Python with installer"
    )
    parser.add_argument("--pip", default=sys.executable, metavar="PYTHON", help="a Python with pip")
    parser.add_argument("--uv", default=default_uv(), metavar="COMMAND")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples as JSON")
    return parser.parse_args()


def default_uv() -> str:
    """The uv of this Python, or the one on PATH."""
    return f"{sys.executable} -m uv" if runs([sys.executable, "-m", "uv", "--version"]) else "uv"


def main() -> None:
    """Measure every wheel and print the tables."""
    options = parsed()
    found = tools(options)
    documents = []
    for wheel in options.wheels:
        with tempfile.TemporaryDirectory(prefix="peers-") as work:
            rows = run_all(wheel.absolute(), found, options.runs, Path(work))
        print("\n".join(table(wheel, rows)), end="\n\n", flush=True)
        documents.append(as_json(wheel, rows))
    if options.json:
        options.json.write_text(json.dumps(documents, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

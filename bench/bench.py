"""Measures truewheel next to its peers in one run, in turns: python bench/bench.py --wheels DIRECTORY

Writes the medians as JSON (--json), as a picture (--svg), and prints them. See README.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import peers
from made import made_wheel

SMALL = ("six", "iniconfig", "requests")
LARGE = ("docutils", "django", "botocore", "numpy", "sympy")
SIZES = (100, 1_000, 10_000, 50_000)
ROWS = ("truewheel", "floor", "installer 0, 1", "pip (level 0)", "uv (level 0)")
Results = dict[str, dict[str, float]]


def turns(commands: dict[str, Callable[[Path], list[list[str]]]], runs: int, work: Path) -> Results:
    """Let commands take turns, each with a new directory; the first turn only warms the caches."""
    samples: dict[str, list[peers.Sample]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, make in commands.items():
            to = work / "to"
            to.mkdir()
            sample = peers.measure(make(to))
            if turn:
                samples[name].append(sample)
            shutil.rmtree(to)
    return {name: medians(found) for name, found in samples.items()}


def medians(samples: Sequence[peers.Sample]) -> dict[str, float]:
    return {
        kind: statistics.median(getattr(one, kind) for one in samples) for kind in ("cpu", "wall", "peak")
    }


def find(directory: Path, project: str) -> Path | None:
    """The wheel of a project, any that fits this Python's version."""
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    found = [path for path in directory.glob("*.whl") if path.name.lower().startswith(f"{project}-")]
    return max((path for path in found if f"-{tag}-" in path.name or "-none-any" in path.name), default=None)


def against_peers(options: argparse.Namespace, work: Path) -> dict[str, Results]:
    """Each wheel by each tool."""
    found = [tool for tool in peers.tools(options) if tool.name in ROWS]
    results = {}
    for project in (*SMALL, *LARGE):
        wheel = find(options.wheels, project)
        if wheel is not None:
            commands = {
                tool.name: lambda to, tool=tool, wheel=wheel: tool.commands(wheel, to, to) for tool in found
            }
            results[project] = turns(commands, options.runs * (3 if project in SMALL else 1), work)
            show(project, results[project])
    return results


def starts(options: argparse.Namespace, work: Path) -> Results:
    """What rpm and a shell call for each package, without a wheel."""
    dist = work / "usr/lib/python3.11/site-packages/demo-1.dist-info"
    dist.mkdir(parents=True)
    lines = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
    (dist / "METADATA").write_text(lines + "Requires-Dist: a>=1\nRequires-Dist: b[c]<3; python_version<'4'\n")
    start = options.truewheel.split()
    results = turns(
        {
            "python -c pass": lambda _: [[options.python, "-c", "pass"]],
            "truewheel --version": lambda _: [[*start, "--version"]],
            "provides": lambda _: [[*start, "provides", str(dist)]],
            "requires run": lambda _: [[*start, "requires", "run", str(dist)]],
        },
        options.runs * 4,
        work,
    )
    show("start-up", results)
    return results


def many_wheels(options: argparse.Namespace, work: Path) -> Results:
    """Fifty small wheels in one call, and a call for each."""
    wheels = [str(made_wheel(work / "many", f"demo{number}", 4)) for number in range(50)]
    install = [*options.truewheel.split(), "install", "-q", "--scheme", "fedora", "--python", options.python]
    levels = ["--compile-bytecode", "0", "--compile-bytecode", "1"]
    installer = [options.installer, "-m", "installer", *levels]
    results = turns(
        {
            "truewheel, one call": lambda to: [[*install, "--root", str(to), *wheels]],
            "truewheel, 50 calls": lambda to: [[*install, "--root", str(to), wheel] for wheel in wheels],
            "installer, 50 calls": lambda to: [[*installer, "-d", str(to), wheel] for wheel in wheels],
        },
        options.runs,
        work,
    )
    show("50 wheels", results)
    return results


def flavors(options: argparse.Namespace, work: Path) -> dict[str, Results]:
    """Several Pythons in one call, and a call for each."""
    install = [*options.truewheel.split(), "install", "-q", "--scheme", "opensuse", "--overwrite"]
    pythons = [["--python", python] for python in options.flavor]

    def calls(wheel: Path, groups: list[list[str]]) -> Callable[[Path], list[list[str]]]:
        return lambda to: [[*install, *words, "--root", str(to), str(wheel)] for words in groups]

    results = {}
    for project in ("six", "docutils") if pythons[1:] else ():
        wheel = find(options.wheels, project)
        if wheel is not None:
            together = [[word for words in pythons for word in words]]
            commands = {"one call": calls(wheel, together), "a call for each": calls(wheel, pythons)}
            results[project] = turns(commands, options.runs, work)
            show(f"{len(pythons)} flavors of {project}", results[project])
    return results


def sizes(options: argparse.Namespace, work: Path) -> Results:
    """Made wheels of many modules; one run each."""
    install = [*options.truewheel.split(), "install", "-q", "--scheme", "fedora", "--python", options.python]
    results = {}
    for count in SIZES[: options.sizes]:
        wheel = made_wheel(work / "sizes", f"demo{count}", count)
        to = work / "to"
        results[f"{count} modules"] = vars(peers.measure([[*install, "--root", str(to), str(wheel)]]))
        shutil.rmtree(to)
    show("modules", results)
    return results


def show(title: str, results: Results) -> None:
    """Print a table."""
    print(f"\n{title:28}{'CPU s':>9}{'wall s':>9}{'peak MiB':>10}")
    for name, row in results.items():
        print(f"  {name:26}{row['cpu']:9.3f}{row['wall']:9.3f}{row['peak'] / 2**20:10.0f}", flush=True)


def ratios(results: dict[str, Results]) -> dict[str, dict[str, float]]:
    """CPU and wall of truewheel in parts of the floor's, and CPU in parts of the others'."""
    found: dict[str, dict[str, float]] = {}
    for project, rows in results.items():
        ours = rows["truewheel"]
        found[project] = {
            f"CPU of {name}": ours["cpu"] / row["cpu"] for name, row in rows.items() if row is not ours
        }
        found[project]["wall of floor"] = ours["wall"] / rows["floor"]["wall"]
        found[project]["wall of CPU"] = ours["wall"] / ours["cpu"]
    return found


def picture(results: dict[str, Results]) -> str:
    """An SVG of CPU seconds in parts of installer's, a bar for each tool."""
    colours = {
        "truewheel": "#2b6cb0",
        "floor": "#a0aec0",
        "pip (level 0)": "#dd6b20",
        "uv (level 0)": "#805ad5",
    }
    bars, top = [], 24
    for project, rows in results.items():
        if "installer 0, 1" not in rows:
            continue
        bars.append(f'<text x="8" y="{top + 11}" font-weight="bold">{project}</text>')
        for name, colour in colours.items():
            if name in rows:
                ratio = rows[name]["cpu"] / rows["installer 0, 1"]["cpu"]
                bars.append(
                    f'<rect x="90" y="{top}" width="{min(ratio, 2) * 200:.0f}" height="12" fill="{colour}"/>'
                )
                label = f"{name.partition(' (')[0]} {ratio:.2f}"
                bars.append(f'<text x="{96 + min(ratio, 2) * 200:.0f}" y="{top + 10}">{label}</text>')
                top += 15
        top += 10
    line = f'<line x1="290" y1="20" x2="290" y2="{top}" stroke="#2d3748" stroke-dasharray="3 3"/>'
    title = '<text x="90" y="14">CPU, parts of python -m installer (dashed line)</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{top + 6}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>{title}{line}{"".join(bars)}</svg>\n'
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure truewheel and its peers in one run.")
    parser.add_argument(
        "--wheels", type=Path, required=True, metavar="DIRECTORY", help="wheels, see README.md"
    )
    parser.add_argument("--runs", type=int, default=3, help="turns of a large wheel (3)")
    parser.add_argument("--python", default=sys.executable, help="the target (default: the one running this)")
    parser.add_argument("--flavor", action="append", default=[], metavar="PY", help="repeat for several")
    parser.add_argument("--sizes", type=int, default=len(SIZES), metavar="N", help="how many made wheels")
    parser.add_argument(
        "--truewheel", default=str(Path(sys.executable).with_name("truewheel")), metavar="COMMAND"
    )
    parser.add_argument("--installer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--pip", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--uv", default=peers.default_uv(), metavar="COMMAND")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--svg", type=Path, metavar="FILE")
    return parser.parse_args()


def main() -> None:
    """Measure all, print, write."""
    options = parsed()
    options.wheels = options.wheels.absolute()  # each tool runs in /
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        work = Path(directory)
        document: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
        document["start-up"] = starts(options, work)
        document["wheels"] = against_peers(options, work)
        document["ratios"] = ratios(document["wheels"])
        document["50 wheels"] = many_wheels(options, work)
        document["flavors"] = flavors(options, work)
        document["modules"] = sizes(options, work)
    print(f"\nratios of truewheel, Python {document['python']}")
    for project, row in document["ratios"].items():
        print(f"  {project:12}" + ", ".join(f"{name} {ratio:.2f}" for name, ratio in row.items()))
    if options.json:
        text = json.dumps(document, indent=1)
        options.json.write_text(re.sub(r"(\d\.\d{4})\d+", r"\1", text) + "\n", encoding="utf-8")
    if options.svg:
        options.svg.write_text(picture(document["wheels"]), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Install the most downloaded wheels in unlike surroundings: how many are accepted, how many give one tree.

    python bench/rate.py [--first N] [--python PY]... [--json rate.json]

Run it from a checkout, where tests/data/popular.yaml pins the wheels. It writes the figures into
docs/figures.md. Where rate.json is there, it goes on with the wheels that it does not have.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from packaging.tags import Tag, compatible_tags, cpython_tags  # noqa: E402
from packaging.utils import parse_wheel_filename  # noqa: E402

from tests.registry import Pin, fetched, popular  # noqa: E402

_VARIATIONS = (
    ("a", {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}, 0o022, "1"),
    ("somewhere/else", {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "4711"}, 0o077, "2"),
)


def main() -> None:
    """Install, count, and enter the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=500, metavar="N")
    parser.add_argument("--python", action="append", metavar="PY", help="target Pythons (default: python3)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    pythons = options.python or ["python3"]
    taken = {python: tags(python) for python in pythons}
    results = (
        json.loads(options.json.read_text(encoding="utf-8")) if options.json and options.json.exists() else {}
    )
    for pin in popular()[: options.first]:
        if pin.name in results:
            continue
        fits = [each for each in pythons if parse_wheel_filename(pin.filename)[3] & taken[each]]
        results[pin.name] = {python: outcome(pin, python) for python in fits}
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    enter(TOP / "docs/figures.md", "rate", lines(results, pythons))


def enter(page: Path, name: str, lines: list[str]) -> None:
    """Put lines between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        sys.exit(f"{page} has no {begin} ... {end}")
    page.write_text(before + "\n".join([begin, *lines, end]) + after, encoding="utf-8")


def tags(python: str) -> frozenset[Tag]:
    """The tags of the wheels that a Python takes."""
    version = said(python, "--version").split()[1].split(".")
    major, minor = int(version[0]), int(version[1])
    generic = compatible_tags((major, minor), f"cp{major}{minor}")
    return frozenset([*cpython_tags((major, minor)), *generic])


def said(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def outcome(pin: Pin, python: str) -> str:
    """``one hash``, or what is wrong."""
    trees = []
    for place, environ, umask, jobs in _VARIATIONS:
        with tempfile.TemporaryDirectory(prefix="rate-") as work:
            root = Path(work, place)
            root.parent.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, "-m", "truewheel", "install", "--scheme", "fedora", "-q"]
            command += ["--python", python, "--jobs", jobs, "--root", str(root), str(fetched(pin))]
            done = subprocess.run(
                command,
                env={**os.environ, **environ, "SOURCE_DATE_EPOCH": "1700000000"},
                umask=umask,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                return done.stderr.strip().splitlines()[-1]
            trees.append(digest(root))
    return "one hash" if len(set(trees)) == 1 else "the trees differ"


def digest(root: Path) -> str:
    """The hash of names, modes, dates, contents and hard links of a tree."""
    hashed = hashlib.sha256()
    first: dict[int, Path] = {}
    for path in sorted(root.rglob("*")):
        found = path.lstat()
        same = first.setdefault(found.st_ino, path)
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        facts = (
            path.relative_to(root),
            oct(found.st_mode),
            int(found.st_mtime),
            same.relative_to(root),
            content,
        )
        hashed.update(repr(facts).encode())
    return hashed.hexdigest()


def is_for(python: str, outcomes: dict[str, str]) -> bool:
    """Whether the wheel of these outcomes says by its tags and its metadata that it is for the Python."""
    return python in outcomes and not outcomes[python].endswith("[requires-python]")


def lines(results: dict[str, dict[str, str]], pythons: list[str]) -> list[str]:
    """The table of counts, and the list of the others."""
    date = time.strftime("%Y-%m-%d", time.gmtime())
    made = [
        f"{date}: the first {len(results)} of tests/data/popular.yaml, each installed by the fedora scheme",
        "in two surroundings that differ in path, umask, zone, locale, hash seed and number of jobs.",
        "",
    ]
    made += ["| Python | wheels for it | accepted | one hash |", "|---|---|---|---|"]
    for python in pythons:
        outcomes = [each[python] for each in results.values() if is_for(python, each)]
        accepted = [each for each in outcomes if each in ("one hash", "the trees differ")]
        counts = f"{len(outcomes)} | {len(accepted)} | {outcomes.count('one hash')}"
        made.append(f"| {said(python, '--version')} | {counts} |")
    others = [
        (name, each[python])
        for name, each in results.items()
        for python in pythons
        if is_for(python, each) and each[python] != "one hash"
    ]
    made += ["", "| the others | why |", "|---|---|"] if others else ["", "There are no others."]
    return made + [f"| {name} | {why.replace('|', ' ')} |" for name, why in others]


if __name__ == "__main__":
    main()

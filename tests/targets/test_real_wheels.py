"""Ten real wheels for each Python there is: every pyc is right, and every module still imports.

The checks run in the target itself (pyc_facts.py, import_all.py). They share the encoder alone with the code
that wrote the tree, and compare its result with the bytes on disk. The wheels are pinned, their dependencies
are not: these only let more modules be imported, by both trees alike.
"""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import truewheel
from tests.pythons import available_pythons
from tests.registry import pinned_pythons, wheel

pytestmark = pytest.mark.slow

PURE = ("babel", "botocore", "django", "requests", "rich", "setuptools", "sympy", "twisted")
NATIVE = ("numpy", "sqlalchemy")
HERE = Path(__file__).parent
TARGET = Path(truewheel.__file__).parent
SHARES = len(os.sched_getaffinity(0))
SITES = ("site-packages", "dist-packages")
VERSIONS = [version for version in available_pythons() if version not in ("2.7", "3.6")]
DAILY = ("3.13-fedora", "3.7-fedora", "debian-debian")
OLD = ("3.7", "3.8")  # most of the wheels want a newer one


@dataclass(frozen=True)
class Tree:
    """The result of one ``truewheel install``; ``version`` is ``3.11``, also for Debian's Python."""

    python: Path
    version: str
    scheme: str
    wheels: tuple[Path, ...]
    root: Path
    report: Mapping[str, Any]


def cases(*schemes: str, daily: Sequence[str]) -> list[Any]:
    """The Pythons with the schemes; those that are not daily repeat the others with another Python."""
    pairs = [(version, scheme) for version in VERSIONS for scheme in schemes]
    names = {pair: "-".join(pair) for pair in pairs}
    marks = [[] if names[pair] in daily else [pytest.mark.nightly] for pair in pairs]
    return [pytest.param(pair, id=names[pair], marks=mark) for pair, mark in zip(pairs, marks, strict=True)]


def run(command: Sequence[str | Path], **options: Any) -> str:
    """Run a command that has to succeed; return its standard output."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stderr[-3000:]}"
    return str(done.stdout)


def wheels_for(version: str) -> tuple[Path, ...]:
    native = [wheel(name, version) for name in NATIVE if version in pinned_pythons(name)]
    return (*(wheel(name) for name in PURE), *native)


def version_of(python: Path) -> str:
    return run([python, "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip()


@pytest.fixture(scope="module")
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """The tree of a Python and a scheme, removed when its tests are done: it is large."""
    name, scheme = request.param
    python = available_pythons()[name]
    version = version_of(python)
    wheels = wheels_for(name if name.endswith("t") else version)
    directory = tmp_path_factory.mktemp(f"{name}-{scheme}")
    report = directory / "report.json"
    command = [sys.executable, "-m", "truewheel", "install", "--quiet", "--errors", "warn"]
    command += ["--ignore-requires-python"]  # the newest wheels in the oldest Pythons
    command += ["--scheme", scheme, "--python", str(python), "--report", str(report)]
    run([*command, "--root", directory / "root", *wheels])
    content = json.loads(report.read_text(encoding="utf-8"))
    yield Tree(python, version, scheme, wheels, directory / "root", content)
    shutil.rmtree(directory)


def pyc_facts(tree: Tree, directory: Path) -> list[dict[str, Any]]:
    """Ask the target; code is compared for one scheme, as that of the other differs in its path alone."""

    def ask(share: int) -> dict[str, Any]:
        request = {
            "root": str(tree.root),
            "target": str(TARGET),
            "levels": [0, 1],
            "deep": tree.scheme == "fedora",
            "share": [share, SHARES],
        }
        path = directory / f"request-{share}.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        answer: dict[str, Any] = json.loads(run([tree.python, "-I", "-S", "-B", HERE / "pyc_facts.py", path]))
        return answer

    with ThreadPoolExecutor(SHARES) as pool:
        return list(pool.map(ask, range(SHARES)))


@pytest.mark.parametrize(
    "tree", cases("fedora", "debian", daily=("3.7-fedora", "3.13-fedora", "debian-debian")), indirect=True
)
def test_bytecode(tree: Tree, tmp_path: Path) -> None:
    facts = pyc_facts(tree, tmp_path)
    violations = [violation for part in facts for violation in part["violations"]]
    assert violations == [], f"{len(violations)} violations"
    failed = {source: error for part in facts for source, error in part["failed"].items()}
    compiled = {entry["source"]: entry for entry in tree.report["compiled"]}
    assert len(compiled) == sum(part["sources"] for part in facts) > 3500
    assert sum(part["pycs"] for part in facts) == 2 * (len(compiled) - len(failed))
    reasons = {source: entry["error"] for source, entry in compiled.items() if entry["error"] is not None}
    assert sorted(reasons) == sorted(failed)
    unexplained = {source: text for source, text in reasons.items() if not text.startswith(failed[source])}
    assert unexplained == {}
    listed = {file["path"] for file in tree.report["files"]}
    assert {pyc for entry in compiled.values() for pyc in entry["pycs"].values()} <= listed


def pip(python: Path, *arguments: str | Path) -> None:
    """Run the target's own pip, or where it has none, that of the tests for the target."""
    own = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    start: list[str | Path] = (
        [python, "-m", "pip"] if own.returncode == 0 else [sys.executable, "-m", "pip", "--python", python]
    )
    run([*start, "install", "--quiet", "--disable-pip-version-check", "--no-compile", *arguments])


def requirements(wheels: Sequence[Path], old: bool) -> list[str]:
    """Return the requirements of the wheels without extras; for an old Python without versions."""
    found = []
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            required = email.message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
        found += [line for line in required if "extra" not in line.partition(";")[2]]
    return sorted({Requirement(line).name for line in found}) if old else found


def import_all(tree: Tree, sites: Sequence[Path], other: Path, home: Path) -> dict[str, str]:
    """Import every module below the sites, in a directory of its own."""
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
    command: list[str | Path] = [tree.python, "-s", "-S", HERE / "import_all.py", *sites, "--", other]
    outcomes: dict[str, str] = json.loads(run(command, env=environment, cwd=home))
    return outcomes


def pycs(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Return inode, date and size of the bytecode below a directory: an import that writes changes them."""
    states = {str(path.relative_to(directory)): path.stat() for path in directory.rglob("*.pyc")}
    return {name: (state.st_ino, state.st_mtime_ns, state.st_size) for name, state in states.items()}


@pytest.mark.parametrize("tree", cases("fedora", daily=DAILY[:1]), indirect=True)
def test_imports(tree: Tree, tmp_path: Path) -> None:
    plain, other = tmp_path / "plain", tmp_path / "other"
    pip(tree.python, "--no-index", "--no-deps", "--ignore-requires-python", "--target", plain, *tree.wheels)
    old = tree.version in OLD
    pip(tree.python, "--only-binary=:all:", "--target", other, *requirements(tree.wheels, old))
    sites = [path for name in SITES for path in sorted(tree.root.glob(f"usr/lib*/python3*/{name}"))]
    before = pycs(tree.root)
    with ThreadPoolExecutor(2) as pool:
        wanting = pool.submit(import_all, tree, [plain], other, tmp_path / "home-plain")
        getting = pool.submit(import_all, tree, sites, other, tmp_path / "home-ours")
    wanted, got = wanting.result(), getting.result()
    differing = {name: (wanted.get(name), got.get(name)) for name in wanted | got}
    assert {name: pair for name, pair in differing.items() if pair[0] != pair[1]} == {}
    imported = sum(result == "ok" for result in wanted.values())
    assert imported > (100 if old else 2000)
    assert len(pycs(plain)) >= imported // 2, "bytecode was not allowed to be written"
    assert pycs(tree.root) == before
    shutil.rmtree(plain)

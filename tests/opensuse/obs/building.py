"""Build packages with obs-build's script, here and elsewhere, and read what came out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import truewheel
from tests.opensuse.obs.flavors import pyenv_python
from tests.opensuse.obs.packages import unpacked
from tests.opensuse.obs.project import Checkouts
from tests.opensuse.obs.repository import Repository

_FACTS = Path(__file__).parents[2] / "targets/pyc_facts.py"
_CHANGES = """\
-------------------------------------------------------------------
Mon Mar  2 10:20:30 UTC 2026 - Tests <tests@example.invalid>

- A version

"""


@dataclass(frozen=True)
class Place:
    """Where a build happens; the root is kept for the next one."""

    root: Path
    hostname: str
    jobs: int = 1
    support: str = ""


@dataclass(frozen=True)
class Built:
    """What a build left: its log and the packages, those with sources left out."""

    log: str
    packages: tuple[Path, ...]


def places(directory: Path) -> tuple[Place, Place]:
    """Two, as different as obs-build lets them be."""
    return Place(directory / "root", "here"), Place(
        directory / "some/where/else/root", "elsewhere.example", 3, "Support: elsewhere\n"
    )


def sources(checkouts: Checkouts, name: str, directory: Path) -> Path:
    """A copy of a package's directory, with the file of changes that dates its packages; returns the spec."""
    copied = directory / name
    shutil.copytree(checkouts.packages / name, copied)
    (copied / f"{name}.changes").write_text(_CHANGES)
    return copied / f"{name}.spec"


def build(
    checkouts: Checkouts, packages: Repository, place: Place, configuration: str, spec: Path, out: Path
) -> Built:
    """Build the packages of a spec in a root without a network; a failure fails the test."""
    out.mkdir(parents=True)
    project = out / "project.conf"
    project.write_text(f"{configuration}\n{place.support}")
    script = checkouts.build / "build"
    command = [str(script), "--root", str(place.root), "--dist", str(project), "--arch", "x86_64"]
    command += ["--rpms", ":".join(str(directory) for directory in packages.directories)]
    # rpm's database is empty where packages are .debs
    command += ["--cachedir", str(out / "cache"), "--buildtool-opt=--nodeps", "--no-checks", "--changelog"]
    command += ["--jobs", str(place.jobs), str(spec)]
    inner = ["sh", "-c", f'hostname {place.hostname}; exec "$@"', "sh", *command]
    place.root.parent.mkdir(parents=True, exist_ok=True)
    said = obs_build(checkouts, ["unshare", "--uts", "--mount", "--net", *inner])
    found = sorted((place.root / ".build.packages/RPMS").rglob("*.rpm"))
    return Built(said, tuple(Path(shutil.copy2(package, out)) for package in found))


def obs_build(checkouts: Checkouts, command: Sequence[str]) -> str:
    """Run a command that calls a script of obs-build; returns what it says. A failure fails the test."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "BUILD_DIR": str(checkouts.build), "HOME": "/root"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def build_twice(
    checkouts: Checkouts,
    packages: Repository,
    pair: Sequence[Place],
    configuration: str,
    spec: Path,
    out: Path,
) -> tuple[Built, Built]:
    """Build in both places, at the same time."""
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(build, checkouts, packages, place, configuration, spec, out / place.hostname)
            for place in pair
        ]
        first, second = (run.result() for run in runs)
    return first, second


def flavor_of(package: Path) -> str:
    """``python311`` of ``python311-six-1.17.0-0.noarch.rpm``."""
    return package.name.partition("-")[0]


def changed(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines that the other list lacks, and those that it has more."""
    return [line for line in one if line not in other], [line for line in other if line not in one]


def assert_right(packages: Sequence[Path], directory: Path) -> None:
    """Every pyc of every flavor is there and has no fault."""
    for package in packages:
        facts = pyc_facts(package, directory)
        assert facts["violations"] == []
        assert facts["pycs"] == 2 * (facts["sources"] - len(facts["failed"]))


def pyc_facts(package: Path, directory: Path) -> dict[str, Any]:
    """What pyc_facts.py says of a package, with the Python it is for."""
    tree = unpacked(package, directory)
    request = {"root": str(tree), "target": str(Path(truewheel.__file__).parent), "levels": [0, 1]}
    asked = directory / f"{package.name}-request.json"
    asked.write_text(json.dumps({**request, "deep": True, "share": [0, 1]}))
    command = [str(pyenv_python(flavor_of(package))), "-I", "-S", "-B", str(_FACTS), str(asked)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return answer

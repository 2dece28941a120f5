"""What a contributor runs: ``nox -s tests lint``, and where there is time ``slow`` or ``nightly``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.4"
nox.options.sessions = ["tests", "lint"]

SCRIPTS = [".ci/run", "macros/brp-truewheel", *sorted(map(str, Path("macros/opensuse").glob("*")))]
MAINTAINER_SCRIPTS = sorted(map(str, Path("debhelper/autoscripts").glob("*")))
PERL = [
    *sorted(map(str, Path("debhelper").glob("dh_*"))),
    *sorted(map(str, Path("debhelper/Debian").rglob("*.pm"))),
]
# the tests of a file share their roots and trees; those that use all processors themselves come last
PARALLEL = [f"-n{min(4, len(os.sched_getaffinity(0)))}", "--dist=loadfile", "--no-loadscope-reorder"]
# chroots are a gigabyte each; only those of failed tests are kept
PARALLEL += ["-o", "tmp_path_retention_policy=failed"]

BENCH_WHEELS = ["six", "iniconfig", "requests", "docutils", "django<6", "botocore", "numpy<2.5", "sympy"]


@nox.session
def tests(session: nox.Session) -> None:
    """The fast tests, with the coverage of all processes; fails below the floor."""
    session.install("-e", ".[test]")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-q", "-m", "not slow", *PARALLEL, *session.posargs)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report", *(["--fail-under=0"] if session.posargs else []))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, layers, and the scripts in shell and Perl."""
    session.install("-e", ".[test,lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("shellcheck", *SCRIPTS)
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    session.run("zizmor", "--offline", "--quiet", "action.yml")
    session.run("shellcheck", "--shell=dash", *MAINTAINER_SCRIPTS)
    if shutil.which("perlcritic"):
        session.run("perlcritic", "--quiet", "--severity=5", *PERL, external=True)
    else:
        session.log("left out: perlcritic is not installed")


@nox.session
def docs(session: nox.Session) -> None:
    """The site in site/, which also works without a server; fails for a link that leads nowhere."""
    session.install("-e", ".[docs]")
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def release(session: nox.Session) -> None:
    """The files of a release in dist/VERSION: built twice and equal, checked, with their sums."""
    session.install(".", "hatchling", "twine>=6")
    version = session.run("python", "-c", "import truewheel; print(truewheel.__version__)", silent=True)
    session.run("python", "packaging/release.py", f"dist/{str(version).strip()}", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """The tests of what the README promises: real wheels, other Pythons, faults, packages in chroots."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "-m", "slow and not nightly", *PARALLEL, *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """The slow tests for more packages, Pythons and surroundings; takes hours."""
    session.install("-e", ".[test]")
    every = {"TRUEWHEEL_TEST_STEP": "1"}
    session.run("pytest", "-q", "-m", "slow", *PARALLEL, *session.posargs, env=every)


@nox.session
def bench(session: nox.Session) -> None:
    """Truewheel next to its peers in one run; writes bench.json and bench.svg. Takes a quarter of an hour."""
    session.install(".", "installer", "pip", "uv")
    wheels = Path(session.create_tmp(), "wheels")
    session.run("pip", "download", "-q", "--no-deps", "--dest", str(wheels), *BENCH_WHEELS)
    results = ["--json", "bench.json", "--svg", "bench.svg"]
    session.run("python", "bench/bench.py", "--wheels", str(wheels), *results, *session.posargs)

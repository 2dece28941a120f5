"""Decide which tests to run, and by which command."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence

from truewheel.dataclass import dataclass
from truewheel.debian.commands import Shell
from truewheel.debian.model import Layout
from truewheel.debian.options import RUNNERS, Options
from truewheel.errors import RefusedInput

# packages in Build-Depends that choose a runner; the first one found counts
_PACKAGES = (
    ("tox", "tox"),
    ("python3-pytest", "pytest"),
    ("python3-nose2", "nose2"),
    ("python3-nose", "nose"),
    ("python3-stestr", "stestr"),
)
_COMMANDS = {
    "nose2": "{interpreter} -m nose2 -v {args}",
    "nose": "{interpreter} -m nose -v {args}",
    "pytest": "{interpreter} -m pytest {args}",
    "stestr": "stestr --config {dir}/.stestr.conf init;"
    "PYTHON=python{version} stestr --config {dir}/.stestr.conf run",
    "unittest": "{interpreter} -m unittest discover -v {args}",
    "custom": "{args}",
}
_TOX_FILES = ("tox.ini", "pyproject.toml", "setup.cfg")
_NO_TESTS = 5


@dataclass(frozen=True)
class TestRun:
    """How to test: ``command`` is a template, run in the source's directory; ``fine`` are exit statuses."""

    __test__ = False  # no test of pytest's

    command: str
    fine: tuple[int, ...] = (0,)


def is_nocheck(environ_options: str, environ_profiles: str) -> bool:
    """Whether the values of DEB_BUILD_OPTIONS and DEB_BUILD_PROFILES leave tests out."""
    return "nocheck" in environ_options.split() or "nocheck" in environ_profiles.split()


def choose_runner(options: Options, build_depends: Collection[str]) -> str:
    """Return the runner's name, empty where nothing asks for one: then unittest runs the tests it finds.

    Build-Depends do not count where PYBUILD_INTERPRETERS is set, as for pybuild.
    """
    for runner in RUNNERS:
        if options.asks_for(f"test_{runner}"):
            return runner
    if options.environ.get("PYBUILD_INTERPRETERS"):
        return ""
    for package, runner in _PACKAGES:
        if package in build_depends and options.environ.get(f"PYBUILD_TEST_{runner.upper()}") != "0":
            return runner
    return ""


def plan_tests(runner: str) -> TestRun:
    """Return how to run the tests by a runner of ``choose_runner`` other than tox."""
    if not runner:
        # from 3.12 on, unittest exits with a status of its own when it finds no tests
        return TestRun(f"cd {{build_dir}}; {_COMMANDS['unittest']}", (0, _NO_TESTS))
    return TestRun(f"cd {{build_dir}}; {_COMMANDS[runner]}")


def default_test_args(runner: str, options: Options, layout: Layout, copied: Sequence[str]) -> str:
    """Return the packager's arguments of the runner, else for pytest and nose the directory of tests."""
    told = layout.args or "PYBUILD_TEST_ARGS" in options.environ
    if told or runner not in ("pytest", "nose"):
        return layout.args
    return next((name for name in ("tests", "test") if name in copied), "")


def tox_major(shell: Shell) -> int:
    """Return the major version of the tox that the shell finds; raises RefusedInput where there is none."""
    try:
        run = subprocess.run(
            ("/usr/bin/env", "tox", "--version"),
            env=dict(shell.environ),
            capture_output=True,
            text=True,
            check=True,
        )
        return int(run.stdout.strip().partition(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise RefusedInput(
            "does not say its version", subject="tox", hint="Build-Depend on tox, or set PYBUILD_TEST_TOX=0"
        ) from error


def plan_tox(files: Collection[str], major: int) -> TestRun:
    """Return how to run tox of a major version; ``files`` are the names in the source's directory.

    tox 4 installs the wheel, older ones the source. Raises RefusedInput where the source does not configure
    tox.
    """
    config = next((name for name in _TOX_FILES if name in files), None)
    if config is None:
        raise RefusedInput(
            "tox has no configuration",
            subject="tox.ini",
            hint=f"add one of {', '.join(_TOX_FILES)}, or set PYBUILD_TEST_TOX=0",
        )
    command = (
        f"cd {{build_dir}}; tox -c {{dir}}/{config} --sitepackages -e py{{version.major}}{{version.minor}}"
    )
    if major >= 4:
        command += " -x testenv.passenv+=_PYTHON_HOST_PLATFORM --installpkg {wheel}"
    return TestRun(f"{command} {{args}}")

"""Decider: which tests to run, and by what command."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from truewheel.debian.model import Layout
from truewheel.debian.options import RUNNERS, Options

# packages whose presence in Build-Depends chooses a runner, the first one that is there
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
_NO_TESTS = 5


@dataclass(frozen=True)
class TestRun:
    """How to test: ``command`` is a template that runs in the source's directory; ``fine`` are exit
    statuses."""

    __test__ = False  # no test of pytest's

    command: str
    fine: tuple[int, ...] = (0,)


def is_nocheck(environ_options: str, environ_profiles: str) -> bool:
    """Whether DEB_BUILD_OPTIONS or DEB_BUILD_PROFILES, as given, leave tests out."""
    return "nocheck" in environ_options.split() or "nocheck" in environ_profiles.split()


def choose_runner(options: Options, build_depends: Collection[str]) -> str:
    """The runner by name; empty where nothing asks for one, which means unittest if it finds any.

    Where PYBUILD_INTERPRETERS is set Build-Depends do not count, as for pybuild.
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
    """How to run the tests by a runner of ``choose_runner``, apart from tox."""
    if not runner:
        # from 3.12 on unittest says by a status of its own that it found none
        return TestRun(f"cd {{build_dir}}; {_COMMANDS['unittest']}", (0, _NO_TESTS))
    return TestRun(f"cd {{build_dir}}; {_COMMANDS[runner]}")


def default_test_args(runner: str, options: Options, layout: Layout, copied: Sequence[str]) -> str:
    """What pytest is given where the packager says nothing: the directory of tests that was copied."""
    told = layout.args or "PYBUILD_TEST_ARGS" in options.environ
    if told or runner not in ("pytest", "nose"):
        return layout.args
    return next((name for name in ("tests", "test") if name in copied), "")

"""Tests by tox: what it is run with, which depends on its version."""

from __future__ import annotations

import subprocess
from collections.abc import Collection

from truewheel.debian.commands import Shell
from truewheel.debian.testing import TestRun
from truewheel.errors import RefusedInput

_FILES = ("tox.ini", "pyproject.toml", "setup.cfg")


def tox_major(shell: Shell) -> int:
    """The major version of the tox that the shell finds; raises RefusedInput where there is none."""
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
    """How to run tox of a major version; ``files`` are names in the source's directory.

    From 4 on it is given the wheel, before it installs the source by itself. Raises RefusedInput where the
    source does not configure it.
    """
    config = next((name for name in _FILES if name in files), None)
    if config is None:
        raise RefusedInput(
            "tox has no configuration",
            subject="tox.ini",
            hint=f"add one of {', '.join(_FILES)}, or set PYBUILD_TEST_TOX=0",
        )
    command = (
        f"cd {{build_dir}}; tox -c {{dir}}/{config} --sitepackages -e py{{version.major}}{{version.minor}}"
    )
    if major >= 4:
        command += " -x testenv.passenv+=_PYTHON_HOST_PLATFORM --installpkg {wheel}"
    return TestRun(f"{command} {{args}}")

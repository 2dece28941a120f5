"""Deciders touch no file: import-linter keeps the modules of the world from them, this finds built-ins."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
SOURCE = CHECKOUT / "src"
WORLD = frozenset(("open", "input", "print", "__import__", "exec", "eval", "breakpoint"))


def toml(text: str) -> dict[str, Any]:
    try:
        module = importlib.import_module("tomllib")
    except ImportError:
        module = pytest.importorskip("tomli")
    document: dict[str, Any] = module.loads(text)
    return document


def deciders() -> list[str]:
    linter = toml((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (each for each in linter["contracts"] if each["name"].startswith("deciders "))
    modules: list[str] = contract["source_modules"]
    return modules


def touches(text: str) -> list[str]:
    """The built-ins named in a module that reach beyond it, with their lines."""
    names = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name))
    return [f"{node.id} in line {node.lineno}" for node in names if node.id in WORLD]


def test_deciders_open_nothing() -> None:
    modules = deciders()
    assert "truewheel.plan" in modules
    found = {
        name: touches((SOURCE / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))
        for name in modules
    }
    assert {name: where for name, where in found.items() if where} == {}


def test_an_open_is_found() -> None:
    assert touches("def f(name):\n    with open(name) as g:\n        return g") == ["open in line 2"]
    assert touches("archive.open(name)") == []

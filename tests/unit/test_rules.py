"""Every rule is used, has a bad wheel that breaks it, and is documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import truewheel
from tests.hostile.defects import DEFECTS
from truewheel.rules import RULES

TOP = Path(__file__).parents[2]
WHEEL_RULES = {name for name, rule in RULES.items() if rule.family == "wheel"}


def named_in_code() -> set[str]:
    """The rules that calls of Fault in truewheel.wheel name."""
    sources = Path(truewheel.__file__).with_name("wheel").glob("*.py")
    calls = (node for path in sources for node in ast.walk(ast.parse(path.read_text())))
    return {
        word.value
        for call in calls
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Fault"
        for word in ast.walk(call.args[0])
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    }


def test_every_rule_is_checked_somewhere() -> None:
    assert named_in_code() == set(RULES)


def test_every_rule_of_wheels_has_a_defect() -> None:
    assert {defect.rule for defect in DEFECTS} == WHEEL_RULES


def test_names_are_kebab_case_and_unique() -> None:
    source = Path(truewheel.__file__).with_name("rules.py").read_text()
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in RULES)
    assert all(source.count(f'"{name}"') == 1 for name in RULES)


def test_texts_are_sentences_and_hints_are_not() -> None:
    for rule in RULES.values():
        assert re.fullmatch(r"\S[^\n]*\.", rule.text), rule
        assert re.fullmatch(r"[A-Z][^\n]*\.", rule.why), rule
        assert re.fullmatch(r"[a-z][^\n()]*[^.\n]", rule.hint), rule


def test_the_page_of_rules_is_the_one_that_the_table_makes() -> None:
    made = subprocess.run([sys.executable, "docs/rules_page.py"], cwd=TOP, capture_output=True, check=True)
    assert made.stdout.decode() == (TOP / "docs/rules.md").read_text()
    assert all(f"### {name}\n" in made.stdout.decode() for name in RULES)

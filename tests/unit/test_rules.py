"""Every rule is used, has a bad wheel that breaks it, and is documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import truewheel
from tests.hostile.defects import DEFECTS
from tests.hostile.oddities import ODDITIES
from truewheel.rules import Severity
from truewheel.rules.table import RULES

TOP = Path(__file__).parents[2]
WHEEL_RULES = {name for name, rule in RULES.items() if rule.family == "wheel"}


def nodes() -> list[ast.AST]:
    """All of the code but the table of rules."""
    sources = Path(truewheel.__file__).parent.rglob("*.py")
    trees = (ast.parse(path.read_text()) for path in sources if path.parent.name != "rules")
    return [node for tree in trees for node in ast.walk(tree)]


def named_in_faults() -> set[str]:
    """The rules that calls of Fault and Finding name."""
    return {
        word.value
        for call in nodes()
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("Fault", "Finding")
        for word in ast.walk(call.args[0])
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    }


def test_every_rule_is_checked_somewhere() -> None:
    words = {node.value for node in nodes() if isinstance(node, ast.Constant)}
    assert set(RULES) <= words
    assert named_in_faults() <= set(RULES)


def test_every_rule_of_wheels_that_refuses_has_a_defect() -> None:
    refusing = {name for name in WHEEL_RULES if RULES[name].severity is not Severity.WARNING}
    assert {defect.rule for defect in DEFECTS} == refusing


def test_every_rule_of_wheels_that_may_warn_has_a_wheel_that_is_accepted() -> None:
    warning = {name for name in WHEEL_RULES if RULES[name].severity is not Severity.ERROR}
    assert {rule for oddity in ODDITIES for rule in oddity.warns} == warning


def test_names_are_kebab_case_and_unique() -> None:
    source = "".join(path.read_text() for path in Path(truewheel.__file__).with_name("rules").glob("*.py"))
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

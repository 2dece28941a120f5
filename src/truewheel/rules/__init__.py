"""The table of rules: what a wheel or a tree must not be, by the names that errors, docs and options use."""

from __future__ import annotations

from truewheel.rules import bytecode, files, install, metadata, scripts, wheel
from truewheel.rules.model import Rule, Severity

__all__ = ["CHOICES", "DENIABLE", "RULES", "Rule", "Severity"]

_TABLE = (
    *wheel.TABLE,
    *install.TABLE,
    *bytecode.TABLE,
    *metadata.TABLE,
    *scripts.TABLE,
    *files.TABLE,
)

RULES = {rule.name: rule for rule in _TABLE}
CHOICES = tuple(sorted(rule.name for rule in _TABLE if rule.severity is Severity.CHOICE))
# what a caller may refuse that is else a warning
DENIABLE = tuple(
    sorted(rule.name for rule in (*wheel.TABLE, *install.TABLE) if rule.severity is not Severity.ERROR)
)

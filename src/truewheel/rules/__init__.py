"""The table of rules: what a wheel or a tree must not be, by the names that errors, docs and options use.

`table` has all of them; those of wheels and installs are here, which an install looks at.
"""

from __future__ import annotations

from truewheel.rules import install, wheel
from truewheel.rules.model import Rule, Severity

__all__ = ["CHOICES", "DENIABLE", "INSTALLED", "Rule", "Severity"]

INSTALLED = {rule.name: rule for rule in (*wheel.TABLE, *install.TABLE)}
CHOICES = tuple(sorted(rule.name for rule in INSTALLED.values() if rule.severity is Severity.CHOICE))
# what a caller may refuse that is else a warning
DENIABLE = tuple(sorted(rule.name for rule in INSTALLED.values() if rule.severity is not Severity.ERROR))

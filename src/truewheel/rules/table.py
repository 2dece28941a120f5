"""All rules by their names, in the order of the documentation."""

from __future__ import annotations

from truewheel.rules import INSTALLED, bytecode, files, metadata, scripts

_OTHERS = (*bytecode.TABLE, *metadata.TABLE, *scripts.TABLE, *files.TABLE)

RULES = {**INSTALLED, **{rule.name: rule for rule in _OTHERS}}

"""Which findings count: rules chosen by the begin of their names, and overrides with a reason."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from truewheel.audit.model import Finding
from truewheel.dataclass import dataclass
from truewheel.errors import UsageError
from truewheel.rules.table import RULES


class FailOn(str, Enum):
    """The least severity that makes the run fail."""

    WARNING = "warning"
    ERROR = "error"
    NEVER = "never"


@dataclass(frozen=True)
class Override:
    """Findings of a rule that are known and meant, at the paths that the glob ``path`` matches."""

    rule: str
    path: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is one of these."""
        return finding.rule == self.rule and fnmatch.fnmatchcase(finding.path, self.path)


@dataclass(frozen=True)
class Selection:
    """What counts; ``select`` and ``ignore`` are begins of names, of which the longest that fits decides."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: FailOn = FailOn.WARNING
    overrides: tuple[Override, ...] = ()

    def has(self, rule: str) -> bool:
        """Whether findings of a rule count; without ``select``, those of all rules do."""
        chosen = max((len(each) for each in self.select if rule.startswith(each)), default=-1)
        dropped = max((len(each) for each in self.ignore if rule.startswith(each)), default=-1)
        return chosen > dropped if self.select else dropped < 0

    def reason(self, finding: Finding) -> str:
        """Return why a finding is overridden; "" if it is not."""
        return next((each.reason for each in self.overrides if each.covers(finding)), "")

    def fails(self, findings: Iterable[Finding]) -> bool:
        """Whether the run fails by these findings."""
        if self.fail_on is FailOn.NEVER:
            return False
        return any(finding.is_error or self.fail_on is FailOn.WARNING for finding in findings)


ALL = Selection()


def check_prefixes(prefixes: Iterable[str], subject: str) -> tuple[str, ...]:
    """Return the begins of names; raises UsageError for one that no rule begins with."""
    found = tuple(prefixes)
    for prefix in found:
        if not prefix or not any(name.startswith(prefix) for name in RULES):
            hint = "truewheel explain lists the rules"
            raise UsageError(f"no rule begins with {prefix!r}", subject=subject, hint=hint)
    return found


def read_selection(table: Mapping[str, Any], subject: str) -> tuple[Selection, tuple[str, ...]]:
    """Read ``[tool.truewheel.verify]``; return the selection and the build paths it names.

    Raises UsageError, with ``subject``, for a key or value that is not as documented.
    """
    unknown = set(table) - {"select", "ignore", "fail-on", "build-path", "overrides"}
    if unknown:
        raise UsageError(f"the key {min(unknown)!r} is unknown", subject=subject)
    try:
        fail_on = FailOn(table.get("fail-on", "warning"))
    except ValueError:
        raise UsageError("fail-on is not one of warning, error, never", subject=subject) from None
    overrides = table.get("overrides", [])
    if not isinstance(overrides, list):
        raise UsageError("overrides is not a list of tables", subject=subject)
    selection = Selection(
        check_prefixes(_texts(table, "select", subject), subject),
        check_prefixes(_texts(table, "ignore", subject), subject),
        fail_on,
        tuple(_override(each, subject) for each in overrides),
    )
    return selection, _texts(table, "build-path", subject)


def _texts(table: Mapping[str, Any], key: str, subject: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise UsageError(f"{key} is not a list of texts", subject=subject)
    return tuple(value)


def _override(table: object, subject: str) -> Override:
    if not isinstance(table, dict) or not all(isinstance(value, str) and value for value in table.values()):
        raise UsageError("an override is not a table of texts", subject=subject)
    if set(table) - {"rule", "path", "reason"} or not {"rule", "reason"} <= set(table):
        raise UsageError("an override has rule, reason and, for some files, path", subject=subject)
    if table["rule"] not in RULES:
        raise UsageError(f"there is no rule {table['rule']!r}", subject=subject)
    return Override(table["rule"], table.get("path", "*"), table["reason"])

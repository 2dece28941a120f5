"""Findings and rules as lines for people and as JSON; the schemas are the ``*.schema.json`` files here."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from truewheel import __version__
from truewheel.audit.model import Finding
from truewheel.audit.verify import Verified
from truewheel.errors import TruewheelError
from truewheel.rules import Rule

VERIFY_VERSION = RULES_VERSION = 1
_SHOWN = 10  # findings of one rule and target in lines for people


def finding_lines(verified: Sequence[Verified], quiet: bool) -> Iterator[str]:
    """Yield a line for each finding, those of one rule together with one hint, then one with counts."""
    for each in verified:
        by_rule: dict[str, list[Finding]] = {}
        for finding in each.findings:
            by_rule.setdefault(finding.rule, []).append(finding)
        for rule in sorted(by_rule, key=lambda name: (not by_rule[name][0].is_error, name)):
            findings = by_rule[rule]
            shown = findings if len(findings) <= _SHOWN + 1 else findings[:_SHOWN]
            for number, finding in enumerate(shown):
                yield _one_line(_finding_line(each, finding, hint=number == 0))
            if len(shown) < len(findings):
                yield f"{_level(findings[0])}: {each.target.name}: {len(findings) - len(shown)} more [{rule}]"
    if not quiet:
        yield _summary(verified)


def verify_document(verified: Iterable[Verified], troubles: Iterable[TruewheelError] = ()) -> dict[str, Any]:
    """Return the findings of all targets, and why others were not verified."""
    return {
        "report": "verify",
        "version": VERIFY_VERSION,
        "truewheel": __version__,
        "targets": [
            {
                "name": each.target.name,
                "kind": each.target.kind.value,
                "paths": len(each.paths),
                "findings": [_finding(finding) for finding in each.findings],
                "overridden": [
                    {**_finding(finding), "reason": reason} for finding, reason in each.overridden
                ],
            }
            for each in verified
        ],
        "troubles": [{"target": _text(each.subject), "message": _text(each.message)} for each in troubles],
    }


def rule_lines(rules: Sequence[Rule], whole: bool) -> Iterator[str]:
    """Yield rules for people: each in a paragraph, or in one line."""
    if not whole:
        width = max(len(rule.name) for rule in rules) + 1
        for rule in rules:
            yield f"{rule.name:{width}} {rule.text}"
        return
    for number, rule in enumerate(rules):
        if number:
            yield ""
        yield f"{rule.name} ({rule.family}, {rule.severity.value})"
        hint = f"{rule.hint[0].upper()}{rule.hint[1:]}."
        for text in (rule.text, rule.why, hint):
            yield from textwrap.wrap(text, 100, initial_indent="  ", subsequent_indent="  ")


def rules_document(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return rules with all that is said of them."""
    keys = ("name", "family", "text", "why", "hint")
    return {
        "report": "rules",
        "version": RULES_VERSION,
        "truewheel": __version__,
        "rules": [
            {**{key: getattr(rule, key) for key in keys}, "severity": rule.severity.value} for rule in rules
        ],
    }


def _finding_line(verified: Verified, finding: Finding, hint: bool) -> str:
    """Return a finding as errors are written: level, subject, what is wrong, what to do, rule."""
    in_place = verified.target.base != "/" and finding.path  # the path says where the target is
    subject = finding.path if in_place else ": ".join(filter(None, (verified.target.name, finding.path)))
    advice = f" ({finding.hint})" if hint else ""
    return f"{_level(finding)}: {subject}: {finding.message}{advice} [{finding.rule}]"


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "rule": finding.rule,
        "severity": _level(finding),
        "path": _text(finding.path),
        "message": _text(finding.message),
        "hint": finding.hint,
    }


def _level(finding: Finding) -> str:
    return "error" if finding.is_error else "warning"


def _summary(verified: Sequence[Verified]) -> str:
    levels = Counter(_level(finding) for each in verified for finding in each.findings)
    overridden = sum(len(each.overridden) for each in verified)
    paths = sum(len(each.paths) for each in verified)
    counts = [
        _count(levels["error"], "error"),
        _count(levels["warning"], "warning"),
        *([f"{overridden} overridden"] if overridden else []),
    ]
    about = f" with {_count(paths, 'path')}" if paths else ""
    return f"{_count(len(verified), 'target')}{about}: {', '.join(counts)}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _text(text: str) -> str:
    """Return a text that JSON in UTF-8 can hold: bytes of no encoding are escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _one_line(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in text
    )

"""Findings as SARIF 2.1.0, which code hosts show beside the files (OASIS, sections 3.13 to 3.49)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from truewheel import __version__
from truewheel.audit.model import Finding
from truewheel.audit.verify import Verified
from truewheel.errors import TruewheelError
from truewheel.rules import Rule, Severity
from truewheel.rules.table import RULES

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_document(verified: Sequence[Verified], troubles: Sequence[TruewheelError] = ()) -> dict[str, Any]:
    """Return the findings of all targets as one run; those that are overridden are suppressed results.

    Targets that cannot be read are notifications of the tool.
    """
    named = {finding.rule for each in verified for finding, _ in _all(each)}
    rules = [rule for name, rule in RULES.items() if name in named]
    numbers = {rule.name: number for number, rule in enumerate(rules)}
    results = [
        _result(each, finding, reason, numbers[finding.rule])
        for each in verified
        for finding, reason in _all(each)
    ]
    driver = {"name": "truewheel", "version": __version__, "rules": [_rule(rule) for rule in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    if troubles:
        run["invocations"] = [_failed(troubles)]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _failed(troubles: Sequence[TruewheelError]) -> dict[str, Any]:
    notes = [{"level": "error", "message": {"text": _text(str(each))}} for each in troubles]
    return {"executionSuccessful": False, "toolExecutionNotifications": notes}


def _all(verified: Verified) -> list[tuple[Finding, str]]:
    return [*((finding, "") for finding in verified.findings), *verified.overridden]


def _rule(rule: Rule) -> dict[str, Any]:
    level = "warning" if rule.severity is Severity.WARNING else "error"
    hint = f"{rule.hint[0].upper()}{rule.hint[1:]}."
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.text},
        "fullDescription": {"text": f"{rule.text} {rule.why}"},
        "help": {"text": hint},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": [rule.family]},
    }


def _result(verified: Verified, finding: Finding, reason: str, number: int) -> dict[str, Any]:
    path = "/".join(filter(None, (verified.target.name.rstrip("/"), finding.path.lstrip("/"))))
    if verified.target.root and verified.target.base != "/":
        path = finding.path or verified.target.name
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": "error" if finding.is_error else "warning",
        "message": {"text": _text(f"{finding.message} ({finding.hint})")},
        "locations": [location],
    }
    if reason:
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

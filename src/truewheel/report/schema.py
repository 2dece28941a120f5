"""Check a JSON document against a schema: the keywords that the ``*.schema.json`` files here use."""

from __future__ import annotations

import re
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Check = Callable[[Any], None]

_TYPES: dict[str, tuple[type, str]] = {
    "object": (dict, "an object"),
    "array": (list, "a list"),
    "string": (str, "a text"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "true or false"),
    "null": (type(None), "null"),
}


class Mismatch(Exception):
    """A value that differs from its schema; ``steps`` lead to it from the top of the document."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.steps: list[str] = []

    def __str__(self) -> str:
        place = "".join(reversed(self.steps)).lstrip(".")
        return f"{place}: expected {self.args[0]}" if place else f"expected {self.args[0]}"


def checker(schema: dict[str, Any]) -> Check:
    """Return what checks documents against a schema (JSON Schema 2020-12).

    It raises Mismatch for the first part of a document that differs.
    """
    checks = [make(schema[keyword]) for keyword, make in _KEYWORDS.items() if keyword in schema]
    if "additionalProperties" in schema:
        checks.append(_members(schema))
    if len(checks) == 1:
        return checks[0]

    def check(value: Any) -> None:
        for each in checks:
            each(value)

    return check


def _type(given: str | list[str]) -> Check:
    names = [given] if isinstance(given, str) else given
    kinds = frozenset(_TYPES[name][0] for name in names)
    expected = " or ".join(_TYPES[name][1] for name in names)

    def check(value: Any) -> None:
        if type(value) not in kinds:  # exact: True is not a whole number
            raise Mismatch(expected)

    return check


def _const(wanted: Any) -> Check:
    def check(value: Any) -> None:
        if value != wanted:
            raise Mismatch(repr(wanted))

    return check


def _enum(wanted: list[Any]) -> Check:
    def check(value: Any) -> None:
        if value not in wanted:
            raise Mismatch("one of " + ", ".join(map(str, wanted)))

    return check


def _pattern(pattern: str) -> Check:
    search = re.compile(pattern).search

    def check(value: Any) -> None:
        if not search(value):
            raise Mismatch(f"a text that matches {pattern}")

    return check


def _minimum(least: int) -> Check:
    def check(value: Any) -> None:
        if value < least:
            raise Mismatch(f"at least {least}")

    return check


def _items(schema: dict[str, Any]) -> Check:
    of_item = checker(schema)

    def check(value: Any) -> None:
        for number, item in enumerate(value if isinstance(value, list) else ()):
            try:
                of_item(item)
            except Mismatch as mismatch:
                mismatch.steps.append(f"[{number}]")
                raise

    return check


def _members(schema: dict[str, Any]) -> Check:
    known = {key: checker(each) for key, each in schema.get("properties", {}).items()}
    others = checker(schema["additionalProperties"]) if schema["additionalProperties"] else None
    of_name = checker(schema["propertyNames"]) if "propertyNames" in schema else None
    required = schema.get("required", ())

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            return
        for key in required:
            if key not in value:
                raise Mismatch(f"the key {key}")
        for key, item in value.items():
            of_item = known.get(key, others)
            try:
                if of_name is not None:
                    of_name(key)
                if of_item is not None:
                    of_item(item)
            except Mismatch as mismatch:
                mismatch.steps.append(f".{key}")
                raise
            if of_item is None:
                raise Mismatch(f"no key {key!r}")

    return check


# in the order in which they are checked
_KEYWORDS: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "items": _items,
}

"""Check a JSON document against a schema: the keywords that the ``*.schema.json`` files here use."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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


def check(value: Any, schema: dict[str, Any]) -> None:
    """Raise Mismatch for the first part of a document that differs from a schema (JSON Schema 2020-12)."""
    _check_type(value, schema)
    if "const" in schema and value != schema["const"]:
        raise Mismatch(repr(schema["const"]))
    if "enum" in schema and value not in schema["enum"]:
        raise Mismatch("one of " + ", ".join(map(str, schema["enum"])))
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise Mismatch(f"a text that matches {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        raise Mismatch(f"at least {schema['minimum']}")
    if isinstance(value, dict):
        _check_object(value, schema)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _descend(f"[{number}]", item, schema["items"])


def _check_type(value: Any, schema: dict[str, Any]) -> None:
    given = schema.get("type", ())
    names = (given,) if isinstance(given, str) else given
    for name in names:
        if type(value) is _TYPES[name][0]:  # exact: True is not a whole number
            return
    if names:
        raise Mismatch(" or ".join(_TYPES[name][1] for name in names))


def _check_object(value: dict[str, Any], schema: dict[str, Any]) -> None:
    properties, others = schema.get("properties", {}), schema["additionalProperties"]
    for key in schema.get("required", ()):
        if key not in value:
            raise Mismatch(f"the key {key}")
    for key, item in value.items():
        if "propertyNames" in schema:
            _descend(f".{key}", key, schema["propertyNames"])
        if key in properties:
            _descend(f".{key}", item, properties[key])
        elif others is False:
            raise Mismatch(f"no key {key!r}")
        else:
            _descend(f".{key}", item, others)


def _descend(step: str, value: Any, schema: dict[str, Any]) -> None:
    try:
        check(value, schema)
    except Mismatch as mismatch:
        mismatch.steps.append(step)
        raise

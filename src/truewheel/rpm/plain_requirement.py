"""Read common requirements and versions (PEP 508, 440) without packaging, which is slow to import.

What is read here means the same to packaging; everything else is left to that.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping

from truewheel.dataclass import dataclass
from truewheel.metadata import normalized

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_RELEASE = r"[0-9]{1,9}(?:\.[0-9]{1,9})*"
# compiled by the first text that is compared with them: many projects have no requirements
_NEEDED = rf"({_NAME}) *(?:\[({_NAME}(?: *, *{_NAME})*)\])? *(\(?)(.*?)(\)?)"
_CLAUSE = rf"(~=|[=!<>]=|<|>) *({_RELEASE})(\.\*)?"
_CONDITION = r"""(?a)(\w+) *([=!<>]=|<|>) *(?:'([\w.-]+)'|"([\w.-]+)")"""
_COMPARED = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
# what the values of these variables are; a word is never a version, which would be compared as one
_VALUES = {
    "extra": _NAME,
    **dict.fromkeys(("python_version", "python_full_version"), _RELEASE),
    **dict.fromkeys(
        ("sys_platform", "platform_system", "os_name", "platform_python_implementation"),
        r"[A-Za-z]{2,}[0-9]*",
    ),
}


@dataclass(frozen=True)
class Clause:
    """A version clause, such as ``>=`` and ``1.2``, or ``==`` and ``1.*``."""

    operator: str
    version: str


@dataclass(frozen=True)
class Conditions:
    """A marker: comparisons of a variable with a value, all of which must hold."""

    all: tuple[tuple[str, str, str], ...]

    def evaluate(self, environment: Mapping[str, str]) -> bool:
        """Tell whether they hold where ``environment`` gives the variables their values."""
        return all(
            _COMPARED[relation](_key(variable, environment[variable]), _key(variable, value))
            for variable, relation, value in self.all
        )


@dataclass(frozen=True)
class PlainRequirement:
    """A requirement with the attributes that packaging's has."""

    name: str
    extras: tuple[str, ...]
    specifier: tuple[Clause, ...]
    marker: Conditions | None


@dataclass(frozen=True)
class PlainVersion:
    """A version of numbers alone, with the attributes that packaging's has."""

    release: tuple[int, ...]
    epoch = 0
    pre = dev = post = None

    def __str__(self) -> str:
        return ".".join(map(str, self.release))


def plain_version(text: str) -> PlainVersion | None:
    """Return a version, None for one that packaging is to read or to refuse."""
    parts = text.split(".")
    is_plain = all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts)
    return PlainVersion(tuple(map(int, parts))) if is_plain else None


def plain_requirement(text: str) -> PlainRequirement | None:
    """Return a requirement, None for one that packaging is to read or to refuse."""
    needed, semicolon, marker = text.partition(";")
    found = re.fullmatch(_NEEDED, needed.rstrip(" "))
    if found is None:
        return None
    name, extras, opened, listed, closed = found.groups(default="")
    clauses = [_clause(each.strip(" ")) for each in listed.split(",")] if listed or opened else []
    conditions = [_condition(each.strip(" ")) for each in marker.split(" and ")] if semicolon else []
    if bool(opened) != bool(closed) or None in clauses or None in conditions:
        return None
    return PlainRequirement(
        name,
        tuple(dict.fromkeys(each.strip(" ") for each in extras.split(","))) if extras else (),
        tuple(clause for clause in clauses if clause),
        Conditions(tuple(each for each in conditions if each)) if semicolon else None,
    )


def _clause(text: str) -> Clause | None:
    found = re.fullmatch(_CLAUSE, text)
    if found is None:
        return None
    relation, version, wildcard = found.groups(default="")
    if (wildcard and relation not in ("==", "!=")) or (relation == "~=" and "." not in version):
        return None
    return Clause(relation, version + wildcard)


def _condition(text: str) -> tuple[str, str, str] | None:
    found = re.fullmatch(_CONDITION, text[1:-1] if text.startswith("(") and text.endswith(")") else text)
    if found is None:
        return None
    variable, relation, value = found[1], found[2], found[3] or found[4]
    if variable not in _VALUES or not re.fullmatch(_VALUES[variable], value):
        return None
    ordered = variable.startswith("python_")
    if relation != "==" and not ordered and (relation != "!=" or variable == "extra"):
        return None
    return variable, relation, value


def _key(variable: str, value: str) -> str | list[int]:
    """Return what a value is compared by: names normalised, versions without trailing zeros."""
    if variable == "extra":
        return normalized(value)
    if not variable.startswith("python_"):
        return value
    release = [int(part) for part in value.split(".")]
    while release[1:] and release[-1] == 0:
        release.pop()
    return release

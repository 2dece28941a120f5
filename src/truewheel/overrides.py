"""Apply a packager's overrides of upstream constraints, ``PACKAGE:ACTION[:VERSION][:br_only]``.

The actions are those of ``%pyproject_patch_dependency``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput
from truewheel.metadata import Field, edit_fields

_HINT = "write PACKAGE:ACTION[:VERSION][:br_only]"


@dataclass(frozen=True)
class Override:
    """One override: ``package`` is normalised, ``version`` empty unless the action sets a bound.

    ``build_only`` keeps it from the metadata that is installed.
    """

    package: str
    action: str
    version: str = ""
    build_only: bool = False


def parse_override(text: str) -> Override:
    """Parse an override such as ``numpy:set_upper:2.0``; raises RefusedInput for a malformed one."""
    package, *rest = (part.strip() for part in text.split(":"))
    build_only = rest[-1:] == ["br_only"]
    if build_only:
        rest.pop()
    if not package or not rest:
        raise RefusedInput("is not a dependency override", subject=text, hint=_HINT)
    action, *version = rest
    if action not in _ACTIONS:
        known = ", ".join(_ACTIONS)
        raise RefusedInput(f"has no known action: {action!r}", subject=text, hint=f"actions are {known}")
    _check_version(text, action, version)
    return Override(canonicalize_name(package), action, version[0] if version else "", build_only)


def is_ignored(overrides: Iterable[Override]) -> bool:
    """Tell whether the overrides of a package drop the requirement itself."""
    return any(override.action == "ignore" for override in overrides)


def overridden(specifiers: SpecifierSet, overrides: Iterable[Override]) -> SpecifierSet:
    """Apply the overrides of one package in their order; ``ignore`` changes nothing here.

    ``==V`` counts as ``>=V`` and ``<=V``, of which a dropped bound leaves the other; ``~=V`` leaves ``>=V``;
    ``!=`` is neither an upper nor a lower bound.
    """
    clauses = list(specifiers)
    for override in overrides:
        clauses = _ACTIONS[override.action](clauses)
        if override.action in _BOUNDS:
            clauses.append(Specifier(f"{_BOUNDS[override.action]}{override.version}"))
    return SpecifierSet(",".join(str(clause) for clause in clauses))


def patched_metadata(metadata: bytes, overrides: Iterable[Override]) -> bytes:
    """Return METADATA with the overrides applied to its Requires-Dist fields; other bytes stay the same."""
    mine = [override for override in overrides if not override.build_only]
    text = metadata.decode("utf-8", "surrogateescape")
    return edit_fields(text, lambda field: _patched(field, mine)).encode("utf-8", "surrogateescape")


def _patched(field: Field, overrides: list[Override]) -> str:
    if field.name.lower() != "requires-dist":
        return field.source
    try:
        requirement = Requirement(field.value)
    except (ValueError, RecursionError):
        return field.source
    mine = [o for o in overrides if o.package == canonicalize_name(requirement.name)]
    if not mine:
        return field.source
    if is_ignored(mine):
        return ""
    requirement.specifier = overridden(requirement.specifier, mine)
    line_end = field.source[len(field.source.rstrip("\r\n")) :]
    return f"{field.name}: {requirement}{line_end}"


def _check_version(text: str, action: str, version: list[str]) -> None:
    if action not in _BOUNDS:
        if version:
            raise RefusedInput(f"gives a version, but {action} takes none", subject=text, hint=_HINT)
        return
    try:
        (only,) = version
        Specifier(f"<{only}")
        Version(only)  # a specifier does not convert its digits yet
    except ValueError as error:
        raise RefusedInput(f"{action} takes one version", subject=text, hint=_HINT) from error


def _without_upper(clauses: list[Specifier]) -> list[Specifier]:
    return _without(clauses, ("<", "<="), {"==": ">=", "~=": ">="})


def _without_lower(clauses: list[Specifier]) -> list[Specifier]:
    return _without(clauses, (">", ">=", "~="), {"==": "<="})


def _without(clauses: list[Specifier], dropped: tuple[str, ...], halved: dict[str, str]) -> list[Specifier]:
    kept = []
    for clause in clauses:
        if clause.operator in dropped or clause.operator == "===" or clause.version.endswith(".*"):
            if clause.operator == "!=":
                kept.append(clause)
        elif clause.operator in halved:
            public = clause.version.partition("+")[0]  # no bound has a local part (PEP 440)
            kept.append(Specifier(f"{halved[clause.operator]}{public}"))
        else:
            kept.append(clause)
    return kept


def _without_any(clauses: list[Specifier]) -> list[Specifier]:
    return []


_ACTIONS: dict[str, Callable[[list[Specifier]], list[Specifier]]] = {
    "drop_upper": _without_upper,
    "drop_lower": _without_lower,
    "drop_constraints": _without_any,
    "set_upper": _without_upper,
    "set_lower": _without_lower,
    "ignore": list,
}
_BOUNDS = {"set_upper": "<", "set_lower": ">="}

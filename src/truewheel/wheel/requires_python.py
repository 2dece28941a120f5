"""Whether a Requires-Python admits a Python (version specifiers specification).

What nearly every wheel says is read here: importing packaging for it takes a tenth of a small install.
"""

from __future__ import annotations

import operator

_COMPARED = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}


def admits(wanted: str, version: tuple[int, int, int]) -> bool:
    """Say whether ``wanted`` admits a Python of this version, which is taken for a release.

    Raises ValueError for an invalid specifier.
    """
    clauses = [_read(clause.strip()) for clause in wanted.split(",") if clause.strip()]
    if None not in clauses:
        return all(_holds(*clause, version) for clause in clauses if clause)
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted).contains(".".join(map(str, version)), prereleases=True)


def _read(clause: str) -> tuple[str, tuple[int, ...], bool] | None:
    """Return a clause as operator, release and whether a wildcard is behind it; None for an uncommon one."""
    relation = clause[:2] if clause[1:2] == "=" else clause[:1]
    text = clause[len(relation) :].lstrip()
    parts = text.removesuffix(".*").split(".")
    is_wild = text.endswith(".*")
    if relation not in (("==", "!=") if is_wild else _COMPARED):
        return None
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    return relation, tuple(map(int, parts)), is_wild


def _holds(relation: str, release: tuple[int, ...], is_wild: bool, version: tuple[int, ...]) -> bool:
    padded = version + (0,) * (len(release) - len(version))
    compared = padded[: len(release)] if is_wild else padded
    whole = release + (0,) * (len(compared) - len(release))
    return bool(_COMPARED[relation](compared, whole))

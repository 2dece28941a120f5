"""Whether a Requires-Python admits a Python (version specifiers specification).

What nearly every wheel says is read here: importing packaging for it takes a tenth of a small install.
"""

from __future__ import annotations

import operator
import re

_CLAUSE = re.compile(r"\s*(>=|<=|<|>|==|!=)\s*([0-9]{1,9}(?:\.[0-9]{1,9})*)(\.\*)?\s*")
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
    if not wanted:
        return True
    clauses = [_CLAUSE.fullmatch(clause) for clause in wanted.split(",")]
    if all(clause and (not clause[3] or clause[1] in ("==", "!=")) for clause in clauses):
        return all(_holds(clause, version) for clause in clauses if clause)
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted).contains(".".join(map(str, version)), prereleases=True)


def _holds(clause: re.Match[str], version: tuple[int, ...]) -> bool:
    release = tuple(map(int, clause[2].split(".")))
    padded = version + (0,) * (len(release) - len(version))
    compared = padded[: len(release)] if clause[3] else padded
    whole = release + (0,) * (len(compared) - len(release))
    return bool(_COMPARED[clause[1]](compared, whole))

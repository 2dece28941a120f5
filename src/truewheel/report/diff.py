"""Report a comparison: lines for people, most frequent cause first, and a JSON document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from truewheel import __version__
from truewheel.audit.diff.causes import Cause, Difference, Sort
from truewheel.audit.diff.comparison import Comparison
from truewheel.dataclass import dataclass
from truewheel.errors import one_line

VERSION = 1
_SHOWN = 5  # paths of a group
_PLURALS = {
    "directory": "directories",
    "metadata": "files of metadata",
    "ELF": "ELF files",
    "ZIP": "ZIP archives",
}


@dataclass(frozen=True)
class Group:
    """All paths with one cause: its title or what they share, and the cause of each path."""

    sort: Sort
    title: str
    hint: str
    found: tuple[tuple[Difference, Cause], ...]

    @property
    def count(self) -> str:
        """How many of what they are."""
        kinds = {difference.kind for difference, _ in self.found}
        kind = kinds.pop() if len(kinds) == 1 else "path"
        number = len({difference.path for difference, _ in self.found})
        return f"{number} {kind if number == 1 else _PLURALS.get(kind, f'{kind}s')}"


def groups(comparison: Comparison) -> list[Group]:
    """Return the causes, real differences first, of each sort the most frequent first."""
    found: defaultdict[tuple[Sort, str, str], list[tuple[Difference, Cause]]] = defaultdict(list)
    for difference in comparison.differences:
        for cause in difference.causes:
            found[cause.sort, cause.name, cause.group].append((difference, cause))
    made = [
        Group(sort, group or each[0][1].rule.title, each[0][1].rule.hint, tuple(each))
        for (sort, _, group), each in found.items()
    ]
    order = list(reversed(Sort))
    return sorted(made, key=lambda group: (order.index(group.sort), -len(group.found), group.title))


def diff_lines(comparison: Comparison) -> Iterator[str]:
    """Yield the report for people."""
    sort = None
    for group in groups(comparison):
        if group.sort is not sort:
            sort = group.sort
            yield f"{sort.words}:"
        hint = f" ({group.hint})" if group.hint else ""
        yield one_line(f"  {group.count}: {group.title}{hint}")
        for difference, cause in group.found[:_SHOWN]:
            text = "" if group.title.endswith(cause.text) else f": {cause.text}"
            yield f"    {one_line(difference.path + text)}"
            yield from (f"      {line}" for line in cause.detail)
        if len(group.found) > _SHOWN:
            yield f"    and {len(group.found) - _SHOWN} more"
    yield summary(comparison)


def summary(comparison: Comparison) -> str:
    """Return how many paths differ, by sort."""
    if not comparison.differences:
        return f"{comparison.one} and {comparison.other} are the same"
    counts = [
        f"{len(found)} by {sort.words}" for sort in reversed(Sort) if (found := comparison.of_sort(sort))
    ]
    number = len(comparison.differences)
    return f"{number} path{'s differ' if number > 1 else ' differs'}: {', '.join(counts)}"


def diff_document(comparison: Comparison) -> dict[str, Any]:
    """Return the report as ``diff.schema.json`` describes it."""
    return {
        "report": "diff",
        "version": VERSION,
        "truewheel": __version__,
        "first": comparison.one,
        "second": comparison.other,
        "same": not comparison.differences,
        "counts": {sort.value: len(comparison.of_sort(sort)) for sort in Sort},
        "differences": [_difference(each) for each in comparison.differences],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    causes = [
        {
            "name": cause.name,
            "sort": cause.sort.value,
            "title": cause.rule.title,
            "text": cause.text,
            "hint": cause.rule.hint,
            "detail": list(cause.detail),
        }
        for cause in difference.causes
    ]
    return {
        "path": difference.path,
        "kind": difference.kind,
        "sort": difference.sort.value,
        "causes": causes,
    }

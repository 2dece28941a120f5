"""A comparison as one HTML page that needs nothing else: counts, and the paths by cause."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from truewheel.audit.diff.causes import Cause, Difference, Sort
from truewheel.audit.diff.comparison import Comparison
from truewheel.report.diff import Group, groups, summary
from truewheel.report.html import page, search_field

_MOST = 2000  # paths of a group
_LOOKS = {Sort.REAL: "error", Sort.BUILD: "warning", Sort.HARMLESS: "good"}


def diff_page(comparison: Comparison) -> str:
    """Return the page of a comparison."""
    parts = [
        f"<h1>{_text(comparison.one)}<br>{_text(comparison.other)}</h1>",
        f'<p class="soft">Why they differ, by <code>truewheel diff</code>: {_text(summary(comparison))}</p>',
        _tiles(comparison),
        search_field("Search paths and causes"),
    ]
    found = groups(comparison)
    for sort in reversed(Sort):
        of_sort = [group for group in found if group.sort is sort]
        if of_sort:
            parts += [f"<h3>{_text(sort.words)}</h3>", *map(_group, of_sort)]
    return page(f"truewheel diff: {comparison.one} and {comparison.other}", "\n".join(parts))


def _tiles(comparison: Comparison) -> str:
    cells = (
        f'<div class="tile {_LOOKS[sort]}"><b>{len(comparison.of_sort(sort))}</b>{_text(sort.words)}</div>'
        for sort in reversed(Sort)
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def _group(group: Group) -> str:
    opened = " open" if len(group.found) <= 8 else ""
    hint = f"<p><b>To do:</b> {_text(group.hint)}.</p>" if group.hint else ""
    return (
        f'<details{opened}><summary><span class="grow">{_text(group.title)}</span>'
        f'<span class="badge {_LOOKS[group.sort]}">{_text(group.count)}</span></summary>'
        f'<div class="body">{hint}<ul class="findings">{"".join(_rows(group))}</ul></div></details>'
    )


def _rows(group: Group) -> Iterator[str]:
    for difference, cause in group.found[:_MOST]:
        yield _row(difference, cause)
    if len(group.found) > _MOST:
        yield f'<li class="soft">and {len(group.found) - _MOST} more</li>'


def _row(difference: Difference, cause: Cause) -> str:
    searched = _text(f"{difference.path} {cause.name} {cause.text}".lower())
    text = f"<br>{_text(cause.text)}" if cause.text else ""
    detail = "<pre>" + _text("\n".join(cause.detail)) + "</pre>" if cause.detail else ""
    return f'<li data-text="{searched}"><span class="path">{_text(difference.path)}</span>{text}{detail}</li>'


def _text(text: str) -> str:
    """Return a text as HTML in UTF-8: bytes of no encoding are escaped."""
    return escape(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

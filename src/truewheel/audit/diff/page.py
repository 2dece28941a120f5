"""The report of a comparison as one page for a browser: no script, nothing from elsewhere, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from truewheel import __version__
from truewheel.audit.diff.causes import Cause, Difference, Sort
from truewheel.audit.diff.comparison import Comparison
from truewheel.audit.diff.report import Group, groups, summary

_MOST = 500  # paths of a group

_STYLE = """
:root {
  color-scheme: light dark;
  --back: #fbfbfa; --card: #fff; --ink: #1d2126; --soft: #5c6570; --line: #dcdfe3;
  --real: #b3261e; --path-or-time: #8a5a00; --harmless: #2b6a3f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #15181c; --card: #1e2227; --ink: #e7eaee; --soft: #a3acb7; --line: #343a42;
    --real: #ff8a80; --path-or-time: #f2bb55; --harmless: #86d19e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 70rem;
  background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
.soft { color: var(--soft); }
code, pre, .path { font-family: ui-monospace, monospace; font-size: .875rem; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; }
.tiles li { flex: 1 1 12rem; }
.tiles a, details {
  display: block; border: 1px solid var(--line); border-left: .35rem solid var(--sort); border-radius: .4rem;
  background: var(--card); color: inherit; text-decoration: none;
}
.tiles a { padding: .75rem 1rem; }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.2; }
.real { --sort: var(--real); }
.path-or-time { --sort: var(--path-or-time); }
.harmless { --sort: var(--harmless); }
details { margin: .5rem 0; }
summary { padding: .6rem 1rem; cursor: pointer; }
summary:focus-visible, a:focus-visible { outline: 2px solid Highlight; }
ul.paths { margin: 0; padding: 0 1rem .75rem; list-style: none; }
ul.paths li { padding: .35rem 0; border-top: 1px solid var(--line); }
pre { margin: .35rem 0; padding: .5rem; overflow-x: auto; background: var(--back); border-radius: .3rem; }
"""


def page(comparison: Comparison) -> str:
    """Return the whole page."""
    return "\n".join(_parts(comparison)) + "\n"


def _parts(comparison: Comparison) -> Iterator[str]:
    title = f"{comparison.one} and {comparison.other}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(title)}: truewheel diff</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>Why they differ</h1>\n<p><code>{_text(comparison.one)}</code> is the first, "
    yield f"<code>{_text(comparison.other)}</code> the second.</p>\n<p>{_text(summary(comparison))}</p>"
    yield '<ul class="tiles">'
    for sort in reversed(Sort):
        number = len(comparison.of_sort(sort))
        yield f'<li><a class="{sort.value}" href="#{sort.value}"><b>{number}</b> {_text(sort.words)}</a></li>'
    yield "</ul>"
    for sort in reversed(Sort):
        found = [group for group in groups(comparison) if group.sort is sort]
        heading = f"{sort.words[0].upper()}{sort.words[1:]}"
        yield f'<h2 id="{sort.value}">{_text(heading)}</h2>'
        if not found:
            yield '<p class="soft">None.</p>'
        for group in found:
            yield from _group(group)
    yield f'<p class="soft">Made by truewheel {_text(__version__)}.</p>\n</body>\n</html>'


def _group(group: Group) -> Iterator[str]:
    opened = " open" if group.sort is Sort.REAL else ""
    yield f'<details class="{group.sort.value}"{opened}>'
    yield f"<summary><b>{_text(group.count)}</b>: {_text(group.title)}"
    if group.hint:
        yield f'<br><span class="soft">{_text(group.hint)}</span>'
    yield '</summary>\n<ul class="paths">'
    for difference, cause in group.found[:_MOST]:
        yield _item(difference, cause)
    if len(group.found) > _MOST:
        yield f'<li class="soft">and {len(group.found) - _MOST} more</li>'
    yield "</ul></details>"


def _item(difference: Difference, cause: Cause) -> str:
    text = f"<br>{_text(cause.text)}" if cause.text else ""
    detail = "<pre>" + _text("\n".join(cause.detail)) + "</pre>" if cause.detail else ""
    return f'<li><span class="path">{_text(difference.path)}</span>{text}{detail}</li>'


def _text(text: str) -> str:
    """Return a text for HTML; what UTF-8 cannot have is escaped as in Python."""
    return escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))

"""Findings as one HTML page that needs nothing else: counts, findings by rule, a tree, a search.

The page works with the keyboard, without JavaScript but for the search, and in light and dark.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from truewheel.audit.model import Finding
from truewheel.audit.verify import Verified
from truewheel.dataclass import dataclass, field
from truewheel.errors import TruewheelError, UsageError
from truewheel.rules.table import RULES

_MOST_PATHS = 20_000  # of a tree that shows all its files; of larger ones those with findings are shown


def page(title: str, body: str) -> str:
    """Return a whole page; ``body`` is HTML, ``title`` is text."""
    here = files("truewheel.report")
    style, script = ((here / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
        f"<title>{_text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def verify_page(verified: Sequence[Verified], troubles: Sequence[TruewheelError] = ()) -> str:
    """Return the page of some targets; ``troubles`` say why others were not verified."""
    names = ", ".join(each.target.name for each in verified)
    shown = names if 0 < len(names) < 200 else f"{len(verified)} targets"
    parts = [f"<h1>{_text(shown)}</h1>", '<p class="soft">What <code>truewheel verify</code> found</p>']
    parts.append(_tiles(verified))
    parts += [f'<p><span class="badge error">not read</span> {_text(str(each))}</p>' for each in troubles]
    parts.append(search_field("Search paths, rules and messages"))
    for each in verified:
        parts += _target(each, len(verified) > 1)
    return page(f"truewheel verify: {shown}", "\n".join(parts))


def search_field(label: str) -> str:
    """Return the field that filters what has an attribute ``data-text``."""
    return (
        f'<div class="search"><input id="search" type="search" placeholder="{escape(label)}" '
        f'aria-label="{escape(label)}"><span class="soft"><span id="shown" role="status"></span> '
        "<kbd>/</kbd> to search, <kbd>Esc</kbd> to clear</span></div>"
    )


def write_page(path: Path, text: str) -> None:
    """Write a page; raises UsageError where it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", subject=os.fspath(path)) from error


def _tiles(verified: Sequence[Verified]) -> str:
    findings = [finding for each in verified for finding in each.findings]
    errors = sum(finding.is_error for finding in findings)
    files_with = len({(id(each), finding.path) for each in verified for finding in each.findings})
    paths = sum(len(each.paths) for each in verified)
    tiles = [
        ("error" if errors else "good", errors, "errors"),
        ("warning" if len(findings) - errors else "good", len(findings) - errors, "warnings"),
        ("", len({finding.rule for finding in findings}), "rules broken"),
        ("", files_with, "paths with findings"),
        *([("", paths, "paths looked at")] if paths else []),
        *(
            [("", overridden, "overridden")]
            if (overridden := sum(len(v.overridden) for v in verified))
            else []
        ),
    ]
    cells = (f'<div class="tile {kind}"><b>{number}</b>{label}</div>' for kind, number, label in tiles)
    return f'<div class="tiles">{"".join(cells)}</div>'


def _target(verified: Verified, named: bool) -> Iterator[str]:
    if named:
        yield f'<h2>{_text(verified.target.name)} <span class="soft">{verified.target.kind.value}</span></h2>'
    yield "<h3>Findings</h3>"
    groups: dict[str, list[Finding]] = {}
    for finding in verified.findings:
        groups.setdefault(finding.rule, []).append(finding)
    if not groups:
        yield '<p><span class="badge good">nothing</span> No rule is broken.</p>'
    for name in sorted(groups, key=lambda each: (not groups[each][0].is_error, each)):
        yield _group(name, groups[name])
    if verified.overridden:
        yield "<h3>Overridden</h3>"
        yield _list((finding, reason) for finding, reason in verified.overridden)
    if verified.paths:
        yield "<h3>Tree</h3>"
        yield _tree(verified)


def _group(name: str, findings: Sequence[Finding]) -> str:
    rule = RULES[name]
    opened = " open" if len(findings) <= 8 else ""
    return (
        f'<details{opened}><summary><code>{name}</code><span class="grow soft">{_text(rule.text)}</span>'
        f"{_state(findings)}</summary>"
        f'<div class="body"><p>{_text(rule.why)}</p><p><b>To do:</b> {_text(rule.hint)}.</p>'
        f"{_list((finding, '') for finding in findings)}</div></details>"
    )


def _list(findings: Iterator[tuple[Finding, str]]) -> str:
    rows = []
    for finding, reason in findings:
        why = f' <span class="soft">({_text(reason)})</span>' if reason else ""
        text = _text(f"{finding.rule} {finding.path} {finding.message}".lower())
        where = f'<span class="path">{_text(finding.path)}</span><br>' if finding.path else ""
        rows.append(f'<li data-text="{text}">{where}{_text(finding.message)}{why}</li>')
    return f'<ul class="findings">{"".join(rows)}</ul>'


@dataclass
class _Directory:
    """A directory of the tree: what is in it, and all findings at it or below."""

    directories: dict[str, _Directory] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, path: str) -> None:
        *above, name = path.split("/")
        here = self
        for part in above:
            here = here.directories.setdefault(part, _Directory())
        here.files.append(name)

    def mark(self, path: str, findings: Sequence[Finding]) -> None:
        here: _Directory | None = self
        for part in path.split("/"):
            here = here.directories.get(part) if here else None
            if here:
                here.findings += findings


def _tree(verified: Verified) -> str:
    """Return the target as a tree, directories with findings open."""
    by_path: dict[str, list[Finding]] = {}
    base = verified.target.base.rstrip("/") + "/"
    for finding in verified.findings:
        by_path.setdefault(finding.path.removeprefix(base), []).append(finding)
    whole = len(verified.paths) <= _MOST_PATHS
    paths = verified.paths if whole else [path for path in by_path if path in verified.paths]
    top = _Directory()
    above = {path.rpartition("/")[0] for path in verified.paths}
    for path in paths:
        if path not in above:
            top.add(path)
    for path, findings in by_path.items():
        top.mark(path, findings)
    note = "" if whole else f'<p class="soft">Of {len(verified.paths)} paths, those with findings.</p>'
    return f'{note}<div class="panel tree">{"".join(_nodes(top, "", by_path))}</div>'


def _nodes(directory: _Directory, path: str, findings: Mapping[str, Sequence[Finding]]) -> Iterator[str]:
    """Yield what is in a directory; ``path`` is its own, with a slash at the end."""
    for name, inner in sorted(directory.directories.items()):
        opened = " open" if inner.findings else ""
        yield f'<details{opened}><summary><span class="path grow">{_text(name)}/</span>'
        yield f'{_state(inner.findings)}</summary><div class="body">'
        yield from _nodes(inner, f"{path}{name}/", findings)
        yield "</div></details>"
    rows = [_row(name, path, findings.get(f"{path}{name}", ())) for name in sorted(directory.files)]
    if rows:
        yield f"<ul>{''.join(rows)}</ul>"


def _row(name: str, path: str, findings: Sequence[Finding]) -> str:
    rules = " ".join(sorted({finding.rule for finding in findings}))
    text = _text(f"{path}{name} {rules}".lower())
    return (
        f'<li data-text="{text}"><span class="path grow">{_text(name)}</span>'
        f'<span class="soft">{rules}</span>{_state(findings)}</li>'
    )


def _state(findings: Sequence[Finding]) -> str:
    errors = sum(finding.is_error for finding in findings)
    if errors:
        return f'<span class="badge error">{errors} error{"s" if errors > 1 else ""}</span>'
    if findings:
        return f'<span class="badge warning">{len(findings)} warning{"s" if len(findings) > 1 else ""}</span>'
    return '<span class="badge good">good</span>'


def _text(text: str) -> str:
    """Return a text as HTML in UTF-8: bytes of no encoding are escaped."""
    return escape(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

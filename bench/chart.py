"""Write the figures of peers.py into README.md and docs/figures.md, as a chart and a table with their date.

python bench/chart.py peers.json "the machine and the versions"
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[1]
_WIDTH = 40
_CHARTED = re.compile(r"truewheel$|floor: compile|installer|pip|uv")


def main(measured: Path, about: str) -> None:
    """Replace what stands between the marks of both pages."""
    documents = json.loads(measured.read_text(encoding="utf-8"))
    date = time.strftime("%Y-%m-%d", time.gmtime(measured.stat().st_mtime))
    enter(TOP / "README.md", "speed", chart(documents[0], date))
    enter(TOP / "docs/figures.md", "speed", [f"{date}, {about}.", "", *table(documents)])


def enter(page: Path, name: str, lines: list[str]) -> None:
    """Put lines between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        sys.exit(f"{page} has no {begin} ... {end}")
    page.write_text(before + "\n".join([begin, *lines, end]) + after, encoding="utf-8")


def chart(document: dict[str, Any], date: str) -> list[str]:
    """Bars of the CPU seconds of one wheel."""
    rows = {name: row["cpu"] for name, row in document["rows"].items() if _CHARTED.match(name)}
    longest = max(rows.values())
    bars = [
        f"{name:26} {'█' * max(1, round(_WIDTH * seconds / longest)):{_WIDTH}} {seconds:6.2f}"
        for name, seconds in rows.items()
    ]
    return ["```", f"{document['wheel']}, CPU seconds, {date}", *bars, "```"]


def table(documents: list[dict[str, Any]]) -> list[str]:
    """Every row of every wheel."""
    lines = ["| wheel | tool | CPU s | wall s | peak MiB | pycs |", "|---|---|---|---|---|---|"]
    for document in documents:
        for name, row in document["rows"].items():
            cells = (
                f"{row['cpu']:.2f}",
                f"{row['wall']:.2f}",
                f"{row['peak'] / 2**20:.0f}",
                str(row["pycs"]),
            )
            lines.append(f"| {document['wheel']} | {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""Projects by hand, and the lists of files and modules they must give."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.rpm.staging import SITEARCH, SITELIB, stage
from truewheel.cli.main import main

_DATA = Path(__file__).parents[2] / "data"
_CASES: dict[str, dict[str, Any]] = yaml.safe_load((_DATA / "filelist_cases.yaml").read_text())
_LINE = re.compile(r"(%\S+ )?(@)?(?!/)(.+)")


def final(line: str) -> str:
    """A path of a case as it is in the final system, with what rpm should know of it."""
    if line.rpartition(" ")[2][:1] == "/":
        return line
    match = _LINE.fullmatch(line)
    assert match
    return f"{match[1] or ''}{SITEARCH if match[2] else SITELIB}/{match[3]}"


def names(lines: list[str]) -> list[str]:
    """Both names of bytecode where a line stands for two."""
    return [
        name
        for line in map(final, lines)
        for name in (
            [line.replace("{,.opt-1}", level) for level in ("", ".opt-1")] if "{" in line else [line]
        )
    ]


@pytest.mark.parametrize("auto", [True, False], ids=["auto", "modules"])
@pytest.mark.parametrize("rpm", ["4.18.0", "4.20.1"])
@pytest.mark.parametrize("name", _CASES)
def test_case(name: str, tmp_path: Path, auto: bool, rpm: str) -> None:
    case = _CASES[name]
    paths = [final(file) for file in case["files"]]
    text = "".join(f"{line}\n" for line in ["Name: lamp", "Version: 1", *case.get("metadata", [])])
    metadata = {path: text for path in paths if path.endswith("/METADATA")}
    root, report = stage(tmp_path, "lamp", paths, metadata)
    lines, modules = tmp_path / "lines", tmp_path / "modules"
    command = ["files", *case["globs"], "--root", str(root), "--report-file", str(report)]
    command += ["--output", str(lines), "--modules", str(modules), "--rpm-version", rpm]
    assert main([*command, *(["+auto"] if auto else [])]) == 0
    expected = case["lines"] + (case.get("auto", []) if auto else [])
    assert lines.read_text().splitlines() == sorted(names(expected))
    assert modules.read_text().splitlines() == case["modules"]

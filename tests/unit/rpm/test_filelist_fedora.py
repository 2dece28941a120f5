"""The lists of ten real projects are those of Fedora's own macros, bytecode by name instead of by glob."""

from __future__ import annotations

import csv
import functools
import posixpath
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.rpm.fedora import fedora_testdata
from tests.unit.rpm.staging import SITEARCH, SITELIB, stage
from truewheel.cli.main import main

DATA = fedora_testdata("pyproject_save_files_test_data.yaml")
PYC_GLOB = "{,.opt-?}.pyc"
PROJECTS = [
    "comic2pdf",
    "django",
    "ipykernel",
    "kerberos",
    "mistune",
    "printrun",
    "requests",
    "tensorflow",
    "tldr",
    "zope",
]


@functools.cache
def fedora() -> dict[str, Any]:
    with DATA.open() as stream:
        return dict(yaml.load(stream, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def installed_paths(project: str) -> list[str]:
    """What an install by the fedora scheme leaves: no RECORD, no REQUESTED, no bytecode of others."""
    record = fedora()["records"][project]
    site = posixpath.dirname(posixpath.dirname(record["path"]))
    paths = [
        posixpath.normpath(posixpath.join(site, row[0])) for row in csv.reader(record["content"].splitlines())
    ]
    return [path for path in paths if not path.endswith((".pyc", "/RECORD", "/REQUESTED"))]


def expand(line: str) -> list[str]:
    """Fedora's glob for the bytecode of a source, as the names it stands for."""
    if not line.endswith(PYC_GLOB):
        return [line]
    return [line.removesuffix(PYC_GLOB) + ending for ending in (".pyc", ".opt-1.pyc")]


def without_auto(lines: list[str]) -> list[str]:
    """The lines of what lies in modules or dist-info: the rest comes with +auto alone."""
    paths = {line: line.rpartition(" ")[2] for line in lines}
    return [
        line
        for line, path in paths.items()
        if path.startswith((SITELIB, SITEARCH)) and not path.endswith(".pth")
    ]


@pytest.fixture(scope="module", params=PROJECTS)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, list[list[Any]]]:
    project = request.param
    metadata = fedora()["metadata"][project]
    contents = {metadata["path"]: metadata["content"]}
    root, report = stage(tmp_path_factory.mktemp(project), project, installed_paths(project), contents)
    return root, report, [row for row in fedora()["dumped"] if row[0] == project]


@pytest.mark.parametrize("auto", [True, False], ids=["auto", "modules"])
@pytest.mark.parametrize("rpm", ["4.18.0", "4.20.1"])
def test_lists_are_fedoras(
    case: tuple[Path, Path, list[list[Any]]], tmp_path: Path, auto: bool, rpm: str
) -> None:
    root, report, dumped = case
    assert dumped
    for _, glob, files, modules in dumped:
        lines, names = tmp_path / "files", tmp_path / "modules"
        places = ["--root", str(root), "--report-file", str(report), "--output", str(lines)]
        options = [*places, "--modules", str(names), "--rpm-version", rpm]
        assert main(["files", glob, *(["+auto"] if auto else []), *options]) == 0
        expected = files if auto else without_auto(files)
        assert lines.read_text().splitlines() == sorted(each for line in expected for each in expand(line))
        assert names.read_text().splitlines() == modules


def test_every_project_of_the_data_is_run() -> None:
    assert sorted({row[0] for row in fedora()["dumped"]}) == PROJECTS
    assert sorted(fedora()["records"]) == PROJECTS

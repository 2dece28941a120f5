"""The lists of ten real projects are those of Fedora's own macros, bytecode by name instead of by glob."""

from __future__ import annotations

import csv
import functools
import json
import posixpath
from pathlib import Path
from typing import Any

import pytest
import yaml

from truewheel.cli.main import main

DATA = Path(__file__).parents[4] / "shared" / "data" / "pyproject_save_files_test_data.yaml"
SITELIB, SITEARCH = "/usr/lib/python3.7/site-packages", "/usr/lib64/python3.7/site-packages"
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

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="Fedora's data are not beside this checkout")


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


def pycs(path: str) -> list[str]:
    """The bytecode of a source below a directory of modules, at the two levels Fedora has."""
    if not path.endswith(".py") or not path.startswith((SITELIB, SITEARCH)):
        return []
    directory, name = posixpath.split(path)
    return [f"{directory}/__pycache__/{name[:-3]}.cpython-37{level}.pyc" for level in ("", ".opt-1")]


def kind(path: str) -> str:
    if ".dist-info/" in path:
        return "metadata"
    if not path.startswith((SITELIB, SITEARCH)):
        return "script" if "/bin/" in path else "data"
    endings = {".py": "source", ".so": "extension", ".pyc": "bytecode"}
    return endings.get(posixpath.splitext(path)[1], "module-data")


def stage(directory: Path, project: str) -> tuple[Path, Path]:
    """A root with a project, its files empty but for METADATA, and the report of its install."""
    root, report = directory / "root", directory / "report.json"
    metadata = fedora()["metadata"][project]
    paths = [final for path in installed_paths(project) for final in (path, *pycs(path))]
    for path in paths:
        target = root / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(metadata["content"] if path == metadata["path"] else "")
    same = {"mode": "0644", "mtime": 0, "size": 0, "sha256": "0" * 64, "wheel": "x.whl", "state": "created"}
    rows = [{"path": path, "kind": kind(path), **same} for path in paths]
    python = {"version": "3.7.0", "cache_tag": "cpython-37", "magic": "420d0d0a", "free_threaded": False}
    document = {
        "report": "install",
        "version": 1,
        "truewheel": "0",
        "scheme": "fedora",
        "wheels": [{"file": "x.whl", "sha256": "0" * 64, "name": project, "version": "1"}],
        "interpreters": [python],
        "files": rows,
        "compiled": [],
        "dropped": [],
    }
    report.write_text(json.dumps(document))
    return root, report


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
    root, report = stage(tmp_path_factory.mktemp(project), project)
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

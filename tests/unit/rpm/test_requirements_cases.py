"""Projects by hand, and the BuildRequires they must give."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

from truewheel.errors import RefusedInput, UsageError
from truewheel.project.backend import parse_settings
from truewheel.rpm.buildrequires import BuildRequiresRequest, build_requires
from truewheel.rpm.packages import PythonPackages, read_packages
from truewheel.rpm.requirements import Wording

_DATA = Path(__file__).parents[2] / "data"
_CASES: dict[str, dict[str, Any]] = yaml.safe_load((_DATA / "buildrequires_cases.yaml").read_text())
_BACKEND = """
import json, os, zipfile

print("the mill turns")

def get_requires_for_build_wheel(settings=None):
    return json.load(open("hook.json")) + list((settings or {}).get("require", []))

def prepare_metadata_for_build_wheel(directory, settings=None):
    os.mkdir(os.path.join(directory, "mill-1.dist-info"))
    with open(os.path.join(directory, "mill-1.dist-info", "METADATA"), "w") as stream:
        stream.write(open("METADATA").read())
    return "mill-1.dist-info"

def build_wheel(directory, settings=None, metadata=None):
    with zipfile.ZipFile(os.path.join(directory, "mill-1-py3-none-any.whl"), "w") as archive:
        archive.write("METADATA", "mill-1.dist-info/METADATA")
    return "mill-1-py3-none-any.whl"
"""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if case.get("tox") or case.get("setuptools") else [])
        for name, case in _CASES.items()
    ],
)
def test_case(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _CASES[name]
    _skip_without_tools(case)
    for variable, value in case.get("environ", {}).items():
        monkeypatch.setenv(variable, value)
    project = _project(tmp_path / "project", case)
    log: list[str] = []
    request = _request(case.get("request", {}), project, tmp_path / "wheels")
    if "refused" in case:
        with pytest.raises((RefusedInput, UsageError)) as caught:
            build_requires(request, os.environ, log.append, _packages(case))
        assert case["refused"] in str(caught.value)
    else:
        assert build_requires(request, os.environ, log.append, _packages(case)) == case["expect"]
    assert case.get("log", "") in "\n".join([*log, capfd.readouterr().err])


def _project(directory: Path, case: dict[str, Any]) -> Path:
    directory.mkdir()
    files = dict(case.get("files", {}))
    if "requires" in files:
        requires = json.dumps(files.pop("requires"))
        files["pyproject.toml"] += f'\nrequires = {requires}\nbuild-backend = "loom.weave"\n'
    if case.get("backend"):
        table = '[build-system]\nrequires = []\nbuild-backend = "mill"\nbackend-path = ["."]\n'
        fields = {"Metadata-Version": ["2.1"], "Name": ["mill"], "Version": ["1"], **case.get("metadata", {})}
        files |= {
            "pyproject.toml": files.get("pyproject.toml", "") + table,
            "mill.py": _BACKEND,
            "hook.json": json.dumps(case.get("hook", [])),
            "METADATA": "".join(
                f"{field}: {value}\n" for field, values in fields.items() for value in values
            ),
        }
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


def _request(fields: dict[str, Any], project: Path, wheeldir: Path) -> BuildRequiresRequest:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    if "settings" in given:
        given["settings"] = parse_settings(given["settings"])
    if "wording" in given:
        given["wording"] = Wording(**dict[str, Any]({str(given["wording"]): True}))
    given["requirement_files"] = tuple(map(Path, given.get("requirement_files", ())))
    return BuildRequiresRequest(python=sys.executable, project=project, wheeldir=wheeldir, **given)


def _packages(case: dict[str, Any]) -> PythonPackages:
    installed: dict[str, str] = {
        canonicalize_name(name): version for name, version in case.get("installed", {}).items()
    }
    return PythonPackages(_markers(), installed)


@functools.cache
def _markers() -> Mapping[str, str]:
    return read_packages(sys.executable, os.environ).markers


def _skip_without_tools(case: dict[str, Any]) -> None:
    wanted = {"setuptools": "70.1"} if case.get("setuptools") else {}
    if case.get("tox"):
        wanted |= {"tox": "4.22", "tox-current-env": "0.0.16"}
    for name, version in wanted.items():
        try:
            enough = Version(importlib.metadata.version(name)) >= Version(version)
        except importlib.metadata.PackageNotFoundError:
            enough = False
        if not enough:
            pytest.skip(f"needs {name} {version}")

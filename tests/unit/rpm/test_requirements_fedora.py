"""Fedora's own cases of %pyproject_buildrequires, for who has them.

A case that names an exception or exit status is a refusal here; docs/differences-fedora.md lists where else
the two differ.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.unit.rpm.fedora import fedora_testdata
from truewheel.errors import RefusedInput, UsageError
from truewheel.project.backend import parse_settings
from truewheel.rpm.buildrequires import BuildRequiresRequest, build_requires
from truewheel.rpm.packages import PythonPackages, read_packages
from truewheel.rpm.requirements import Wording

_FILE = fedora_testdata("pyproject_buildrequires_testcases.yaml")
_CASES: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text())
_PARAMETERS = [
    pytest.param(name, marks=[pytest.mark.slow] if "toxenv" in case else []) for name, case in _CASES.items()
]
_SUFFIXES = (".toml", ".py", ".in", ".ini", ".txt", ".cfg")


def test_the_cases_are_there() -> None:
    assert len(_CASES) == 79


@pytest.mark.parametrize("name", _PARAMETERS)
def test_fedora(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _CASES[name]
    _skip_without_tools(case)
    project = tmp_path / "project"
    project.mkdir()
    wheeldir = tmp_path / "wheels"
    for file in case:
        if file.endswith(_SUFFIXES):
            (project / file).write_text(case[file])
    for key, value in case.get("environ", {}).items():
        monkeypatch.setenv(key, value)
    request = _request(case, project, wheeldir)

    if "except" in case or case["result"]:
        with pytest.raises((RefusedInput, UsageError)) as caught:
            _run(case, request)
        assert len(str(caught.value).splitlines()) == 1
        # where Fedora's exits with the status of setup.py, the message names it
        assert "except" in case or f"status {case['result']}" in str(caught.value)
        return
    lines = _run(case, request)
    assert "expected" in case or "stderr_contains" in case
    if "expected" in case:
        expected = case["expected"] if isinstance(case["expected"], list) else [case["expected"]]
        assert sorted(lines) in [sorted(filter(None, text.splitlines())) for text in expected]
    output = capfd.readouterr().err
    texts = case.get("stderr_contains", [])
    for text in [texts] if isinstance(texts, str) else texts:
        assert text.format(wheeldir=wheeldir) in output


def _request(case: dict[str, Any], project: Path, wheeldir: Path) -> BuildRequiresRequest:
    use_backend = case.get("use_build_system", True)
    settings = case.get("config_settings")
    return BuildRequiresRequest(
        python=sys.executable,
        project=project,
        use_backend=use_backend,
        runtime=case.get("include_runtime", use_backend),
        from_pyproject=case.get("pyproject_dependencies", False),
        from_wheel=case.get("build_wheel", False),
        wheeldir=wheeldir,
        extras=tuple(case.get("extras", ())),
        strict_extras=int(case.get("environ", {}).get("FEDORA", 45)) >= 45,
        groups=tuple(case.get("dependency_groups", ())),
        toxenvs=tuple(case.get("toxenv", ())),
        requirement_files=tuple(Path(file) for file in case.get("requirement_files", ())),
        settings=parse_settings([f"{key}={value}" for key, value in settings.items()]) if settings else None,
        overrides=tuple(case.get("dependency_overrides", ())),
        wording=Wording(extras=case.get("generate_extras", False)),
    )


def _run(case: dict[str, Any], request: BuildRequiresRequest) -> list[str]:
    named = case.get("installed") or {}
    installed: dict[str, str] = {canonicalize_name(name): str(version) for name, version in named.items()}
    packages = PythonPackages(_markers(), installed)
    return build_requires(request, os.environ, lambda line: print(line, file=sys.stderr), packages)


@functools.cache
def _markers() -> Mapping[str, str]:
    return read_packages(sys.executable, os.environ).markers


def _skip_without_tools(case: dict[str, Any]) -> None:
    """Skip where the case runs tools for real that are not here, whatever it says is installed."""
    runs_setuptools = "setup.py" in case or "setuptools.build_meta" in case.get("pyproject.toml", "")
    too_old = _version("setuptools") < Version("70.1") and _version("wheel") == Version("0")
    if runs_setuptools and too_old:
        pytest.skip("needs setuptools 70.1, or an older one with wheel")
    if "toxenv" in case and _version("tox-current-env") < Version("0.0.16"):
        pytest.skip("needs tox with tox-current-env 0.0.16")
    if "TOX_4_22" in case.get("skipif", "") and _version("tox") < Version("4.22"):
        pytest.skip("needs tox 4.22")


def _version(name: str) -> Version:
    try:
        return Version(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Version("0")

"""Wheels of the build system: the settings and variables that backends get."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.debian.sources import HOST, layout, write
from tests.unit.debian.test_steps import default_python
from truewheel.debian.backend import build_wheel
from truewheel.debian.commands import Shell
from truewheel.debian.model import Layout
from truewheel.errors import InterpreterError, RefusedInput

_BACKEND = """
import json, os
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with open(os.path.join(directory, "seen.whl"), "w") as seen:
        json.dump([config_settings, os.environ.get("DIST_EXTRA_CONFIG")], seen)
    return "seen.whl"
"""


@pytest.fixture
def where(tmp_path: Path) -> Layout:
    return layout(tmp_path / "source", version=default_python())


def _seen(where: Layout, backend: str, environ: dict[str, str] | None = None) -> list[object]:
    """The settings and the DIST_EXTRA_CONFIG that a backend module of this name is given."""
    package, dot, module = backend.partition(".")
    files = {f"mine/{package}/__init__.py": "", f"mine/{package}/{module}.py": _BACKEND}
    write(Path(where.dir), files if dot else {f"mine/{package}.py": _BACKEND})
    table = f'[build-system]\nrequires = []\nbuild-backend = "{backend}"\nbackend-path = ["mine"]\n'
    write(Path(where.dir), {"pyproject.toml": table})
    shell = Shell(where.dir, {"PATH": "/usr/bin:/bin", **(environ or {})}, lambda _: None)
    seen: list[object] = json.loads(build_wheel(where, shell, HOST).read_text())
    return seen


def test_extensions_are_built_side_by_side_by_setuptools_alone(where: Layout) -> None:
    config = _seen(where, "setuptools.build_meta")[1]
    assert Path(str(config)).read_text() == "[build_ext]\nparallel=2\n"
    assert _seen(where, "setuptools.build_meta", {"DIST_EXTRA_CONFIG": "/mine"})[1] == "/mine"
    assert _seen(where, "other.build_meta")[1] is None


def test_meson_is_told_debians_directories(where: Layout) -> None:
    settings = _seen(replace(where, args="-Csetup-args=-Dx=1"), "mesonpy")[0]
    assert isinstance(settings, dict)
    assert settings["build-dir"] == f"{where.home_dir}/meson-build"
    assert settings["setup-args"][-2:] == ["--libdir=lib/x86_64-linux-gnu", "-Dx=1"]


def test_a_python_that_is_not_installed(tmp_path: Path) -> None:
    missing = layout(tmp_path, version="3.1")
    with pytest.raises(InterpreterError, match=r"/usr/bin/python3\.1: is not installed"):
        build_wheel(missing, Shell(missing.dir, {}, lambda _: None), HOST)


def test_a_failure_names_what_the_project_requires_and_is_not_there(where: Layout) -> None:
    write(Path(where.dir), {"mine/plain.py": "def build_wheel(*_):\n    raise LookupError('no plugin')\n"})
    table = "[build-system]\nrequires = ['nothere-vcs']\nbuild-backend = 'plain'\nbackend-path = ['mine']\n"
    write(Path(where.dir), {"pyproject.toml": table})
    with pytest.raises(RefusedInput) as refused:
        build_wheel(where, Shell(where.dir, {"PATH": "/usr/bin:/bin"}, lambda _: None), HOST)
    said = str(refused.value.hint)
    assert said.endswith("stands above; pyproject.toml requires nothere-vcs (not installed)")


def test_an_unknown_backend_may_be_of_each_project_that_is_required(where: Layout) -> None:
    table = "[build-system]\nrequires = ['a-plugin', 'the.backend']\nbuild-backend = 'nothere.api'\n"
    write(Path(where.dir), {"pyproject.toml": table})
    with pytest.raises(RefusedInput) as refused:
        build_wheel(where, Shell(where.dir, {"PATH": "/usr/bin:/bin"}, lambda _: None), HOST)
    assert str(refused.value.hint).startswith(
        "Build-Depends: python3-a-plugin, python3-the-backend; pyproject."
    )

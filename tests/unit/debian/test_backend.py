"""Wheels of the build system: for another machine, in another place, by backends that need telling."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.debian.sources import ARCHITECTURE, HOST, below, layout, write
from tests.unit.debian.test_steps import default_python
from tests.wheelbuilder import WheelBuilder
from truewheel.debian.backend import build_wheel
from truewheel.debian.commands import Shell
from truewheel.debian.model import Layout
from truewheel.debian.wheels import unpack_wheel
from truewheel.errors import ConflictRefused, InterpreterError, WheelRefused

_BACKEND = """
import json, os
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with open(os.path.join(directory, "seen.whl"), "w") as seen:
        json.dump([config_settings, os.environ.get("DIST_EXTRA_CONFIG")], seen)
    return "seen.whl"
"""
_ARM = replace(HOST, architecture={**ARCHITECTURE, "DEB_HOST_ARCH": "arm64", "DEB_HOST_GNU_CPU": "aarch64"})


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


@pytest.mark.parametrize(("major", "platform"), [(6, "linux_aarch64"), (5, "linux_arm64")])
def test_a_wheel_for_another_machine(
    where: Layout, wheel_builder: WheelBuilder, major: int, platform: str
) -> None:
    wheel = wheel_builder.build(tags=f"py3-none-{platform}", root_is_purelib=False)
    with pytest.raises(WheelRefused):
        unpack_wheel(wheel, where, HOST, {})
    assert below(Path(where.build_dir)) == []
    unpack_wheel(wheel, where, replace(_ARM, dh_python=major), {})
    assert "demo/__init__.py" in below(Path(where.build_dir))


def test_modules_in_a_directory_of_the_packager(where: Layout, wheel_builder: WheelBuilder) -> None:
    elsewhere = replace(where, build_dir=f"{where.dir}/out{{x}}")
    unpack_wheel(wheel_builder.build(entry_points={"run": "demo:x"}), elsewhere, HOST, {})
    assert "demo/__init__.py" in below(Path(elsewhere.build_dir))
    assert below(Path(where.home_dir, "scripts")) == ["run"]


def test_a_link_in_the_way_is_not_followed(
    where: Layout, wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    Path(where.build_dir, "demo").symlink_to(outside)
    with pytest.raises(ConflictRefused):
        unpack_wheel(wheel_builder.build(), where, HOST, {})
    assert below(outside) == []


def test_a_python_that_is_not_installed(tmp_path: Path) -> None:
    missing = layout(tmp_path, version="3.1")
    with pytest.raises(InterpreterError, match=r"/usr/bin/python3\.1: is not installed"):
        build_wheel(missing, Shell(missing.dir, {}, lambda _: None), HOST)

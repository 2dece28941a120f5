"""Wheels are unpacked where tests and the install step look for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.debian.sources import ARCHITECTURE, HOST, below, layout
from tests.unit.debian.test_steps import default_python
from tests.wheelbuilder import WheelBuilder
from truewheel.debian.model import Layout
from truewheel.debian.wheels import built_wheel, unpack_wheel
from truewheel.errors import ConflictRefused, RefusedInput, WheelRefused

_ARM = replace(HOST, architecture={**ARCHITECTURE, "DEB_HOST_ARCH": "arm64", "DEB_HOST_GNU_CPU": "aarch64"})


@pytest.fixture
def where(tmp_path: Path) -> Layout:
    return layout(tmp_path / "source", version=default_python())


def test_the_wheel_of_an_earlier_step(where: Layout) -> None:
    with pytest.raises(RefusedInput, match=r"holds no wheel \(let dh_auto_build run first\)"):
        built_wheel(where)
    wheel = Path(where.home_dir, "demo-1-py3-none-any.whl")
    wheel.touch()
    assert built_wheel(where) == wheel


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

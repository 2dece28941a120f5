"""Bad wheels are refused in one line that says why, and nothing on disk changes."""

from __future__ import annotations

import hashlib
import os
import random
import re
from pathlib import Path

import pytest

from tests.hostile.defects import DEFECTS, Defect, good
from tests.wheelbuilder import WheelBuilder
from truewheel.errors import UsageError, WheelRefused
from truewheel.wheel.reader import read_wheel

END = re.compile(r" \([^()]+\) \[([a-z0-9-]+)\]$")  # the hint and the rule


def tree_digest(top: Path) -> str:
    """A digest over names, modes, mtimes, sizes, contents and link targets of a tree."""
    digest = hashlib.sha256()
    for path in [top, *sorted(top.rglob("*"))]:
        state = path.lstat()
        line = [os.fsencode(path), state.st_mode, state.st_mtime_ns, state.st_size, state.st_nlink]
        if path.is_symlink():
            line.append(os.fsencode(path.readlink()))
        elif path.is_file():
            line.append(hashlib.sha256(path.read_bytes()).hexdigest())
        digest.update(repr(line).encode())
    return digest.hexdigest()


def rule_of(line: str) -> str:
    """The rule that a line names at its end, behind a hint."""
    found = END.search(line)
    assert found is not None, line
    return found[1]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory that holds a root with something in it, and a file and a link beside the root."""
    directory = tmp_path / "outside"
    site = directory / "root/usr/lib/python3/site-packages/demo"
    site.mkdir(parents=True)
    (site / "__init__.py").write_text("old\n")
    (directory / "root/link").symlink_to("../beside")
    (directory / "beside").write_text("beside\n")
    return directory


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_reader_refuses(defect: Defect, wheel_builder: WheelBuilder) -> None:
    path = defect.build(wheel_builder)
    with pytest.raises(WheelRefused) as caught:
        read_wheel(path)
    line = str(caught.value)
    assert defect.says in line
    assert line.startswith(path.name)
    assert rule_of(line) == defect.rule == caught.value.rule
    assert line.isprintable()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_install_refuses_and_changes_nothing(
    defect: Defect, wheel_builder: WheelBuilder, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = pytest.importorskip("truewheel.cli.main").main
    path = defect.build(wheel_builder)
    before = tree_digest(outside), tree_digest(wheel_builder.directory)
    status = main(["install", str(path), "--root", str(outside / "root"), "--scheme", "generic"])
    captured = capsys.readouterr()
    assert status == 1
    (line,) = captured.err.splitlines()
    assert line.startswith("truewheel: error: ")
    assert defect.says in line
    assert rule_of(line) == defect.rule
    assert (tree_digest(outside), tree_digest(wheel_builder.directory)) == before


def test_table_is_large_and_names_are_unique() -> None:
    assert len(DEFECTS) >= 55
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)


def test_what_the_defects_start_from_is_good(wheel_builder: WheelBuilder) -> None:
    assert read_wheel(good(wheel_builder)).name == "demo"


def test_damage_anywhere_is_refused_or_harmless(wheel_builder: WheelBuilder) -> None:
    """Flip bits at random; the reader refuses or describes the very same entries."""
    path = good(wheel_builder, entry_points={"demo": "demo:main"}, data={"scripts/tool": "#!python\n"})
    original, wheel = path.read_bytes(), read_wheel(path)
    contents = [(entry.name, entry.sha256) for entry in wheel.entries]
    chance = random.Random(20240506)
    for _ in range(1500):
        damaged = bytearray(original)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            found = read_wheel(path)
        except WheelRefused:
            continue
        assert [(entry.name, entry.sha256) for entry in found.entries] == contents


def test_cut_anywhere_is_refused(wheel_builder: WheelBuilder) -> None:
    path = good(wheel_builder)
    original = path.read_bytes()
    for length in range(0, len(original), 7):
        path.write_bytes(original[:length])
        with pytest.raises(WheelRefused):
            read_wheel(path)


def test_missing_wheel_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be opened"):
        read_wheel(tmp_path / "demo-1.0-py3-none-any.whl")


def test_directory_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        read_wheel(tmp_path)


def test_pipe_is_a_usage_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.whl")
    with pytest.raises(UsageError, match="not a regular file"):
        read_wheel(tmp_path / "pipe.whl")


def test_nul_in_the_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_wheel(tmp_path / "de\0mo.whl")

"""Scripts get another first line piece by piece, however large they are."""

from __future__ import annotations

import hashlib
import random
import tracemalloc
from pathlib import Path

import pytest

from tests.faults.support import interpreter
from tests.wheelbuilder import WheelBuilder
from truewheel.errors import WheelRefused
from truewheel.model import RewrittenEntry
from truewheel.pipeline import install, prepare_install
from truewheel.request import BytecodeOptions, InstallRequest
from truewheel.wheel.kept import Kept
from truewheel.wheel.reader import open_contents, read_wheel
from truewheel.wheel.scripts import Scripts, chunks, read_scripts

MIB = 1 << 20
LINES = [b"#!/usr/bin/python3.11", b"#!/usr/bin/python3.12 -sP"]


def scripts_of(path: Path, every: bool = False) -> Scripts:
    return read_scripts([read_wheel(path)], Kept(0), every, lambda: [*LINES, LINES[0]])


@pytest.mark.parametrize("size", [0, 1, MIB - 9, MIB, MIB + 1, 3 * MIB])
def test_each_python_has_its_line_and_the_rest_is_the_same(wheel_builder: WheelBuilder, size: int) -> None:
    rest = random.Random(size).randbytes(size)
    path = wheel_builder.build(data={"scripts/tool": b"#!python -x\n" + rest})
    wheel = read_wheel(path)
    made = scripts_of(path).rewritten
    assert [line for _, _, line in made] == LINES
    with open_contents(wheel) as contents:
        for (_, _, line), script in made.items():
            content = b"".join(chunks(contents, script))
            assert content == line + b"\n" + rest
            assert (len(content), hashlib.sha256(content).hexdigest()) == (script.size, script.sha256)


def test_a_first_line_that_no_kernel_reads_stays(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build(data={"scripts/tool": b"#!python" + b" " * 2 * MIB + b"\n"})
    scripts = scripts_of(path)
    assert not scripts.rewritten
    assert [head[:8] for head in scripts.heads.values()] == [b"#!python"]


def test_flags_of_another_python_are_kept(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build(data={"scripts/tool": b"#!/usr/bin/python2 -E\nx\n"})
    assert not scripts_of(path).rewritten
    lines = [script.line for script in scripts_of(path, every=True).rewritten.values()]
    assert lines == [LINES[0] + b" -E\n", LINES[1] + b"E\n"]


def test_a_wheel_that_changes_after_the_plan_is_refused(wheel_builder: WheelBuilder, tmp_path: Path) -> None:
    body = random.Random(1).randbytes(2 * MIB)
    path = wheel_builder.build(data={"scripts/tool": b"#!python\n" + body})
    wheel, script = read_wheel(path), next(iter(scripts_of(path).rewritten.values()))
    changed = WheelBuilder(tmp_path).build(data={"scripts/tool": b"#!python\n" + body[::-1]})
    changed.replace(path)
    with open_contents(wheel) as contents, pytest.raises(WheelRefused, match="no longer what was checked"):
        list(chunks(contents, script))


def test_a_large_script_is_never_whole_in_memory(wheel_builder: WheelBuilder, tmp_path: Path) -> None:
    size = 24 * MIB
    path = wheel_builder.build(data={"scripts/tool": b"#!python\n" + random.Random(1).randbytes(size)})
    pythons = (interpreter(11), interpreter(12))
    request = InstallRequest((path,), tmp_path / "root", pythons=pythons, bytecode=BytecodeOptions(levels=()))
    tracemalloc.start()
    try:
        prepared = prepare_install(request, {})
        install(prepared)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (script,) = (file for file in prepared.plan.files if file.final.endswith("/tool"))
    assert isinstance(script.source, RewrittenEntry)
    assert (tmp_path / "root" / script.final[1:]).stat().st_size == script.size
    assert peak < 8 * MIB

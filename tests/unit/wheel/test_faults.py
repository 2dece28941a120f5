"""All faults of a wheel are found, in order, and each becomes an error that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.defects import DEFECTS, INIT, Defect, good
from tests.wheelbuilder import WheelBuilder, edit, metadata_text, wheel_text
from truewheel.errors import UsageError, WheelRefused
from truewheel.wheel.faults import Fault
from truewheel.wheel.reader import find_faults, read_wheel


def test_a_good_wheel_has_no_faults(wheel_builder: WheelBuilder) -> None:
    assert find_faults(good(wheel_builder)) == ()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_the_first_fault_is_the_one_that_refuses(defect: Defect, wheel_builder: WheelBuilder) -> None:
    path = defect.build(wheel_builder)
    first = find_faults(path)[0]
    with pytest.raises(WheelRefused) as caught:
        read_wheel(path)
    assert (first.rule, first.hint) == (caught.value.rule, caught.value.hint)
    assert path.name not in first.message


def test_faults_of_every_part_are_found_in_one_reading(wheel_builder: WheelBuilder) -> None:
    path = good(
        wheel_builder,
        wheel=wheel_text("py3-none-any", wheel_version="3.0"),
        metadata=metadata_text("other", "2.0"),
        data={"scripts/tool": "", "stdlib/os.py": ""},
        entry_points={"tool": "demo:main", "bad": "demo"},
        members=edit(INIT, data=b"changed"),
    )
    assert [fault.rule for fault in find_faults(path)] == [
        "unknown-wheel-version",
        "name-mismatch",
        "version-mismatch",
        "malformed-entry-point",
        "unknown-install-path",
        "script-and-entry-point",
        "size-mismatch",
        "hash-mismatch",
    ]


def test_a_fault_names_its_entry_and_takes_the_hint_of_its_rule(wheel_builder: WheelBuilder) -> None:
    path = good(wheel_builder, members=edit(INIT, crc=1))
    (fault,) = find_faults(path)
    assert fault == Fault("corrupt-entry", INIT, fault.message)
    assert fault.hint == "the file is damaged: fetch it again or build it again"


def test_a_file_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be opened"):
        find_faults(tmp_path / "demo-1.0-py3-none-any.whl")


def test_a_long_entry_is_shortened_in_the_line(wheel_builder: WheelBuilder) -> None:
    path = good(wheel_builder, data={"stdlib/" + "d/" * 200 + "x": ""})
    with pytest.raises(WheelRefused) as caught:
        read_wheel(path)
    assert len(caught.value.subject) < 300
    assert "/d/d..." in caught.value.subject

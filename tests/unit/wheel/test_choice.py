"""Of several wheels of one version, the one is taken that pip would take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.support import interpreter
from truewheel.errors import WheelRefused
from truewheel.wheel.choice import best_wheels


def best(*names: str) -> list[str]:
    return [path.name for path in best_wheels(map(Path, names), [interpreter()])]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["a-1-py3-none-any.whl", "a-1-1-py3-none-any.whl"], "a-1-1-py3-none-any.whl"),
        (["a-1-9-py3-none-any.whl", "a-1-10-py3-none-any.whl"], "a-1-10-py3-none-any.whl"),
        (["a-1-2b-py3-none-any.whl", "a-1-2a-py3-none-any.whl"], "a-1-2b-py3-none-any.whl"),
        (["a-1.0-2-py3-none-any.whl", "A-1-1-py3-none-any.whl"], "a-1.0-2-py3-none-any.whl"),
        (["a-1-9-py3-none-any.whl", "a-1-cp312-cp312-linux_x86_64.whl"], "a-1-cp312-cp312-linux_x86_64.whl"),
        (["a-1-9-cp39-cp39-linux_x86_64.whl", "a-1-py3-none-any.whl"], "a-1-py3-none-any.whl"),
    ],
)
def test_tags_count_before_build_tags_and_numbers_are_numbers(names: list[str], chosen: str) -> None:
    assert best(*names) == [chosen] == best(*reversed(names))


def test_every_version_of_every_project_has_its_wheel() -> None:
    names = ["a-1-py3-none-any.whl", "a-2-py3-none-any.whl", "b-1-py3-none-any.whl"]
    assert best(*names) == names


def test_of_wheels_that_do_not_fit_one_is_left_to_be_refused() -> None:
    assert len(best("a-1-cp37-cp37m-win32.whl", "a-1-cp38-cp38-win32.whl")) == 1


def test_a_name_that_is_not_a_wheels_is_refused() -> None:
    with pytest.raises(WheelRefused, match="bad-file-name"):
        best("a.whl")

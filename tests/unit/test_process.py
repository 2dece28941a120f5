"""One wording for how processes end."""

from __future__ import annotations

import pytest

from truewheel.process import ending, last_line


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit status 0"), (3, "exit status 3"), (-9, "killed by SIGKILL"), (-63, "killed by signal 63")],
)
def test_how_a_process_ended(status: int, words: str) -> None:
    assert ending(status) == words


@pytest.mark.parametrize(
    ("output", "line"), [(b"", ""), (b"a\nlast \n\n", "last"), (b"\xff", "\ufffd"), (b"x" * 300, "x" * 200)]
)
def test_the_last_line_of_output(output: bytes, line: str) -> None:
    assert last_line(output) == line

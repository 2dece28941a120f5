"""Errors: one line each, and their exit codes."""

from __future__ import annotations

import pytest

from truewheel import errors
from truewheel.errors import TruewheelError


def test_an_error_names_its_path_and_what_to_do() -> None:
    assert str(TruewheelError("is bad", subject="a.whl", hint="mend it")) == "a.whl: is bad (mend it)"


def test_path_and_hint_may_be_left_out() -> None:
    assert str(TruewheelError("is bad")) == "is bad"


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x1b[31mb", "a\u2028b", "a\udcffb", "a\x00b"])
def test_an_error_is_one_printable_line(text: str) -> None:
    shown = str(TruewheelError(text, subject=text, hint=text))
    assert shown.isprintable()
    assert len(shown.splitlines()) == 1
    assert shown.count("a\\") == 3


def test_letters_of_other_scripts_are_shown_as_they_are() -> None:
    assert str(TruewheelError("schön")) == "schön"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("WheelRefused", 1),
        ("ConflictRefused", 1),
        ("Uncompilable", 1),
        ("UsageError", 2),
        ("SchemeError", 2),
        ("InterpreterError", 2),
        ("StageError", 2),
        ("CompileError", 2),
    ],
)
def test_refused_input_is_one_and_trouble_is_two(name: str, code: int) -> None:
    assert getattr(errors, name)("x").exit_code == code

"""Fields of METADATA are read as Python's own readers read them, and edited without touching the rest."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truewheel.metadata import edit_fields, is_project_name, parse_fields

PIECES = st.lists(
    st.sampled_from(
        [
            "Name",
            "name",
            "Requires-Dist",
            ":",
            " ",
            "\t",
            "\n",
            "\r",
            "\r\n",
            "demo",
            "From ",
            "\n\n",
            "é",
            "\x0b",
        ]
    )
)
NAMES = ["Name", "Requires-Dist", "From", "demo", "Namedemo"]


@given(PIECES.map("".join))
def test_fields_are_those_that_email_reads(text: str) -> None:
    message = email.message_from_string(text, policy=email.policy.compat32)
    fields = parse_fields(text)
    for name in NAMES:
        expected = [
            str(value).replace("\r", "").replace("\n", "").strip() for value in message.get_all(name, [])
        ]
        assert fields.all(name) == expected


@given(PIECES.map("".join))
def test_an_edit_that_changes_nothing_keeps_every_byte(text: str) -> None:
    assert edit_fields(text, lambda field: field.source) == text


def test_case_of_a_name_does_not_matter() -> None:
    fields = parse_fields("NAME: demo\nprovides-extra: a\nProvides-Extra: b\n")
    assert fields.first("Name") == "demo"
    assert fields.all("PROVIDES-EXTRA") == ["a", "b"]


def test_a_field_that_is_not_there_is_empty() -> None:
    assert parse_fields("Name: demo\n").first("Version") == ""


def test_a_folded_field_is_one_line() -> None:
    assert parse_fields("Requires-Dist: a\n  ; python_version > '3'\nName: demo\n").all("Requires-Dist") == [
        "a  ; python_version > '3'"
    ]


def test_the_body_holds_no_fields() -> None:
    assert parse_fields("Name: demo\n\nVersion: 1.0\n").first("Version") == ""


def test_nested_messages_are_a_body_like_any_other() -> None:
    text = "Name: demo\n" + "Content-Type: message/rfc822\n\n" * 3000
    assert parse_fields(text).all("Content-Type") == ["message/rfc822"]


def test_an_edit_replaces_whole_fields_with_their_folded_lines() -> None:
    text = "A: 1\r\nB: 2\r\n  3\r\nA: 4\r\n\r\nB: body\r\n"
    edited = edit_fields(text, lambda field: "" if field.name == "B" else field.source.lower())
    assert edited == "a: 1\r\na: 4\r\n\r\nB: body\r\n"


@pytest.mark.parametrize("name", ["a", "A1", "zope.interface", "a-b_c"])
def test_names_of_projects(name: str) -> None:
    assert is_project_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a.", "a b", "é", "a\n", "a/b"])
def test_what_is_no_name_of_a_project(name: str) -> None:
    assert not is_project_name(name)

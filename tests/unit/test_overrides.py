"""Overrides change the Requires-Dist fields of METADATA, and no other byte of it."""

from __future__ import annotations

import pytest

from truewheel.overrides import parse_override, patched_metadata

METADATA = (
    "Name: demo\n"
    "Requires-Dist: numpy<2,>=1 ; python_version > '3'\n"
    "Requires-Dist: other\n"
    "Author: J\u00fcrgen\n"
    "requires-dist: NumPy\n"
    " (<2)\n"
    "\n"
    "Requires-Dist: numpy<2\n"
)


def patched(text: str, *overrides: str) -> str:
    return patched_metadata(text.encode(), [parse_override(each) for each in overrides]).decode()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_fields_of_the_package_are_changed_folded_ones_too(line_end: str) -> None:
    text = patched(METADATA.replace("\n", line_end), "numpy:drop_upper")
    assert text.split(line_end) == [
        "Name: demo",
        'Requires-Dist: numpy>=1; python_version > "3"',
        "Requires-Dist: other",
        "Author: J\u00fcrgen",
        "requires-dist: NumPy",
        "",
        "Requires-Dist: numpy<2",
        "",
    ]


def test_an_ignored_requirement_goes_with_all_of_its_lines() -> None:
    text = patched(METADATA, "numpy:ignore")
    head, _, body = text.partition("\n\n")
    assert head == "Name: demo\nRequires-Dist: other\nAuthor: J\u00fcrgen"
    assert body == "Requires-Dist: numpy<2\n"


def test_overrides_for_the_build_change_nothing() -> None:
    assert patched(METADATA, "numpy:ignore:br_only") == METADATA


def test_bytes_that_are_not_utf_8_stay() -> None:
    content = b"Name: demo\nAuthor: J\xfcrgen\nRequires-Dist: a<1\n"
    assert patched_metadata(content, [parse_override("a:drop_upper")]) == (
        b"Name: demo\nAuthor: J\xfcrgen\nRequires-Dist: a\n"
    )

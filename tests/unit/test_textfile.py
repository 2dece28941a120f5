"""Files of others are read whole, bounded, as UTF-8, or refused in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from truewheel.errors import RefusedInput, UsageError
from truewheel.textfile import read_bytes, read_text, write_text


def test_text_is_read_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfname = 'x'\n")
    assert read_text(path) == "name = 'x'\n"


def test_what_is_not_utf_8_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "METADATA"
    path.write_bytes(b"Name: \xe9\n")
    with pytest.raises(RefusedInput, match=r"is not UTF-8 \(byte 0xe9 at 6\)"):
        read_text(path)
    path.write_bytes(b"\xef\xbb\xbfName: \xe9\n")
    with pytest.raises(RefusedInput, match=r"is not UTF-8 \(byte 0xe9 at 9\)"):
        read_text(path)


def test_a_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(RefusedInput, match="is not a regular file"):
        read_bytes(path)


def test_a_device_is_refused() -> None:
    with pytest.raises(RefusedInput, match="is not a regular file"):
        read_bytes("/dev/zero")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="is not a regular file"):
        read_bytes(tmp_path)


def test_a_missing_file_is_trouble_and_not_a_finding(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_bytes(tmp_path / "missing", hint="give --report-file")


def test_a_path_with_a_nul_is_trouble() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_bytes("a\0b")


def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"x" * 11)
    with pytest.raises(RefusedInput, match="has more than 10 bytes"):
        read_bytes(path, limit=10)


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_text(tmp_path / "missing" / "file", "x")

"""The header of a pyc: each mode of PEP 552, each Python, and one line for all else."""

from __future__ import annotations

import importlib.util
import struct
import sys

import pytest

from truewheel.bytecode.pycs import pyc_header
from truewheel.errors import PycUnreadable
from truewheel.model import InvalidationMode
from truewheel.pyc.header import python_of, read_header

MAGIC = importlib.util.MAGIC_NUMBER


@pytest.mark.parametrize("mode", InvalidationMode)
def test_what_we_write_is_read_back(mode: InvalidationMode) -> None:
    header = read_header(pyc_header(mode, MAGIC, b"12345678", 1700000000, 42) + b"code")
    assert (header.magic, header.python, header.mode) == (MAGIC, sys.version_info[:2], mode)
    if mode is InvalidationMode.TIMESTAMP:
        assert (header.source_hash, header.mtime, header.size) == (b"", 1700000000, 42)
    else:
        assert (header.source_hash, header.mtime, header.size) == (b"12345678", 0, 0)


@pytest.mark.parametrize(
    "number, python",
    [(3379, None), (3394, (3, 7)), (3413, (3, 8)), (3495, (3, 11)), (3571, (3, 13)), (3627, (3, 14)),
     (3666, (3, 15)), (3650, None), (3700, None), (3390, None), (240, None), (62211, None)],
)  # fmt: skip
def test_python_of_a_magic_number(number: int, python: tuple[int, int] | None) -> None:
    assert python_of(struct.pack("<H", number) + b"\r\n") == python


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "is truncated: 0 bytes of the 16 of a header"),
        (MAGIC + b"\0" * 11, "is truncated: 15 bytes"),
        (b"\x7fELF" + b"\0" * 12, "does not begin with a magic number"),
        (MAGIC + b"\2" + b"\0" * 11, "flags 0x2"),
        (MAGIC + b"\xff" * 12, "flags 0xffffffff"),
    ],
)
def test_no_header(data: bytes, message: str) -> None:
    with pytest.raises(PycUnreadable, match=message) as caught:
        read_header(data)
    assert caught.value.exit_code == 1

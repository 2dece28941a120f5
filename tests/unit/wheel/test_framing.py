"""Archives that are odd but true are read: descriptors, extra fields, ZIP64, streams of zipfile."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.defects import INIT, good
from tests.wheelbuilder import Member, WheelBuilder, with_zip64_end
from truewheel.wheel.reader import find_faults, read_wheel

Members = Callable[[list[Member]], list[Member]]


def changed(**changes: Callable[[Member], object]) -> Members:
    """A ``members`` function that sets fields of every member to what functions of it return."""

    def change(members: list[Member]) -> list[Member]:
        return [_member(member, {key: value(member) for key, value in changes.items()}) for member in members]

    return change


def _member(member: Member, fields: dict[str, Any]) -> Member:
    return Member(member.name, member.data, **fields)


def opened(common: bytes) -> bytes:
    """The fields of a local header that leaves checksum and sizes to a descriptor."""
    return common[:8] + bytes(12)


def descriptor(signature: bytes, form: str) -> Callable[[Member], bytes]:
    return lambda member: (
        signature + struct.pack(form, zlib.crc32(member.data), len(member.compressed()), len(member.data))
    )


@pytest.mark.parametrize("signature", [b"PK\7\x08", b""])
@pytest.mark.parametrize("form", ["<LLL", "<LQQ"])
def test_descriptors(wheel_builder: WheelBuilder, signature: bytes, form: str) -> None:
    members = changed(
        flags=lambda member: 0x8, local=lambda member: opened, behind=descriptor(signature, form)
    )
    path = good(wheel_builder, members=members)
    assert find_faults(path) == ()
    assert zipfile.ZipFile(path).testzip() is None


def test_sizes_in_a_local_zip64_field(wheel_builder: WheelBuilder) -> None:
    members = changed(
        local=lambda member: lambda common: common[:12] + b"\xff" * 8,
        local_extra=lambda member: struct.pack("<HHQQ", 1, 16, len(member.data), len(member.compressed())),
    )
    assert find_faults(good(wheel_builder, members=members)) == ()


def test_sizes_in_a_local_zip64_field_that_lie(wheel_builder: WheelBuilder) -> None:
    members = changed(
        local=lambda member: lambda common: common[:12] + b"\xff" * 8,
        local_extra=lambda member: struct.pack("<HHQQ", 1, 16, 1, len(member.compressed())),
    )
    rules = {fault.rule for fault in find_faults(good(wheel_builder, members=members))}
    assert rules == {"contradictory-header"}


@pytest.mark.parametrize("saturated", [True, False])
def test_a_zip64_end_record(wheel_builder: WheelBuilder, saturated: bool) -> None:
    path = good(wheel_builder)
    path.write_bytes(with_zip64_end(path.read_bytes(), saturated=saturated))
    assert find_faults(path) == ()


def test_extra_fields_that_differ(wheel_builder: WheelBuilder) -> None:
    times = struct.pack("<HHBL", 0x5455, 5, 1, 0)
    members = changed(extra=lambda member: times, local_extra=lambda member: times + b"\0\0")
    assert find_faults(good(wheel_builder, members=members)) == ()


def test_a_comment_of_the_archive(wheel_builder: WheelBuilder) -> None:
    assert find_faults(good(wheel_builder, comment=b"PK made by tests")) == ()


class Unseekable(io.RawIOBase):
    """A pipe, as zipfile sees it."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += data
        return len(data)


@pytest.mark.parametrize("force_zip64", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("streamed", [False, True])
def test_archives_that_zipfile_writes(
    wheel_builder: WheelBuilder, tmp_path: Path, force_zip64: bool, method: int, streamed: bool
) -> None:
    path = good(wheel_builder, files={INIT: "value = 1\n", "demo/big.bin": bytes(3 << 20), "demo/no": ""})
    wheel = read_wheel(path)
    target: Unseekable | io.BytesIO = Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", method) as new:
        for info in old.infolist():
            made = zipfile.ZipInfo(info.filename, info.date_time)
            made.compress_type, made.external_attr = method, info.external_attr
            with new.open(made, "w", force_zip64=force_zip64) as member:
                member.write(old.read(info))
    path.write_bytes(target.data if isinstance(target, Unseekable) else target.getvalue())
    assert find_faults(path) == ()
    assert read_wheel(path).entries == wheel.entries

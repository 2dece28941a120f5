"""The central directory is read as zipfile reads it, and what is no archive is refused."""

from __future__ import annotations

import datetime
import random
import struct
import zipfile
from pathlib import Path

import pytest

from tests.hostile.defects import INIT, good
from tests.hostile.mutations import changed
from tests.wheelbuilder import Member, WheelBuilder, adding, edit, with_zip64_end
from truewheel.model import ZIP_ZERO_DATE
from truewheel.wheel.directory import ArchiveEntry, Directory, mtime_of
from truewheel.wheel.faults import FaultFound
from truewheel.wheel.framing import check_framing
from truewheel.wheel.unpacking import open_directory

RUNS = 3000


def read(path: Path) -> Directory:
    with path.open("rb") as stream:
        return open_directory(stream.fileno())


def has_framing_fault(path: Path) -> bool:
    with path.open("rb") as stream:
        return any(check_framing(open_directory(stream.fileno()), stream.fileno()))


def seconds(date: tuple[int, int, int, int, int, int]) -> int:
    try:
        return int(datetime.datetime(*date, tzinfo=datetime.timezone.utc).timestamp())
    except ValueError:
        return ZIP_ZERO_DATE


def by_zipfile(path: Path) -> list[tuple[object, ...]]:
    with zipfile.ZipFile(path) as archive:
        return [
            (
                *(info.orig_filename, info.flag_bits, info.compress_type, seconds(info.date_time), info.CRC),
                *(info.compress_size, info.file_size, info.external_attr >> 16, info.header_offset),
            )
            for info in archive.infolist()
        ]


def by_us(entry: ArchiveEntry) -> tuple[object, ...]:
    return (
        *(entry.name, entry.flags, entry.method, entry.mtime, entry.checksum),
        *(entry.packed_size, entry.size, entry.mode, entry.offset),
    )


def assert_read_as_by_zipfile(path: Path) -> bool:
    """Compare, and return whether both read it."""
    try:
        entries = [by_us(entry) for entry in read(path).entries]
    except FaultFound as found:
        if found.fault.rule == "corrupt-archive":
            with pytest.raises((zipfile.BadZipFile, ValueError, NotImplementedError)):
                by_zipfile(path)
        return False
    try:
        assert by_zipfile(path) == entries
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        assert has_framing_fault(path)  # younger zipfiles refuse more when they open an archive
        return False
    return True


def test_an_archive_is_read_as_by_zipfile(wheel_builder: WheelBuilder) -> None:
    names = Member("demo/\u00e9.py"), Member(b"demo/\x81.py", flags=0), Member("demo/"), Member("a\0b")
    path = good(wheel_builder, members=adding(*names), comment=b"a comment")
    assert assert_read_as_by_zipfile(path)
    assert [entry.name for entry in read(path).entries][-4:] == [
        *("demo/\u00e9.py", "demo/\u00fc.py", "demo/", "a\0b")
    ]


def test_numbers_in_a_zip64_field_are_read_as_by_zipfile(wheel_builder: WheelBuilder) -> None:
    other, numbers = struct.pack("<HHL", 0x5455, 4, 7), struct.pack("<HHQQ", 1, 16, 5 << 32, 9)
    path = good(wheel_builder, members=edit(INIT, size=0xFFFFFFFF, extra=other + numbers))
    assert assert_read_as_by_zipfile(path)
    assert read(path).entries[0].size == 5 << 32


@pytest.mark.parametrize("saturated", [True, False])
def test_a_zip64_end_record_is_read_as_by_zipfile(wheel_builder: WheelBuilder, saturated: bool) -> None:
    path = good(wheel_builder)
    path.write_bytes(with_zip64_end(path.read_bytes(), saturated=saturated))
    assert assert_read_as_by_zipfile(path)


def test_damaged_archives_are_read_as_by_zipfile_or_refused(wheel_builder: WheelBuilder) -> None:
    path = good(wheel_builder, entry_points={"demo": "demo:main"}, comment=b"made by tests")
    plain = path.read_bytes()
    start = plain.index(b"PK\1\2")
    large = with_zip64_end(good(wheel_builder).read_bytes())
    path = good(wheel_builder)
    both = 0
    for number in range(RUNS):
        chance = random.Random(f"directory {number}")
        data = plain if number % 2 else large
        path.write_bytes(data[:start] + changed(chance, data[start:]))
        both += assert_read_as_by_zipfile(path)
    assert RUNS // 10 < both < RUNS


@pytest.mark.parametrize("version", [63, 64, 0x0A3F])
def test_a_version_of_the_format_that_nobody_knows(wheel_builder: WheelBuilder, version: int) -> None:
    path = good(wheel_builder)
    data = path.read_bytes()
    at = data.index(b"PK\1\2") + 6
    path.write_bytes(data[:at] + struct.pack("<H", version) + data[at + 2 :])
    assert assert_read_as_by_zipfile(path) == (version & 0xFF <= 63)


def test_an_archive_of_several_disks(wheel_builder: WheelBuilder) -> None:
    path = good(wheel_builder)
    data = with_zip64_end(path.read_bytes())
    path.write_bytes(data[:-26] + struct.pack("<L", 2) + data[-22:])
    with pytest.raises(FaultFound) as caught:
        read(path)
    assert caught.value.fault.rule == "corrupt-archive"
    assert "several disks" in caught.value.fault.message


def test_every_day_of_zip_is_the_day_of_the_calendar() -> None:
    for day in range(1 << 16):
        for clock in (0, 23 << 11 | 59 << 5 | 29, 24 << 11, 60 << 5, 30):
            date = (day >> 9) + 1980, day >> 5 & 0xF, day & 0x1F, clock >> 11, clock >> 5 & 0x3F
            wanted = seconds((*date, (clock & 0x1F) * 2))
            assert mtime_of.__wrapped__(day << 16 | clock) == wanted, date

"""Tar archives as streams of members, held against what the standard library writes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.needs import require
from truewheel.errors import TargetDamaged, TruewheelError
from truewheel.package.archive import tar_members
from truewheel.package.model import Member, MemberKind
from truewheel.package.streams import decompressed

LONG = "/".join(["d" * 60] * 5) + "/ä.py"


def archive(format: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar with a member of each kind, long names, large numbers."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for name, kind in (("./", tarfile.DIRTYPE), ("./a", tarfile.DIRTYPE), ("./a/f", tarfile.REGTYPE)):
            tar.addfile(info(name, kind, b"text" if kind == tarfile.REGTYPE else b""), io.BytesIO(b"text"))
        tar.addfile(info("./a/g", tarfile.LNKTYPE, link="./a/f"))
        tar.addfile(info("./a/l", tarfile.SYMTYPE, link="../b"))
        tar.addfile(info("dev", tarfile.FIFOTYPE))
        tar.addfile(info(LONG, tarfile.REGTYPE, b"z" * 600), io.BytesIO(b"z" * 600))
    return out.getvalue()


def info(name: str, kind: bytes, data: bytes = b"", link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, len(data), link
    made.mode, made.uid, made.gid, made.uname, made.gname = 0o4755, 3, 4, "us", "gr"
    made.mtime = 1700000000
    return made


def read(data: bytes) -> list[tuple[Member, bytes]]:
    with decompressed(io.BytesIO(data), len(data)) as stream:
        return [(member, member.read(1 << 20)) for member in tar_members(stream)]


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_those_that_were_written(format: int) -> None:
    found = {member.path: (member, data) for member, data in read(archive(format))}
    assert list(found) == ["a", "a/f", "a/g", "a/l", "dev", LONG]
    file, data = found["a/f"]
    assert (file.kind, file.mode, file.uid, file.gid) == (MemberKind.FILE, 0o4755, 3, 4)
    assert (file.owner, file.group, file.mtime, file.size, data) == ("us", "gr", 1700000000, 4, b"text")
    assert found["a"][0].kind is MemberKind.DIRECTORY
    assert (found["a/g"][0].repeats, found["a/g"][1]) == ("a/f", b"")
    assert (found["a/l"][0].kind, found["a/l"][0].target) == (MemberKind.LINK, "../b")
    assert found["dev"][0].kind is MemberKind.OTHER
    assert found[LONG][1] == b"z" * 600


def zstd(data: bytes) -> bytes:
    require("zstd")
    return subprocess.run(["zstd", "-cq"], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd, bytes])
def test_compressions_are_told_by_their_first_bytes(pack: Callable[[bytes], bytes]) -> None:
    assert read(pack(archive())) == read(archive())


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd, bytes])
def test_an_archive_that_is_cut_off_is_one_line(pack: Callable[[bytes], bytes]) -> None:
    data = pack(archive())
    with pytest.raises(TargetDamaged):
        read(data[: len(data) * 2 // 5])


CONTENT = len(archive().rstrip(b"\0"))  # it ends with the letters of the last member
END = CONTENT + -CONTENT % 512


@pytest.mark.parametrize("end", [CONTENT, END, END + 512, END + 1024])
def test_an_archive_may_lack_zeros_at_its_end(end: int) -> None:
    """umoci leaves them out, and what fills the last block."""
    assert read(archive()[:end]) == read(archive())
    assert read(gzip.compress(archive()[:end])) == read(archive())


@pytest.mark.parametrize("end", [CONTENT - 1, CONTENT + 1, END - 1, END + 1, END + 511])
def test_an_archive_ends_with_a_member_or_a_block(end: int) -> None:
    with pytest.raises(TargetDamaged):
        read(archive()[:end])


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_an_archive_that_ends_before_the_member_of_a_long_name_is_cut_off(format: int) -> None:
    data = archive(format)
    with pytest.raises(TargetDamaged):
        read(data[: data.index(b"d" * 60 + b"/", data.index(LONG.encode()) + 1) // 512 * 512])


@pytest.mark.parametrize("name", ["../out", "a/../../out", "d/" * 3000])
def test_names_that_lead_out_or_are_too_long_are_refused(name: str) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(info(name, tarfile.REGTYPE))
    with pytest.raises(TargetDamaged, match="has the path"):
        read(out.getvalue())


def test_an_archive_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("truewheel.package.streams._LEAST", 1 << 20)
    big = tarfile.TarInfo("big")
    big.size = 1 << 40
    data = gzip.compress(big.tobuf() + bytes(8 << 20))
    with pytest.raises(TargetDamaged, match="unpacks to far more"):
        read(data)


@pytest.mark.parametrize("data", [b"", b"text", b"\x1f\x8bnothing", b"\xfd7zXZ\0nothing", bytes(100)])
def test_what_is_no_archive_is_one_line(data: bytes) -> None:
    with pytest.raises(TargetDamaged):
        read(data)


@settings(deadline=None)
@given(st.data())
def test_a_mutated_archive_is_read_or_refused_in_one_line(data: st.DataObject) -> None:
    whole = bytearray(archive(data.draw(st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except TruewheelError as error:
        assert "\n" not in str(error)


def test_a_file_of_the_host_is_read_through_the_same_stream(tmp_path: Path) -> None:
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(gzip.compress(archive()))
    with path.open("rb") as source, decompressed(source, path.stat().st_size) as stream:
        assert len(list(tar_members(stream))) == 6

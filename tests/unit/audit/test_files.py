"""Files are given back as they were observed, whether they fit into few bytes or not."""

from __future__ import annotations

import pickle

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from truewheel.audit.files import Files
from truewheel.audit.model import Bytecode, Observed
from truewheel.model import InvalidationMode
from truewheel.package.model import MemberKind
from truewheel.pyc.header import python_of

NAMES = st.sampled_from(["a", "ä", "\udc80", " ", "a.pyc", "__pycache__"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
NUMBERS = st.sampled_from([0, 1000, -1, 1 << 31, 1 << 63, 1 << 64, -(1 << 70)])
MAGICS = st.sampled_from([b"\xa7\r\r\n", b"\x42\r\r\n", b"\0\0\0\0"])
DIGESTS = st.sampled_from([bytes(range(32)), b""])


@st.composite
def pycs(draw: st.DrawFn) -> Bytecode:
    magic = draw(MAGICS)
    return Bytecode(
        rule=draw(st.sampled_from(["", "", "", "unreadable-pyc"])),
        magic=magic,
        python=draw(st.sampled_from([python_of(magic), None])),
        mode=draw(st.sampled_from([None, *InvalidationMode])),
        source_hash=draw(st.sampled_from([b"", b"12345678"])),
        mtime=draw(NUMBERS),
        size=draw(NUMBERS),
        canonical=draw(st.booleans()),
        names=draw(st.sampled_from([(), ("",), ("a", "\udc80"), ("\0",), ("n" * 70_000,)])),
        code=draw(DIGESTS),
    )


OBSERVED = st.builds(
    Observed,
    path=PATHS,
    kind=st.sampled_from(MemberKind),
    mode=st.integers(0, 0o7777),
    uid=st.sampled_from([0, 1000]) | NUMBERS,
    gid=st.just(0),
    mtime=NUMBERS,
    size=NUMBERS,
    inode=st.sampled_from(["", "1:2", "a/\udc80"]),
    target=st.sampled_from(["", "../a", "\udc80"]),
    sha256=DIGESTS,
    head=st.sampled_from([b"", b"", b"#!x"]),
    traces=st.sampled_from([(), (), (("a", "b"),)]),
    pyc=st.none() | pycs(),
    text=st.sampled_from([None, None, b""]),
    is_elf=st.booleans(),
)


LISTS = st.lists(OBSERVED, max_size=5)
# a pyc whose only co_filename is empty
NAMELESS = Observed(
    *("a.pyc", MemberKind.FILE, 0o644, 0, 0, 0, 16, "1:2"),
    sha256=bytes(32),
    pyc=Bytecode(magic=b"\xa7\r\r\n", python=(3, 11), names=("",)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([NAMELESS], [])
@given(LISTS, LISTS)
def test_files_are_those_that_were_added(some: list[Observed], others: list[Observed]) -> None:
    wanted = {each.path: each for each in [*some, *others]}
    files = Files(some)
    files.join(pickle.loads(pickle.dumps(Files(others))))
    assert {path: files[path] for path in files} == wanted
    assert len(files) == len(wanted)
    assert all(path in files and files.get(path) == each for path, each in wanted.items())
    assert files.get("/a") is None
    assert "x//a.pyc" not in files
    inside = [path for directory in files.directories() for path in files.inside(directory)]
    assert inside == list(files)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LISTS)
def test_bytecode_and_what_has_more_to_say_is_special(some: list[Observed]) -> None:
    wanted = {each.path: each for each in some}
    found = {each.path: each for each in Files(some).special()}
    assert found.items() <= wanted.items()
    unpacked = [each.path for each in Files(some).unpacked()]
    assert [path for path in found if path in unpacked] == unpacked
    for path, each in wanted.items():
        if each.pyc or each.head or each.traces or each.text is not None or each.is_elf:
            assert path in found
        if each.head or each.traces or each.text is not None or each.is_elf:
            assert path in unpacked
        if each.kind is MemberKind.LINK and path.endswith(".pyc"):
            assert path in found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LISTS)
def test_what_is_approved_stays_as_it_was_and_is_doubtful_no_more(some: list[Observed]) -> None:
    files, wanted = Files(some), {each.path: each for each in some}
    unpacked = {each.path: each for each in files.unpacked()}
    for path, each in wanted.items():
        assert files.kind(path) is each.kind
        files.approve(path)
    assert {path: files[path] for path in files} == wanted
    assert files.kind("/a") is None
    doubtful = [each for directory in files.directories() for each in files.doubtful(directory)]
    assert {each.path: each for each in doubtful} == unpacked
    assert {each.path: each for each in files.special_doubtful()} == unpacked
    assert {each.path for each in files.special()} == {each.path for each in Files(some).special()}

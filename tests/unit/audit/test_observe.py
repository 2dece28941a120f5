"""Members are observed once, whatever is in them; nothing of a target can end the run in another way."""

from __future__ import annotations

import marshal
import struct
import sys
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truewheel.audit import observe
from truewheel.audit.model import Observed
from truewheel.audit.observe import Look, Observer, read_bytecode
from truewheel.package.model import Member, MemberKind
from truewheel.package.tree import tree_members

SOURCE = b"def f(x):\n    return x in {1, 'a'}\n"
FINAL = "/usr/lib/demo/a.py"


def pyc(source: bytes = SOURCE, name: str = FINAL) -> bytes:
    code = compile(source, name, "exec", dont_inherit=True)
    return MAGIC_NUMBER + struct.pack("<I", 3) + source_hash(source) + marshal.dumps(code)


def member(path: str, data: bytes, **changes: object) -> Member:
    facts: dict[str, object] = {"mode": 0o644, "uid": 0, "gid": 0, "owner": None, "group": None, "mtime": 0}
    return Member(
        path=path,
        kind=MemberKind.FILE,
        size=len(data),
        open_chunks=lambda: iter((data,) if data else ()),
        **(facts | changes),  # type: ignore[arg-type]
    )


PYC = f"usr/lib/demo/__pycache__/a.{sys.implementation.cache_tag}.pyc"


@pytest.mark.parametrize("order", [1, -1])
def test_a_source_is_hashed_for_its_pyc_in_either_order(order: int) -> None:
    observer = Observer(Look("/"))
    members = [member("usr/lib/demo/a.py", SOURCE), member(PYC, pyc())]
    source, bytecode = (observer.observe(each) for each in members[::order])
    assert source_hash(SOURCE) in observer.hashes.values()
    assert {source.path, bytecode.path} == {"usr/lib/demo/a.py", PYC}


def test_a_source_that_waits_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "_HELD", 10)
    observer = Observer(Look("/"))
    for each in (member("usr/lib/demo/a.py", SOURCE), member(PYC, pyc())):
        observer.observe(each)
    assert observer.hashes == {}


def test_a_large_file_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(observe, "_WHOLE", 1000)
    (tmp_path / "big").write_bytes(b"\x7fELF" + b"\0" * (1 << 20) + b"/builddir/build/x.c\0" + b"\0" * 99)
    (tmp_path / "a.pyc").write_bytes(b"x" * 2000)
    big, small = (Observer(Look("/")).observe(each) for each in tree_members(tmp_path))
    if big.path != "big":
        big, small = small, big
    assert big.traces == (("/builddir/build/", "/builddir/build/x.c"),)
    assert small.pyc is not None
    assert small.pyc.rule == "unreadable-pyc"


def test_the_paths_of_a_moved_tree_are_told() -> None:
    observer = Observer(Look("/"))
    for name in ("a", "b", "c"):
        path = PYC.replace("/a.", f"/{name}.")
        data = pyc(name=f"/tmp/root/usr/lib/demo/{name}.py")
        observed = observer.observe(member(path, data))
        assert observed.pyc is not None
        assert observed.pyc.names == (f"/tmp/root/usr/lib/demo/{name}.py",)


def test_a_path_that_means_the_same_is_right() -> None:
    assert read_bytecode(pyc(name="/usr/lib/site/../demo/a.py"), FINAL).names == ()


@settings(deadline=None)
@given(st.data())
def test_a_mutated_pyc_is_described(data: st.DataObject) -> None:
    whole = bytearray(pyc())
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = read_bytecode(bytes(whole[: data.draw(st.integers(0, len(whole)))]), FINAL)
    assert "\n" not in found.problem
    assert found.rule in ("", "truncated-pyc", "unreadable-pyc")


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.py", PYC, "x.dist-info/RECORD", "bin/tool"]))
def test_any_content_is_observed(content: bytes, path: str) -> None:
    observed = Observer(Look("/", ("/home/me",))).observe(member(path, content))
    assert isinstance(observed, Observed)
    assert observed.size == len(content)

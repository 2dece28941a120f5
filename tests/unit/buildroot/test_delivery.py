"""Putting files and code below the root: what is equal stays, what is not is replaced."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.faults.support import interpreter, refuse_links, snapshot
from truewheel.buildroot.delivery import Delivery
from truewheel.buildroot.transaction import Buildroot
from truewheel.buildroot.tree import look
from truewheel.bytecode.pool import Code, Compiled
from truewheel.bytecode.pycs import plan_job
from truewheel.model import BytecodePolicy, ErrorPolicy, File, InvalidationMode, Kind, RecordPlan

DATE = 1_700_000_000
PYTHON = interpreter()
POLICY = BytecodePolicy(InvalidationMode.CHECKED_HASH, (0, 1), True, ErrorPolicy.WARN)
JOB = plan_job("/lib/mod.py", 9, DATE, PYTHON.cache_tag, (0, 1), "w")
PLAIN, OPT = (target.final for target in JOB.targets)


def deliver(root: Path, work: Callable[[Delivery], None], policy: BytecodePolicy = POLICY) -> Delivery:
    found = look(root, ["/lib/file", PLAIN, OPT, "/lib/demo.dist-info/RECORD"])
    with Buildroot(root, 0o755) as buildroot:
        delivery = Delivery(buildroot, found, (PYTHON,), policy, 0o644)
        work(delivery)
        buildroot.commit()
    return delivery


def put(content: bytes, mode: int = 0o644, mtime: int = DATE) -> Callable[[Delivery], None]:
    digest = hashlib.sha256(content).hexdigest()
    file = File("/lib/file", Kind.DATA, mode, mtime, len(content), digest, "w")
    return lambda delivery: delivery.put(file, lambda: (content,))


def pycs(*contents: bytes | None) -> Callable[[Delivery], None]:
    made = tuple(Code(level, code or b"", None if code else 0) for level, code in enumerate(contents))
    return lambda delivery: delivery.put_pycs([Compiled(JOB, b"8 bytes.", made, "")])


def states(delivery: Delivery) -> dict[str, str]:
    return {final: file.state for final, file in delivery.files.items()}


@pytest.mark.parametrize(
    ("again", "state"),
    [
        (put(b"one"), "unchanged"),
        (put(b"two"), "replaced"),
        (put(b"one", mode=0o755), "replaced"),
        (put(b"one", mtime=DATE + 1), "replaced"),
    ],
    ids=["equal", "content", "mode", "date"],
)
def test_a_file_is_left_alone_when_all_of_it_is_equal(
    tmp_path: Path, again: Callable[[Delivery], None], state: str
) -> None:
    assert states(deliver(tmp_path, put(b"one"))) == {"/lib/file": "created"}
    assert states(deliver(tmp_path, again)) == {"/lib/file": state}
    fresh = tmp_path / "fresh"
    deliver(fresh, again)
    assert snapshot(tmp_path / "lib")["file"] == snapshot(fresh / "lib")["file"]


def test_content_is_not_asked_for_when_it_is_there(tmp_path: Path) -> None:
    deliver(tmp_path, put(b"one"))
    inode = (tmp_path / "lib/file").stat().st_ino

    def content() -> Iterable[bytes]:
        raise AssertionError

    file = deliver(tmp_path, put(b"one")).files["/lib/file"]
    deliver(tmp_path, lambda delivery: delivery.put(file, content))
    assert (tmp_path / "lib/file").stat().st_ino == inode


@pytest.mark.parametrize("second", [None, b"code"], ids=["told", "found"])
def test_equal_levels_share_a_file(tmp_path: Path, second: bytes | None) -> None:
    deliver(tmp_path, pycs(b"code", second))
    assert (tmp_path / PLAIN[1:]).samefile(tmp_path / OPT[1:])
    assert (tmp_path / OPT[1:]).read_bytes() == PYTHON.magic + b"\3\0\0\0" + b"8 bytes." + b"code"


def test_different_levels_do_not(tmp_path: Path) -> None:
    deliver(tmp_path, pycs(b"code", b"less"))
    assert (tmp_path / PLAIN[1:]).read_bytes().endswith(b"code")
    assert (tmp_path / OPT[1:]).read_bytes().endswith(b"less")


def test_a_scheme_can_do_without_links(tmp_path: Path) -> None:
    deliver(tmp_path, pycs(b"code", None), dataclasses.replace(POLICY, hardlink=False))
    assert not (tmp_path / PLAIN[1:]).samefile(tmp_path / OPT[1:])
    assert (tmp_path / PLAIN[1:]).read_bytes() == (tmp_path / OPT[1:]).read_bytes()


def test_where_links_cannot_be_there_are_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refuse_links)
    for state in ("created", "unchanged"):
        assert set(states(deliver(tmp_path, pycs(b"code", None))).values()) == {state}
    assert (tmp_path / PLAIN[1:]).read_bytes() == (tmp_path / OPT[1:]).read_bytes()


def test_where_symbolic_links_cannot_be_there_are_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "symlink", refuse_links)
    policy = dataclasses.replace(POLICY, symlink=True)
    for state in ("created", "unchanged"):
        assert set(states(deliver(tmp_path, pycs(b"code", None), policy)).values()) == {state}
    assert not (tmp_path / OPT[1:]).is_symlink()
    assert (tmp_path / PLAIN[1:]).read_bytes() == (tmp_path / OPT[1:]).read_bytes()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((b"code", None), (b"code", None)),
        ((b"code", None), (b"other", None)),
        ((b"code", None), (b"code", b"less")),
        ((b"code", b"less"), (b"code", None)),
        ((b"code", b"less"), (b"other", b"less")),
    ],
)
def test_a_second_run_leaves_what_a_first_one_would(
    tmp_path: Path, first: tuple[bytes | None, ...], second: tuple[bytes | None, ...]
) -> None:
    deliver(tmp_path / "twice", pycs(*first))
    again = deliver(tmp_path / "twice", pycs(*second))
    deliver(tmp_path / "once", pycs(*second))
    assert snapshot(tmp_path / "twice") == snapshot(tmp_path / "once")
    assert (set(states(again).values()) == {"unchanged"}) == (first == second)


def test_a_link_that_was_broken_is_made_again(tmp_path: Path) -> None:
    deliver(tmp_path / "one", pycs(b"code", None))
    before = snapshot(tmp_path / "one")
    copy = tmp_path / "one" / OPT[1:]
    content, times = copy.read_bytes(), copy.stat().st_mtime
    copy.unlink()
    copy.write_bytes(content)
    os.utime(copy, (times, times))
    os.utime(copy.parent, (DATE, DATE))
    assert states(deliver(tmp_path / "one", pycs(b"code", None))) == {PLAIN: "unchanged", OPT: "replaced"}
    assert snapshot(tmp_path / "one") == before


def test_a_source_that_does_not_compile_is_noted(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, lambda d: d.put_pycs([Compiled(JOB, b"", (), "SyntaxError: x")]))
    (result,) = delivery.compiled
    assert (result.source, result.error, result.pycs) == ("/lib/mod.py", "SyntaxError: x", ())
    assert delivery.files == {}


def test_a_record_lists_what_was_put(tmp_path: Path) -> None:
    record = RecordPlan("/lib/demo.dist-info/RECORD", "/lib", ("/lib/file", PLAIN, "/lib/missing"), DATE, "w")

    def work(delivery: Delivery) -> None:
        put(b"one")(delivery)
        pycs(b"code", None)(delivery)
        delivery.put_record(record)

    delivery = deliver(tmp_path, work)
    text = (tmp_path / "lib/demo.dist-info/RECORD").read_text()
    names = [line.split(",")[0] for line in text.splitlines()]
    assert names == ["__pycache__/mod.cpython-312.pyc", "demo.dist-info/RECORD", "file"]
    assert delivery.files[record.final].state == "created"
    assert set(states(deliver(tmp_path, work)).values()) == {"unchanged"}


def test_the_account_of_two_builds_of_one_version_does_not_depend_on_who_was_first(tmp_path: Path) -> None:
    threaded = interpreter(free_threaded=True, cache_tag="cpython-312t")
    done = []
    for python in (PYTHON, threaded):
        job = plan_job("/lib/mod.py", 9, DATE, python.cache_tag, (0,))
        done.append(Compiled(job, b"8 bytes.", (Code(0, b"code", None),), ""))
    accounts = []
    for number, results in enumerate((done, done[::-1])):
        with Buildroot(tmp_path / str(number), 0o755) as buildroot:
            delivery = Delivery(buildroot, {}, (PYTHON, threaded), POLICY, 0o644)
            delivery.put_pycs(results)
            accounts.append(delivery.manifest())
            buildroot.commit()
    assert accounts[0] == accounts[1]

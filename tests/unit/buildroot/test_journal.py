"""What a killed run leaves is undone or finished by the next one; nothing else is trusted or touched."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.faults.support import FaultyOs, snapshot
from tests.treehash import tree_listing
from truewheel.buildroot import directories, log, transaction, undo
from truewheel.buildroot import root as root_module
from truewheel.buildroot.log import JOURNAL
from truewheel.buildroot.transaction import Buildroot
from truewheel.errors import ConflictRefused, StageError

EARLY, LATE = 1_000_000_000, 1_500_000_000
MODULES = (directories, log, transaction, undo)


def stand_in(monkeypatch: pytest.MonkeyPatch, faulty: FaultyOs) -> None:
    for module in MODULES:
        monkeypatch.setattr(module, "os", faulty)


def prepare(root: Path) -> Path:
    """A root with files to keep, to replace and to remove."""
    with Buildroot(root, 0o755) as buildroot:
        for name in ("kept", "twin", "gone/old", "RECORD"):
            buildroot.create(f"/usr/lib/{name}", (b"before",), 0o644, EARLY)
        buildroot.commit()
    return root


def work(root: Path, sync: bool = False) -> None:
    """Every kind of step."""
    with Buildroot(root, 0o755) as buildroot:
        buildroot.create("/usr/lib/new/one", (b"one",), 0o644, EARLY)
        buildroot.link("/usr/lib/new/one", "/usr/lib/new/two", EARLY, replace=False)
        buildroot.replace("/usr/lib/kept", (b"after",), 0o644, LATE)
        buildroot.link("/usr/lib/kept", "/usr/lib/twin", LATE, replace=True)
        buildroot.remove("/usr/lib/gone/old")
        buildroot.remove_directory("/usr/lib/gone")
        buildroot.replace("/usr/lib/RECORD", (b"rows",), 0o644, LATE, last=True)
        buildroot.commit(sync)


def without_journal(root: Path) -> list[str]:
    return [line for line in tree_listing(root) if ".truewheel-" not in line and not line.startswith(". ")]


def names(listing: list[str]) -> list[str]:
    return [line.split()[0] for line in listing]


def killed(root: Path, step: str) -> None:
    """Do the work in a process that is killed at a call of ``os``, given as NAME NUMBER."""
    name, _, number = step.partition(" ")
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from tests.unit.buildroot import test_journal as t\n"
        f"real, left = os.{name}, [{number}]\n"
        "def call(*args, **options):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), 9)\n"
        "    return real(*args, **options)\n"
        f"os.{name} = call; t.work(Path(sys.argv[2]))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(Path(__file__).parents[3]), root], check=False)


STEPS = (
    *("open 2", "open 6", "write 2", "write 9", "rename 1", "rename 2", "link 2", "link 4", "unlink 1"),
    *("unlink 2", "utime 4", "utime 9", "fchmod 1", "setxattr 2", "removexattr 2", "rmdir 1", "mkdir 1"),
)


@pytest.mark.parametrize("step", STEPS)
def test_wherever_a_run_is_killed_the_next_leaves_a_clean_runs_tree(tmp_path: Path, step: str) -> None:
    root, clean = prepare(tmp_path / "root"), prepare(tmp_path / "clean")
    before = tree_listing(root)
    work(clean)
    complete = tree_listing(clean)
    killed(root, step)
    with Buildroot(root, 0o755):
        pass
    after = tree_listing(root)
    assert after in (before, complete), step
    if after == before:
        work(root)
    assert tree_listing(root) == complete
    assert os.listxattr(root) == []


@pytest.mark.parametrize("error", [errno.EIO, 0], ids=["EIO", "signal"])
def test_whatever_call_fails_the_message_says_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    before = without_journal(prepare(tmp_path / "before"))
    work(prepare(tmp_path / "complete"))
    complete, bad = without_journal(tmp_path / "complete"), []
    for at in range(1, 200):
        root = prepare(tmp_path / f"root{at}")
        faulty = FaultyOs(at, error)
        stand_in(monkeypatch, faulty)
        said = ""
        try:
            work(root)
        except (StageError, KeyboardInterrupt) as failure:
            said = str(failure)
        monkeypatch.undo()
        if faulty.count < at:
            break
        after, left = without_journal(root), (root / JOURNAL).exists()
        expected = complete if not said or "everything is in place" in said else before
        if "not as it was" not in said and (
            [line.split()[0] for line in after] != [line.split()[0] for line in expected]
        ):
            bad.append((at, said))
        if left and "run again" not in said:
            bad.append((at, said))
        with Buildroot(root, 0o755):
            pass
        if without_journal(root) not in (before, complete) or (root / JOURNAL).exists():
            bad.append((at, "the next run"))
    assert faulty.count < at, "the sweep did not reach the end"
    assert bad == []


@pytest.mark.parametrize("failing", [1, 2])
def test_a_disk_that_cannot_be_synced_is_told_with_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    root, calls = prepare(tmp_path / "root"), []
    before = snapshot(root)

    def sync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(transaction, "_syncfs", sync)
    with pytest.raises(StageError) as caught:
        work(root, sync=True)
    assert ("everything is in place" in str(caught.value)) == (failing == 2)
    assert (snapshot(root) == before) == (failing == 1)
    assert not (root / JOURNAL).exists()


def a_link(root: Path) -> None:
    (root / JOURNAL).symlink_to(root.parent / "outside")


def a_fifo(root: Path) -> None:
    os.mkfifo(root / JOURNAL, 0o600)


def a_hard_link(root: Path) -> None:
    (root.parent / "outside").touch(0o600)
    os.link(root.parent / "outside", root / JOURNAL)


def a_file_that_others_write(root: Path) -> None:
    (root / JOURNAL).touch()
    (root / JOURNAL).chmod(0o666)


def a_file_of_another(root: Path) -> None:
    if os.geteuid():
        pytest.skip("needs root, to give a file away")
    (root / JOURNAL).touch(0o600)
    os.chown(root / JOURNAL, 12345, 12345)


RUN = '["run", 1, "0123456789abcdef", [1, 1]]\n'
MALFORMED = {
    "no JSON": "hello\n",
    "no run": '["file", "/usr/lib/kept", 1, 1, 1]\n',
    "another version": '["run", 2, "0123456789abcdef", [1, 1]]\n',
    "unknown": RUN + '["delete", "/usr"]\n',
    "relative": RUN + '["directory", "usr"]\n',
    "a number of no system": RUN + f'["file", "/usr/lib/kept", {1 << 64}, 6, 1]\n',
    "upwards": RUN + '["directory", "/usr/../../outside"]\n',
    "another's name": RUN + '["keep", "/usr/lib/kept", "twin", null]\n',
    "a path as a name": RUN + '["keep", "/usr/lib/a", ".truewheel-0123456789abcdef-/../x", null]\n',
    "dates of elsewhere": RUN + '["settled", {"/..": 1}, []]\n',
    "nested": RUN + "[" * 100_000 + "\n",
    "not UTF-8": RUN + "\udcff\n",
}


@pytest.mark.parametrize("make", [a_link, a_fifo, a_hard_link, a_file_that_others_write, a_file_of_another])
def test_a_journal_that_no_run_of_this_user_made_is_refused(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    root = prepare(tmp_path / "root")
    make(root)
    before = snapshot(tmp_path)
    with pytest.raises(ConflictRefused, match=rf"^/{JOURNAL}: "):
        work(root)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("text", MALFORMED.values(), ids=list(MALFORMED))
def test_a_malformed_journal_is_refused(tmp_path: Path, text: str) -> None:
    root = prepare(tmp_path / "root")
    (root / JOURNAL).write_bytes(text.encode("utf-8", "surrogateescape"))
    (root / JOURNAL).chmod(0o600)
    before = snapshot(root)
    with pytest.raises(ConflictRefused, match="is not a journal that this truewheel wrote"):
        work(root)
    assert snapshot(root) == before


@pytest.mark.parametrize("date", [-1, 0, 1 << 34])
def test_files_of_any_date_are_removed_when_a_run_fails(tmp_path: Path, date: int) -> None:
    root = prepare(tmp_path / "root")
    before = snapshot(root)
    with pytest.raises(StageError, match="over"), Buildroot(root, 0o755) as buildroot:
        for name in ("one", "two", "three/four"):
            buildroot.create(f"/usr/lib/{name}", (b"new",), 0o644, date)
        raise StageError("over")
    assert snapshot(root) == before


def test_only_what_the_dead_run_made_is_removed(tmp_path: Path) -> None:
    root = prepare(tmp_path / "root")
    killed(root, "rename 3")
    (root / "usr/lib/new/two").unlink()
    (root / "usr/lib/new/two").write_text("another's")
    (root / ".truewheel-0123456789abcdef-1.tmp").write_text("another's")
    with Buildroot(root, 0o755):
        pass
    assert (root / "usr/lib/new/two").read_text() == "another's"
    assert not (root / "usr/lib/new/one").exists()
    assert (root / ".truewheel-0123456789abcdef-1.tmp").read_text() == "another's"
    assert (root / "usr/lib/kept").read_bytes() == b"before"


def test_a_root_that_a_killed_run_made_is_as_a_new_one(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from truewheel.buildroot.transaction import Buildroot\n"
        "with Buildroot(Path(sys.argv[1]), 0o755) as b:\n"
        "    b.create('/a/one', (b'x',), 0o644, 1); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "root"], check=False)
    with Buildroot(tmp_path / "root", 0o755):
        pass
    assert os.listdir(tmp_path) == []


def test_a_run_that_changes_nothing_writes_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = prepare(tmp_path / "root")
    monkeypatch.setattr(log, "create", lambda descriptor: pytest.fail("a journal"))
    with Buildroot(root, 0o755) as buildroot:
        buildroot.commit()


def test_a_second_run_waits_for_the_first_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root_module, "_PATIENCE", 0.05)
    root = prepare(tmp_path / "root")
    descriptor = os.open(root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    thread = threading.Thread(target=work, args=(root,))
    thread.start()
    deadline = time.monotonic() + 30
    while not caplog.messages and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (root / "usr/lib/kept").read_bytes() == b"before"
    os.close(descriptor)
    thread.join()
    assert (root / "usr/lib/kept").read_bytes() == b"after"
    assert [f"{root}: waits for another run" in text for text in caplog.messages] == [True]


def test_a_file_system_without_locks_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    work(prepare(tmp_path / "root"))


def test_a_signal_during_a_roll_back_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    root = prepare(tmp_path / "root")
    before = snapshot(root)
    unlink = os.unlink

    def interrupted(path: str, **options: int) -> None:
        signal.raise_signal(signal.SIGINT)
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", interrupted)
    # what a shell starts in the background ignores it
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt), Buildroot(root, 0o755) as buildroot:
        for name in ("one", "two", "three"):
            buildroot.create(f"/usr/new/{name}", (b"x",), 0o644, EARLY)
        raise StageError("full")
    monkeypatch.undo()
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("epoch", "date", "expected"),
    [(None, LATE + 9, LATE + 9), (LATE, LATE + 9, EARLY), (LATE, LATE - 9, LATE - 9), (EARLY, 1, EARLY)],
    ids=["no epoch", "later than the epoch", "before the epoch", "older"],
)
def test_directories_that_were_there_keep_no_date_later_than_the_epoch(
    tmp_path: Path, epoch: int | None, date: int, expected: int
) -> None:
    (tmp_path / "root/usr").mkdir(parents=True)
    os.utime(tmp_path / "root/usr", (date, date))
    with Buildroot(tmp_path / "root", 0o755, epoch) as buildroot:
        buildroot.create("/usr/file", (b"x",), 0o644, EARLY)
        buildroot.commit()
    assert int((tmp_path / "root/usr").stat().st_mtime) == expected

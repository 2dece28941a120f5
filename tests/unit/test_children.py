"""Processes with pipes: what they are given, how they end, and which of them wait."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.support import children, interpreter
from truewheel.children import Child, Standby

REAL = os.posix_spawnp
ENVIRONMENT = {"PATH": os.environ["PATH"]}


def shell(line: str) -> Child:
    return Child(["sh", "-c", line], ENVIRONMENT)


def output(child: Child) -> bytes:
    parts = []
    while part := os.read(child.answers, 4096):
        parts.append(part)
    return b"".join(parts)


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_its_three_streams_are_pipes() -> None:
    before = descriptors()
    child = shell("read word; echo got $word; echo oh >&2; exit 3")
    os.write(child.requests, b"it\n")
    assert output(child) == b"got it\n"
    assert os.read(child.messages, 4096) == b"oh\n"
    assert child.wait(time.monotonic() + 20) == 3
    assert child.memory > 0
    child.close()
    assert descriptors() == before


def test_without_its_input_it_reads_an_end() -> None:
    child = shell("cat; echo done")
    child.hang_up()
    assert output(child) == b"done\n"
    child.close()


def test_what_is_not_there_cannot_be_started_and_leaves_nothing(tmp_path: Path) -> None:
    before = descriptors()
    with pytest.raises(OSError) as caught:
        Child([str(tmp_path / "missing")], ENVIRONMENT)
    assert caught.value.errno == errno.ENOENT
    assert descriptors() == before
    assert not children()


def test_a_caller_without_descriptors_left_keeps_those_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = descriptors(), os.pipe
    made: list[tuple[int, int]] = []

    def pipe() -> tuple[int, int]:
        if len(made) == 2:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        made.append(real())
        return made[-1]

    monkeypatch.setattr(os, "pipe", pipe)
    with pytest.raises(OSError, match="Too many open files"):
        shell("true")
    monkeypatch.undo()
    assert descriptors() == before


def without_sessions(*arguments: Any, **options: Any) -> int:
    if "setsid" in options:
        raise NotImplementedError
    return REAL(*arguments, **options)


def test_it_has_a_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    child = shell("sleep 600")
    assert os.getsid(child.pid) == os.getpgid(child.pid) == child.pid
    child.close()
    monkeypatch.setattr(os, "posix_spawnp", without_sessions)
    child = shell("sleep 600")
    assert os.getsid(child.pid) != child.pid == os.getpgid(child.pid)
    child.close()


@pytest.mark.parametrize("spawn", [REAL, without_sessions])
def test_what_it_started_ends_with_it(monkeypatch: pytest.MonkeyPatch, spawn: Callable[..., int]) -> None:
    monkeypatch.setattr(os, "posix_spawnp", spawn)
    child = shell("sleep 600 & echo $!; wait")
    pid = int(os.read(child.answers, 100))
    child.close()
    assert child.status == -9
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if ") Z " in Path(f"/proc/{pid}/stat").read_text():
            break  # a zombie, which whoever adopts it forgets
        time.sleep(0.01)
    else:
        assert not Path(f"/proc/{pid}").exists()


def test_a_process_that_runs_at_the_deadline_is_no_status() -> None:
    child = shell("sleep 600")
    with pytest.raises(TimeoutError):
        child.wait(time.monotonic() + 0.01)
    assert child.runs()
    child.close()
    assert not child.runs()


def test_it_gets_no_descriptor_of_the_caller() -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    child = Child(["ls", "/proc/self/fd"], ENVIRONMENT)
    assert output(child).split() == [b"0", b"1", b"2", b"3"]  # the last is the directory
    child.close()
    os.close(reading)
    os.close(writing)


def test_it_is_not_left_with_the_signals_that_python_ignores() -> None:
    child = Child(["grep", "SigIgn", "/proc/self/status"], ENVIRONMENT)
    ignored = int(output(child).split()[1], 16)
    child.close()
    assert not ignored & (1 << 12)  # SIGPIPE


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_a_caller_may_have_closed_its_own_streams(tmp_path: Path, closed: tuple[int, ...]) -> None:
    code = (
        "import os, sys; from truewheel.children import Child\n"
        f"for each in {closed}: os.close(each)\n"
        "child = Child(['sh', '-c', 'read word; echo $word; echo oh >&2'], dict(os.environ))\n"
        "os.write(child.requests, b'word\\n')\n"
        "told = os.read(child.answers, 99), os.read(child.messages, 99), child.wait(9e99)\n"
        f"open({str(tmp_path / 'told')!r}, 'w').write(repr(told))\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
    assert (tmp_path / "told").read_text() == r"(b'word\n', b'oh\n', 0)"


def test_a_caller_may_let_the_system_forget_how_children_end() -> None:
    code = (
        "import os, signal; from truewheel.children import Child\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "child = Child(['true'], dict(os.environ)); os.read(child.answers, 1)\n"
        "assert child.wait(9e99) == 0; child.close()\n"
        "other = Child(['sleep', '600'], dict(os.environ))\n"
        "assert other.runs(); other.close(); assert other.status == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


def test_a_process_is_given_once_and_for_its_python() -> None:
    ours, other = interpreter(12), interpreter(13)
    compiled = replace(interpreter(14), compiler=ours.executable)
    with Standby() as standby:
        child = shell("sleep 600")
        standby.put(ours.executable, child)
        assert standby.take(other) is None
        assert standby.take(replace(ours, root="/srv/root")) is None
        assert standby.take(replace(ours, compiler=other.executable)) is None
        assert standby.take(compiled) is child
        assert standby.take(ours) is None
    assert child.runs()
    child.close()


def test_a_process_that_ended_meanwhile_is_given_to_nobody() -> None:
    ours, before = interpreter(), descriptors()
    with Standby() as standby:
        child = shell("exit 1")
        child.wait(time.monotonic() + 20)
        standby.put(ours.executable, child)
        assert standby.take(ours) is None
        assert descriptors() == before


def test_all_that_wait_end_also_two_of_one_python() -> None:
    before = descriptors()
    with pytest.raises(ZeroDivisionError), Standby() as standby:
        for _ in range(2):
            standby.put("/usr/bin/python3", shell("sleep 600"))
        raise ZeroDivisionError
    assert not children()
    assert descriptors() == before

"""Disks that fill, limits, failing system calls and kills: complete and 0, or not 0 and as it was before."""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.support import Snapshot, environment, fake_python, is_one_line, snapshot, truewheel
from tests.wheelbuilder import WheelBuilder

pytestmark = pytest.mark.slow

PAGE = 4096
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a tmpfs")
NEEDS_STRACE = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")


@dataclass(frozen=True)
class Case:
    """A wheel and what its install leaves."""

    wheel: Path
    complete: Snapshot

    def arguments(self, root: Path, python: str = sys.executable) -> list[str]:
        return [
            "install",
            str(self.wheel),
            "--root",
            str(root),
            "--python",
            python,
            "--scheme",
            "generic",
            "-q",
            "--jobs",
            "1",
        ]

    def check(self, done: subprocess.CompletedProcess[str], root: Path, what: object) -> int:
        """Complete and 0, or not 0, as before or as the one line says, and complete after the next run."""
        after = snapshot(root)
        if done.returncode == 0:
            assert after == self.complete, what
            return 0
        assert done.returncode == 2, (what, done.stderr)
        assert is_one_line(done.stderr), (what, done.stderr)
        if "everything is in place; run again" in done.stderr:
            assert after.keys() >= self.complete.keys(), (what, done.stderr)
            assert truewheel(*self.arguments(root)).returncode == 0, what
            assert snapshot(root) == self.complete, what
        else:
            assert sorted(after) == [], (what, done.stderr)
        return done.returncode


def make_case(directory: Path, filler: int) -> Case:
    directory.mkdir()
    wheel = WheelBuilder(directory).build(
        files={
            "demo/__init__.py": "def f():\n    pass\n" * (1 + filler // 60),
            "demo/a.py": "def g(x):\n    assert x\n" * (1 + filler // 60),
            "demo/sub/data.bin": random.Random(1).randbytes(filler),
        },
        entry_points={"demo": "demo:f"},
        data={"data/share/demo/notes": "x" * filler},
    )
    case = Case(wheel, {})
    done = truewheel(*case.arguments(directory / "complete"))
    assert done.returncode == 0, done.stderr
    return Case(wheel, snapshot(directory / "complete"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("case") / "small", 10)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("case") / "large", 30_000)


@pytest.fixture
def mountpoint(tmp_path: Path) -> Iterator[Path]:
    point = tmp_path / "mount"
    point.mkdir()
    yield point
    while subprocess.run(["umount", point], capture_output=True, check=False).returncode == 0:
        pass


def on_tmpfs(case: Case, point: Path, option: str) -> int:
    subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", point], check=True)
    try:
        return case.check(truewheel(*case.arguments(point / "root")), point / "root", option)
    finally:
        subprocess.run(["umount", point], check=True)


@NEEDS_ROOT
def test_disks_of_every_size(large: Case, mountpoint: Path) -> None:
    needed = sum(-(-state[3] // PAGE) for state in large.complete.values() if len(state) == 5)
    pages = [*range(2, needed - 4, 5), *range(needed - 4, needed + 3), needed + 40]
    codes = [on_tmpfs(large, mountpoint, f"size={count * PAGE}") for count in pages]
    assert codes == sorted(codes, reverse=True)
    assert set(codes) == {0, 2}


@NEEDS_ROOT
def test_disks_without_inodes(small: Case, mountpoint: Path) -> None:
    codes = [on_tmpfs(small, mountpoint, f"nr_inodes={count}") for count in range(1, 36)]
    assert codes == sorted(codes, reverse=True)
    assert set(codes) == {0, 2}


@NEEDS_ROOT
def test_a_disk_that_is_full_is_named_with_a_way_out(large: Case, mountpoint: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", mountpoint], check=True)
    done = truewheel(*large.arguments(mountpoint / "root"))
    assert "No space left on device (free some space and run again)" in done.stderr


def test_limits_of_file_size(large: Case, tmp_path: Path) -> None:
    codes = []
    for size in (0, 1, 10, 100, 1000, 10_000, 29_999, 30_000, 60_000, 1_000_000):
        done = truewheel(
            *large.arguments(tmp_path / f"root{size}"),
            prepare=lambda size=size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),  # type: ignore[misc]
        )
        codes.append(large.check(done, tmp_path / f"root{size}", size))
    assert codes == sorted(codes, reverse=True)
    assert codes[0] == 2
    assert codes[-1] == 0


def test_limits_of_open_files(small: Case, tmp_path: Path) -> None:
    codes = []
    for count in range(9, 40):
        done = truewheel(
            *small.arguments(tmp_path / f"root{count}"),
            prepare=lambda count=count: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)),  # type: ignore[misc]
        )
        codes.append(small.check(done, tmp_path / f"root{count}", count))
    assert (codes[0], codes[-1]) == (2, 0)


def test_limits_of_memory_for_the_run(large: Case, tmp_path: Path) -> None:
    """Where Python cannot even start, its own words are all there is."""
    started = 0
    for megabytes in (36, 40, 48, 56, 64, 80, 100, 140, 200, 400):
        root, size = tmp_path / f"root{megabytes}", megabytes * 2**20
        done = truewheel(
            *large.arguments(root),
            prepare=lambda size=size: resource.setrlimit(resource.RLIMIT_AS, (size, size)),  # type: ignore[misc]
        )
        after = snapshot(root)
        assert after == (large.complete if done.returncode == 0 else {}), (megabytes, done)
        started += done.returncode == 0
    assert started


@pytest.mark.skipif(not shutil.which("prlimit"), reason="needs prlimit")
def test_limits_of_memory_for_the_workers(wheel_builder: WheelBuilder, tmp_path: Path) -> None:
    """Code for which there is no memory is not code that does not compile."""
    modules = {"a.py": "x = 1\n", "big.py": f"x = [{'y, z.w, 1, ' * 60_000}]\n", "c.py": "x = 1\n"}
    case = Case(wheel_builder.build(files=modules), {})
    assert truewheel(*case.arguments(tmp_path / "complete")).returncode == 0
    case = Case(case.wheel, snapshot(tmp_path / "complete"))
    codes = []
    for megabytes in (30, 45, 60, 90, 120, 160, 200, 300, 1000):
        fake = fake_python(
            tmp_path, f'exec prlimit --as={megabytes << 20} "$REAL" -s -S -B "$START" pyc_worker'
        )
        root = tmp_path / f"root{megabytes}"
        codes.append(case.check(truewheel(*case.arguments(root, str(fake))), root, megabytes))
    assert codes[0] == 2
    assert codes[-1] == 0


CALLS = ("openat", "write", "renameat", "fchmod", "utimensat", "mkdirat", "linkat", "close", "mkdir", "chmod")


def calls_below(case: Case, root: Path, log: Path) -> dict[str, list[int]]:
    """By system call the numbers, from 1 on, of those that concern the root."""
    strace = ("strace", "-y", "-e", f"trace={','.join(CALLS)}", "-o", str(log))
    assert truewheel(*case.arguments(root), command=strace).returncode == 0
    counts = dict.fromkeys(CALLS, 0)
    found: dict[str, list[int]] = {call: [] for call in CALLS}
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\w+)\((.*)", line)
        if match and match[1] in counts:
            counts[match[1]] += 1
            if str(root) in match[2] or f".truewheel-{root.name}.new" in match[2]:  # a new root, at first
                found[match[1]].append(counts[match[1]])
    return found


@NEEDS_STRACE
def test_system_calls_that_fail(small: Case, tmp_path: Path) -> None:
    found = calls_below(small, tmp_path / "traced", tmp_path / "log")
    assert all(found[call] for call in CALLS if call not in ("close", "chmod"))
    bad, failed = [], 0
    for call, numbers in found.items():
        step = max(1, len(numbers) // 9)
        spread = sorted({*numbers[::step], *numbers[-2:]})
        for number, error in zip(spread, ("EIO", "ENOSPC", "EDQUOT") * len(spread), strict=False):
            root = tmp_path / f"{call}{number}"
            inject = f"inject={call}:error={error}:when={number}"
            strace = ("strace", "-e", f"trace={call}", "-e", inject, "-o", "/dev/null")
            done = truewheel(*small.arguments(root), command=strace)
            try:
                failed += small.check(done, root, f"{call} {number} {error}") != 0
            except AssertionError as problem:
                bad.append(str(problem).splitlines()[0])
    assert not bad, "\n".join(bad)
    assert failed > 20


def start(case: Case, root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "truewheel", *case.arguments(root)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def moments(case: Case, root: Path, count: int) -> list[float]:
    """Moments of a run, in seconds since its start, evenly spread with a seeded shift."""
    begin = time.monotonic()
    with start(case, root) as process:
        process.communicate()
    length = time.monotonic() - begin
    shift = random.Random(7).random()
    return [(0.25 + 0.8 * (number + shift) / count) * length for number in range(count)]


def test_killed_at_any_moment_nothing_is_half_there(large: Case, tmp_path: Path) -> None:
    complete = {name: (state[0], state[-1]) for name, state in large.complete.items() if len(state) == 5}
    for number, moment in enumerate(moments(large, tmp_path / "timed", 40)):
        root = tmp_path / f"root{number}"
        with start(large, root) as process:
            time.sleep(moment)
            process.kill()
        there = {
            name: (state[0], state[-1])
            for name, state in snapshot(root).items()
            if len(state) == 5 and not Path(name).name.startswith(".truewheel-")
        }
        assert there.items() <= complete.items(), moment
        if any(name.endswith("/RECORD") for name in there):
            assert there == complete, moment
        if number % 8 == 0:
            assert truewheel(*large.arguments(root)).returncode == 0
            again = {name: (state[0], state[-1]) for name, state in snapshot(root).items() if len(state) == 5}
            assert complete.items() <= again.items()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_ended_at_any_moment_nothing_is_left(large: Case, tmp_path: Path, number: signal.Signals) -> None:
    """Before the command line has begun, a signal ends Python in Python's own way."""
    codes = set()
    for index, moment in enumerate(moments(large, tmp_path / "timed", 30)):
        root = tmp_path / f"root{index}"
        with start(large, root) as process:
            time.sleep(moment)
            process.send_signal(number)
            error = process.stderr.read().decode() if process.stderr else ""
        codes.add(process.returncode)
        left = snapshot(root)
        assert left in ({}, large.complete), (moment, error)
        assert left or process.returncode != 0, moment
        assert not left or "removed" not in error, moment
        if process.returncode not in (-number, 0) and ("/truewheel/" in error or "Traceback" not in error):
            assert (process.returncode, "Traceback" in error) == (128 + number, False), error
    assert codes & {128 + number, 0}

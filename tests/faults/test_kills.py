"""Kills, double signals and two runs at once: the next run leaves a clean run's tree, to the bit."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.support import environment, is_one_line
from tests.needs import nightly_but
from tests.treehash import difference, tree_listing
from tests.wheelbuilder import WheelBuilder
from truewheel.buildroot.log import JOURNAL

pytestmark = pytest.mark.slow

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Case:
    """Two versions of a project, the trees that clean runs leave, and how long one is at work, in seconds."""

    wheels: tuple[Path, Path]
    fresh: list[str]
    over: list[str]
    span: float

    def start(self, root: Path, over: bool) -> subprocess.Popen[str]:
        wheel = self.wheels[over]
        words = [
            "install",
            str(wheel),
            "--root",
            str(root),
            "--python",
            sys.executable,
            "--scheme",
            "generic",
            "-q",
            "--jobs",
            "1",
        ]
        words += ["--overwrite"] * over
        # what a shell starts in the background ignores SIGINT and SIGQUIT
        command = ["env", "--default-signal", sys.executable, "-m", "truewheel", *words]
        return subprocess.Popen(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, root: Path, over: bool) -> None:
        with self.start(root, over) as process:
            _, error = process.communicate()
        assert process.returncode == 0, error

    def begun(self, root: Path, over: bool) -> bool:
        """Prepare a root; whether there is one before the run at all."""
        if over:
            self.run(root, over=False)
        return over

    def check(self, root: Path, over: bool, what: object) -> None:
        """Run again: the tree is that of a clean run, and nothing lies beside it."""
        self.run(root, over)
        complete = self.over if over else self.fresh
        now = tree_listing(root)
        assert now == complete, (what, difference(complete, now))
        assert not [name for name in os.listdir(root.parent) if name.startswith(".truewheel-")], what
        assert os.listxattr(root) == [], what


def until_it_writes(process: subprocess.Popen[str], root: Path) -> None:
    """Wait until a run has its journal, or has ended."""
    while process.poll() is None and not (root / JOURNAL).exists():
        time.sleep(0.0005)


def make_wheels(directory: Path) -> tuple[Path, Path]:
    body = "def f(x):\n    assert x\n    return [lambda: y for y in x]\n" * 40
    old = {f"demo/m{number}.py": f"N = {number}\n{body}" for number in range(12)}
    new = {name: text.replace("N =", "M =") for name, text in old.items() if name != "demo/m7.py"}
    made = []
    for version, files in (("1.0", old), ("2.0", new | {"demo/new/other.py": body})):
        (directory / version).mkdir(parents=True)
        data = {"data/share/demo/notes": version * 9000, f"data/share/demo/{version}": version}
        builder = WheelBuilder(directory / version)
        made.append(builder.build(version=version, files=files, entry_points={"demo": "demo:f"}, data=data))
    return made[0], made[1]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    directory = tmp_path_factory.mktemp("kills")
    root = directory / "root"
    timed = Case(make_wheels(directory), [], [], 0)
    with timed.start(root, over=False) as process:
        until_it_writes(process, root)
        begin = time.monotonic()
        process.communicate()
    span = time.monotonic() - begin
    fresh = tree_listing(root)
    timed.run(root, over=True)
    return Case(timed.wheels, fresh, tree_listing(root), span)


def rounds(daily: int, nightly: int) -> list[object]:
    """Batches of seeds: the daily ones in the first, and a batch of as many for each that is nightly."""
    batches = [tuple(range(first, first + daily)) for first in range(0, nightly, daily)]
    return nightly_but([(batches[0],)], [(batch,) for batch in batches])


@pytest.mark.parametrize("seeds", rounds(12, 200))
def test_after_a_kill_the_next_run_leaves_a_clean_tree(
    case: Case, tmp_path: Path, seeds: Iterable[int]
) -> None:
    hits = 0
    for seed in seeds:
        root, over, chance = tmp_path / f"root{seed}", seed % 2 == 1, random.Random(seed)
        case.begun(root, over)
        with case.start(root, over) as process:
            until_it_writes(process, root)
            time.sleep(case.span * chance.random() * 0.9)
            process.kill()
        hits += (root / JOURNAL).exists()
        if seed % 5 == 4:  # the next one is killed while it undoes
            with case.start(root, over) as process:
                until_it_writes(process, root)
                time.sleep(0.1 + case.span * chance.random())
                process.kill()
        case.check(root, over, seed)
    assert hits


@pytest.mark.parametrize("seeds", rounds(6, 100))
def test_a_second_signal_leaves_no_half_tree(case: Case, tmp_path: Path, seeds: Iterable[int]) -> None:
    for seed in seeds:
        root, over, chance = tmp_path / f"root{seed}", seed % 2 == 1, random.Random(seed)
        before = tree_listing(root) if case.begun(root, over) else []
        number = ENDING[seed % 3]
        with case.start(root, over) as process:
            until_it_writes(process, root)
            time.sleep(case.span * chance.random())
            process.send_signal(number)
            for _ in range(4):
                time.sleep(chance.random() * 0.004)
                process.send_signal(chance.choice(ENDING))
            _, error = process.communicate()
        after = tree_listing(root) if root.exists() else []
        complete = case.over if over else case.fresh
        if process.returncode == 0 or "everything is in place" in error:
            assert after == complete, (seed, error, difference(complete, after))
        elif after != complete:
            assert after == before, (seed, error, difference(before, after))
            assert is_one_line(error), error
            assert "the root is as it was" in error or "complete or as it was" in error
        # of signals that are pending at once the system delivers the lowest first
        ended = {128 + each: each.name for each in ENDING}
        assert process.returncode in (0, *ended, *(-each for each in ENDING)), error
        assert f"ended by {ended.get(process.returncode, '')}" in error or process.returncode <= 0, error
        case.check(root, over, seed)


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM, signal.SIGRTMIN + 3])
def test_every_signal_that_ends_a_process_undoes_the_install(case: Case, tmp_path: Path, number: int) -> None:
    root = tmp_path / "root"
    with case.start(root, over=False) as process:
        until_it_writes(process, root)
        process.send_signal(number)
        _, error = process.communicate()
    assert process.returncode == 128 + number
    state = "the root is as it was"
    if root.exists():  # the signal came when all was done
        state = "everything is in place"
        assert tree_listing(root) == case.fresh
    assert re.fullmatch(rf"truewheel: error: ended by \S+( \d+)?; {state}\n", error)


@pytest.mark.parametrize("seeds", rounds(4, 50))
def test_of_two_runs_at_once_the_one_that_ends_leaves_the_other_whole(
    case: Case, tmp_path: Path, seeds: Iterable[int]
) -> None:
    for seed in seeds:
        root, over, chance = tmp_path / f"root{seed}", seed % 2 == 1, random.Random(seed)
        case.begun(root, over)
        with case.start(root, over) as first, case.start(root, over) as second:
            until_it_writes(first, root)
            time.sleep(case.span * chance.random())
            first.send_signal(signal.SIGKILL if seed % 4 < 2 else signal.SIGTERM)
            first.communicate()
            _, error = second.communicate()
        complete = case.over if over else case.fresh
        assert second.returncode == 0, (seed, error)
        now = tree_listing(root)
        assert now == complete, (seed, difference(complete, now))
        case.check(root, over, seed)

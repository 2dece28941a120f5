"""Each call of an overwriting install fails in turn: as before, complete, or a message that says which."""

from __future__ import annotations

import itertools
import posixpath
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.support import environment, is_one_line, truewheel
from tests.faults.test_kills import make_wheels
from tests.needs import nightly_but
from tests.treehash import tree_listing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("strace"), reason="needs strace"),
]

CALLS = (
    *("openat", "write", "renameat", "fchmod", "utimensat", "mkdirat", "linkat", "unlinkat", "syncfs"),
    *("flock", "fsetxattr", "fremovexattr", "fgetxattr"),
)
# a root that is new is made under another name first, by path
NEW_ROOT = ("mkdir", "chmod", "rename")
ERRORS = ("EIO", "ENOSPC", "EPERM")
# strace fails writes to the null device, too, where Python's streams leave their rest when it ends
_UNBUFFERED = {"PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Sweep:
    """Calls to fail: of a run into a new root or over another version; one alone or all from one on.

    ``every`` takes each call in turn, else a few that are spread over the run.
    """

    call: str
    new: bool = False
    onward: bool = False
    every: bool = True

    def __str__(self) -> str:
        words = [self.call, "new" * self.new, "onward" * self.onward, "every" * self.every]
        return "-".join(filter(None, words))

    def chosen(self, numbers: list[int]) -> list[int]:
        step = 1 if self.every else max(1, len(numbers) // 5)
        return sorted({*numbers[::step], *numbers[-2:]})


DAILY = [
    *(Sweep(call, every=False) for call in ("renameat", "unlinkat", "syncfs", "flock")),
    Sweep("write", onward=True, every=False),
    Sweep("unlinkat", onward=True, every=False),
    Sweep("openat", onward=True, every=False),
    Sweep("rename", new=True, every=False),
]
ALL = [
    *DAILY,
    *(Sweep(call) for call in CALLS),
    *(Sweep(call, onward=True, every=False) for call in CALLS if call not in ("write", "unlinkat", "openat")),
    *(Sweep(call, new=True, onward=onward) for call in NEW_ROOT for onward in (False, True)),
]


def words(wheel: Path, root: Path) -> list[str]:
    options = [
        "--overwrite",
        "--sync",
        "-q",
        "--jobs",
        "1",
        "--python",
        sys.executable,
        "--scheme",
        "generic",
    ]
    return ["install", str(wheel), "--root", str(root), *options]


def numbers_below(top: Path, call: str, log: Path) -> list[int]:
    """The numbers, from 1 on, of those traced calls that concern a directory or what is below it."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(f"{call}(")]
    ours = re.compile(rf"{re.escape(str(top))}\b")
    return [number for number, line in enumerate(lines, 1) if ours.search(line)]


def listing(root: Path) -> list[str]:
    return tree_listing(root) if root.exists() else []


def paths(tree: list[str]) -> dict[str, str]:
    """The lines of a tree by path, without our temporary files and the dates of directories."""
    found = {}
    for line in tree:
        name, mode, rest = line.split(" ", 2)
        if not posixpath.basename(name).startswith(".truewheel-"):
            found[name] = mode if mode.startswith("d") else f"{mode} {rest}"
    return found


def is_whole(after: list[str], complete: list[str]) -> bool:
    """Whether a tree is complete but for temporary files and empty directories."""
    there, wanted = paths(after), paths(complete)
    more = [name for name in there if name not in wanted]
    return wanted.items() <= there.items() and all(there[name].startswith("d") for name in more)


def lies(error: str, status: int, before: list[str], complete: list[str], after: list[str]) -> str:
    """What is wrong with what a run said, for what it left; "" if all is true."""
    if status not in (0, 2) or ((error or not status) and bool(status) != is_one_line(error)):
        return "not a line"
    if status == 0:
        return "" if after == complete else "not complete"
    if "everything is in place" in error:
        whole = is_whole(after, complete) if "run again" in error else after == complete
        return "" if whole else "not everything is in place"
    if left := re.search(r"the root is not as it was: (/\S*)", error):
        name = left[1].lstrip("/") or "."
        below = [line for line in set(after) ^ set(before) if f"{line} ".startswith((f"{name} ", f"{name}/"))]
        return "" if below or (name == "." and after != before) else f"{name} is as it was"
    return "" if after == before else "not as it was"


@pytest.mark.parametrize("sweep", nightly_but(DAILY, ALL), ids=str)
def test_a_call_that_fails_leaves_what_the_message_says(tmp_path: Path, sweep: Sweep) -> None:
    old, new = make_wheels(tmp_path)
    first = tmp_path / "before"
    if not sweep.new:
        assert truewheel(*words(old, first)).returncode == 0
    log = tmp_path / "log"

    def prepare(name: str) -> Path:
        """A root with the old version, or the path of one that is new, and so is the directory above it."""
        if sweep.new:
            return tmp_path / name / "root"
        subprocess.run(["cp", "-a", first, tmp_path / name], check=True)
        return tmp_path / name

    strace = ("strace", "-y", "-e", f"trace={sweep.call}", "-o", str(log))
    traced = prepare("traced")
    assert truewheel(*words(new, traced), command=strace).returncode == 0
    before, complete, bad = listing(first), listing(traced), []
    numbers = sweep.chosen(numbers_below(tmp_path / "traced", sweep.call, log))
    assert numbers
    for number, error in zip(numbers, itertools.cycle(ERRORS)):
        when = f"{number}{'+' * sweep.onward}"
        inject = f"inject={sweep.call}:error={error}:when={when}"
        root = prepare("root")
        done = truewheel(
            *words(new, root),
            env=environment() | _UNBUFFERED,
            command=("strace", "-e", f"trace={sweep.call}", "-e", inject, "-o", "/dev/null"),
        )
        silent = not done.stderr and sweep != Sweep("write", sweep.new, True, sweep.every)
        wrong = lies(done.stderr, done.returncode, before, complete, listing(root))
        above = sweep.new and root.parent.exists() and not root.exists()
        if wrong or above or (silent and done.returncode):
            bad.append((when, error, wrong, done.stderr))
        again = truewheel(*words(new, root))
        if again.returncode or listing(root) != complete:
            bad.append((when, error, again.stderr, f"the next run after {done.stderr}"))
        beside = [path.name for path in root.parent.glob(".truewheel-*")]
        if beside:
            bad.append((when, error, str(beside), done.stderr))
        shutil.rmtree(tmp_path / "root")
    assert not bad, "\n".join(map(repr, bad))

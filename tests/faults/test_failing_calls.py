"""Each call of an overwriting install fails in turn: as before, complete, or a message that says which."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.faults.support import is_one_line, truewheel
from tests.faults.test_kills import make_wheels
from tests.needs import nightly_but
from tests.treehash import tree_listing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("strace"), reason="needs strace"),
]

CALLS = (
    "openat",
    "write",
    "renameat",
    "fchmod",
    "utimensat",
    "mkdirat",
    "linkat",
    "unlinkat",
    "syncfs",
    "fsetxattr",
)
DAILY, ALL = ("renameat", "unlinkat", "syncfs"), CALLS


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


def numbers_below(root: Path, call: str, log: Path) -> list[int]:
    """The numbers, from 1 on, of those traced calls that concern the root."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(f"{call}(")]
    return [number for number, line in enumerate(lines, 1) if re.search(rf"{re.escape(str(root))}\b", line)]


@pytest.mark.parametrize("call", nightly_but(DAILY, ALL))
def test_a_call_that_fails_leaves_what_the_message_says(tmp_path: Path, call: str) -> None:
    old, new = make_wheels(tmp_path)
    assert truewheel(*words(old, tmp_path / "before")).returncode == 0
    before = tree_listing(tmp_path / "before")
    traced = tmp_path / "traced"
    shutil.copytree(tmp_path / "before", traced)
    log = tmp_path / "log"
    strace = ("strace", "-y", "-e", f"trace={call}", "-o", str(log))
    assert truewheel(*words(new, traced), command=strace).returncode == 0
    complete, bad = tree_listing(traced), []
    numbers = numbers_below(traced, call, log)
    assert numbers
    for number in sorted({*numbers[:: max(1, len(numbers) // 8)], *numbers[-3:]}):
        root = tmp_path / f"root{number}"
        assert truewheel(*words(old, root)).returncode == 0
        inject = f"inject={call}:error=EIO:when={number}"
        done = truewheel(
            *words(new, root), command=("strace", "-e", f"trace={call}", "-e", inject, "-o", "/dev/null")
        )
        after = tree_listing(root)
        if "not as it was" in done.stderr or "run again" in done.stderr:
            pass
        elif after != (complete if done.returncode == 0 or "is in place" in done.stderr else before):
            bad.append((number, done.stderr))
        if done.returncode not in (0, 2) or (done.returncode and not is_one_line(done.stderr)):
            bad.append((number, done.stderr))
        if truewheel(*words(new, root)).returncode or tree_listing(root) != complete:
            bad.append((number, f"the next run after {done.stderr}"))
        shutil.rmtree(root)
    assert not bad, bad

"""A run of normalize that is killed at any instant is completed by the next one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.treehash import difference, tree_listing
from tests.unit.normalization.test_tree import EPOCH, SITE, SOURCE, compiled, made

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("TRUEWHEEL_TEST_KILLS", "50"))
COMMAND = [sys.executable, "-m", "truewheel", "normalize", "--jobs", "1", "--quiet"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": str(EPOCH)}


def test_killed_at_random_instants(tmp_path: Path) -> None:
    chance = random.Random(15)
    root = made(tmp_path / "prefix")
    for number in range(60):
        source = root / SITE / f"pkg/n{number}.py"
        source.write_text(SOURCE * (number + 1))
        compiled(source, "/build/n.py")
    shutil.copytree(root, tmp_path / "kept", symlinks=True)
    begin = time.monotonic()
    subprocess.run([*COMMAND, str(root)], env=ENVIRONMENT, check=True)
    whole = time.monotonic() - begin
    expected = tree_listing(root)
    interrupted = 0
    for _ in range(KILLS):
        shutil.rmtree(root)
        shutil.copytree(tmp_path / "kept", root, symlinks=True)
        with subprocess.Popen([*COMMAND, str(root)], env=ENVIRONMENT, start_new_session=True) as process:
            time.sleep(chance.uniform(0.2 * whole, whole))
            if process.poll() is None:
                interrupted += 1
                os.killpg(process.pid, signal.SIGKILL)
        for path in root.rglob("*.pyc"):
            assert path.stat().st_size > 16, path
        subprocess.run([*COMMAND, str(root)], env=ENVIRONMENT, check=True)
        found = tree_listing(root)
        assert found == expected, difference(expected, found)
    assert interrupted

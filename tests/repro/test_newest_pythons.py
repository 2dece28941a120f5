"""The canonical form in the Pythons that Debian's unstable supports, newer than most machines have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.repro.roots import debian_root, inside
from tests.targets.test_canonical_matrix import PROBE, SOURCE, STATES, STEP

pytestmark = [pytest.mark.slow, pytest.mark.chroot]


def test_standard_libraries(tmp_path: Path) -> None:
    root = debian_root(tmp_path / "root", "amd64", ("python3-all",), "sid")
    shutil.copytree(SOURCE, root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "probe.py").write_text(PROBE)
    versions = inside(root, ["py3versions", "-s"]).stdout.split()
    assert versions
    for python in versions:
        digests = []
        for state in STATES.values():
            options = json.dumps({"step": STEP, **state})
            command = [python, "-s", "-S", "-B", "/probe.py", "/src", options]
            done = inside(root, command, {"PYTHONHASHSEED": state["seed"]})
            assert done.returncode == 0, done.stdout[-3000:]
            answer = json.loads(done.stdout)
            assert (python, answer["problems"], answer["rewritten"]) == (python, [], 0)
            digests.append(answer["digests"])
        assert len(digests[0]) > 50
        assert digests == digests[:1] * len(STATES), python

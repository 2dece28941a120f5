"""The Pythons that Debian's unstable supports, newer than most machines have."""

from __future__ import annotations

import json
import re

import pytest

from tests.support import Recipe, Root, give_network, inside, put_checkout, put_source
from tests.targets.test_canonical_matrix import PROBE, STATES, STEP

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_PREPARE = """\
python3 -m venv .pip
{python} -m venv --without-pip .venv
.pip/bin/pip --python .venv/bin/python install -q -e '.[test]'
"""
_TESTS = [".venv/bin/python", "-m", "pytest", "-q", "-m", "not slow"]


@pytest.fixture(scope="module")
def sid(tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A root with all of unstable's Pythons."""
    recipe = Recipe(("git", "python3-all", "python3-venv"), "sid")
    return Root(recipe.unpack(tmp_path_factory.mktemp("sid") / "root"))


def supported(root: Root) -> list[str]:
    """The commands of the root's Pythons, oldest first."""
    found = root.run("py3versions", "-s").split()
    return sorted(found, key=lambda python: int(python.rpartition(".")[2]))


def test_the_fast_tests_pass_on_one_of_unstables(sid: Root) -> None:
    environ = give_network(sid.directory)
    put_checkout(sid.directory)
    prepare = _PREPARE.format(python=supported(sid)[0])
    sid.run("sh", "-ec", prepare, environ=environ, cwd="/checkout")
    done = inside(sid.directory, _TESTS, environ, "/checkout")
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"\d+ passed", done.stdout)


def test_standard_libraries(sid: Root) -> None:
    put_source(sid.directory, "/src")
    (sid.directory / "probe.py").write_text(PROBE)
    for python in supported(sid):
        digests = []
        for state in STATES.values():
            options = json.dumps({"step": STEP, **state})
            command = [python, "-s", "-S", "-B", "/probe.py", "/src", options]
            done = inside(sid.directory, command, {"PYTHONHASHSEED": state["seed"]})
            assert done.returncode == 0, done.stdout[-3000:]
            answer = json.loads(done.stdout)
            assert (python, answer["problems"], answer["rewritten"]) == (python, [], 0)
            digests.append(answer["digests"])
        assert len(digests[0]) > 50
        assert digests == digests[:1] * len(STATES), python

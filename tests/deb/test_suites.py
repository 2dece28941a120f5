"""Later releases: the build system gives the packages of their own pybuild, the add-on ships sound ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deb.building import Job, build, built, same_as_pybuild, use_truewheel
from tests.deb.debroot import DebRoot, clean_root
from tests.deb.lifecycle import System, Trial, write_trial
from tests.deb.packages import packages, write_source

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

COMPAT = {"trixie": 13, "sid": 14}
CASES = [(release, name) for release in COMPAT for name in packages(release)]


@pytest.fixture
def root(release: str, request: pytest.FixtureRequest) -> DebRoot:
    found = request.getfixturevalue(release)
    assert isinstance(found, DebRoot)
    return found


@pytest.mark.parametrize(("release", "name"), CASES)
def test_same_as_pybuild(release: str, name: str, root: DebRoot, tmp_path: Path) -> None:
    same_as_pybuild(root, write_source(packages(release)[name], tmp_path, COMPAT[release]))


@pytest.mark.parametrize("release", COMPAT)
def test_shipped(release: str, root: DebRoot, tmp_path: Path) -> None:
    trial = Trial(compat=COMPAT[release])
    done = built(build(root, Job(write_trial(trial, tmp_path), edit=use_truewheel)))
    system = System(clean_root(tmp_path / "clean", release))
    system.install(done.packages)
    system.imports(trial)
    system.touch(trial.packages())
    system.imports(trial)
    system.sound(trial)
    system.dpkg("--purge", *trial.packages())
    assert system.left() == set()

"""Two builds of a source, with all around it changed, give the same packages, whatever the bytecode mode."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.deb.building import (
    Job,
    Surroundings,
    build_all,
    built,
    compile_at_install,
    difference,
    ship,
    sums,
    use_truewheel,
)
from tests.deb.debroot import DebRoot
from tests.deb.packages import packages, write_source
from tests.needs import nightly_but

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

MODES = {"policy": use_truewheel, "ship": ship, "postinst-hash": compile_at_install}
HERE = Surroundings(environ={"DEB_BUILD_OPTIONS": "parallel=1", "PYTHONHASHSEED": "0"})
THERE = Surroundings(
    path="/srv/a/much/longer/path/than/the/other/one/to/build/in",
    umask=0o077,
    user=4711,
    environ={
        "DEB_BUILD_OPTIONS": "parallel=3",
        "PYTHONHASHSEED": "4711",
        "HOME": "/nonexistent/home",
        "USER": "somebody",
        "LOGNAME": "somebody",
        "TZ": "Asia/Kathmandu",
        "LANG": "C",
        "LC_ALL": "C",
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/not/there",
        "NO_FAKE_STAT": "1",
    },
    wrapper=("setarch", "x86_64", "--uname-2.6", "--addr-no-randomize", "faketime", "-f", "+1500d"),
    shuffle=True,
)


@pytest.mark.parametrize(
    ("name", "mode"),
    nightly_but(
        [("chardet", "policy"), ("cwcwidth", "ship"), ("docopt", "postinst-hash")],
        itertools.product(("chardet", "cwcwidth", "docopt"), MODES),
    ),
)
def test_built_twice(name: str, mode: str, bookworm: DebRoot, tmp_path: Path) -> None:
    edit = MODES[mode]
    source = write_source(packages("bookworm")[name], tmp_path)
    first, second = map(built, build_all(bookworm, Job(source, HERE, edit), Job(source, THERE, edit)))
    assert sums(first) == sums(second), difference(first, second)

"""Where a flavor is built: the places that debian/rules files name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.unit.debian.sources import HOST, flavor
from truewheel.debian.layout import plan_layout
from truewheel.debian.model import Flavor, Layout, Source, Step
from truewheel.debian.options import parse_options


def _plan(
    source: Source | None = None,
    of: Flavor | None = None,
    step: Step = Step.BUILD,
    dh_python: int = 7,
    **environ: str,
) -> Layout:
    options = parse_options([], environ)
    host = replace(HOST, dh_python=dh_python)
    return plan_layout(source or Source(()), options, of or flavor(), step, "/src", host)


def test_without_a_name() -> None:
    where = _plan()
    assert where.dir == "/src"
    assert where.build_dir == "/src/.pybuild/cpython3_3.11/build"
    assert where.install_dir == "/usr/lib/python3.11/dist-packages"
    assert (where.destdir, where.package) == ("/src/debian/tmp", "PYBUILD_NAME_not_set")


def test_with_a_name() -> None:
    where = _plan(PYBUILD_NAME="foo_bar")
    assert where.home_dir == "/src/.pybuild/cpython3_3.11_foo_bar"
    assert (where.destdir, where.package) == ("/src/debian/python3-foo-bar", "python3-foo-bar")
    debug = _plan(of=flavor(template="python{version}-dbg"), PYBUILD_NAME="foo")
    assert debug.home_dir == "/src/.pybuild/cpython3_3.11_dbg_foo"
    assert debug.destdir == "/src/debian/python3-foo-dbg"


def test_what_debhelper_says() -> None:
    source = Source((), directory="python", destdir="debian/python3-only", parallel=4)
    where = _plan(source, PYBUILD_NAME="foo")
    assert (where.dir, where.destdir, where.parallel) == ("/src/python", "/src/debian/python3-only", 4)


def test_what_the_packager_says() -> None:
    where = _plan(
        PYBUILD_NAME="foo",
        PYBUILD_DIR="lib/{version}",
        PYBUILD_DESTDIR="debian/mine-{interpreter}",
        PYBUILD_BUILD_DIR="b{version}",
        PYBUILD_INSTALL_DIR="/usr/share/foo",
        **dict[str, Any]({"PYBUILD_BUILD_ARGS_python3.11": "-x"}),
    )
    assert where.dir == "/src/lib/3.11"
    assert where.destdir == "/src/debian/mine-python3.11"
    assert where.build_dir == "/src/b3.11"
    assert (where.install_dir, where.args) == ("/usr/share/foo", "-x")
    assert _plan(step=Step.TEST, PYBUILD_BUILD_ARGS="-x").args == ""


def test_debhelpers_own_destdir_gives_way_to_the_name_and_no_other() -> None:
    told = Source((), destdir="/src/debian/tmp")
    assert _plan(told, PYBUILD_NAME="foo").destdir == "/src/debian/python3-foo"
    assert _plan(PYBUILD_NAME="foo", PYBUILD_DESTDIR="debian/tmp/").destdir == "/src/debian/python3-foo"
    assert _plan(told).destdir == "/src/debian/tmp"


def test_destdir_of_the_environment() -> None:
    assert _plan(DESTDIR="/out").destdir == "/out"
    assert _plan(DESTDIR="/out", PYBUILD_NAME="foo").destdir == "/out"
    for major, destdir in ((6, "/src/debian/tmp"), (7, "/out")):
        assert (
            _plan(Source((), destdir="/src/debian/tmp"), dh_python=major, DESTDIR="/out").destdir == destdir
        )
        told = Source((), destdir="/src/debian/foo")
        assert _plan(told, dh_python=major, DESTDIR="/out").destdir == "/src/debian/foo"

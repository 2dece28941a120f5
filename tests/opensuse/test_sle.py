"""Specs of openSUSE in a root of SLE 15: ``python3`` is 3.6, 3.11 is the flavor, the macros are of 2022.

TRUEWHEEL_PYTHON_RPM_MACROS_2022 names a checkout of python-rpm-macros of that year, TRUEWHEEL_SLE_PACKAGES a
directory with PACKAGE/PACKAGE.spec and its sources. ``%check`` is left out: it wants what tests import.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.opensuse.conftest import compiled_macros
from tests.opensuse.obs.packages import files, unpacked
from tests.opensuse.obs.repository import put_fdupes
from tests.opensuse.suseroot import SLE_FLAVOR, SuseRoot, sle_root
from tests.rpm.building import HERE, Build, build

_PACKAGES = Path(os.environ.get("TRUEWHEEL_SLE_PACKAGES", "/nonexistent"))
_NAMES = sorted(directory.name for directory in _PACKAGES.glob("*"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.chroot,
    pytest.mark.skipif(
        not _NAMES or "TRUEWHEEL_PYTHON_RPM_MACROS_2022" not in os.environ,
        reason="wants openSUSE's macros and specs: see the head of this file",
    ),
]
_BUILD_SET = """\
%pythons python3
%add_python() %{expand:%%define pythons %1 %pythons}
%_without_python2 1
"""
_SLE = """\
%suse_version 1500
%sle_version 150600
%sle15_python_module_pythons %{expand:%%define pythons python311}
%ext_man %{nil}
%python_module() python3-%{**}
%__spec_check_pre exit 0
"""
_LEFT_ALONE = "truewheel: warning: /usr/bin/python3.6: is not supported: its modules are left as they are"


@pytest.fixture(scope="module")
def sle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SuseRoot]:
    """The root, with the macros of a project and with the flavors that our package has there."""
    directory = tmp_path_factory.mktemp("sle")
    checkout = Path(os.environ["TRUEWHEEL_PYTHON_RPM_MACROS_2022"])
    root = sle_root(directory / "root", compiled_macros(checkout, _BUILD_SET, directory))
    put_fdupes(root.directory)
    root.outside("/usr/lib/rpm/macros.d/macros.suse").write_text(_SLE)
    yield root


def built(root: SuseRoot, name: str) -> Build:
    sources = [path for path in (_PACKAGES / name).iterdir() if path.suffix != ".spec"]
    spec = root.directory / f"{name}.spec"
    text = (_PACKAGES / name / spec.name).read_text(encoding="utf-8")
    spec.write_text(text.replace("@BUILD_FLAVOR@", ""))
    done = build(root, spec, sources, HERE, f"_specfile {HERE.topdir}/{name}/{name}.spec")
    assert done.status == 0, done.log[-5000:]
    assert done.packages
    return done


@pytest.mark.parametrize("name", _NAMES)
def test_a_package_is_the_same(name: str, sle: SuseRoot, tmp_path: Path) -> None:
    kept = {}
    for label in ("stock", "ours"):
        sle.put_ours((SLE_FLAVOR,)) if label == "ours" else sle.take_ours()
        done = built(sle, name)
        (tmp_path / label).mkdir()
        kept[label] = [package.rename(tmp_path / label / package.name) for package in done.packages]
    assert [package.name for package in kept["stock"]] == [package.name for package in kept["ours"]]
    old = False
    for one, other in zip(kept["stock"], kept["ours"], strict=True):
        assert files(one) == files(other)
        tree = unpacked(other, tmp_path / "tree")
        old = old or (tree / "usr/lib/python3.6/site-packages").exists()
        for pyc in tree.rglob("python3.11/**/*.pyc"):
            assert pyc.read_bytes()[4:8] == b"\x03\0\0\0", "not a checked hash"
            assert b"/build/here" not in pyc.read_bytes(), "the build's path"
    assert done.log.count(_LEFT_ALONE) == old
    assert bool(re.search("^/usr/bin/python3.11: ", done.log, re.M)) != old


def test_modules_of_python_2_are_left_alone(sle: SuseRoot, tmp_path: Path) -> None:
    """With the bytecode of a Python that is not there, beside the sources."""
    spec = tmp_path / "old.spec"
    library = (Path(__file__).parent / "specs/library.spec").read_text()
    spec.write_text(library.replace("%{python312_sitelib}", "/usr/lib/python2.7/site-packages"))
    digests = []
    for label in ("stock", "ours"):
        sle.put_ours((SLE_FLAVOR,)) if label == "ours" else sle.take_ours()
        done = build(sle, spec, [], HERE)
        assert done.status == 0, done.log[-5000:]
        shown = ("rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEDIGESTS} %{FILEMODES} %{FILEMTIMES}\\n]")
        digests.append(sle.run(*shown, f"/{done.packages[0].relative_to(sle.directory)}"))
    assert digests[0].splitlines()[-1:] != [""]
    drop = re.compile(r" \d+$", re.M)  # the date of a file that the build made
    assert drop.sub("", digests[0]) == drop.sub("", digests[1])
    assert done.log.count("/usr/bin/python2.7: is not supported") == 1

"""A project with PyPy among its flavors: Debian's pypy3, with openSUSE's macros and ours on top.

TRUEWHEEL_PYTHON_RPM_MACROS names a checkout of python-rpm-macros: the stand-in knows no such flavor.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.opensuse.conftest import compiled_macros
from tests.opensuse.obs.building import flavor_of
from tests.opensuse.obs.repository import put_fdupes
from tests.opensuse.suseroot import SuseRoot, suse_root
from tests.rpm.building import HERE, Build, build, within
from tests.support import give_network, inside

pytestmark = [
    pytest.mark.slow,
    pytest.mark.chroot,
    pytest.mark.skipif(
        "TRUEWHEEL_PYTHON_RPM_MACROS" not in os.environ, reason="wants openSUSE's macros: see the head"
    ),
]
_SPEC = Path(__file__).parent / "specs/python-flavored.spec"
_BUILD_SET = "%pythons python312 pypy3 python313\n%primary_python python313\n"
_SUSE = "%python_module() python3-%{**}\n%__spec_check_pre exit 0\n"
# with a date PyPy's bytecode has hashes
_CHANGELOG = "* Sat Nov 01 2025 A Packager <packager@example.org> - 1-0\n- Test\n"
_LEFT_ALONE = "truewheel: warning: /usr/bin/{}: is not supported: its modules are left as they are"
_LOCAL = "'{base}/local/lib/{implementation_lower}{py_version_short}/dist-packages'"
_ASK = "import sysconfig; print(sysconfig.get_path('purelib'))"


@pytest.fixture(scope="module")
def pypy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SuseRoot]:
    """PyPy installs into its own ``site-packages``, as where Debian has not changed it."""
    directory = tmp_path_factory.mktemp("pypy")
    stock = compiled_macros(Path(os.environ["TRUEWHEEL_PYTHON_RPM_MACROS"]), _BUILD_SET, directory)
    root = suse_root(directory / "root", stock)
    environ = give_network(root.directory)
    root.run("apt-get", "-qq", "update", environ=environ)
    root.run(
        "apt-get", "-qq", "install", "--no-install-recommends", "pypy3", "fdupes", "g++", environ=environ
    )
    put_fdupes(root.directory)
    root.outside("/usr/lib/rpm/macros.d/macros.suse").write_text(_SUSE)
    _unchanged(root)
    yield root
    shutil.rmtree(directory, ignore_errors=True)


def _unchanged(root: SuseRoot) -> None:
    (library,) = root.outside("/usr/lib").glob("pypy3.*")
    sysconfig = library / "sysconfig.py"
    text = sysconfig.read_text(encoding="utf-8")
    assert _LOCAL in text
    text = text.replace(_LOCAL, "'{base}/lib/{implementation_lower}{py_version_short}/site-packages'")
    text = text.replace("{base}/local", "{base}").replace("{platbase}/local", "{platbase}")
    # pip asks distutils otherwise, before Python 3.10
    sysconfig.write_text(f"{text}\n_PIP_USE_SYSCONFIG = True\n", encoding="utf-8")
    site = library / "site-packages"
    for path in root.outside("/usr/lib/python3.12/site-packages").iterdir():
        if path.name != "__pycache__":
            shutil.copytree(path, site / path.name) if path.is_dir() else shutil.copy(path, site)
    packages = root.outside("/usr/lib/python3/dist-packages")
    (packages / "pypy.pth").write_text(f"/usr/lib/{library.name}/site-packages\n")


def built(root: SuseRoot, label: str) -> Build:
    """Build the spec with openSUSE's macros alone, "stock", or with "ours"."""
    root.put_ours(("python312", "python313")) if label == "ours" else root.take_ours()
    spec = root.directory / "python-flavored.spec"
    text = _SPEC.read_text().replace("@BUILD_FLAVOR@", "").replace("skip_%{primary_python}", "_none")
    spec.write_text(text + _CHANGELOG)
    done = build(root, spec, [], HERE, f"_specfile {HERE.topdir}/python-flavored/python-flavored.spec")
    assert done.status == 0, done.log[-5000:]
    return done


def told(root: SuseRoot, done: Build) -> dict[str, list[str]]:
    """What is in the packages, flavor by flavor: names, modes, digests."""
    form = "[%{FILENAMES} %{FILEMODES:perms} %{FILEDIGESTS}\\n]"
    return {
        flavor_of(package): root.run("rpm", "-qp", "--qf", form, within(root, package)).splitlines()
        for package in done.packages
    }


def test_modules_of_pypy_are_stock(pypy: SuseRoot) -> None:
    stock = told(pypy, built(pypy, "stock"))
    done = built(pypy, "ours")
    ours = told(pypy, done)
    assert set(stock) == set(ours) == {"python312", "pypy3", "python313"}
    assert stock["pypy3"] == ours["pypy3"]
    assert any(".pyc " in line for line in ours["pypy3"])
    for flavor in ("python312", "python313"):
        names = [[line.split()[:2] for line in each[flavor]] for each in (stock, ours)]
        assert names[0] == names[1]
    program = pypy.outside("/usr/bin/pypy3").readlink().name
    assert re.findall("^truewheel: .*", done.log, re.M) == [_LEFT_ALONE.format(program)]


def test_it_is_named_where_it_is_no_target(pypy: SuseRoot) -> None:
    for command in (
        ("python", "/usr/bin/pypy3"),
        ("compile", "--python", "/usr/bin/pypy3", "/usr/lib/pypy3"),
    ):
        done = inside(pypy.directory, ["truewheel", *command])
        assert done.returncode == 2
        assert re.fullmatch(
            "truewheel: error: /usr/bin/pypy3: is PyPy 3[^\n]* is not supported [^\n]*\n", done.stdout
        )

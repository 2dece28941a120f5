"""Specs of openSUSE, as they are, by rpmbuild with its own macros, and with ours on top. CI has none of it.

TRUEWHEEL_PYTHON_RPM_MACROS names a checkout of python-rpm-macros, TRUEWHEEL_OPENSUSE_PACKAGES a directory
with PACKAGE/PACKAGE.spec and its sources, TRUEWHEEL_FDUPES a copy of openSUSE's package fdupes, else a
stand-in is called. ``%check`` is left out: it wants what tests import.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.opensuse.conftest import stock_macros
from tests.opensuse.obs.building import assert_right, changed, flavor_of
from tests.opensuse.obs.packages import files, has, unpacked
from tests.opensuse.obs.repository import put_fdupes
from tests.opensuse.suseroot import FLAVORS, SuseRoot, suse_root
from tests.rpm.building import HERE, Build, build
from tests.support import give_network

_PACKAGES = Path(os.environ.get("TRUEWHEEL_OPENSUSE_PACKAGES", "/nonexistent"))
_NAMES = sorted(directory.name for directory in _PACKAGES.glob("python-*"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.chroot,
    pytest.mark.skipif(
        not _NAMES or "TRUEWHEEL_PYTHON_RPM_MACROS" not in os.environ,
        reason="wants openSUSE's macros and specs: see the head of this file",
    ),
]
_DEBIAN = ("fdupes", "g++", "libyaml-dev", "unzip")
_BACKENDS = ("wheel", "hatchling", "hatch-vcs", "hatch-fancy-pypi-readme", "poetry-core", "Cython")
_SUSE = """\
%suse_version 1699
%ext_man %{nil}
%python_module() %{lua: local name = "python-" .. rpm.expand("%**"):gsub("%%python", "python") \
print(name:find(" if ") and "(" .. name .. ")" or name)}
%__spec_check_pre exit 0
"""
_TWO = ("skip_python312 1",)
_IMPORT = """
import importlib, sys
for line in open("/modules").read().split():
    try: importlib.import_module(line)
    except BaseException: pass
assert any(line in sys.modules for line in open("/modules").read().split())
"""


@pytest.fixture(scope="module")
def factory(suse: SuseRoot) -> SuseRoot:
    """The root with what these specs build with."""
    environ = give_network(suse.directory)
    suse.run("apt-get", "-qq", "update", environ=environ)
    suse.run("apt-get", "-qq", "install", "--no-install-recommends", *_DEBIAN, environ=environ)
    install = ("-m", "pip", "install", "-q", "--root-user-action=ignore")
    for flavor in FLAVORS:
        suse.run(f"/usr/bin/{dotted(flavor)}", *install, *_BACKENDS, environ=environ)
    put_fdupes(suse.directory)
    suse.outside("/usr/lib/rpm/macros.d/macros.suse").write_text(_SUSE)
    return suse


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SuseRoot]:
    """A root of its own to install packages into: they would take the place of what the others build with."""
    directory = tmp_path_factory.mktemp("bare")
    yield suse_root(directory / "root", stock_macros(directory))


def dotted(flavor: str) -> str:
    """``python3.12`` of ``python312``."""
    return f"python3.{flavor.removeprefix('python3')}"


def built(root: SuseRoot, name: str, *defines: str) -> Build:
    sources = [path for path in (_PACKAGES / name).iterdir() if path.suffix != ".spec"]
    spec = root.directory / f"{name}.spec"
    text = (_PACKAGES / name / spec.name).read_text(encoding="utf-8")
    spec.write_text(text.replace("@BUILD_FLAVOR@", ""))  # as OBS does where a package has no _multibuild
    done = build(root, spec, sources, HERE, f"_specfile {HERE.topdir}/{name}/{name}.spec", *defines)
    assert done.status == 0, done.log[-5000:]
    assert done.packages
    return done


def packages_of(root: SuseRoot, name: str, label: str, out: Path, *defines: str) -> list[Path]:
    """The packages of a spec, "stock" with openSUSE's macros alone or "ours"; built once for each
    directory."""
    directory = out / "-".join([label, name, *(define.split()[0] for define in defines)])
    if not directory.exists():
        root.put_ours() if label == "ours" else root.take_ours()
        try:
            done = built(root, name, *defines)
        finally:
            root.put_ours()
        directory.mkdir()
        for package in done.packages:
            package.rename(directory / package.name)
    return sorted(directory.iterdir())


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the packages."""
    return tmp_path_factory.mktemp("packages")


def said(package: Path, *what: str) -> str:
    """What rpm says of a package, but for the features of rpm that it wants: hard links are one."""
    command = ["rpm", "-qp", "--nosignature", *what, str(package)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return "\n".join(line for line in lines if not line.startswith("rpmlib("))


def untrue_rows(directory: Path) -> list[str]:
    """The rows of all RECORDs in a directory that have the hash of something else than the file."""
    wrong = []
    for record in directory.rglob("*.dist-info/RECORD"):
        for name, digest, _ in csv.reader(record.read_text(encoding="utf-8").splitlines()):
            file = record.parents[1] / name
            if digest and file.is_file():
                data = hashlib.sha256(file.read_bytes()).digest()
                if digest != "sha256=" + base64.urlsafe_b64encode(data).rstrip(b"=").decode():
                    wrong.append(name)
    return wrong


@pytest.mark.parametrize("defines", [(), _TWO], ids=["three", "two"])
@pytest.mark.parametrize("name", _NAMES)
def test_the_packages_are_the_same(
    name: str, defines: tuple[str, ...], factory: SuseRoot, out: Path, tmp_path: Path
) -> None:
    stock, ours = (packages_of(factory, name, label, out, *defines) for label in ("stock", "ours"))
    assert [package.name for package in stock] == [package.name for package in ours]
    for one, other in zip(stock, ours, strict=True):
        removed, added = changed(files(one), files(other))
        assert removed == []
        assert [line for line in added if "/__pycache__/" not in line] == []
        for what in ("--requires", "--provides", "--scripts", "--triggers"):
            assert said(one, what) == said(other, what)
    # a spec that removes bytecode, as that of Jinja2 does for one flavor, has none by either
    bare = [other for one, other in zip(stock, ours, strict=True) if not has(one, ".pyc")]
    for package in bare:
        assert not has(package, ".pyc")
        unpacked(package, tmp_path / "facts")
    assert_right([package for package in ours if package not in bare], tmp_path / "facts")
    assert untrue_rows(tmp_path / "facts") == []


@pytest.mark.parametrize("name", _NAMES)
def test_nothing_changes_once_they_are_installed(
    name: str, factory: SuseRoot, bare: SuseRoot, out: Path
) -> None:
    packages = packages_of(factory, name, "ours", out)
    inside = [f"/root/{package.name}" for package in packages]
    for package in packages:
        shutil.copy(package, bare.directory / "root")
    bare.run("rpm", "-i", "--nodeps", "--noscripts", "--replacefiles", *inside)
    names = [said(package, "--qf", "%{NAME}") for package in packages]
    try:
        for options in ((), ("-O",)):
            for flavor in {flavor_of(package) for package in packages}:
                if put_modules(bare, names, dotted(flavor)):
                    bare.run(f"/usr/bin/{dotted(flavor)}", *options, "-c", _IMPORT)
            assert bare.run("rpm", "-V", "--nodeps", *(() if not options else ("--nomtime",)), *names) == ""
            bare.run("sh", "-c", f"rpm -ql {' '.join(names)} | grep '[.]py$' | xargs -r touch")
    finally:
        bare.run("rpm", "-e", "--nodeps", "--noscripts", *names)


def put_modules(root: SuseRoot, packages: list[str], python: str) -> int:
    """Let /modules name all modules of packages that a Python can import; returns how many."""
    site = f"/usr/lib/{python}/site-packages/"
    listed = root.run("rpm", "-ql", *packages).splitlines()
    sources = [path.removeprefix(site) for path in listed if path.startswith(site) and path.endswith(".py")]
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources]
    modules = [name for name in modules if not name.endswith("__main__")]
    (root.directory / "modules").write_text("\n".join(modules))
    return len(modules)


def test_one_flavor_alone_as_on_sle_15(factory: SuseRoot, out: Path, tmp_path: Path) -> None:
    alone = "sle15_python_module_pythons %{expand:%%define pythons python312}"
    stock, ours = (packages_of(factory, _NAMES[0], label, out, alone) for label in ("stock", "ours"))
    assert {flavor_of(package) for package in ours} == {"python312"}
    assert [files(package) for package in stock] == [files(package) for package in ours]
    assert_right(ours, tmp_path / "facts")

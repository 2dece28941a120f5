"""C libraries with modules for Python, whose specs call no macro of Python: the last pass meets them all.

They are built by rpmbuild with openSUSE's macros alone, with the package of ours, and with our macros from a
project configuration. TRUEWHEEL_PYTHON_RPM_MACROS names a checkout of python-rpm-macros, else the stand-in
does; bindings.yaml lists the libraries.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.opensuse.conftest import stock_macros
from tests.opensuse.obs.flavors import pyenv_python
from tests.opensuse.obs.packages import files, unpacked
from tests.opensuse.suseroot import SuseRoot, find_headers, run_by_311, suse_root
from tests.rpm.building import HERE, Build, build
from tests.support import give_network, mirror

pytestmark = [pytest.mark.slow, pytest.mark.nightly, pytest.mark.chroot]

_LIBRARIES = yaml.safe_load((Path(__file__).parent / "bindings.yaml").read_text(encoding="utf-8"))
_NAMES = [each["name"] for each in _LIBRARIES]
_PYTHON = "3.13"
_DEBIAN = (
    *("g++", "cmake", "swig", "pkgconf", "autoconf", "automake", "libtool", "gperf", "bison", "flex"),
    *("libcairo2-dev", "libssl-dev", "libxml2-dev", "libexpat1-dev", "zlib1g-dev", "libpam0g-dev"),
    *("check", "dpkg-dev", "libevdev-dev", "bzip2", "gettext", "autoconf-archive"),
    *("libdbus-1-dev", "libglib2.0-dev"),
    *("libgmp-dev", "libmpfr-dev", "libpcre2-dev", "libslang2-dev", "libpopt-dev"),
)
_PIP = ("meson", "ninja", "Cython", "setuptools<80")
_STEPS = {
    "autotools": (
        # older ones import imp
        "find . -name py-compile -exec cp /usr/share/automake-*/py-compile {{}} ';'\n"
        "[ -e configure ] || NOCONFIGURE=1 ./autogen.sh\n./configure {options}",
        "make {jobs}",
        "make install DESTDIR=$D",
    ),
    "cmake": (
        "cmake -B build -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=Release {options}",
        "make {jobs} -C build",
        "make -C build install DESTDIR=$D",
    ),
    "meson": ("meson setup build {options}", "meson compile -C build", "DESTDIR=$D meson install -C build"),
}
_OPTIONS = {"autotools": "--prefix=/usr", "cmake": "-S .", "meson": "--prefix=/usr"}
_SPEC = """\
Name:           {name}
Version:        1
Release:        0
Summary:        A library with modules for Python
License:        MIT
Source:         source.tar
AutoReqProv:    no

%description
A library with modules for Python.

%prep
mkdir source
tar -xf %{{SOURCE0}} --strip-components=1 -C source

%build
cd source
{configure}
{make}

%install
export D=%{{buildroot}}
cd source
{install}
find %{{buildroot}} ! -type d -printf '"/%%P"\\n' > %{{_builddir}}/files

%files -f %{{_builddir}}/files

%changelog
* Sat Nov 01 2025 A Packager <packager@example.org> - 1-0
- Test
"""


@dataclass(frozen=True)
class Sources:
    """A root with what the libraries build with, and the directory of their sources."""

    root: SuseRoot
    directory: Path


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """``python3`` is a flavor, as in openSUSE; Debian's Python runs truewheel."""
    directory = tmp_path_factory.mktemp("bindings")
    root = suse_root(directory / "root", stock_macros(directory))
    environ = give_network(root.directory)
    listed = root.outside("/etc/apt/sources.list.d/sources.list")
    listed.write_text("".join(f"deb-src {mirror()} {release} main\n" for release in ("bookworm", "trixie")))
    root.run("apt-get", "-qq", "update", environ=environ)
    root.run("apt-get", "-qq", "install", "--no-install-recommends", *_DEBIAN, environ=environ)
    install = ("-m", "pip", "install", "-q", "--root-user-action=ignore")
    root.run(f"/usr/bin/python{_PYTHON}", *install, *_PIP, environ=environ)
    _let_find_headers(root)
    (directory / "sources").mkdir()
    yield Sources(root, directory / "sources")


def _let_find_headers(root: SuseRoot) -> None:
    run_by_311(root.directory)
    root.run("ln", "-sf", f"python{_PYTHON}", "/usr/bin/python3")
    program = pyenv_python(f"python{_PYTHON.replace('.', '')}").with_name(f"python{_PYTHON}-config")
    shutil.copy(program, root.outside("/usr/bin/python3-config"))
    find_headers(root, _PYTHON)


def _fetched(sources: Sources, name: str) -> Path:
    """The original archive of a source package, whichever of the releases still has it."""
    inner = sources.root.outside(f"/sources/{name}")
    inner.mkdir(parents=True, exist_ok=True)
    environ = give_network(sources.root.directory)
    script = f"""
        apt-cache showsrc --only-source {name} | sed -n 's/^Version: //p' | while read version; do
          apt-get -qq -o APT::Sandbox::User=root source --only-source --download-only {name}=$version
          ls *.orig.tar.?z* && break
        done
        :
    """
    sources.root.run("sh", "-c", script, environ=environ, cwd=f"/sources/{name}")
    found = sorted(path for path in inner.glob("*.orig.tar.*") if path.suffix != ".asc")
    if not found:
        pytest.skip(f"no archive of Debian has the sources of {name}")
    return found[-1]


def _spec(library: dict[str, str], directory: Path) -> Path:
    options = library.get("options", _OPTIONS[library["by"]])
    steps = [step.format(options=options, jobs="%{?_smp_mflags}") for step in _STEPS[library["by"]]]
    text = _SPEC.format(name=library["name"], configure=steps[0], make=steps[1], install=steps[2])
    spec = directory / f"{library['name']}.spec"
    spec.write_text(text)
    return spec


def _built(root: SuseRoot, spec: Path, source: Path) -> Build:
    done = build(root, spec, [source], HERE, f"_specfile {HERE.topdir}/{spec.stem}/{spec.name}", "_lib lib")
    assert done.status == 0, done.log[-5000:]
    assert len(done.packages) == 1
    return done


def _with_macros_block(root: SuseRoot, spec: Path, source: Path) -> Build:
    """OBS writes the macros of a project configuration to this file."""
    packaged = root.outside("/usr/lib/rpm/macros.d/macros.zz-truewheel-flavors")
    block = root.outside("/root/.rpmmacros")
    packaged.rename(block)
    try:
        return _built(root, spec, source)
    finally:
        block.rename(packaged)


def _flags(package: Path, directory: Path) -> set[int]:
    """The flags of all pycs: 3 says that their sources' hashes are checked."""
    tree = unpacked(package, directory)
    return {int.from_bytes(pyc.read_bytes()[4:8], "little") for pyc in tree.rglob("*.pyc")}


@pytest.mark.parametrize("name", _NAMES)
def test_a_library_is_the_same(name: str, sources: Sources, tmp_path: Path) -> None:
    (library,) = (each for each in _LIBRARIES if each["name"] == name)
    source = _fetched(sources, name).rename(sources.directory / "source.tar")
    spec, root = _spec(library, tmp_path), sources.root
    packages = {}
    for label, run in {"stock": _built, "support": _built, "macros": _with_macros_block}.items():
        root.take_ours() if label == "stock" else root.put_ours()
        done = run(root, spec, source)
        packages[label] = done.packages[0].rename(tmp_path / f"{label}.rpm")
        assert bool(re.search("^/usr/bin/python3[.][0-9]+: ", done.log, re.M)) == (label != "stock")
    listed = {label: files(package) for label, package in packages.items()}
    assert any("/site-packages/" in line for line in listed["stock"])
    assert listed["stock"] == listed["support"] == listed["macros"]
    for label in ("support", "macros"):
        assert _flags(packages[label], tmp_path / label) <= {3}

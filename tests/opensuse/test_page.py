"""docs/opensuse.md, word for word: the package of truewheel, and a build by rpmbuild alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import require
from tests.opensuse.conftest import stock_macros
from tests.opensuse.suseroot import FLAVORS, SuseRoot, find_headers, suse_root
from tests.own_source import BUNDLED
from tests.registry import sdist
from tests.repro.test_tutorials import commands, page, section
from tests.support import CHECKOUT, give_network, put_checkout
from truewheel import __version__

_PAGE, _FEDORA = page("opensuse.md"), section(page("rpm.md"), "A mock or koji root")
_SPEC = CHECKOUT / "packaging/truewheel.spec"
# what osc does with a server: a package's directory, the archives of a service, what is committed
_OSC = """\
#!/bin/sh -e
case "$1 $2" in
  mkpac*) mkdir "$2" ;;
  "service manualrun") grep -q download_files _service && cp "$ARCHIVES"/* . ;;
  add*) shift; printf '%s\\n' "$@" > ../added ;;
  commit*) [ "$2" = -m ] && mv ../added ../committed ;;
  "meta prjconf") [ "$3" = -F ] && cp "$4" ../prjconf ;;
  *) exit 2 ;;
esac
"""
# rpm's database is empty where packages are .debs
_NO_DATABASE = '#!/bin/sh\ncase $1 in -i | -b?) set -- "$@" --nodeps ;; esac\nexec /usr/bin/{} "$@"\n'
_PYTHON = "3.13"


def test_the_package_of_truewheel_is_whole(tmp_path: Path) -> None:
    require("git", "rpmspec")
    subprocess.run(["git", "clone", "-q", "--no-local", CHECKOUT, tmp_path / "truewheel"], check=True)
    (tmp_path / "osc").write_text(_OSC)
    (tmp_path / "osc").chmod(0o755)
    archives, project = tmp_path / "archives", tmp_path / "project"
    archives.mkdir()
    project.mkdir()
    for name in BUNDLED:
        shutil.copy(sdist(name), archives)
    environ = {**os.environ, "HOME": str(tmp_path), "ARCHIVES": str(archives)}
    environ["PATH"] = f"{tmp_path}:{environ['PATH']}"
    (block,) = commands(section(_PAGE, "From nothing to a project"))
    subprocess.run(["sh", "-ec", block], cwd=project, env=environ, check=True)
    shown = ["rpmspec", "-P", "-D", "python3_sitearch /x", str(project / "truewheel/truewheel.spec")]
    spec = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
    sources = {Path(source).name for source in re.findall(r"^Source\d+: +(\S+)$", spec, re.M)}
    assert len(sources) == 1 + len(BUNDLED)
    assert set((project / "committed").read_text().split()) == {*sources, "truewheel.spec", "_service"}
    assert (project / "prjconf").read_text() == (CHECKOUT / "packaging/obs/prjconf").read_text()


def test_the_page_names_the_version() -> None:
    assert set(re.findall(r"truewheel-(\d[\d.]*\d)", _PAGE)) == {__version__}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[SuseRoot]:
    """A root of openSUSE without truewheel; its python3 has headers."""
    root = suse_root(tmp_path / "root", stock_macros(tmp_path))
    root.outside("/usr/bin/truewheel").unlink()
    shutil.rmtree(root.outside("/opt/truewheel"))
    root.run("ln", "-sf", f"python{_PYTHON}", "/usr/bin/python3")
    find_headers(root, _PYTHON)
    for program in ("rpm", "rpmbuild"):
        path = root.outside(f"/usr/local/bin/{program}")
        path.write_text(_NO_DATABASE.format(program))
        path.chmod(0o755)
    root.outside("/usr/lib/rpm/macros.d/macros.suse").write_text("%suse_version 1699\n")
    put_checkout(root.directory)
    yield root
    shutil.rmtree(root.directory)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.chroot
def test_a_package_by_rpmbuild_alone(fresh: SuseRoot) -> None:
    environ = give_network(fresh.directory)
    fresh.run("apt-get", "-qq", "update", environ=environ)
    fresh.run("apt-get", "-qq", "install", "--no-install-recommends", "git", environ=environ)
    (archives, _) = commands(_FEDORA)
    archives = archives.partition("rpmbuild -ba")[0]
    fresh.run("sh", "-ec", archives, environ=environ, cwd="/checkout")
    install, build = commands(section(_PAGE, "Plain rpmbuild"))
    (settings,) = re.findall(r"^Macros:\n(%source_date.*?):Macros$", _PAGE, re.M | re.S)
    fresh.outside("/root/.rpmmacros").write_text(settings)
    fresh.run("sh", "-ec", install, cwd="/checkout")
    assert fresh.run("truewheel", "--version") == f"truewheel {__version__}\n"
    spec = fresh.outside("/root/python-six.spec")
    shutil.copy(CHECKOUT / "tests/opensuse/specs/pure.spec", spec)
    said = fresh.run("sh", "-ec", build, cwd="/root")
    versions = [f"3.{flavor.removeprefix('python3')}" for flavor in FLAVORS]
    for version in versions:
        assert len(re.findall(rf"^/usr/bin/python{re.escape(version)}: ", said, re.M)) == 1
    (package,) = fresh.outside("/root/rpmbuild/RPMS/noarch").glob("pure-*.rpm")
    tags = fresh.run(
        "rpm", "-qp", "--qf", "%{BUILDHOST} %{BUILDTIME}", f"/root/rpmbuild/RPMS/noarch/{package.name}"
    )
    assert tags == "reproducible 1761955200"  # the date of %changelog

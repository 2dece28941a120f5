"""What a build root is made of: Debian's packages, the flavors, openSUSE's macros, truewheel's packages."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.opensuse.obs.debs import Deb, put, write_deb
from tests.opensuse.obs.flavors import FLAVORS, PRIMARY, write_flavor
from tests.opensuse.obs.packages import unpacked
from tests.opensuse.obs.project import BUILD_SET, Checkouts, build_set
from tests.registry import cache_directory
from tests.support import mirror

_DEBIAN = (
    *(
        "base-files",
        "base-passwd",
        "bash",
        "bsdutils",
        "bzip2",
        "coreutils",
        "dash",
        "debconf",
        "debianutils",
    ),
    *("debugedit", "diffutils", "dpkg", "elfutils", "faketime", "fdupes", "file", "findutils", "g++", "gcc"),
    *("gettext", "grep", "gzip", "hostname", "init-system-helpers", "libc-bin", "libffi-dev", "libnsl2"),
    *(
        "libreadline8",
        "libsqlite3-0",
        "libuuid1",
        "libexpat1",
        "libyaml-dev",
        "login",
        "make",
        "mawk",
        "mount",
    ),
    *("ncurses-base", "ncurses-bin", "passwd", "patch", "perl", "pkgconf", "procps", "rpm", "sed"),
    *("sysvinit-utils", "tar", "unzip", "util-linux", "xz-utils", "zip", "zlib1g-dev"),
)
_SSL = {"bookworm": "libssl3", "trixie": "libssl3t64"}
_NAMES = (
    *("alts", "gcc-c++", "gettext-tools", "git-core", "glibc-locale", "libffi-devel", "libyaml-devel"),
    *("pkgconfig", "python-rpm-packaging", "update-alternatives", "zlib-devel"),
)
_FDUPES = """\
#!/bin/sh
# equal files of equal mode become one; -s makes links of names
link=-f
[ "$1" != -s ] || { link=-rsf; shift; }
for directory; do
  fdupes -q -p -n -o name -r "$directory" | while IFS= read -r file; do
    if [ -z "$file" ]; then first=
    elif [ -z "${first:-}" ]; then first=$file
    else ln $link "$first" "$file"; fi
  done
done
"""
_FDUPES_MACRO = "%fdupes(s) /usr/lib/rpm/fdupes_wrapper %{-s} %{*}\n"
# rpm's database is empty where packages are .debs
_RPMBUILD = '#!/bin/sh\nexec /usr/bin/rpmbuild --nodeps "$@"\n'
_ELSEWHERE = """\
export LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME=+400d
export FAKETIME_DONT_RESET=1 NO_FAKE_STAT=1 TZ=Asia/Kathmandu PYTHONHASHSEED=4711 LC_ALL=C
umask 077
"""


@dataclass(frozen=True)
class Repository:
    """Directories of packages for builds on a release of Debian."""

    release: str
    directories: tuple[Path, ...]


def repository(checkouts: Checkouts, release: str, directory: Path) -> Repository:
    """Make what comes from checkouts anew in ``directory``, and take the rest from the test cache."""
    flavors = _flavors()
    work, own = directory / "trees", directory / "own"
    for write in (_rpm_config, _python_rpm_macros):
        write(checkouts, work, own)
    for write_one in (_names, _fdupes, _elsewhere):
        write_one(work, own)
    return Repository(release, (_debian(release), flavors, own))


def _flavors() -> Path:
    """They are as old as the cache."""
    sources = [Path(__file__).with_name(name).read_bytes() for name in ("flavors.py", "debs.py")]
    kept = cache_directory("obs") / f"flavors-{hashlib.sha256(b''.join(sources)).hexdigest()[:12]}"
    if not kept.exists():
        partial = Path(tempfile.mkdtemp(dir=kept.parent))
        for flavor in FLAVORS:
            write_flavor(flavor, partial / "trees", partial)
        partial.rename(kept)
    return kept


def _debian(release: str) -> Path:
    """Debian's packages with all they depend on, downloaded once by an apt that knows of none installed."""
    kept = cache_directory("obs") / release
    for name in ("etc/apt/apt.conf.d", "var/lib/dpkg", "var/lib/apt/lists/partial", "archives/partial"):
        (kept / name).mkdir(parents=True, exist_ok=True)
    (kept / "var/lib/dpkg/status").touch()
    put(kept / "etc/apt/sources.list", f"deb {mirror()} {release} main\n")
    settings = {
        "Dir": f"{kept}",
        "Dir::State::status": f"{kept}/var/lib/dpkg/status",
        "Dir::Cache::archives": f"{kept}/archives",
        "Dir::Etc::trustedparts": "/etc/apt/trusted.gpg.d",
    }
    put(kept / "apt.conf", "".join(f'{name} "{value}";\n' for name, value in settings.items()))
    environ = {**os.environ, "APT_CONFIG": str(kept / "apt.conf")}
    options = ["-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Check-Valid-Until=false"]
    for words in (["update"], ["install", "-y", "-d", "--no-install-recommends", *_DEBIAN, _SSL[release]]):
        command = ["apt-get", *options, *words]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return kept / "archives"


def _rpm_config(checkouts: Checkouts, work: Path, own: Path) -> None:
    """openSUSE's settings of rpm, as far as Debian's rpm understands them; its /bin/sh is bash."""
    tree, source = work / "rpm-config-suse", checkouts.rpm_config
    versions = "%suse_version 1699\n%is_opensuse 1\n"
    put(tree / "etc/rpm/macros.aaa-suse", (source / "suse/macros").read_text() + versions)
    shutil.copytree(source / "macros.d", tree / "usr/lib/rpm/macros.d")
    put(tree / "usr/lib/rpm/brp-suse", (source / "scripts/brp-suse").read_text(), 0o755)
    (tree / "usr/lib/rpm/brp-suse.d").mkdir()
    put(tree / "usr/local/bin/rpmbuild", _RPMBUILD, 0o755)
    write_deb(Deb("rpm-config-suse", depends=("rpm",), postinst="ln -sf bash /bin/sh"), tree, own)


def _python_rpm_macros(checkouts: Checkouts, work: Path, own: Path) -> None:
    """As their own script puts them together, with the build set of the project."""
    tree, source = work / "python-rpm-macros", work / "python-rpm-macros-source"
    shutil.copytree(checkouts.python_rpm_macros, source, ignore=shutil.ignore_patterns(".git"))
    put(source / "home/.rpmmacros", BUILD_SET.format(pythons=build_set(FLAVORS)))
    environ = {**os.environ, "HOME": str(source / "home")}
    subprocess.run(["bash", "./compile-macros.sh"], cwd=source, env=environ, check=True, capture_output=True)
    put(tree / "usr/lib/rpm/macros.d/macros.python_all", (source / "macros.python_all").read_text())
    deb = Deb("python-rpm-macros", "20260101", depends=("rpm", PRIMARY, f"{PRIMARY}-modules"))
    write_deb(deb, tree, own)


def _names(work: Path, own: Path) -> None:
    """What specs of openSUSE call what Debian has under other names."""
    tree = work / "opensuse-names"
    put(tree / "usr/bin/alts", "#!/bin/sh\n", 0o755)
    depends = ("g++", "pkgconf", "gettext", "libffi-dev", "zlib1g-dev", "libyaml-dev")
    write_deb(Deb("opensuse-names", depends=depends, provides=_NAMES), tree, own)


def put_fdupes(tree: Path) -> None:
    """Give a tree ``%fdupes``: openSUSE's, where TRUEWHEEL_FDUPES names a copy of its package."""
    rpm = tree / "usr/lib/rpm"
    (rpm / "macros.d").mkdir(parents=True, exist_ok=True)
    package = os.environ.get("TRUEWHEEL_FDUPES")
    if not package:
        put(rpm / "fdupes_wrapper", _FDUPES, 0o755)
        put(rpm / "macros.d/macros.fdupes", _FDUPES_MACRO)
        return
    shutil.copy(Path(package, "macros.fdupes"), rpm / "macros.d")
    compiler = ["g++", "-O1", "-static", "-o", str(rpm / "fdupes_wrapper")]
    subprocess.run([*compiler, str(Path(package, "fdupes_wrapper.cpp"))], check=True)


def _fdupes(work: Path, own: Path) -> None:
    tree = work / "fdupes-macros"
    put_fdupes(tree)
    write_deb(Deb("fdupes-macros", depends=("fdupes",)), tree, own)


def _elsewhere(work: Path, own: Path) -> None:
    """Another day, time zone, hash seed and mask for who builds in a root that has this package."""
    tree = work / "elsewhere"
    put(tree / "etc/profile.d/zz-elsewhere.sh", _ELSEWHERE)
    write_deb(Deb("elsewhere", depends=("faketime",)), tree, own)


def add_truewheel(packages: Repository, built: Sequence[Path], work: Path) -> None:
    """Add the packages of truewheel, which rpm made, as packages of Debian's form."""
    depends = {"truewheel": (PRIMARY,), "truewheel-rpm-macros": ("truewheel", "python-rpm-macros")}
    for package in built:
        name = next((name for name in depends if re.match(rf"{name}-[0-9]", package.name)), "")
        if name:
            tree = unpacked(package, work / name)
            write_deb(Deb(name, "0.1.0", depends=depends[name]), tree, packages.directories[-1])

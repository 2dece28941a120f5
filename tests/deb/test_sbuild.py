"""sbuild builds a source in a clean chroot that gets truewheel from its packages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.deb.building import Build, ship
from tests.deb.debroot import USER, DebRoot, recipe
from tests.deb.packages import packages, write_source
from tests.needs import require, require_root
from tests.registry import sdist

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_ACCOUNTS = {
    "passwd": f"root:x:0:0::/root:/bin/sh\nbuilder:x:{USER}:{USER}::/home/builder:/bin/sh\n",
    "group": f"root:x:0:\nbuilder:x:{USER}:\n",
    "subuid": "builder:100000:65536\n",
    "subgid": "builder:100000:65536\n",
}
_CONFIGURATION = """\
$apt_update = $apt_upgrade = $apt_distupgrade = 0;
$run_lintian = $run_piuparts = $run_autopkgtest = 0;
1;
"""
# the user, home and chroot are there for this command alone
_AS_USER = """\
directory=$1 archive=$2 user=$3
shift 3
for name in passwd group subuid subgid; do mount --bind "$directory/$name" "/etc/$name"; done
mount -t tmpfs -o mode=755 tmpfs /home
mkdir /home/builder
mount --bind "$directory/builder" /home/builder
touch /home/chroot.tar
[ -z "$archive" ] || mount --bind "$archive" /home/chroot.tar
cd /home/builder
exec setpriv --reuid="$user" --regid="$user" --clear-groups env -i USER=builder HOME=/home/builder \
  LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


def test_sbuild(bookworm: DebRoot, own_packages: Build, tmp_path: Path) -> None:
    require_root()
    require("sbuild", "newuidmap", "setpriv", "unshare")
    done = _sbuild(tmp_path, _source_package(bookworm, tmp_path), own_packages.packages)
    assert done.returncode == 0, done.stdout[-8000:]
    (package,) = (tmp_path / "builder").glob("python3-bitarray_*.deb")
    command = ["dpkg-deb", "--contents", str(package)]
    contents = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "bitarray/__pycache__/util.cpython-311.pyc\n" in contents


def _source_package(root: DebRoot, directory: Path) -> Path:
    """Make a source package, which Build-Depends on the add-on; returns its directory."""
    package = packages("bookworm")["bitarray"]
    source = write_source(package, directory)
    ship(source)
    control = source / "debian/control"
    text = control.read_text(encoding="utf-8")
    control.write_text(text.replace("dh-sequence-python3,", "dh-sequence-python3, dh-truewheel,", 1))
    place = root.outside("/source-package")
    shutil.copytree(source, place / source.name)
    version = source.name.rpartition("-")[2]
    shutil.copy(sdist(package.name), place / f"python-bitarray_{version}.orig.tar.gz")
    root.run("dpkg-source", "-b", source.name, cwd="/source-package")
    return place


def _sbuild(directory: Path, sources: Path, extra: Iterable[Path]) -> subprocess.CompletedProcess[str]:
    """Run sbuild in the root of the tests, with more packages."""
    home = directory / "builder"
    home.mkdir()
    (home / ".sbuildrc").write_text(_CONFIGURATION, encoding="utf-8")
    for file in (*sources.glob("*.dsc"), *sources.glob("*.tar.*"), *extra):
        shutil.copy(file, home)
    command = ["sbuild", "--chroot-mode=unshare", "--chroot=/home/chroot.tar", "--dist=unstable"]
    command += ["--arch=amd64", "--verbose", *(f"--extra-package={package.name}" for package in extra)]
    (dsc,) = sources.glob("*.dsc")
    return as_user(directory, [*command, dsc.name], str(recipe("bookworm").archive()))


def as_user(directory: Path, command: Sequence[str], archive: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command as a user without rights, who is there for this command alone.

    Their home is ``builder`` in the directory; an ``archive`` is at /home/chroot.tar.
    """
    for name, text in _ACCOUNTS.items():
        (directory / name).write_text(text, encoding="utf-8")
    subprocess.run(["chown", "-R", f"{USER}:{USER}", directory / "builder"], check=True)
    enter = ["sh", "-euc", _AS_USER, "sh", str(directory), archive, str(USER)]
    return subprocess.run(
        ["unshare", "--mount", *enter, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

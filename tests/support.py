"""Debian roots: bootstrapped once with mmdebstrap, kept as tar files, and commands that run inside."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.needs import require, require_root
from tests.registry import cache_directory

CHECKOUT = Path(__file__).parents[1]
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_QEMU = {"arm64": "qemu-aarch64", "s390x": "qemu-s390x"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
_TRUEWHEEL = """\
#!/usr/bin/python3 -IB
import sys
sys.path.insert(0, "/opt/truewheel/src")
from truewheel.__main__ import run
run()
"""


@dataclass(frozen=True)
class Recipe:
    """A root: the Debian packages in it, and ``finish``, which adds to the root at the path it is given.

    ``ingredients`` is what ``finish`` adds, as text: a root that is kept is used as long as it is the same.
    """

    packages: Sequence[str]
    release: str = "bookworm"
    architecture: str = "amd64"
    finish: Callable[[Path], None] | None = None
    ingredients: str = ""

    def archive(self) -> Path:
        """Return the root's tar file, which is as old as the test cache: remove it to make it anew."""
        require_root()
        if self.architecture in _QEMU:
            _let_run(_QEMU[self.architecture])
        text = "\n".join((*sorted(self.packages), self.ingredients))
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        archive = cache_directory("roots") / f"{self.release}-{self.architecture}-{digest}.tar"
        with locked(archive):
            if not archive.exists():
                _make(self, archive)
        return archive

    def unpack(self, directory: Path) -> Path:
        """Unpack the root into a new directory, and return that."""
        archive = self.archive()
        directory.mkdir(parents=True)
        subprocess.run(["tar", "-xf", archive, "-C", directory, "--numeric-owner"], check=True)
        return directory


@dataclass(frozen=True)
class Root:
    """An unpacked root."""

    directory: Path

    def run(self, *command: str, environ: Mapping[str, str] | None = None, cwd: str = "/") -> str:
        """Run a command inside as root, which must exit 0; return its output."""
        done = inside(self.directory, command, environ, cwd)
        assert done.returncode == 0, f"{command} exits {done.returncode}:\n{done.stdout[-6000:]}"
        return done.stdout

    def outside(self, path: str) -> Path:
        """Return a path of the root as it is seen from here."""
        return self.directory / path.lstrip("/")


def inside(
    root: Path,
    command: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: str = "/",
    binds: Mapping[Path, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in the root, with /proc and with no environment but PATH and ``environ``.

    ``binds`` maps directories outside to the directory of the root where the command alone sees them.
    """
    # a shell stays process 1: what loses its parent is not the command's child then
    script = f"cd {shlex.quote(cwd)} && {{ {shlex.join(command)}; exit $?; }}"
    enter = [shlex.join(["mount", "-t", "proc", "proc", f"{root}/proc"])]
    enter += [shlex.join(["mount", "--bind", str(one), f"{root}{at}"]) for one, at in (binds or {}).items()]
    enter += [shlex.join(["exec", "chroot", str(root), "/bin/sh", "-c", script])]
    return subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", " && ".join(enter)],
        env={"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def python_of(root: Path) -> str:
    """Return the version of a root's python3, such as ``3.11``."""
    return inside(root, ["python3", "-c", _VERSION]).stdout.strip()


def put_source(root: Path, at: str = "/opt/truewheel/src") -> None:
    """Copy the checkout's ``src`` to a directory of the root."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "src", root / at.lstrip("/"), ignore=ignored, dirs_exist_ok=True)


def put_checkout(root: Path) -> None:
    """Clone the checkout's HEAD to ``/checkout`` of the root."""
    require("git")
    clone = ["git", "clone", "--quiet", "--no-local", str(CHECKOUT), str(root / "checkout")]
    subprocess.run(clone, check=True)


def put_truewheel(root: Path) -> None:
    """Give the root a command ``truewheel`` that runs the checkout's source."""
    put_source(root)
    program = root / "usr/bin/truewheel"
    program.write_text(_TRUEWHEEL, encoding="utf-8")
    program.chmod(0o755)


def give_network(root: Path) -> dict[str, str]:
    """Let the root look up names and use pip's index of this machine; return the environment for it."""
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    environ = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environ |= _pip_settings()
    certificates = {os.environ.get("SSL_CERT_FILE", ""), environ.get("PIP_CERT", "")} - {""}
    for certificate in certificates:
        copy = root / certificate.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(certificate, copy)
    return environ


def mirror() -> str:
    """Return the archive of apt's first binary source that is not the one of security updates."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Component: main"]
    sites = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return next(site for site in sites if "security" not in site)


def _pip_settings() -> dict[str, str]:
    """Return pip's settings as variables, without those that name a local file or directory."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    settings = {}
    for line in lines:
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in ("global", "install", "download", ":env:") and name not in ("find-links", "constraint"):
            words = [word for word in "".join(shlex.split(value)).split() if not word.startswith("file:")]
            settings[f"PIP_{name.upper().replace('-', '_')}"] = " ".join(words)
    return {name: value for name, value in settings.items() if value}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time make what is kept at a path: tests run in several."""
    with path.with_name(f"{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(recipe: Recipe, archive: Path) -> None:
    require("mmdebstrap", "unshare", "chroot", "tar")
    with tempfile.TemporaryDirectory(dir=archive.parent) as work:
        partial = Path(work, "root.tar")
        if recipe.finish is None:
            _bootstrap(recipe, partial)
        else:
            directory = Path(work, "root")
            _bootstrap(recipe, directory)
            recipe.finish(directory)
            subprocess.run(["tar", "-cf", partial, "-C", directory, "--numeric-owner", "."], check=True)
        partial.replace(archive)


def _bootstrap(recipe: Recipe, target: Path) -> None:
    """Make a tar file or a directory from apt's mirror, whose downloads may fail now and then."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--architectures={recipe.architecture}"]
    command += ['--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Retries "5"']
    command += ["--dpkgopt=force-unsafe-io", f"--include={','.join(recipe.packages)}"]
    command += [recipe.release, str(target), f"deb {mirror()} {recipe.release} main"]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        subprocess.run(["rm", "-rf", "--one-file-system", target], check=True)
    raise AssertionError(f"{shlex.join(command)} exits {done.returncode}:\n{done.stderr[-3000:]}")


def _let_run(name: str) -> None:
    """Have the kernel run foreign programs through QEMU."""
    require("update-binfmts", f"{name}-static")
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "none", _BINFMT], check=True)
    if not (_BINFMT / name).exists():
        subprocess.run(["update-binfmts", "--import"], check=False, capture_output=True)
        subprocess.run(["update-binfmts", "--enable", name], check=True, capture_output=True)

"""Debian roots made with mmdebstrap, kept as tar files, and commands that run inside."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.registry import cache_directory
from tests.repro.needs import require, require_root

RELEASE = "bookworm"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_QEMU = {"s390x": "qemu-s390x"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def debian_root(directory: Path, architecture: str, packages: Sequence[str], release: str = RELEASE) -> Path:
    """Unpack a minimal Debian with these packages into a new directory."""
    archive = root_archive(architecture, packages, release)
    directory.mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", directory, "--numeric-owner"], check=True)
    return directory


def root_archive(architecture: str, packages: Sequence[str], release: str = RELEASE) -> Path:
    """The tar file of a minimal Debian with these packages; made once, kept in the test cache.

    It is as old as the cache: remove it to make it anew.
    """
    require_root()
    require("mmdebstrap", "unshare", "chroot", "tar")
    if architecture in _QEMU:
        _let_run(_QEMU[architecture])
    archive = cache_directory("roots") / f"{release}-{architecture}-{_recipe(packages)}.tar"
    if not archive.exists():
        _make(archive, architecture, packages, release)
    return archive


def inside(
    root: Path,
    command: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: str = "/",
    binds: Mapping[Path, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in the root, with /proc and with no environment but PATH and what is given.

    ``binds`` are directories outside, each with the directory of the root it shall be for the command alone.
    """
    script = f"cd {shlex.quote(cwd)} && exec {shlex.join(command)}"
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


def give_network(root: Path) -> dict[str, str]:
    """Let the root look up names and use the index that pip uses here; returns the environment for it."""
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    environ = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environ |= _pip_settings()
    certificates = {os.environ.get("SSL_CERT_FILE", ""), environ.get("PIP_CERT", "")} - {""}
    for certificate in certificates:
        copy = root / certificate.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(certificate, copy)
    return environ


def _pip_settings() -> dict[str, str]:
    """What pip's files and variables say here, as variables, without what names a local file or directory."""
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


def _recipe(packages: Sequence[str]) -> str:
    """The packages as a part of a file's name, which cannot be as long as some lists are."""
    names = "-".join(sorted(packages))
    return names if len(names) < 200 else f"{len(packages)}-{hashlib.sha256(names.encode()).hexdigest()[:16]}"


def _make(archive: Path, architecture: str, packages: Sequence[str], release: str) -> None:
    """Bootstrap from the mirror that apt uses here, whose downloads may fail now and then."""
    partial = archive.with_name(f"partial-{os.getpid()}-{archive.name}")
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--architectures={architecture}"]
    command += ['--aptopt=Acquire::Check-Valid-Until "false"', "--dpkgopt=force-unsafe-io"]
    command += [f"--include={','.join(packages)}", release, str(partial)]
    command += [f"deb {mirror()} {release} main"]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            partial.replace(archive)
            return
        partial.unlink(missing_ok=True)
    raise AssertionError(f"{shlex.join(command)} exits {done.returncode}:\n{done.stderr[-3000:]}")


def mirror() -> str:
    """The archive of apt's first binary source; point releases and security lie elsewhere or after it."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Component: main"]
    sites = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return next(site for site in sites if "security" not in site)


def _let_run(name: str) -> None:
    """Have the kernel run foreign programs through QEMU."""
    require("update-binfmts", f"{name}-static")
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "none", _BINFMT], check=True)
    if not (_BINFMT / name).exists():
        subprocess.run(["update-binfmts", "--import"], check=False, capture_output=True)
        subprocess.run(["update-binfmts", "--enable", name], check=True, capture_output=True)

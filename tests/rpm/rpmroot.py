"""A Debian root with rpm, compilers, build backends, truewheel from the checkout and its macros."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.registry import cache_directory
from tests.repro.roots import debian_root, give_network, inside

_CHECKOUT = Path(__file__).parents[2]
_REQUIREMENTS = Path(__file__).parent / "requirements.txt"
_PACKAGES = (
    *(
        "rpm",
        "file",
        "patch",
        "make",
        "gcc",
        "g++",
        "pkgconf",
        "ninja-build",
        "faketime",
        "debugedit",
        "elfutils",
    ),
    *("python3-dev", "python3-pip", "libffi-dev", "libyaml-dev", "zlib1g-dev"),
    *("python3-build", "python3-installer", "python3-packaging", "python3-yaml"),
)
_SITES = ("usr/lib/python{}/site-packages", "usr/lib64/python{}/site-packages")
_TRUEWHEEL = """\
#!/usr/bin/python3 -B
import sys
sys.path.insert(0, "/opt/truewheel/src")
from truewheel.cli.main import run
run()
"""


@dataclass(frozen=True)
class RpmRoot:
    """A root; ``python`` is the version of its Python, ``rpm`` that of its rpm."""

    directory: Path
    python: str
    rpm: tuple[int, ...]

    def run(self, *command: str, environ: dict[str, str] | None = None) -> str:
        """Run a command inside, which must exit 0; returns what it prints."""
        done = inside(self.directory, command, environ)
        assert done.returncode == 0, f"{command} exits {done.returncode}:\n{done.stdout[-6000:]}"
        return done.stdout

    def sites(self) -> list[str]:
        """The directories of modules that packages of Fedora have, which Debian's Python does not look
        into."""
        return ["/" + site.format(self.python) for site in _SITES]


def rpm_root(directory: Path, release: str) -> RpmRoot:
    """Unpack such a root into a new directory; made once, kept in the test cache.

    It is as old as the cache, except for truewheel and its macros, which are this checkout's.
    """
    kept = _kept(release)
    if not kept.exists():
        _make(directory, release, kept)
    else:
        directory.mkdir(parents=True)
        subprocess.run(["tar", "-xf", kept, "-C", directory, "--numeric-owner"], check=True)
    _put_truewheel(directory)
    return _facts(directory)


def clean_copy(outer: RpmRoot, release: str, directory: Path) -> None:
    """Unpack the same root again, without truewheel, and with the directories that Fedora's python3 owns."""
    directory.mkdir(parents=True)
    subprocess.run(["tar", "-xf", _kept(release), "-C", directory, "--numeric-owner"], check=True)
    for site in outer.sites():
        (directory / site.lstrip("/") / "__pycache__").mkdir(parents=True)


def _kept(release: str) -> Path:
    recipe = hashlib.sha256(_REQUIREMENTS.read_bytes() + " ".join(_PACKAGES).encode()).hexdigest()
    return cache_directory("roots") / f"{release}-rpm-{recipe[:12]}.tar"


def _make(directory: Path, release: str, kept: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    debian_root(directory, "amd64", _PACKAGES, release)
    environ = give_network(directory)
    shutil.copy(_REQUIREMENTS, directory / "root/requirements.txt")
    command = ["python3", "-m", "pip", "install", "--quiet", "--break-system-packages", "--no-cache-dir"]
    command += ["--root-user-action=ignore", "--only-binary=:all:", "--ignore-installed"]
    done = inside(directory, [*command, "-r", "/root/requirements.txt"], environ)
    assert done.returncode == 0, done.stdout[-6000:]
    partial = kept.with_name(f"partial-{os.getpid()}-{kept.name}")
    subprocess.run(["tar", "-cf", partial, "-C", directory, "--numeric-owner", "."], check=True)
    partial.replace(kept)


def _put_truewheel(directory: Path) -> None:
    code = directory / "opt/truewheel"
    shutil.copytree(_CHECKOUT / "src", code / "src", ignore=shutil.ignore_patterns("__pycache__"))
    program = directory / "usr/bin/truewheel"
    program.write_text(_TRUEWHEEL)
    program.chmod(0o755)
    macros = directory / "usr/lib/rpm/macros.d"
    macros.mkdir(parents=True, exist_ok=True)
    for name in ("fileattrs", "lua"):
        shutil.copytree(_CHECKOUT / "macros" / name, directory / "usr/lib/rpm" / name, dirs_exist_ok=True)
    for file in (_CHECKOUT / "macros").iterdir():
        if file.name.startswith("macros."):
            shutil.copy(file, macros / file.name)
        elif file.is_file():
            shutil.copy(file, directory / "usr/lib/rpm" / file.name)
            (directory / "usr/lib/rpm" / file.name).chmod(0o755)


def _facts(directory: Path) -> RpmRoot:
    python = inside(directory, ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).stdout
    version = inside(directory, ["rpm", "--version"]).stdout.split()[-1]
    return RpmRoot(directory, python.strip(), tuple(int(part) for part in version.split(".")[:2]))

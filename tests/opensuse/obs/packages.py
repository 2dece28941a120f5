"""Read what is in an rpm package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def header(package: Path) -> list[str]:
    """All tags of a package, and the digests of its payload with them, as lines."""
    command = ["rpm", "-qp", "--nosignature", "--xml", str(package)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def files(package: Path) -> list[str]:
    """What a package's file tags say of every file."""
    form = "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEFLAGS} %{FILELINKTOS}\\n]"
    command = ["rpm", "-qp", "--nosignature", "--qf", form, str(package)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def has(package: Path, suffix: str) -> bool:
    """Whether a package has a file whose name ends so."""
    return any(f"{suffix} " in line for line in files(package))


def unpacked(package: Path, directory: Path) -> Path:
    """A package's files in a new directory, without links: those of alternatives lead out of it."""
    tree = directory / f"{package.name}-tree"
    tree.mkdir(parents=True)
    packed = Path(shutil.copy(package, directory))
    subprocess.run(["rpm2archive", str(packed)], check=True, capture_output=True)
    subprocess.run(["tar", "-xf", f"{packed}.tgz", "-C", str(tree)], check=True)
    for link in [path for path in tree.rglob("*") if path.is_symlink()]:
        link.unlink()
    return tree

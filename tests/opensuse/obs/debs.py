"""Small Debian packages made from directories, for obs-build to install into its roots."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Deb:
    """A package; its version gets a digest of what is in it, so that a root notices another content."""

    name: str
    version: str = "1"
    architecture: str = "all"
    depends: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    postinst: str = ""


def write_deb(deb: Deb, tree: Path, directory: Path) -> None:
    """Pack a tree, which gets a directory DEBIAN, in place of one of that name in the directory."""
    version = f"{deb.version}+{_digest(tree, deb.postinst)}"
    control = tree / "DEBIAN"
    control.mkdir()
    fields = {"Package": deb.name, "Version": version, "Architecture": deb.architecture}
    fields |= {"Maintainer": "Tests <tests@example.invalid>", "Description": "for builds of specs"}
    fields |= {"Depends": ", ".join(deb.depends), "Provides": ", ".join(deb.provides)}
    (control / "control").write_text("".join(f"{name}: {text}\n" for name, text in fields.items() if text))
    if deb.postinst:
        put(control / "postinst", f"#!/bin/sh\n{deb.postinst}\n", 0o755)
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob(f"{deb.name}_*.deb"):
        old.unlink()
    packed = directory / f"{deb.name}_{version}_{deb.architecture}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(packed)]
    subprocess.run(command, check=True, capture_output=True)


def put(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file, with the directories above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def _digest(tree: Path, postinst: str) -> str:
    total = hashlib.sha256(postinst.encode())
    for path in sorted(tree.rglob("*")):
        total.update(os.fsencode(path.relative_to(tree)))
        if path.is_symlink():
            total.update(os.fsencode(os.readlink(path)))
        elif path.is_file():
            total.update(path.read_bytes())
    return total.hexdigest()[:8]

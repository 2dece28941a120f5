"""Debian's own source packages, pinned in data/debian_sources.yaml: fetched with apt, checked by hash.

``python -m tests.deb.sources NAME...`` pins what bookworm has now.
"""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
import yaml

from tests.deb.debroot import DebRoot, deb_root, let_fetch
from tests.registry import cache_directory
from tests.support import locked

PINS = Path(__file__).parents[1] / "data" / "debian_sources.yaml"


@dataclass(frozen=True)
class SourcePin:
    """A source package; ``sha256`` is that of its .dsc, which has those of its other files.

    ``options`` are the DEB_BUILD_OPTIONS to build it with: ``nocheck`` where its tests take minutes, or
    what is not in the root.
    """

    name: str
    version: str
    sha256: str
    options: str = ""

    def dsc(self) -> str:
        """The name of the .dsc."""
        return f"{self.name}_{self.version.rpartition(':')[2]}.dsc"


def source_pins() -> dict[str, SourcePin]:
    """The pins, by name."""
    return {pin.name: pin for pin in _pins()}


def debian_source(root: DebRoot, name: str, directory: Path) -> Path:
    """Unpack a pinned source package of the root's release below a directory; returns its own directory."""
    pin = source_pins()[name]
    kept = cache_directory("debian-sources") / name
    with locked(kept):
        if not (kept / pin.dsc()).exists():
            _fetch(root, f"{name}={pin.version}", kept)
    digest = _sha256(kept / pin.dsc())
    if digest != pin.sha256:
        pytest.fail(f"the archive's {pin.dsc()} has sha256 {digest}, {PINS} pins {pin.sha256}")
    with tempfile.TemporaryDirectory(dir=root.directory) as inner:
        shutil.copytree(kept, inner, dirs_exist_ok=True)
        root.run("dpkg-source", "--no-check", "-x", pin.dsc(), "source", cwd=_within(root, inner))
        unpacked = directory / f"{name}-{re.sub('^[0-9]+:|-[^-]*$', '', pin.version)}"
        shutil.copytree(Path(inner, "source"), unpacked, symlinks=True)
    return unpacked


def _fetch(root: DebRoot, source: str, kept: Path) -> None:
    """Have apt fetch a source package's files, which checks them by the archive's signature."""
    environ = _let_fetch(root)
    with tempfile.TemporaryDirectory(dir=root.directory) as inner:
        command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "source", "--only-source"]
        root.run(*command, "--download-only", source, environ=environ, cwd=_within(root, inner))
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(inner, kept)


@functools.cache
def _let_fetch(root: DebRoot) -> dict[str, str]:
    return let_fetch(root)


@functools.cache
def _pins() -> tuple[SourcePin, ...]:
    entries = yaml.safe_load(PINS.read_text(encoding="utf-8")) if PINS.exists() else []
    return tuple(SourcePin(**entry) for entry in entries)


def _within(root: DebRoot, path: str) -> str:
    return f"/{Path(path).relative_to(root.directory)}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refresh(names: Sequence[str]) -> None:
    """Pin the sources that bookworm has now, those that are pinned if no names are given."""
    pins = source_pins()
    with tempfile.TemporaryDirectory() as directory:
        root = deb_root(Path(directory) / "root", "bookworm")
        for name in names or list(pins):
            kept = cache_directory("debian-sources") / name
            _fetch(root, name, kept)
            (dsc,) = kept.glob("*.dsc")
            (version,) = re.findall(r"^Version: (\S+)$", dsc.read_text(encoding="utf-8"), re.M)
            options = pins[name].options if name in pins else ""
            pins[name] = SourcePin(name, version, _sha256(dsc), options)
    entries = [{key: text for key, text in asdict(pins[name]).items() if text} for name in sorted(pins)]
    text = "# Written by `python -m tests.deb.sources`; see there.\n" + yaml.safe_dump(
        entries, sort_keys=False
    )
    PINS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    refresh(sys.argv[1:])

"""The checkout as the source of a package of truewheel itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.registry import sdist
from tests.support import CHECKOUT
from truewheel import __version__

NAME = f"truewheel-{__version__}"
_DIRECTORIES = ("src", "macros", "debhelper", "packaging", "docs")
BUNDLED = ("build", "packaging", "pyproject-hooks", "pyyaml")
_FILES = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml")


def own_source(parent: Path) -> Path:
    """Copy what is packaged into a new directory below ``parent``."""
    source = parent / NAME
    for name in _DIRECTORIES:
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in _FILES:
        shutil.copy(CHECKOUT / name, source / name)
    return source


def spec_sources(directory: Path) -> list[Path]:
    """The archives that packaging/truewheel.spec names; that of the checkout is made below a directory."""
    own_source(directory)
    archive = directory / f"{NAME}.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", directory, NAME], check=True)
    return [archive, *(sdist(name) for name in BUNDLED)]

"""The checkout as the source of a package of truewheel itself."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support import CHECKOUT
from truewheel import __version__

NAME = f"truewheel-{__version__}"
_DIRECTORIES = ("src", "macros", "debhelper", "packaging", "docs")
_FILES = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml")


def own_source(parent: Path) -> Path:
    """Copy what is packaged into a new directory below ``parent``."""
    source = parent / NAME
    for name in _DIRECTORIES:
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in _FILES:
        shutil.copy(CHECKOUT / name, source / name)
    return source

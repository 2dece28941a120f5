"""Puts what the build step unpacked into the package's directory."""

from __future__ import annotations

import os
from pathlib import Path

from truewheel.debian.copying import copy_all, move_matching, plan_copies
from truewheel.debian.model import Layout
from truewheel.debian.options import Options
from truewheel.debian.wheels import built_wheel
from truewheel.errors import RefusedInput
from truewheel.wheel.reader import read_wheel

_EXT_PATTERN = r"\.so(\.[^/]*)?$"


def install_built(layout: Layout) -> None:
    """Copy data, scripts, headers and modules to where the system has them.

    dh_python3 moves the modules on to /usr/lib/python3. Raises RefusedInput where there is no file to copy.
    """
    home = layout.home_dir
    places = [(f"{home}/data", "/usr"), (f"{home}/scripts", "/usr/bin")]
    if Path(home, "include").is_dir():
        project = read_wheel(built_wheel(layout)).name
        places.append((f"{home}/include", f"{layout.flavor.python.include_dir}/{project}"))
    places.append((layout.build_dir, layout.install_dir))
    present = [(source, final) for source, final in places if Path(source).is_dir()]
    copies = [copy for source, final in present for copy in plan_copies(source, os.path.normpath(final))]
    if all(copy.directory for copy in copies):
        raise RefusedInput(
            "there is nothing to install",
            subject=layout.build_dir,
            hint="let dh_auto_build run first, or leave this out by PYBUILD_DISABLE",
        )
    copy_all(copies, Path(layout.destdir))


def move_extensions(layout: Layout, options: Options, target: str) -> None:
    """Move extension modules, or what PYBUILD_EXT_PATTERN matches, to a directory of the build host."""
    move_matching(
        layout.destdir,
        target,
        options.get("ext_pattern", layout.flavor) or _EXT_PATTERN,
        options.get("ext_sub_pattern", layout.flavor) or "",
        options.get("ext_sub_repl", layout.flavor) or "",
    )

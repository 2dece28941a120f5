"""What a setup.py is run with, so that it builds and installs where Debian wants it."""

from __future__ import annotations

import shutil
from pathlib import Path

from truewheel.debian.model import Layout, Step

COMMANDS = {
    Step.CONFIGURE: "{interpreter} {setup_py} config {args}",
    Step.BUILD: "{interpreter.binary_dv} {setup_py} build {args}",
    Step.INSTALL: "{interpreter.binary_dv} {setup_py} install --root {destdir} {args}",
    Step.CLEAN: "{interpreter} {setup_py} clean {args}",
}
WHEEL_COMMAND = (
    "{interpreter.binary_dv} -c \"import setuptools, runpy; runpy.run_path('{setup_py}')\""
    " bdist_wheel --dist-dir {home_dir}"
)


def write_config(layout: Layout) -> None:
    """Tell setup.py by .pydistutils.cfg in its home where things go; one that is there is left alone."""
    path = config_file(layout)
    if path.exists():
        return
    path.write_text(
        "[clean]\nall=1\n"
        f"[build]\nbuild_lib={layout.build_dir}\n"
        "[install]\nforce=1\ninstall_layout=deb\ninstall_scripts=$base/bin\n"
        f"install_lib={layout.install_dir}\nprefix=/usr\n",
        encoding="utf-8",
    )


def config_file(layout: Layout) -> Path:
    """Where that file lies."""
    return Path(layout.home_dir, ".pydistutils.cfg")


def remove_egg_info(layout: Layout) -> None:
    """Remove what an in-place build left among the modules, which install writes anew."""
    for path in Path(layout.build_dir).glob("*.egg-info"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()

"""Build a wheel by the project's own backend."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from truewheel.debian.commands import Shell
from truewheel.debian.host import Host
from truewheel.debian.model import Layout, render
from truewheel.debian.wheels import only_wheel
from truewheel.errors import InterpreterError, RefusedInput, TruewheelError, UsageError
from truewheel.project.backend import Backend, parse_settings
from truewheel.project.missing import missing_requirements
from truewheel.project.packages import read_packages
from truewheel.project.provider import backend_providers
from truewheel.project.pyproject import BuildSystem, build_system, load_pyproject

_SETUPTOOLS = "setuptools.build_meta"
_MESON = "mesonpy"
# projects whose package is not python3- and their name
_PACKAGES = {
    "flit-core": "flit",
    "flit": "flit",
    "meson-python": "python3-mesonpy",
    "poetry": "python3-poetry-core",
    "sip": "python3-sipbuild",
}


def build_wheel(layout: Layout, shell: Shell, host: Host) -> Path:
    """Build the project's wheel into the flavor's home directory, by the backend that pyproject.toml names.

    Returns the wheel. Raises InterpreterError where the Python is not installed, RefusedInput where the
    backend is missing, fails, or does not leave exactly one wheel.
    """
    python = layout.flavor.python
    if not Path(python.binary).exists():
        raise InterpreterError("is not installed", subject=python.binary, hint="Build-Depends: python3-all")
    system = build_system(load_pyproject(Path(layout.dir)))
    arguments = _meson_settings(layout, host) if system.backend == _MESON else []
    words = shell.words(render(layout.args, layout.variables(), "PYBUILD_BUILD_ARGS"))
    settings = parse_settings([*arguments, *_config_settings(words)])
    environ = {**shell.environ, "HOME": layout.home_dir, "FLIT_NO_NETWORK": "1"}
    if system.backend in ("", _SETUPTOOLS) and "DIST_EXTRA_CONFIG" not in environ:
        environ["DIST_EXTRA_CONFIG"] = _parallel_extensions(layout)
    shell.echo(f"build a wheel for {python} by {system.backend or 'setuptools'}")
    with Backend(
        Path(layout.dir),
        python.binary,
        environ,
        settings or None,
        keep_proxies=True,
        log=shell.log,
        provider=_provider,
    ) as backend:
        try:
            made = backend.wheel(Path(layout.home_dir))
        except RefusedInput as error:
            if missing := _missing(system, python.binary, environ):
                error.hint = f"{error.hint}; pyproject.toml requires {', '.join(missing)}"
            raise
    return only_wheel(made, layout)


def _parallel_extensions(layout: Layout) -> str:
    path = Path(layout.home_dir, "setuptools-build_ext-parallel.cfg")
    path.write_text(f"[build_ext]\nparallel={layout.parallel}\n", encoding="utf-8")
    return str(path)


def _meson_settings(layout: Layout, host: Host) -> list[str]:
    return [
        f"build-dir={layout.home_dir}/meson-build",
        "compile-args=--verbose",
        "setup-args=--wrap-mode=nodownload",
        "setup-args=--prefix=/usr",
        "setup-args=--sysconfdir=/etc",
        "setup-args=--localstatedir=/var",
        f"setup-args=--libdir=lib/{host.architecture['DEB_HOST_MULTIARCH']}",
    ]


def _config_settings(words: Sequence[str]) -> list[str]:
    """Take the settings out of PYBUILD_BUILD_ARGS, which are arguments of ``python -m build``."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-C", "--config-setting", action="append", default=[])
    for name in (("-n", "--no-isolation"), ("-x", "--skip-dependency-check"), ("-w", "--wheel")):
        parser.add_argument(*name, action="store_true")
    return list(parser.parse_args(list(words)).config_setting)


def _missing(system: BuildSystem, python: str, environ: Mapping[str, str]) -> list[str]:
    """List what may be why a backend fails; pybuild does not ask for it, so a build that succeeds is fine."""
    try:
        return list(missing_requirements(system.requires, read_packages(python, environ)))
    except TruewheelError:
        return []


def _provider(system: BuildSystem) -> str:
    """Say which package of Debian has a backend."""
    packages = (_PACKAGES.get(name, f"python3-{name}") for name in backend_providers(system))
    return f"Build-Depends: {', '.join(packages)}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, subject="PYBUILD_BUILD_ARGS", hint="give settings: -C KEY=VALUE")

"""A wheel by the project's own backend, checked and unpacked where tests and the install step look for it."""

from __future__ import annotations

import argparse
import os
import posixpath
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from truewheel.debian.commands import Shell
from truewheel.debian.environment import host_platform
from truewheel.debian.model import Layout, render
from truewheel.debian.wheels import only_wheel
from truewheel.environment import source_date_epoch
from truewheel.errors import InterpreterError, UsageError
from truewheel.interpreter import probe
from truewheel.model import InstallPlan, Kind, Scheme
from truewheel.pipeline import BytecodeOptions, InstallRequest, install, prepare_install
from truewheel.project.backend import Backend, parse_settings
from truewheel.project.provider import backend_providers
from truewheel.project.pyproject import BuildSystem, build_system, load_pyproject
from truewheel.schemes import load_scheme

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


def build_wheel(layout: Layout, shell: Shell, architecture: Mapping[str, str]) -> Path:
    """Build the project's wheel into the flavor's home directory, by the backend that pyproject.toml names.

    Raises RefusedInput where the backend is missing, fails, or there is not exactly one wheel then.
    """
    python = layout.flavor.python
    if not Path(python.binary).exists():
        raise InterpreterError("is not installed", subject=python.binary, hint="Build-Depends: python3-all")
    system = build_system(load_pyproject(Path(layout.dir)))
    arguments = _meson_settings(layout, architecture) if system.backend == _MESON else []
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
        return only_wheel(backend.wheel(Path(layout.home_dir)), layout)


def unpack_wheel(
    wheel: Path, layout: Layout, architecture: Mapping[str, str], environ: Mapping[str, str]
) -> None:
    """Unpack a wheel to the build directory, and to scripts, data and include beside it.

    What an earlier run unpacked is replaced. Raises WheelRefused for a wheel that is not as the specification
    says; nothing is unpacked then.
    """
    interpreter = probe(layout.flavor.python.binary)
    host = host_platform(architecture).replace("-", "_").replace(".", "_")
    root = os.path.commonpath([layout.home_dir, layout.build_dir])
    request = InstallRequest(
        wheels=(wheel,),
        root=Path(root),
        scheme=_scheme(layout, root),
        pythons=(replace(interpreter, platforms=(*interpreter.platforms, host)),),
        prefix="/",
        bytecode=BytecodeOptions(levels=()),
        overwrite=True,
    )
    prepared = prepare_install(request, environ)
    now, epoch = int(time.time()), source_date_epoch(environ)
    date = now if epoch is None else min(now, epoch)
    install(replace(prepared, plan=_as_installer_writes(prepared.plan, date)))


def _as_installer_writes(plan: InstallPlan, date: int) -> InstallPlan:
    """Change the plan for one wheel to what pypa/installer writes, which is what pybuild's packages have.

    Every file has one date. RECORD lists the scripts of entry points in the order of entry_points.txt, the
    entries in the order of the archive, what an installer adds.
    """
    (wheel,) = plan.wheels
    points = {point.name: number for number, point in enumerate(wheel.entry_points)}
    entries = {entry.name: len(points) + number for number, entry in enumerate(wheel.entries)}
    places = {
        file.final: entries[file.entry] if file.entry else points[posixpath.basename(file.final)]
        for file in plan.files
        if file.entry or file.kind is Kind.SCRIPT
    }
    records = (
        replace(
            record,
            members=tuple(sorted(record.members, key=lambda final: places.get(final, sys.maxsize))),
            mtime=date,
            in_order=True,
        )
        for record in plan.records
    )
    files = tuple(replace(file, mtime=date) for file in plan.files)
    return replace(plan, files=files, records=tuple(records))


def _scheme(layout: Layout, root: str) -> Scheme:
    def inside(path: str) -> str:
        return ("/" + os.path.relpath(path, root)).replace("{", "{{").replace("}", "}}")

    modules = inside(layout.build_dir)
    return replace(
        load_scheme("debian"),
        purelib=modules,
        platlib=modules,
        scripts=inside(f"{layout.home_dir}/scripts"),
        data=inside(f"{layout.home_dir}/data"),
        headers=inside(f"{layout.home_dir}/include"),
        script_python=layout.flavor.python.binary_dv,
    )


def _parallel_extensions(layout: Layout) -> str:
    path = Path(layout.home_dir, "setuptools-build_ext-parallel.cfg")
    path.write_text(f"[build_ext]\nparallel={layout.parallel}\n", encoding="utf-8")
    return str(path)


def _meson_settings(layout: Layout, architecture: Mapping[str, str]) -> list[str]:
    return [
        f"build-dir={layout.home_dir}/meson-build",
        "compile-args=--verbose",
        "setup-args=--wrap-mode=nodownload",
        "setup-args=--prefix=/usr",
        "setup-args=--sysconfdir=/etc",
        "setup-args=--localstatedir=/var",
        f"setup-args=--libdir=lib/{architecture['DEB_HOST_MULTIARCH']}",
    ]


def _config_settings(words: Sequence[str]) -> list[str]:
    """PYBUILD_BUILD_ARGS are those of ``python -m build``, of which the settings matter here."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-C", "--config-setting", action="append", default=[])
    for name in (("-n", "--no-isolation"), ("-x", "--skip-dependency-check"), ("-w", "--wheel")):
        parser.add_argument(*name, action="store_true")
    return list(parser.parse_args(list(words)).config_setting)


def _provider(system: BuildSystem) -> str:
    """Say which package of Debian has a backend."""
    name = min(backend_providers(system))
    return f"Build-Depends: {_PACKAGES.get(name, f'python3-{name}')}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, subject="PYBUILD_BUILD_ARGS", hint="give settings: -C KEY=VALUE")

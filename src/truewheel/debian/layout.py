"""Decide where a flavor is built, by the names and places that pybuild has."""

from __future__ import annotations

import os

from truewheel.debian.host import Host
from truewheel.debian.model import Flavor, Layout, Source, Step, render
from truewheel.debian.options import Options

_ANY = "debian/tmp"  # what debhelper says where it is not one package alone
_INSTALL_DIR = "/usr/lib/python{version}/dist-packages"


def plan_layout(source: Source, options: Options, flavor: Flavor, step: Step, top: str, host: Host) -> Layout:
    """Return where this flavor is built; ``top`` is where debian/rules runs, absolute on the build host.

    Raises UsageError for a template that cannot be filled in.
    """
    name = options.overall("name")
    home_dir = os.path.join(top, ".pybuild", _home_name(flavor, name))
    build_dir = _directory(options, "build_dir", flavor) or os.path.join(home_dir, "build")
    return Layout(
        flavor=flavor,
        dir=os.path.normpath(os.path.join(top, _directory(options, "dir", flavor) or source.directory)),
        home_dir=home_dir,
        build_dir=os.path.normpath(os.path.join(top, build_dir)),
        install_dir=_directory(options, "install_dir", flavor) or _INSTALL_DIR.format(version=flavor.version),
        destdir=os.path.normpath(os.path.join(top, _destdir(source, options, flavor, top, host))),
        package=_package(flavor, name) if name else "PYBUILD_NAME_not_set",
        parallel=source.parallel,
        args=options.get(f"{step.value}_args", flavor) or "",
    )


def _home_name(flavor: Flavor, name: str | None) -> str:
    parts = ["cpython3", str(flavor.version), *(["dbg"] if flavor.python.debug else []), name or ""]
    return "_".join(part for part in parts if part)


def _directory(options: Options, option: str, flavor: Flavor) -> str:
    template = options.get(option, flavor) or ""
    variables = {"version": flavor.version, "interpreter": flavor.python.command}
    return render(template, variables, f"PYBUILD_{option.upper()}")


def _destdir(source: Source, options: Options, flavor: Flavor, top: str, host: Host) -> str:
    name = options.overall("name")
    environ = options.environ.get("DESTDIR", "")
    usual = os.path.join(top, source.destdir) == os.path.join(top, _ANY)
    told = "" if environ and usual and host.dh_python >= 7 else source.destdir
    asked = _directory(options, "destdir", flavor) or told or environ or _ANY
    return f"debian/{_package(flavor, name)}" if name and asked.rstrip("/").endswith(_ANY) else asked


def _package(flavor: Flavor, name: str) -> str:
    suffix = "-dbg" if flavor.python.debug else ""
    return f"python3-{name.replace('_', '-')}{suffix}"

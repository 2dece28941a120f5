"""Decider: the environment of the commands that build, test and install."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from truewheel.debian.dh_python import dh_python_major
from truewheel.debian.model import Layout, Source, Step
from truewheel.debian.upstream import version_variables
from truewheel.errors import TruewheelError

_NEEDED = ("DEB_BUILD_ARCH", "DEB_HOST_ARCH", "DEB_HOST_ARCH_OS", "DEB_HOST_GNU_CPU", "DEB_HOST_MULTIARCH")
# what sysconfig calls these is not what dpkg does
_PLATFORMS = {
    "arm-linux-gnueabihf": "linux-armv7l",
    "mips64el-linux-gnuabi64": "linux-mips64",
    "mipsel-linux-gnu": "linux-mips",
    "powerpc64-linux-gnu": "linux-ppc64",
    "powerpc64le-linux-gnu": "linux-ppc64le",
}
_DEAD_PROXIES = {"http_proxy": "http://127.0.0.1:9/", "https_proxy": "https://127.0.0.1:9/"}


def read_architecture(environ: Mapping[str, str]) -> dict[str, str]:
    """What dpkg-architecture says of the build and host machines; what is in ``environ`` already is taken.

    Raises TruewheelError where it cannot be run.
    """
    if all(environ.get(name) for name in _NEEDED):
        return {name: environ[name] for name in _NEEDED}
    try:
        run = subprocess.run(("/usr/bin/dpkg-architecture",), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise TruewheelError("fails", subject="dpkg-architecture", hint="install dpkg-dev") from error
    return dict(line.split("=", 1) for line in run.stdout.splitlines() if "=" in line)


def host_platform(architecture: Mapping[str, str]) -> str:
    """The platform the packages are for, in sysconfig's words, such as ``linux-x86_64``.

    Beside an old dh-python it is in dpkg's words but for amd64, as wheels of its pybuild have it.
    """
    if architecture["DEB_HOST_ARCH"] != "amd64" and dh_python_major() < 6:
        return f"{architecture['DEB_HOST_ARCH_OS']}-{architecture['DEB_HOST_ARCH']}"
    usual = f"{architecture['DEB_HOST_ARCH_OS']}-{architecture['DEB_HOST_GNU_CPU']}"
    return _PLATFORMS.get(architecture["DEB_HOST_MULTIARCH"], usual)


def is_cross(architecture: Mapping[str, str]) -> bool:
    """Whether the packages are for another machine than this."""
    return architecture["DEB_BUILD_ARCH"] != architecture["DEB_HOST_ARCH"]


def build_environment(
    source: Source, environ: Mapping[str, str], architecture: Mapping[str, str], top: str
) -> dict[str, str]:
    """The environment of every command: the caller's, offline, with Debian's layout and platform.

    A proxy the caller set is left alone, and an empty one removed.
    """
    result = {
        "LC_ALL": "C.UTF-8",
        "CCACHE_DIR": os.path.join(top, ".pybuild", "ccache"),
        "no_proxy": "localhost",
        "DEB_PYTHON_INSTALL_LAYOUT": "deb",
        "_PYTHON_HOST_PLATFORM": host_platform(architecture),
        **_DEAD_PROXIES,
        **environ,
        **version_variables(source.build_depends, source.version, environ),
    }
    if is_cross(architecture):
        result.setdefault(
            "_PYTHON_SYSCONFIGDATA_NAME", f"_sysconfigdata__{architecture['DEB_HOST_MULTIARCH']}"
        )
    for name in _DEAD_PROXIES:
        if not result[name]:
            del result[name]
    return result


def flavor_environment(environ: Mapping[str, str], layout: Layout, step: Step) -> dict[str, str]:
    """The environment of one flavor: PYTHONPATH reaches what is built, and in tests what is installed."""
    added = {Step.BUILD: [layout.build_dir], Step.TEST: [layout.test_dir, layout.build_dir]}.get(step, [])
    paths = environ.get("PYTHONPATH", "").split(":") if environ.get("PYTHONPATH") else []
    paths += [path for path in added if path not in paths]
    result = {**environ, "PYTHONPATH": ":".join(paths)}
    data = result.get("_PYTHON_SYSCONFIGDATA_NAME", "")
    if layout.flavor.python.debug and data and not data.startswith("_sysconfigdata_d"):
        result["_PYTHON_SYSCONFIGDATA_NAME"] = "_sysconfigdata_d" + data.removeprefix("_sysconfigdata_")
    return result


def scripts_environment(environ: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """Where a backend built: the scripts come first, and the home directory is this flavor's."""
    scripts = Path(layout.home_dir, "scripts")
    path = f"{scripts}:{environ.get('PATH', os.defpath)}" if scripts.exists() else environ.get("PATH", "")
    return {**environ, "PATH": path, "HOME": layout.home_dir}

"""Decide the environment of the commands that build, test and install."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from packaging.version import InvalidVersion, Version

from truewheel.debian.host import Host
from truewheel.debian.model import Layout, Source, Step

_DEAD_PROXIES = {"http_proxy": "http://127.0.0.1:9/", "https_proxy": "https://127.0.0.1:9/"}
_PUBLIC = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*")
# the variable from which each backend's package reads the version
_VARIABLES = (
    (("python3-setuptools-scm", "python3-flit-scm", "python3-hatch-vcs"), "SETUPTOOLS_SCM_PRETEND_VERSION"),
    (("python3-pdm-backend",), "PDM_BUILD_SCM_VERSION"),
    (("python3-poetry-dynamic-versioning",), "POETRY_DYNAMIC_VERSIONING_BYPASS"),
    (("python3-pbr",), "PBR_VERSION"),
)


def build_environment(source: Source, environ: Mapping[str, str], host: Host, top: str) -> dict[str, str]:
    """Return the environment of every command: the caller's, offline, with Debian's layout and platform.

    A proxy that the caller set stays, an empty one is removed. ``top`` is where debian/rules runs.
    """
    result = {
        "LC_ALL": "C.UTF-8",
        "CCACHE_DIR": os.path.join(top, ".pybuild", "ccache"),
        "no_proxy": "localhost",
        "DEB_PYTHON_INSTALL_LAYOUT": "deb",
        "_PYTHON_HOST_PLATFORM": host.platform,
        **_DEAD_PROXIES,
        **environ,
        **version_variables(source.build_depends, source.version, environ),
    }
    if host.cross:
        result.setdefault(
            "_PYTHON_SYSCONFIGDATA_NAME", f"_sysconfigdata__{host.architecture['DEB_HOST_MULTIARCH']}"
        )
    for name in _DEAD_PROXIES:
        if not result[name]:
            del result[name]
    return result


def flavor_environment(environ: Mapping[str, str], layout: Layout, step: Step) -> dict[str, str]:
    """Return the environment of one flavor: PYTHONPATH has the built modules, in tests also the installed."""
    added = {Step.BUILD: [layout.build_dir], Step.TEST: [layout.test_dir, layout.build_dir]}.get(step, [])
    paths = environ.get("PYTHONPATH", "").split(":") if environ.get("PYTHONPATH") else []
    paths += [path for path in added if path not in paths]
    result = {**environ, "PYTHONPATH": ":".join(paths)}
    data = result.get("_PYTHON_SYSCONFIGDATA_NAME", "")
    if layout.flavor.python.debug and data and not data.startswith("_sysconfigdata_d"):
        result["_PYTHON_SYSCONFIGDATA_NAME"] = "_sysconfigdata_d" + data.removeprefix("_sysconfigdata_")
    return result


def scripts_environment(environ: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """Return the environment of tests after a backend built: scripts first in PATH, HOME this flavor's."""
    scripts = Path(layout.home_dir, "scripts")
    path = f"{scripts}:{environ.get('PATH', os.defpath)}" if scripts.exists() else environ.get("PATH", "")
    return {**environ, "PATH": path, "HOME": layout.home_dir}


def version_variables(
    build_depends: Collection[str], changelog_version: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the version variables of the backends in Build-Depends that the caller did not set."""
    version = python_version(changelog_version)
    return {
        variable: version
        for packages, variable in _VARIABLES
        if version and not environ.get(variable) and any(name.startswith(packages) for name in build_depends)
    }


def python_version(changelog_version: str) -> str:
    """Return the PEP 440 version for one of Debian, without epoch and revision; empty where there is none.

    ``~`` becomes ``-``, which makes 1.0~rc1 a release candidate. Where that is no version, the public part
    stays and the rest becomes a local version: 1.0~git2023 is 1.0+git2023.
    """
    upstream = re.sub(r"^[0-9]+:", "", changelog_version)
    upstream = re.sub(r"-[^-]*$", "", upstream)
    candidate = upstream.replace("~", "-")
    try:
        Version(candidate)
    except InvalidVersion:
        public = _PUBLIC.match(candidate)
        if public is None:
            return ""
        local = ".".join(re.findall(r"[A-Za-z0-9]+", candidate[public.end() :]))
        return f"{public[0]}+{local}" if local else public[0]
    return candidate

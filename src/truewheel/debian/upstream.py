"""Decider: the version of the changelog in the words of Python, for backends that would ask git for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from packaging.version import InvalidVersion, Version

_PUBLIC = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*")
# what a backend's package reads the version from
_VARIABLES = (
    (("python3-setuptools-scm", "python3-flit-scm", "python3-hatch-vcs"), "SETUPTOOLS_SCM_PRETEND_VERSION"),
    (("python3-pdm-backend",), "PDM_BUILD_SCM_VERSION"),
    (("python3-poetry-dynamic-versioning",), "POETRY_DYNAMIC_VERSIONING_BYPASS"),
    (("python3-pbr",), "PBR_VERSION"),
)


def version_variables(
    build_depends: Collection[str], changelog_version: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """The variables to set for the backends in Build-Depends; what the caller set is left alone."""
    version = python_version(changelog_version)
    return {
        variable: version
        for packages, variable in _VARIABLES
        if version and not environ.get(variable) and any(name.startswith(packages) for name in build_depends)
    }


def python_version(changelog_version: str) -> str:
    """A version of PEP 440 for one of Debian, without epoch and revision; empty where there is none.

    ``~`` becomes ``-``, which makes 1.0~rc1 a release candidate. What is then no version keeps its public
    part, and the rest becomes a local version: 1.0~git2023 is 1.0+git2023.
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

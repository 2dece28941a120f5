"""Decide which projects may provide the build backend that pyproject.toml names."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from truewheel.project.pyproject import BuildSystem

# the module a backend is imported from, where its project has another name
_PROJECTS = {
    "mesonpy": "meson-python",
    "pdm": "pdm-backend",
    "poetry": "poetry-core",
    "sipbuild": "sip",
}
# projects that are named like their module: known even if the project forgets to require them
_NAMED_ALIKE = ("flit", "flit-core", "hatchling", "setuptools")


def backend_providers(system: BuildSystem) -> list[str]:
    """Return the normalised names of the projects one of which provides the backend, at least one.

    It is the required project that has the backend's name, else the one that is known to provide it. For an
    unknown backend it is each required project, or if there is none, the name of the backend's module.
    """
    module = canonicalize_name(system.backend.partition(":")[0].partition(".")[0]) or "setuptools"
    required = [name for name in map(_name, system.requires) if name]
    known = _PROJECTS.get(module, module if module in _NAMED_ALIKE else "")
    named = [name for name in (module, known) if name in required]
    return named[:1] or ([known] if known else required or [module])


def _name(requirement: str) -> str:
    try:
        return canonicalize_name(Requirement(requirement).name)
    except (InvalidRequirement, ValueError, RecursionError):
        return ""

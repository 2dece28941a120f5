"""Read the tables of pyproject.toml that hold requirements (PEP 518, PEP 621, PEP 735)."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput, TruewheelError, UsageError
from truewheel.metadata import normalized
from truewheel.textfile import read_text

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
_FILE = "pyproject.toml"


@dataclass(frozen=True)
class BuildSystem:
    """The [build-system] table; ``backend`` is empty where the project names none."""

    requires: tuple[str, ...] = ()
    backend: str = ""
    backend_path: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProjectTable:
    """The requirements of the [project] table: at run time, and of each extra."""

    name: str
    dependencies: tuple[str, ...]
    optional: tuple[tuple[str, tuple[str, ...]], ...]


def load_pyproject(project: Path) -> dict[str, Any]:
    """Return the content of a project directory's pyproject.toml, empty if there is no such file.

    Raises RefusedInput for a file that is not TOML, TruewheelError on Python 3.10 without tomli.
    """
    path = project / _FILE
    if not os.path.lexists(path):
        return {}
    try:
        return load_toml(path)
    except UsageError as error:
        raise RefusedInput(error.message, subject=error.subject) from error


def load_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises UsageError where it cannot be read, RefusedInput where it is not TOML, TruewheelError on Python
    3.10 without tomli.
    """
    data = read_text(path)
    toml = _toml_module()
    try:
        loaded: dict[str, Any] = toml.loads(data)
    except RecursionError as error:
        raise RefusedInput("is nested too deeply", subject=str(path), hint=f"patch {path.name}") from error
    except ValueError as error:
        raise RefusedInput(f"is not TOML: {error}", subject=str(path)) from error
    return loaded


def build_system(data: Mapping[str, Any]) -> BuildSystem:
    """Read [build-system] as leniently as pip: without ``requires``, with a string as ``backend-path``.

    Raises RefusedInput for values of another type.
    """
    table = _table(data, "build-system")
    backend = table.get("build-backend", "")
    if not isinstance(backend, str):
        raise _malformed("[build-system] build-backend", "a string")
    path = table.get("backend-path", [])
    return BuildSystem(
        requires=_strings(table.get("requires", []), "[build-system] requires"),
        backend=backend,
        backend_path=(path,) if isinstance(path, str) else _strings(path, "[build-system] backend-path"),
    )


def project_table(data: Mapping[str, Any]) -> ProjectTable:
    """Read the requirements of [project] (PEP 621).

    Raises RefusedInput if there is no such table or if it leaves requirements to the backend.
    """
    table = _table(data, "project")
    hint = "leave out -p to ask the build backend"
    if not table:
        raise RefusedInput("has no [project] table", subject=_FILE, hint=hint)
    dynamic = _strings(table.get("dynamic", []), "[project] dynamic")
    for key in ("dependencies", "optional-dependencies"):
        if key in dynamic:
            raise RefusedInput(f"[project] {key} is dynamic", subject=_FILE, hint=hint)
    name = table.get("name")
    if not isinstance(name, str):
        raise _malformed("[project] name", "a string")
    optional = table.get("optional-dependencies", {})
    if not isinstance(optional, dict):
        raise _malformed("[project.optional-dependencies]", "a table")
    return ProjectTable(
        name=name,
        dependencies=_strings(table.get("dependencies", []), "[project] dependencies"),
        optional=tuple(
            (extra, _strings(value, f"[project.optional-dependencies] {extra}"))
            for extra, value in optional.items()
        ),
    )


def group_requirements(data: Mapping[str, Any], group: str) -> list[str]:
    """Return the requirements of a dependency group and of those it includes (PEP 735).

    Raises RefusedInput for a group that is unknown, includes itself, is malformed or includes too deeply.
    """
    groups: dict[str, object] = {}
    for name, value in _table(data, "dependency-groups").items():
        if _normalized(name) in groups:
            raise RefusedInput(f"has two dependency groups named {name!r}, once normalised", subject=_FILE)
        groups[_normalized(name)] = value
    try:
        return _expanded(groups, _normalized(group), ())
    except RecursionError as error:
        raise RefusedInput(f"dependency group {group!r} includes too deeply", subject=_FILE) from error


def _expanded(groups: Mapping[str, object], name: str, parents: tuple[str, ...]) -> list[str]:
    if name in parents:
        raise RefusedInput(f"dependency group {name!r} includes itself", subject=_FILE)
    if name not in groups:
        known = ", ".join(sorted(groups)) or "none"
        raise RefusedInput(f"has no dependency group {name!r}", subject=_FILE, hint=f"groups: {known}")
    items = groups[name]
    if not isinstance(items, list):
        raise _malformed(f"[dependency-groups] {name}", "an array")
    found: list[str] = []
    for item in items:
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict) and list(item) == ["include-group"]:
            found += _expanded(groups, _normalized(str(item["include-group"])), (*parents, name))
        else:
            raise _malformed(f"[dependency-groups] {name}", "requirements and include-group tables")
    return found


def _toml_module() -> Any:
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TruewheelError("TOML files cannot be read without tomli", hint="install tomli") from error


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise _malformed(f"[{name}]", "a table")
    return table


def _strings(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _malformed(name, "an array of strings")
    if not all(isinstance(item, str) for item in value):
        raise _malformed(name, "an array of strings")
    return tuple(value)


def _malformed(what: str, expected: str) -> RefusedInput:
    return RefusedInput(f"{what} is not {expected}", subject=_FILE, hint="patch pyproject.toml")


def _normalized(name: str) -> str:
    return normalized(name.strip())

"""Decide what installed projects provide and require, as rpm's dependency generators print it.

The package's name says which part of a project it is: ``python3-foo+bar`` stands for ``foo[bar]``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator

from truewheel.errors import RefusedInput
from truewheel.metadata import normalized
from truewheel.rpm.dependency import marker_holds, rpm_clauses, rpm_version
from truewheel.rpm.installed_dist import InstalledDist, is_metadata, read_dist

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.specifiers import Specifier

    from truewheel.rpm.plain_requirement import Clause

# rpm 4.18 goes on where a generator fails, but not with a dependency that begins like this
FAILED = "*** truewheel failed, see its error ***"


def generated(paths: Iterable[str], write: Callable[[InstalledDist], list[str]]) -> list[str]:
    """Return what ``write`` gives for each project that ``paths`` of a buildroot belong to, every line once.

    A path in a .dist-info or .egg-info stands for that directory, other paths are passed over. Raises
    RefusedInput, about the project, for metadata that cannot be read or that has no meaning.
    """
    lines: dict[str, None] = {}
    for path in dict.fromkeys(_metadata_paths(paths)):
        try:
            lines.update(dict.fromkeys(write(read_dist(path))))
        except RefusedInput as error:
            if error.subject == path:
                raise
            raise RefusedInput(error.message, subject=f"{path}: {error.subject}", hint=error.hint) from error
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise RefusedInput(
                f"has metadata that cannot be read: {type(error).__name__}: {str(error)[:200]}",
                subject=path,
                hint="patch the metadata",
            ) from error
    return list(lines)


def extra_of_package(package: str) -> str:
    """Return the extra that a package of this name stands for, "" for none: what follows the last ``+``."""
    return package.rpartition("+")[2].lower() if "+" in package else ""


def run_provides(
    dist: InstalledDist, extra: str, main_python: str, *, refuse_zero: bool = False
) -> list[str]:
    """Return what others require of a project: for its Python version and, if that is the main one, Python 3.

    ``main_python`` is a version such as 3.11, "" counts every Python as the main one. ``refuse_zero`` refuses
    the version 0, which a build writes that could not find the real one. Raises RefusedInput for that and for
    an unknown extra.
    """
    _check_extra(dist, extra)
    version = rpm_version(dist.version)
    if refuse_zero and version == "0":
        raise RefusedInput(
            f"has the version {dist.version}",
            subject=dist.path,
            hint="tell the build its version, as by SETUPTOOLS_SCM_PRETEND_VERSION, or set "
            "%_python_dist_allow_version_zero",
        )
    names = [f"python{dist.python}"]
    if main_python in ("", dist.python):
        names.append(f"python{dist.python.partition('.')[0]}")
    return [f"{_subject(name, dist.name, extra)} = {version}" for name in names]


def run_requires(dist: InstalledDist, extra: str, with_extras: bool) -> list[str]:
    """Return what a project requires: the ABI of its Python, and the projects whose markers hold for that.

    With ``extra``, only what that one adds. With ``with_extras``, the extras that requirements name as well.
    Raises RefusedInput for a version clause that rpm cannot express, for a marker that PEP 508 gives no
    meaning and for an unknown extra.
    """
    _check_extra(dist, extra)
    clauses: dict[str, set[str]] = {}
    for subject, specifiers in _wanted(dist, extra, with_extras):
        clauses.setdefault(subject, set()).update(rpm_clauses(subject, specifiers))
    lines = [f"python(abi) = {dist.python}"]
    for subject, known in sorted(clauses.items()):
        several = f"({' with '.join(sorted(known))})" if len(known) > 1 else "".join(known)
        lines.append(several or subject)
    return lines


def markers_of(python: str) -> dict[str, str]:
    """Return environment markers of a Python version on this kind of machine, without those of its kernel."""
    machine = os.uname()
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": python,
        "os_name": os.name,
        "platform_machine": machine.machine,
        "platform_python_implementation": "PyPy" if sys.implementation.name == "pypy" else "CPython",
        "platform_release": "",
        "platform_system": machine.sysname,
        "platform_version": "",
        "python_full_version": python,
        "python_version": python,
        "sys_platform": sys.platform,
    }


def _metadata_paths(paths: Iterable[str]) -> Iterator[str]:
    for path in (each.rstrip("/") for each in paths):
        yield from (each for each in (path, path.rpartition("/")[0]) if is_metadata(each))


def _wanted(
    dist: InstalledDist, extra: str, with_extras: bool
) -> Iterator[tuple[str, Iterable[Specifier | Clause]]]:
    markers = markers_of(dist.python)
    for requirement in dist.requirements:
        plain = marker_holds(requirement, markers, "", dist.path)
        if extra and (plain or not marker_holds(requirement, markers, extra, dist.path)):
            continue
        if not extra and not plain:
            continue
        for each in ("", *(sorted(requirement.extras) if with_extras else ())):
            yield _subject(f"python{dist.python}", requirement.name, each.lower()), requirement.specifier


def _subject(python: str, name: str, extra: str) -> str:
    return f"{python}dist({normalized(name)}{f'[{extra}]' if extra else ''})"


def _check_extra(dist: InstalledDist, extra: str) -> None:
    if extra and normalized(extra) not in {normalized(known) for known in dist.extras}:
        known = ", ".join(sorted(dist.extras)) or "none"
        raise RefusedInput(
            f"{dist.name} has no extra {extra!r}",
            subject=dist.path,
            hint=f"extras: {known}; drop the sub-package or patch the metadata",
        )

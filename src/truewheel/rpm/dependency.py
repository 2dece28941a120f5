"""Decide how rpm writes a requirement of Python, such as ``python3dist(foo) >= 1.2``.

rpm compares what one package provides with what another requires as text. Versions are therefore written as
the dependency generators of the Fedora family write them: trailing zeros are dropped, ``~`` sorts before and
``^`` after the plain version. Sources: PEP 440, PEP 508, rpm's version comparison, rich dependencies of
rpm >= 4.14.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from truewheel.errors import RefusedInput
from truewheel.metadata import normalized
from truewheel.rpm.plain_requirement import plain_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import Specifier, SpecifierSet
    from packaging.version import Version as PackagingVersion

    from truewheel.rpm.plain_requirement import Clause, PlainRequirement, PlainVersion

    Version = PackagingVersion | PlainVersion

# of packaging's parsers: ValueError is InvalidVersion, UndefinedComparison and int() beyond 4,300 digits too,
# KeyError (in LookupError, with UndefinedEnvironmentName) a marker that compares two strings, RecursionError
# one of deep parentheses
_UNPARSABLE = (ValueError, RecursionError)
_SHOWN = 120  # characters of a foreign text in a message


def parse_requirement(text: str, subject: str) -> Requirement:
    """Parse a requirement (PEP 508); raises RefusedInput, about ``subject``, for one that is malformed."""
    from packaging.requirements import Requirement  # slow to import, as markers are

    try:
        return Requirement(text)
    except _UNPARSABLE as error:
        hint = "see PEP 508"
        if ":" in text:
            hint = "if it is a URL, put 'NAME @ ' in front of it to require any version of NAME"
        elif "/" in text:
            hint = "if it is a path, write the project's name instead"
        raise RefusedInput(f"{text[:_SHOWN]!r} is not a requirement", subject=subject, hint=hint) from error


def parse_version(text: str) -> Version:
    """Parse a version (PEP 440); raises ValueError for one that is malformed, or has numbers too long."""
    plain = plain_version(text)
    if plain is not None:
        return plain
    from packaging.version import Version

    return Version(text)


def marker_holds(
    requirement: Requirement | PlainRequirement, markers: Mapping[str, str], extra: str, subject: str
) -> bool:
    """Tell whether a requirement counts where ``markers`` are the values of PEP 508.

    Raises RefusedInput, about ``subject``, for a marker that PEP 508 gives no meaning.
    """
    marker = requirement.marker
    if marker is None:
        return True
    try:
        return marker.evaluate({**markers, "extra": extra})
    except (LookupError, TypeError, *_UNPARSABLE) as error:
        raise RefusedInput(
            f"the marker of {str(requirement)[:_SHOWN]!r} cannot be evaluated",
            subject=subject,
            hint="patch the requirement: PEP 508 compares a variable with a string or a version",
        ) from error


def rpm_version(version: Version) -> str:
    """Write a version for rpm: ``1!2.0rc1`` is ``1:2~rc1``.

    Only the first of pre, dev and post is written, and no local part, as in what packages provide.
    """
    return _epoch(version) + _dotted(version.release) + _suffix(version)


def rpm_capabilities(
    name: str, extras: Iterable[str], specifiers: SpecifierSet, pkgversion: str, with_extras: bool
) -> list[str]:
    """Return a requirement as rpm dependencies: one for the project and, on request, one for each extra.

    ``pkgversion`` is ``3`` for the main Python, else as in ``3.12``. Raises RefusedInput for a version clause
    that rpm cannot express.
    """
    project = normalized(name)
    named = [f"{project}[{extra.lower()}]" for extra in sorted(extras)] if with_extras else []
    return [_capability(f"python{pkgversion}dist({each})", specifiers) for each in (project, *named)]


def rpm_clauses(subject: str, specifiers: Iterable[Specifier | Clause]) -> list[str]:
    """Return each version clause as an rpm dependency on ``subject``, sorted by operator and version.

    Raises RefusedInput for a clause that rpm cannot express.
    """
    ordered = sorted(specifiers, key=lambda specifier: (specifier.operator, specifier.version))
    return [_clause(subject, specifier) for specifier in ordered]


def _capability(subject: str, specifiers: SpecifierSet) -> str:
    clauses = rpm_clauses(subject, specifiers)
    if len(clauses) > 1:
        return f"({' with '.join(clauses)})"
    return clauses[0] if clauses else subject


def _clause(subject: str, specifier: Specifier | Clause) -> str:
    text, wildcard = specifier.version.removesuffix(".*"), specifier.version.endswith(".*")
    try:
        return _WRITERS[specifier.operator, wildcard](subject, parse_version(text))
    except (ValueError, LookupError) as error:
        raise RefusedInput(
            f"the version clause {str(specifier)[:_SHOWN]!r} has no counterpart in rpm",
            subject=subject,
            hint="patch the requirement or override it",
        ) from error


def _compatible(subject: str, version: Version) -> str:
    return _range(subject, version, len(version.release) - 1)


def _matching(subject: str, version: Version) -> str:
    return _range(subject, version, len(version.release))


def _range(subject: str, version: Version, length: int) -> str:
    return f"({subject} >= {rpm_version(version)} with {subject} < {_bumped(version, length)})"


def _equal(subject: str, version: Version) -> str:
    return f"{subject} = {rpm_version(version)}"


def _unequal(subject: str, version: Version) -> str:
    text = rpm_version(version)
    return f"({subject} < {text} or {subject} > {text})"


def _not_matching(subject: str, version: Version) -> str:
    upper = _bumped(version, len(version.release))
    return f"({subject} < {rpm_version(version)}~~ or {subject} >= {upper})"


def _below(subject: str, version: Version) -> str:
    # PEP 440: "<2" admits no pre-release of 2, and "~~" sorts before all of them
    return f"{subject} < {rpm_version(version)}{'~~' if _plain(version) else ''}"


def _above(subject: str, version: Version) -> str:
    # PEP 440: ">2" admits no post-release of 2, and ".0" sorts after "^post"
    return f"{subject} > {rpm_version(version)}{'.0' if _plain(version) else ''}"


def _at_most(subject: str, version: Version) -> str:
    return f"{subject} <= {rpm_version(version)}"


def _at_least(subject: str, version: Version) -> str:
    return f"{subject} >= {rpm_version(version)}"


_WRITERS: dict[tuple[str, bool], Callable[[str, Version], str]] = {
    ("~=", False): _compatible,
    ("==", True): _matching,
    ("==", False): _equal,
    ("===", False): _equal,
    ("!=", True): _not_matching,
    ("!=", False): _unequal,
    ("<", False): _below,
    (">", False): _above,
    ("<=", False): _at_most,
    (">=", False): _at_least,
}


def _plain(version: Version) -> bool:
    return version.pre is None and version.dev is None and version.post is None


def _bumped(version: Version, length: int) -> str:
    head = version.release[:length]
    return _epoch(version) + _dotted((*head[:-1], head[-1] + 1))


def _epoch(version: Version) -> str:
    return f"{version.epoch}:" if version.epoch else ""


def _dotted(release: tuple[int, ...]) -> str:
    while len(release) > 1 and release[-1] == 0:
        release = release[:-1]
    return ".".join(str(part) for part in release)


def _suffix(version: Version) -> str:
    if version.pre is not None:
        return f"~{version.pre[0]}{version.pre[1]}"
    if version.dev is not None:
        return f"~~dev{version.dev}"
    return "" if version.post is None else f"^post{version.post}"

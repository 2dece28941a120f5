"""Decide which requirements of a project count here, and the rpm dependencies they become.

Requirements come in one after another; those that an extra asked for later would activate are kept. A *pass*
ends early where a requirement is not installed: rpm installs what is known and asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput
from truewheel.metadata import normalized
from truewheel.overrides import Override, is_ignored, overridden
from truewheel.project.packages import PythonPackages
from truewheel.rpm.dependency import marker_holds, parse_requirement, rpm_capabilities

Log = Callable[[str], None]


class PassEnded(Exception):
    """The next step needs requirements that are not installed yet."""


@dataclass(frozen=True)
class Wording:
    """How rpm dependencies are written: ``pkgversion`` as in python3.12dist, ``extras`` on own lines."""

    pkgversion: str = "3"
    extras: bool = False


PLAIN = Wording()


@dataclass(frozen=True)
class _Read:
    """A requirement as it came in: ``extra`` is the one it belongs to where no marker says so.

    ``source`` says where it was read, for messages.
    """

    requirement: Requirement
    text: str
    extra: str
    source: str


class Requirements:
    """The requirements of one project.

    ``packages`` is the Python they are for, ``overrides`` are the packager's. ``strict_extras`` refuses an
    extra that the project does not have, else a warning is logged. ``log`` takes lines for the build log.
    """

    def __init__(
        self,
        packages: PythonPackages,
        log: Log,
        *,
        overrides: Sequence[Override] = (),
        wording: Wording = PLAIN,
        strict_extras: bool = True,
    ) -> None:
        self.lines: list[str] = []
        self._packages = packages
        self._log = log
        self._overrides = overrides
        self._wording = wording
        self._strict = strict_extras
        self._extras: dict[str, bool] = {}
        self._known_extras: set[str] = set()
        self._project = ""
        self._dormant: list[_Read] = []
        self._missing = False

    def want_extras(self, names: Iterable[str], *, strict: bool | None = None) -> None:
        """Let requirements of these extras count, those read before included."""
        must_exist = self._strict if strict is None else strict
        before = len(self._extras)
        for name in names:
            if name.strip():
                self._extras.setdefault(normalized(name.strip()), must_exist)
        if len(self._extras) > before:
            dormant, self._dormant = self._dormant, []
            for read in dormant:
                self._consider(read)

    def describe_project(self, name: str, extras: Iterable[str]) -> None:
        """Note the project's own name and the extras it has."""
        self._project = normalized(name)
        self._known_extras.update(normalized(extra) for extra in extras)

    def add(self, texts: Iterable[str], source: str, *, extra: str = "") -> None:
        """Add requirements (PEP 508) read from ``source``, which messages name.

        Raises RefusedInput for a requirement that is malformed or that rpm cannot express.
        """
        for text in texts:
            self._log(f"Looking at {text} ({source})")
            requirement = parse_requirement(text, source)
            if requirement.url:
                self._log(f"WARNING: Simplifying {text!r} to {requirement.name!r}.")
            name = normalized(requirement.name)
            if is_ignored(self._overrides_of(name)):
                self._log(f"Ignoring dependency {name} per dependency override")
                continue
            self._consider(_Read(requirement, text, normalized(extra), source))

    def end_pass_if_missing(self, source: str) -> None:
        """Raise PassEnded if a requirement read so far is not installed."""
        if self._missing:
            self._log(f"Ending this pass: {source} is not all installed")
            raise PassEnded(source)

    def check_extras(self) -> None:
        """Raise RefusedInput, or log a warning, for wanted extras that the project does not have."""
        known = ", ".join(sorted(self._known_extras)) or "none"
        for extra, strict in sorted(self._extras.items()):
            if extra in self._known_extras:
                continue
            if strict:
                raise RefusedInput(f"the project has no extra {extra!r}", hint=f"extras: {known}")
            self._log(f"WARNING: Extra {extra!r} not found in project metadata. It has: {known}.")

    def _consider(self, read: _Read) -> None:
        if not self._counts(read):
            self._log(f"Ignoring for now, by its marker: {read.text}")
            self._dormant.append(read)
        elif normalized(read.requirement.name) != self._project:
            self._require(read.requirement)
        elif read.requirement.extras:
            self.want_extras(sorted(read.requirement.extras))
        else:
            self._log(f"Ignoring the project's requirement of itself: {read.text}")

    def _counts(self, read: _Read) -> bool:
        extras: list[str] = sorted(self._extras) or [""]
        if read.extra:
            extras = [read.extra] if read.extra in self._extras else []
        markers = self._packages.markers
        return any(marker_holds(read.requirement, markers, extra, read.source) for extra in extras)

    def _require(self, requirement: Requirement) -> None:
        overrides = self._overrides_of(normalized(requirement.name))
        specifiers = overridden(requirement.specifier, overrides) if overrides else requirement.specifier
        requirement.specifier = specifiers
        if not self._is_installed(requirement, specifiers):
            self._missing = True
        self.lines += rpm_capabilities(
            requirement.name, requirement.extras, specifiers, self._wording.pkgversion, self._wording.extras
        )

    def _is_installed(self, requirement: Requirement, specifiers: SpecifierSet) -> bool:
        version = self._packages.installed.get(normalized(requirement.name))
        if version is None:
            self._log(f"Requirement not satisfied: {requirement}")
            return False
        try:
            # a distribution may ship a pre-release, and then that is the version there is
            satisfied = specifiers.contains(version, prereleases=True)
        except ValueError:  # no version of PEP 440, or one of more digits than int() takes
            satisfied = False
        verdict = "satisfied" if satisfied else "not satisfied"
        self._log(f"Requirement {verdict}: {requirement} (installed: {version})")
        return satisfied

    def _overrides_of(self, name: str) -> list[Override]:
        return [override for override in self._overrides if override.package == name]

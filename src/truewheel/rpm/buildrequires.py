"""Find what a project needs to be built and tested, for rpm's %generate_buildrequires.

Each step may need the requirements that the step before found. If they are not installed, the pass ends with
the requirements known so far.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput, UsageError
from truewheel.metadata import parse_fields
from truewheel.overrides import parse_override
from truewheel.project.backend import Backend, Settings, backend_environment
from truewheel.project.packages import PythonPackages, read_packages
from truewheel.project.pyproject import build_system, group_requirements, load_pyproject, project_table
from truewheel.project.requirements_file import read_requirements_file, requirements_of_lines
from truewheel.project.tox import PLUGIN, ToxNeeds, ask_tox
from truewheel.rpm.requirements import PLAIN, Log, PassEnded, Requirements, Wording
from truewheel.textfile import read_text
from truewheel.wheel.archive import open_file
from truewheel.wheel.faults import about
from truewheel.wheel.unpacking import Entries, open_directory
from truewheel.wheel.unpacking import read_text as archived_text

# PEP 517: the backend of a project that names none
_LEGACY_REQUIRES = "setuptools >= 40.8"
# the first releases whose macros refuse an unknown extra
_STRICT_SINCE = {"FEDORA": 45, "RHEL": 11}
_BACKEND = "the fault is the build backend's"


@dataclass(frozen=True)
class BuildRequiresRequest:
    """Which requirements to find; ``python`` is the absolute path of the Python that builds.

    ``runtime`` asks for the requirements of the project's metadata: ``from_pyproject`` reads [project]
    instead, ``from_wheel`` a wheel built into ``wheeldir``. ``toxenvs`` are environments of tox, ``groups``
    dependency groups (PEP 735). ``requirement_files`` are relative to ``project``. ``map_build_path``
    is that of the Backend.
    """

    python: str
    project: Path = Path()
    use_backend: bool = True
    runtime: bool = True
    from_pyproject: bool = False
    from_wheel: bool = False
    wheeldir: Path | None = None
    extras: tuple[str, ...] = ()
    strict_extras: bool = True
    groups: tuple[str, ...] = ()
    toxenvs: tuple[str, ...] = ()
    requirement_files: tuple[Path, ...] = ()
    settings: Settings | None = None
    map_build_path: bool = False
    overrides: tuple[str, ...] = ()
    wording: Wording = PLAIN


def build_requires(
    request: BuildRequiresRequest,
    environ: Mapping[str, str],
    log: Log,
    packages: PythonPackages | None = None,
) -> list[str]:
    """Return the rpm dependencies that are known in this pass; ``log`` takes lines for the build log.

    ``packages`` counts as installed, by default the packages of ``request.python``. Raises RefusedInput for
    faults of the project's files and for a failing backend, UsageError for a request that contradicts itself.
    """
    _refuse_contradictions(request)
    backend_environ = backend_environment(environ)
    requirements = Requirements(
        packages or read_packages(request.python, backend_environ),
        log,
        overrides=[parse_override(text) for text in request.overrides],
        wording=request.wording,
        strict_extras=request.strict_extras,
    )
    requirements.want_extras(_split(request.extras))
    with contextlib.suppress(PassEnded):
        _Pass(request, environ, log, requirements).run()
    return requirements.lines


def strict_extras(environ: Mapping[str, str]) -> bool:
    """Tell whether an unknown extra is refused: it is, except on releases whose own macros only warn.

    ``environ`` names the release as RPM builds do, ``FEDORA=44`` or ``RHEL=10``.
    """
    releases = {name: environ.get(name, "") for name in _STRICT_SINCE}
    named = {name: int(text[:9]) for name, text in releases.items() if text.isdecimal() and int(text[:9])}
    return not named or any(number >= _STRICT_SINCE[name] for name, number in named.items())


class _Pass:
    def __init__(
        self,
        request: BuildRequiresRequest,
        environ: Mapping[str, str],
        log: Log,
        requirements: Requirements,
    ) -> None:
        self._request = request
        self._environ = environ
        self._log = log
        self._requirements = requirements
        self._pyproject = load_pyproject(request.project)

    def run(self) -> None:
        request = self._request
        groups = _split(request.groups)
        self._files()
        if request.use_backend:
            self._build_system()
            with Backend(
                request.project,
                request.python,
                self._environ,
                request.settings,
                map_build_path=request.map_build_path,
            ) as backend:
                self._build_hook(backend)
                if request.runtime or request.toxenvs:
                    self._runtime(backend)
        if request.toxenvs:
            groups += self._tox()
        for group in groups:
            self._requirements.add(group_requirements(self._pyproject, group), f"dependency group {group}")
        if request.runtime:
            self._requirements.check_extras()

    def _files(self) -> None:
        for file in self._request.requirement_files:
            texts = read_requirements_file(self._request.project / file, self._environ)
            self._requirements.add(texts, f"requirements file {file}")
        self._requirements.end_pass_if_missing("requirements files")

    def _build_system(self) -> None:
        system = build_system(self._pyproject)
        self._requirements.add(system.requires, "build-system.requires")
        if not system.backend:
            if not (self._request.project / "setup.py").is_file():
                raise RefusedInput(
                    "has no pyproject.toml that names a build backend, and no setup.py",
                    subject=str(self._request.project),
                    hint="without a Python project, use -N and a requirements file",
                )
            self._requirements.add([_LEGACY_REQUIRES], "default build backend")
        self._requirements.end_pass_if_missing("build backend")

    def _build_hook(self, backend: Backend) -> None:
        self._requirements.add(backend.requires_for_wheel(), "get_requires_for_build_wheel")
        self._requirements.end_pass_if_missing("get_requires_for_build_wheel")

    def _runtime(self, backend: Backend) -> None:
        if self._request.from_pyproject:
            self._runtime_from_pyproject()
        elif self._request.from_wheel:
            self._runtime_from_wheel(backend)
        else:
            self._runtime_from_hook(backend)

    def _runtime_from_pyproject(self) -> None:
        table = project_table(self._pyproject)
        self._requirements.describe_project(table.name, [extra for extra, _ in table.optional])
        self._requirements.add(table.dependencies, f"[project] dependencies ({table.name})")
        for extra, texts in table.optional:
            source = f"[project.optional-dependencies] {extra} ({table.name})"
            self._requirements.add(texts, source, extra=extra)

    def _runtime_from_hook(self, backend: Backend) -> None:
        with tempfile.TemporaryDirectory(prefix="truewheel-metadata-") as directory:
            made = backend.metadata(Path(directory))
            if made is None:
                raise RefusedInput(
                    "the build backend tells no metadata before a build",
                    hint="use -p to read [project], -w to build a wheel first, or -R for no run-time ones",
                )
            try:
                text = read_text(made / "METADATA", subject="METADATA of the build backend", hint=_BACKEND)
            except UsageError as error:
                raise RefusedInput(error.message, subject=error.subject, hint=error.hint) from error
            self._metadata(text, "metadata of the backend")

    def _runtime_from_wheel(self, backend: Backend) -> None:
        wheeldir = self._request.wheeldir
        if wheeldir is None:
            raise UsageError("-w builds a wheel and needs --wheeldir", hint="give --wheeldir DIR")
        wheels = sorted(wheeldir.glob("*.whl"))
        if not wheels:
            # a spec that builds this way gets pip from Fedora's macros, and may count on it
            self._requirements.add(["pip >= 19"], "-w")
            self._requirements.end_pass_if_missing("-w")
            wheels = [backend.wheel(wheeldir, prepared=True)]
        if len(wheels) > 1:
            names = ", ".join(wheel.name for wheel in wheels)
            raise RefusedInput(
                f"has {len(wheels)} wheels: {names}", subject=str(wheeldir), hint="leave one there"
            )
        self._log(f"Reading metadata from {wheels[0]}")
        self._metadata(_wheel_metadata(wheels[0]), f"metadata of {wheels[0].name}")

    def _metadata(self, text: str, source: str) -> None:
        fields = parse_fields(text)
        name = fields.first("Name")
        self._requirements.describe_project(name, fields.all("Provides-Extra"))
        self._requirements.add(fields.all("Requires-Dist"), f"{source} ({name})")

    def _tox(self) -> list[str]:
        self._requirements.add([PLUGIN], "tox itself")
        self._requirements.end_pass_if_missing("tox itself")
        toxenvs = _split(self._request.toxenvs)
        project = self._request.project
        needs = ask_tox(self._request.python, project, toxenvs, backend_environment(self._environ))
        self._provision(needs)
        self._requirements.want_extras(needs.extras, strict=False)
        deps = requirements_of_lines(needs.deps, project / "tox.ini", self._environ)
        self._requirements.add(deps, f"tox environment {','.join(toxenvs)}")
        return list(needs.groups)

    def _provision(self, needs: ToxNeeds) -> None:
        self._requirements.add(needs.provision, "tox provision")
        if needs.provision:
            self._requirements.end_pass_if_missing("tox provision")
            raise RefusedInput(
                f"tox still misses {', '.join(needs.provision)}, although everything is installed",
                hint="patch requires or minversion out of the tox configuration",
            )


def _wheel_metadata(path: Path) -> str:
    with open_file(path) as stream, about(path.name):
        directory = open_directory(stream.fileno())
        for entry in directory.entries:
            if entry.name.count("/") == 1 and entry.name.endswith(".dist-info/METADATA"):
                return archived_text(Entries(stream.fileno(), directory), entry)
    raise RefusedInput("has no METADATA", subject=str(path), hint="build it again")


def _refuse_contradictions(request: BuildRequiresRequest) -> None:
    needs_backend = request.runtime or request.toxenvs or request.from_pyproject or request.from_wheel
    if not request.use_backend and (needs_backend or request.settings):
        raise UsageError(
            "-N uses no build backend, but -r, -t, -e, -x, -p, -w and -C need it",
            hint="with -N give requirements files or -g",
        )
    if not request.runtime and (request.from_pyproject or request.from_wheel):
        raise UsageError("-R asks for no run-time requirements, -p and -w for some", hint="leave one out")
    if request.from_pyproject and request.from_wheel:
        raise UsageError("-p and -w both choose where to read requirements", hint="leave one out")


def _split(values: tuple[str, ...]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]

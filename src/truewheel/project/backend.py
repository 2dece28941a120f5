"""Run a project's build backend (PEP 517) through pypa/build, without isolation and without a network.

The backend runs in the Python and environment of the package build: compiler flags and the like reach it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType

from build import BuildBackendException, BuildException, BuildSystemTableValidationError, ProjectBuilder

from truewheel.environment import source_date_epoch
from truewheel.errors import RefusedInput, UsageError
from truewheel.process import ending
from truewheel.project.compilers import mapped_compilers
from truewheel.project.missing import missing_requirements
from truewheel.project.packages import read_packages
from truewheel.project.provider import backend_providers
from truewheel.project.pyproject import LEGACY_BACKEND, BuildSystem, build_system, load_pyproject
from truewheel.project.wheel_modes import normalise_modes

Settings = dict[str, str | list[str]]

_UMASK = 0o022
_DESCRIPTIONS = ("PKG-INFO", "pyproject.toml", "setup.cfg", "setup.py")
_DEAD_PROXY = "http://127.0.0.1:9/"
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
_DEAD_PROXIES = {
    **{name: _DEAD_PROXY for each in _PROXIES for name in (each, each.upper())},
    "no_proxy": "localhost,127.0.0.1",
    "NO_PROXY": "localhost,127.0.0.1",
}
_OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "UV_OFFLINE": "1",
    "CARGO_NET_OFFLINE": "true",
    "GOPROXY": "off",
}
# the settings that name meson-python's build directory; without one it makes one of a random name, which the
# compiler writes into debug information and the linker, by the build-id, into what is stripped of it
_MESON_DIRECTORIES = ("build-dir", "builddir")
# bytecode beside in-tree modules would end up in the wheel; the user's site is no part of the build
# the zone is that of the dates in a ZIP archive (flit, hatchling write local time)
_CLEAN = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1", "TZ": "UTC"}


def parse_settings(arguments: Sequence[str]) -> Settings:
    """Read ``KEY=VALUE`` or ``KEY`` each; the values of a repeated key become a list (PEP 517)."""
    settings: Settings = {}
    for argument in arguments:
        key, _, value = argument.partition("=")
        earlier = settings.get(key)
        if earlier is None:
            settings[key] = value
        else:
            settings[key] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return settings


def backend_environment(environ: Mapping[str, str], keep_proxies: bool = False) -> dict[str, str]:
    """Return the environment a backend runs in: the caller's, but offline and with a fixed hash seed.

    ``keep_proxies`` leaves the caller's proxy variables alone. Raises UsageError for a malformed
    SOURCE_DATE_EPOCH.
    """
    source_date_epoch(environ)
    proxies = {} if keep_proxies else _DEAD_PROXIES
    seed = {"PYTHONHASHSEED": environ.get("PYTHONHASHSEED", "0")}
    return {**environ, **proxies, **_OFFLINE, **_CLEAN, **seed}


def dated_environment(project: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with SOURCE_DATE_EPOCH, in seconds, where a caller set none: the project's own date.

    It is the newest of the files that describe the project; an sdist has them with the date of its release.
    Backends would write the time of the build.
    """
    dates = [
        int(path.stat().st_mtime) for path in (project / name for name in _DESCRIPTIONS) if path.is_file()
    ]
    return {**({"SOURCE_DATE_EPOCH": str(max(0, *dates))} if dates else {}), **environ}


class Backend:
    """The build backend of the project in ``directory``, run by ``python``, an absolute path.

    A context manager. The backend's output is appended to ``log``, or goes to standard error. ``provider``
    returns the hint how to get a missing backend, by default an RPM BuildRequires; ``keep_proxies`` is that
    of ``backend_environment``; with ``map_build_path`` compiled code does not record the project's directory.
    Every method raises RefusedInput if the backend cannot be imported or fails.
    """

    def __init__(
        self,
        directory: Path,
        python: str,
        environ: Mapping[str, str],
        settings: Settings | None = None,
        *,
        keep_proxies: bool = False,
        log: Path | None = None,
        provider: Callable[[BuildSystem], str] | None = None,
        map_build_path: bool = False,
    ) -> None:
        self._map_build_path = map_build_path
        self._directory = directory.absolute()
        self._environ = backend_environment(environ, keep_proxies)
        self._log = log
        self._told = f"its output is in {log}" if log else "its output stands above"
        self._provider = provider or _build_requires
        self._settings = settings
        _refuse_no_project(self._directory, directory)
        self._system = build_system(load_pyproject(self._directory))
        self._paths = [self._inside(entry) for entry in self._system.backend_path]
        if self._system.backend == "mesonpy" and not set(_MESON_DIRECTORIES).intersection(settings or ()):
            self._settings = {**(settings or {}), "builddir": self._meson_directory(python)}
        with ExitStack() as stack, self._explained():
            try:
                self._builder = ProjectBuilder(
                    str(self._directory), python_executable=python, runner=self._run
                )
            except BuildSystemTableValidationError:
                shadow = stack.enter_context(self._lenient())
                self._builder = ProjectBuilder(shadow, python_executable=python, runner=self._run)
            self._stack = stack.pop_all()

    def __enter__(self) -> Backend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def requires_for_wheel(self) -> list[str]:
        """Return the backend's own requirements for a wheel, beside those of pyproject.toml, sorted."""
        with self._explained():
            return sorted(self._builder.get_requires_for_build("wheel", self._settings))

    def refuse_missing_requirements(self) -> None:
        """Raise RefusedInput if a requirement of pyproject.toml or of the backend's hook is not installed."""
        packages = read_packages(self._builder.python_executable, self._environ)
        # the backend can be asked for its own ones only if it is there
        for ask in (lambda: self._system.requires, self.requires_for_wheel):
            missing = list(missing_requirements(ask(), packages))
            if missing:
                raise RefusedInput(
                    f"build-system.requires are not met: {', '.join(missing)}",
                    hint="install them, or give --skip-dependency-check",
                )

    def metadata(self, outdir: Path) -> Path | None:
        """Let the backend write the .dist-info into ``outdir``; None if it has no hook for that."""
        with self._explained():
            made = self._builder.prepare("wheel", str(outdir.absolute()), self._settings)
        return Path(made) if made else None

    def wheel(self, outdir: Path, *, prepared: bool = False) -> Path:
        """Build a wheel into ``outdir`` and return its path.

        ``prepared`` lets the backend write the metadata first and hands them on, as pip does: some backends
        build another wheel then.
        """
        with (
            self._explained(),
            self._compilers(),
            tempfile.TemporaryDirectory(prefix="truewheel-") as directory,
        ):
            metadata = self.metadata(Path(directory)) if prepared else None
            wheel = Path(
                self._builder.build(
                    "wheel", str(outdir.absolute()), self._settings, str(metadata) if metadata else None
                )
            )
        if wheel.is_file():
            normalise_modes(wheel)
        return wheel

    @contextmanager
    def _compilers(self) -> Iterator[None]:
        if not self._map_build_path:
            yield
            return
        before = self._environ
        with mapped_compilers(self._directory, before) as self._environ:
            yield
        self._environ = before

    def _meson_directory(self, python: str) -> str:
        """Name a build directory in the project after the Python alone, and remove its old content."""
        name = f".mesonpy-{hashlib.sha256(python.encode()).hexdigest()[:8]}"
        shutil.rmtree(self._directory / name, ignore_errors=True)
        return name

    def _run(
        self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
    ) -> None:
        environ = {**self._environ, **(extra_environ or {})}
        with open(self._log, "ab") if self._log else nullcontext(2) as output:
            subprocess.run(
                cmd,
                cwd=self._directory,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=True,
                umask=_UMASK,
            )

    @contextmanager
    def _lenient(self) -> Iterator[str]:
        """Make a directory with a [build-system] table that pypa/build accepts, for one that only pip does.

        pip accepts unknown keys, a missing ``requires`` and a string as ``backend-path``. The hooks still
        run in the project's directory.
        """
        backend = json.dumps(self._system.backend or LEGACY_BACKEND)
        table = f"[build-system]\nrequires = []\nbuild-backend = {backend}\n"
        if self._paths:
            inherited = self._environ.get("PYTHONPATH", "")
            self._environ["PYTHONPATH"] = os.pathsep.join(filter(None, [*self._paths, inherited]))
        with tempfile.TemporaryDirectory(prefix="truewheel-") as shadow:
            Path(shadow, "pyproject.toml").write_text(table, encoding="utf-8")
            yield shadow

    def _inside(self, entry: str) -> str:
        path = Path(os.path.normpath(self._directory / entry))
        if not path.is_relative_to(self._directory):
            raise RefusedInput("backend-path leaves the project", subject=entry, hint="patch pyproject.toml")
        return str(path)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BuildBackendException as error:
            raise self._failure(error.exception) from error
        except (BuildException, ValueError) as error:
            # ValueError: of pyproject_hooks for backend-path, of JSON for what a hook returns
            raise RefusedInput(str(error).strip(), hint="patch pyproject.toml") from error

    def _failure(self, cause: BaseException) -> RefusedInput:
        backend = self._system.backend or LEGACY_BACKEND
        if isinstance(cause, subprocess.CalledProcessError):
            return RefusedInput(
                f"build backend {backend} failed: {ending(cause.returncode)}", hint=self._told
            )
        # build 0.9 has the class from pep517, newer ones from pyproject_hooks
        if type(cause).__name__ == "BackendUnavailable":
            said = str(getattr(cause, "traceback", "")).strip().splitlines()[-1:]
            return RefusedInput(
                f"build backend {backend} cannot be imported{''.join(f': {line}' for line in said)}",
                hint=self._provider(self._system),
            )
        return RefusedInput(f"build backend {backend} failed: {cause!r}", hint=self._told)


def _refuse_no_project(absolute: Path, shown: Path) -> None:
    if not absolute.is_dir():
        raise (RefusedInput if absolute.exists() else UsageError)(
            "is not a directory", subject=str(shown), hint="give the directory of a project's sources"
        )
    if not any((absolute / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise RefusedInput(
            "has neither pyproject.toml nor setup.py",
            subject=str(shown),
            hint="give the directory of a Python project's sources",
        )


def _build_requires(system: BuildSystem) -> str:
    return "BuildRequire " + ", ".join(f"python3dist({name})" for name in backend_providers(system))

"""The nouns of the build system: frozen dataclasses, no I/O."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from enum import Enum

from truewheel.dataclass import dataclass
from truewheel.errors import UsageError

ALL_VERSIONS = "python{version}"
SCHEME = "debian"
EXCLUDE = "DH_TRUEWHEEL_EXCLUDE"  # globs of what of a wheel is left out


class Step(str, Enum):
    """What debhelper asks a build system to do."""

    CONFIGURE = "configure"
    BUILD = "build"
    TEST = "test"
    INSTALL = "install"
    CLEAN = "clean"


class System(str, Enum):
    """How a source is built: by its backend, by its setup.py, or by commands of the packager."""

    PYPROJECT = "pyproject"
    DISTUTILS = "distutils"
    CUSTOM = "custom"


@dataclass(frozen=True)
class Source:
    """A source package as debhelper describes it.

    ``build_depends`` and ``packages`` are names of packages, the latter its own; ``version`` is that of the
    newest changelog entry; ``directory`` and ``destdir`` are debhelper's arguments, empty for the default;
    ``parallel`` is a number of jobs.
    """

    build_depends: tuple[str, ...]
    packages: tuple[str, ...] = ()
    version: str = ""
    directory: str = ""
    destdir: str = ""
    parallel: int = 1
    quiet: bool = False
    verbose: bool = False


@dataclass(frozen=True)
class PythonVersion:
    """Major and minor version of a Python, written ``3.11``."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @classmethod
    def parse(cls, text: str) -> PythonVersion:
        """Read ``3.11`` or ``python3.11``; raises UsageError for anything else."""
        major, _, minor = text.removeprefix("python").partition(".")
        if not (major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit()):
            raise UsageError(
                "is no version of Python", subject=text, hint="give PYBUILD_VERSIONS such as '3.11 3.12'"
            )
        return cls(int(major), int(minor))


@dataclass(frozen=True)
class Supported:
    """The Pythons a package is built for, the default one last, and which one the default is."""

    versions: tuple[PythonVersion, ...]
    default: PythonVersion

    @classmethod
    def of(cls, default: str, versions: Iterable[str]) -> Supported:
        """Sort versions in the order they are built in: the default last, so that its scripts are kept."""
        last = PythonVersion.parse(default.strip())
        parsed = {PythonVersion.parse(text) for text in versions}
        return cls(tuple(sorted(parsed, key=lambda v: (v == last, v.major, v.minor))), last)


@dataclass(frozen=True)
class PythonName:
    """An interpreter as templates see it.

    ``{interpreter}`` is its command, ``{interpreter.binary_dv}`` its path, /usr/bin/python3 for the default
    version.
    """

    command: str
    version: PythonVersion
    default: bool

    def __str__(self) -> str:
        return self.command

    @property
    def name(self) -> str:
        """``python``, as dh-python names every CPython."""
        return "python"

    @property
    def debug(self) -> bool:
        """Whether it is the -dbg build."""
        return self.command.endswith("-dbg")

    @property
    def binary(self) -> str:
        """Its path in Debian."""
        return f"/usr/bin/{self.command}"

    @property
    def binary_dv(self) -> str:
        """Its path in Debian, without a version where it is the default one."""
        suffix = "-dbg" if self.debug else ""
        return f"/usr/bin/python3{suffix}" if self.default else self.binary

    @property
    def include_dir(self) -> str:
        """Where its headers are installed."""
        return f"/usr/include/python{self.version}{'d' if self.debug else ''}"


@dataclass(frozen=True)
class Flavor:
    """One Python to build for: ``template`` is how it was asked for, such as ``python{version}``."""

    template: str
    python: PythonName

    @property
    def version(self) -> PythonVersion:
        """The version of its Python."""
        return self.python.version

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of this flavor's PYBUILD variables, the most specific one first."""
        exact = self.template.format(version=self.version)
        major = self.template.format(version=self.version.major)
        return (exact,) if exact == major else (exact, major)


@dataclass(frozen=True)
class Layout:
    """Where one flavor is built, absolute on the build host; ``install_dir`` is a final path.

    ``args`` are the caller's arguments of the step's command; ``wheel`` is empty until there is one.
    """

    flavor: Flavor
    dir: str
    home_dir: str
    build_dir: str
    install_dir: str
    destdir: str
    package: str
    parallel: int
    setup_py: str = "setup.py"
    args: str = ""
    wheel: str = ""

    @property
    def test_dir(self) -> str:
        """Where the modules lie once they are installed."""
        return f"{self.destdir}/{self.install_dir.lstrip('/')}"

    def variables(self) -> dict[str, object]:
        """The names that a template may use, with their values."""
        return {
            "args": self.args,
            "autopkgtest": False,
            "build_dir": self.build_dir,
            "destdir": self.destdir,
            "dir": self.dir,
            "home_dir": self.home_dir,
            "install_dir": self.install_dir,
            "interpreter": self.flavor.python,
            "package": self.package,
            "parallel": self.parallel,
            "setup_py": self.setup_py,
            "test_dir": self.test_dir,
            "version": self.flavor.version,
            "wheel": self.wheel,
        }


def render(template: str, variables: Mapping[str, object], of: str) -> str:
    """Fill in a template such as ``{build_dir}/tests``; ``of`` names the variable it comes from.

    Raises UsageError for an unknown name.
    """
    try:
        return template.format(**variables)
    except (LookupError, ValueError, AttributeError) as error:
        known = ", ".join(f"{{{name}}}" for name in sorted(variables))
        raise UsageError(
            f"cannot be filled in: {type(error).__name__} {error}",
            subject=of,
            hint=f"double the braces that are not one of {known}",
        ) from error


def render_command(command: str, layout: Layout, of: str) -> str:
    """Fill in a command, then the names in its arguments; directories are quoted for the shell."""
    variables = layout.variables()
    quoted = {
        name: shlex.quote(str(value)) if name in ("dir", "destdir") or name.endswith("_dir") else value
        for name, value in variables.items()
    }
    return render(render(command, quoted, of), variables, of)

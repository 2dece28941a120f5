"""Ask Debian's tools about the machine: architectures, Pythons, which dh-python is installed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

from truewheel.dataclass import dataclass
from truewheel.debian.model import Supported
from truewheel.errors import InterpreterError, TruewheelError
from truewheel.process import last_line

_NEWEST_DH_PYTHON = 7  # the newest major version whose results are known
_ARCHITECTURE = (
    "DEB_BUILD_ARCH",
    "DEB_HOST_ARCH",
    "DEB_HOST_ARCH_OS",
    "DEB_HOST_GNU_CPU",
    "DEB_HOST_MULTIARCH",
)
_PY3VERSIONS = "/usr/bin/py3versions"
_DH_PYTHON = ("/usr/bin/dpkg-query", "--show", "--showformat=${Version}", "dh-python")
# sysconfig's names of platforms that differ from dpkg's
_PLATFORMS = {
    "arm-linux-gnueabihf": "linux-armv7l",
    "mips64el-linux-gnuabi64": "linux-mips64",
    "mipsel-linux-gnu": "linux-mips",
    "powerpc64-linux-gnu": "linux-ppc64",
    "powerpc64le-linux-gnu": "linux-ppc64le",
}


@dataclass(frozen=True)
class Host:
    """What the machine says of itself.

    ``architecture`` maps the variables of dpkg-architecture; ``pythons`` are the requested Pythons;
    ``dh_python`` is the major version of dh-python, whose pybuild the packages must match: 5 in Debian 12,
    6 in Debian 13, the newest known one where none is installed.
    """

    architecture: Mapping[str, str]
    pythons: Supported
    dh_python: int = _NEWEST_DH_PYTHON

    @property
    def platform(self) -> str:
        """The platform the packages are for, in sysconfig's words, such as ``linux-x86_64``.

        A dh-python before 6 names all but amd64 in dpkg's words, and its wheels carry that name.
        """
        architecture = self.architecture
        if architecture["DEB_HOST_ARCH"] != "amd64" and self.dh_python < 6:
            return f"{architecture['DEB_HOST_ARCH_OS']}-{architecture['DEB_HOST_ARCH']}"
        usual = f"{architecture['DEB_HOST_ARCH_OS']}-{architecture['DEB_HOST_GNU_CPU']}"
        return _PLATFORMS.get(architecture["DEB_HOST_MULTIARCH"], usual)

    @property
    def cross(self) -> bool:
        """Whether the packages are for another architecture than this machine's."""
        return self.architecture["DEB_BUILD_ARCH"] != self.architecture["DEB_HOST_ARCH"]


def read_host(environ: Mapping[str, str]) -> Host:
    """Ask all tools once; variables of ``environ`` that answer already are taken.

    Raises InterpreterError where py3versions fails, TruewheelError where dpkg-architecture does.
    """
    pythons = read_supported(environ)
    return Host(read_architecture(environ), pythons, read_dh_python())


def read_architecture(environ: Mapping[str, str]) -> dict[str, str]:
    """Read what dpkg-architecture says of the build and host machines, or take it from ``environ``.

    Raises TruewheelError where it cannot be run.
    """
    if all(environ.get(name) for name in _ARCHITECTURE):
        return {name: environ[name] for name in _ARCHITECTURE}
    try:
        run = subprocess.run(("/usr/bin/dpkg-architecture",), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise TruewheelError("fails", subject="dpkg-architecture", hint="install dpkg-dev") from error
    return dict(line.split("=", 1) for line in run.stdout.splitlines() if "=" in line)


def read_dh_python() -> int:
    """Find which dh-python is installed: packages must match those of its pybuild."""
    try:
        said = subprocess.run(_DH_PYTHON, capture_output=True, text=True, check=False).stdout
    except OSError:
        return _NEWEST_DH_PYTHON
    major = said.partition(".")[0]
    return int(major) if major.isdigit() else _NEWEST_DH_PYTHON


def read_supported(environ: Mapping[str, str], *, requested: bool = True) -> Supported:
    """Ask py3versions, or take DEBPYTHON3_SUPPORTED and DEBPYTHON3_DEFAULT from ``environ``.

    With ``requested``, X-Python3-Version of debian/control limits the versions. Raises InterpreterError
    where py3versions fails or no version is left.
    """
    every = "-r" if requested else "-s"
    told = {"-d": environ.get("DEBPYTHON3_DEFAULT"), every: environ.get("DEBPYTHON3_SUPPORTED")}
    asked = {option: _ask(option) for option, answer in told.items() if not answer}
    said = {option: process.communicate() for option, process in asked.items()}
    for option, process in asked.items():
        told[option] = _answer(option, process.returncode, *said[option])
    default, supported = told["-d"] or "", told[every] or ""
    return Supported.of(default, re.split(r"[\s,]+", supported.strip(" ,\n")))


def _ask(option: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen((_PY3VERSIONS, "-v", option), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise InterpreterError(
            f"cannot be run: {error.strerror}",
            subject="py3versions",
            hint="install python3, or set DEBPYTHON3_DEFAULT and DEBPYTHON3_SUPPORTED",
        ) from error


def _answer(option: str, status: int, output: bytes, errors: bytes) -> str:
    if status == 0 and output.strip():
        return output.decode("utf-8", "replace").strip()
    said = last_line(errors) or f"exit status {status}"
    hint = "install python3, or set DEBPYTHON3_DEFAULT and DEBPYTHON3_SUPPORTED"
    if option == "-r":
        hint = "X-Python3-Version of debian/control may leave no supported version: widen or remove it"
    raise InterpreterError(f"{option} fails: {said}", subject="py3versions", hint=hint)

"""A flavor, its layout and a source to build it from, for the tests of the build system."""

from __future__ import annotations

from pathlib import Path

from truewheel.debian.host import Host
from truewheel.debian.model import ALL_VERSIONS, Flavor, Layout, PythonName, PythonVersion, Supported

ARCHITECTURE = {
    "DEB_BUILD_ARCH": "amd64",
    "DEB_HOST_ARCH": "amd64",
    "DEB_HOST_ARCH_OS": "linux",
    "DEB_HOST_GNU_CPU": "x86_64",
    "DEB_HOST_MULTIARCH": "x86_64-linux-gnu",
}
CROSS = {
    **ARCHITECTURE,
    "DEB_HOST_ARCH": "armhf",
    "DEB_HOST_GNU_CPU": "arm",
    "DEB_HOST_MULTIARCH": "arm-linux-gnueabihf",
}
HOST = Host(ARCHITECTURE, Supported.of("3.11", ["3.11"]))


def flavor(version: str = "3.11", default: bool = True, template: str = ALL_VERSIONS) -> Flavor:
    parsed = PythonVersion.parse(version)
    return Flavor(template, PythonName(template.format(version=version), parsed, default))


def layout(top: Path, args: str = "", version: str = "3.11") -> Layout:
    """The usual places below a directory; home and build directories are made."""
    home = top / ".pybuild" / f"cpython3_{version}_demo"
    (home / "build").mkdir(parents=True)
    return Layout(
        flavor=flavor(version),
        dir=str(top),
        home_dir=str(home),
        build_dir=str(home / "build"),
        install_dir=f"/usr/lib/python{version}/dist-packages",
        destdir=str(top / "debian" / "python3-demo"),
        package="python3-demo",
        parallel=2,
        args=args,
    )


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def below(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))

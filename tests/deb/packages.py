"""Source packages in pybuild's style of sdists, which ``packages.yaml`` says in a few words."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.registry import sdist, sdist_pin

_TABLE = Path(__file__).parent / "packages.yaml"
_SOURCE = """\
Source: python-{name}
Section: python
Priority: optional
Maintainer: A Packager <packager@example.org>
Build-Depends: debhelper-compat (= {compat}), dh-sequence-python3, {depends}
Standards-Version: 4.6.2
Rules-Requires-Root: no
"""
_BINARY = """
Package: {name}
Architecture: {arch}
Depends: ${{misc:Depends}}, ${{python3:Depends}}{also}
Description: {name}, packaged for a test
 A package of the tests of a build system.
"""
_RULES = """\
#!/usr/bin/make -f
{exports}
%:
\tdh $@ --buildsystem=pybuild
{rules}"""
_CHANGELOG = """\
python-{name} ({version}-1) unstable; urgency=medium

  * Test.

 -- A Packager <packager@example.org>  Mon, 01 Jan 2024 12:00:00 +0000
"""
_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: the authors
License: other
 See the sources.
"""


@dataclass(frozen=True)
class Package:
    """A source package to be: what it needs to be built, and what else differs from the template.

    ``binaries`` are its packages, each with what its Depends have besides; ``exports`` are variables
    of debian/rules (an empty PYBUILD_NAME is none), ``rules`` its further targets; ``files`` are further
    files of the source, by path.
    """

    name: str
    depends: str
    arch: str = "all"
    binaries: Mapping[str, str] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[str, ...] = ("bookworm",)


def packages(release: str) -> dict[str, Package]:
    """The rows of the table that a release can build."""
    table = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    rows = (_package(name, entry) for name, entry in table.items())
    return {row.name: row for row in rows if release in row.releases}


def write_source(package: Package, directory: Path, compat: int = 13) -> Path:
    """Unpack the sdist of a row below a directory and write its debian/; returns the source's own
    directory."""
    with tarfile.open(sdist(package.name)) as archive:
        archive.extractall(directory, filter="tar")
        stem = archive.getnames()[0].partition("/")[0]
    source = directory / stem
    for path, text in {**_debian(package, compat), **package.files}.items():
        file = source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (source / "debian/rules").chmod(0o755)
    return source


def _debian(package: Package, compat: int) -> dict[str, str]:
    version = sdist_pin(package.name).version
    exports = {"PYBUILD_NAME": package.name, **package.exports}
    return {
        "debian/control": _control(package, compat),
        "debian/rules": _RULES.format(
            exports="".join(f"export {name}={value}\n" for name, value in exports.items() if value),
            rules=package.rules,
        ),
        "debian/changelog": _CHANGELOG.format(name=package.name, version=version),
        "debian/copyright": _COPYRIGHT,
        "debian/source/format": "3.0 (quilt)\n",
    }


def _control(package: Package, compat: int) -> str:
    shlibs = ", ${shlibs:Depends}" if package.arch == "any" else ""
    text = _SOURCE.format(name=package.name, compat=compat, depends=package.depends)
    for name, depends in (package.binaries or {f"python3-{package.name}": ""}).items():
        also = shlibs + (f", {depends}" if depends else "")
        text += _BINARY.format(name=name, arch=package.arch, also=also)
    return text


def _package(name: str, entry: dict[str, object]) -> Package:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Package(name, **values)  # type: ignore[arg-type]

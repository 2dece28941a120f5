"""Specs in Fedora's style: those of ``specs/``, and those that ``packages.yaml`` says in a few words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.registry import sdist, sdist_pin

_HERE = Path(__file__).parent
_TEMPLATE = """\
Name:           python-{name}
Version:        {version}
Release:        1%{{?dist}}
Summary:        {name}, packaged for a test
License:        See the sources
URL:            https://example.org/{name}/
Source:         %{{pypi_source {stem}}}
{noarch}BuildRequires:  python3-devel
{tags}
%global _description %{{expand:
{name}, packaged for a test of the macros.}}

%description %_description

%package -n     python3-{name}
Summary:        %{{summary}}

%description -n python3-{name} %_description

{extras}
%prep
%autosetup -p1 -n {stem}-%{{version}}
{prep}

%generate_buildrequires
%pyproject_buildrequires {buildrequires}

%build
%pyproject_wheel {wheel}

%install
%pyproject_install
{install}
%pyproject_save_files {save}

%check
{check}

%files -n python3-{name} -f %{{pyproject_files}}
{files}

%changelog
* Sat Nov 01 2025 A Packager <packager@example.org> - {version}-1
- Test
"""


@dataclass(frozen=True)
class Package:
    """A spec to be: what %pyproject_save_files lists, and what else differs from the template.

    ``imports`` are the arguments of %pyproject_check_import, ``tests`` is another line of %check.
    """

    name: str
    save: str
    arch: bool = False
    buildrequires: str = ""
    wheel: str = ""
    tags: str = ""
    prep: str = ""
    install: str = ""
    imports: str = ""
    tests: str = ""
    files: str = "%doc README*"
    extras: tuple[str, ...] = ()


def packages() -> dict[str, Package]:
    """The table."""
    table = yaml.safe_load((_HERE / "packages.yaml").read_text(encoding="utf-8"))
    return {name: _package(name, entry) for name, entry in table.items()}


def write_spec(package: Package, directory: Path) -> Path:
    """Write the spec of a row of the table."""
    pin = sdist_pin(package.name)
    stem = pin.filename.removesuffix(f"-{pin.version}.tar.gz")
    text = _TEMPLATE.format(
        name=package.name,
        version=pin.version,
        stem=stem,
        noarch="" if package.arch else "BuildArch:      noarch\n",
        tags=package.tags,
        extras=_extras(package),
        prep=package.prep,
        buildrequires=package.buildrequires,
        wheel=package.wheel,
        install=package.install,
        save=package.save,
        check=f"%pyproject_check_import {package.imports}\n{package.tests}",
        files=package.files,
    )
    spec = directory / f"{package.name}.spec"
    spec.write_text(text, encoding="utf-8")
    return spec


def written_specs() -> list[Path]:
    """The specs that no row of a table could say."""
    return sorted((_HERE / "specs").glob("*.spec"))


def sources_of(spec: Path) -> list[Path]:
    """The sdists a written spec names in comments ``# sdist: NAME``."""
    names = re.findall(r"^# sdist: (\S+)$", spec.read_text(encoding="utf-8"), re.M)
    return [sdist(name) for name in names]


def _extras(package: Package) -> str:
    if not package.extras:
        return ""
    noarch = "" if package.arch else "-a "
    return f"%pyproject_extras_subpkg {noarch}-n python3-{package.name} {' '.join(package.extras)}\n"


def _package(name: str, entry: dict[str, object]) -> Package:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Package(name, **values)  # type: ignore[arg-type]

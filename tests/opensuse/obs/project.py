"""A project configuration, and the checkouts of openSUSE's repositories that its builds need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import CHECKOUT

_VARIABLES = {
    "build": "TRUEWHEEL_OBS_BUILD",
    "python_rpm_macros": "TRUEWHEEL_PYTHON_RPM_MACROS",
    "rpm_config": "TRUEWHEEL_RPM_CONFIG_SUSE",
    "packages": "TRUEWHEEL_OPENSUSE_PACKAGES",
}
# python_module is the form for SLE 15: there are no rich dependencies where packages are .debs
BUILD_SET = """\
## PYTHON MACROS BEGIN
%pythons {pythons}
%add_python() %{{expand:%%define pythons %1 %pythons}}
%_without_python2 1
%python_module_iter(a:) %{{-a*}}-%{{args}} %{{expand:%%{{?!python_module_iter_%1:%%{{python_module_iter -a%*}}}}}}
%python_module_iter_STOP stop
%python_module() %{{expand:%%define args %{{**}}}} %{{expand:%%{{python_module_iter -a %{{pythons}} STOP}}}}
%primary_python python313
## PYTHON MACROS END
"""  # noqa: E501
_HEAD = """\
Type: spec
Repotype: debian
Binarytype: deb
BuildFlags: define_specfile
ExpandFlags: preinstallexpand

Preinstall: base-files base-passwd bash coreutils dash debconf debianutils diffutils dpkg findutils grep gzip
Preinstall: init-system-helpers libc-bin mawk perl-base sed tar util-linux xz-utils
Runscripts: base-passwd base-files mawk
Support: base-files base-passwd bash bsdutils coreutils dash debianutils diffutils dpkg findutils grep gzip
Support: hostname init-system-helpers libc-bin login mawk ncurses-base ncurses-bin passwd perl-base sed
Support: sysvinit-utils tar util-linux
Required: rpm rpm-config-suse fdupes-macros gcc g++ make patch file bzip2 xz-utils unzip debugedit
Prefer: mawk pkgconf -cpp-bpf {prefer}

%define suse_version 1699
%define is_opensuse 1

Macros:
%suse_version 1699
%is_opensuse 1
%_specfile %{{_build_specfile}}
%_buildhost reproducible
%build_mtime_policy clamp_to_buildtime
"""
_EPOCH = """\
%source_date_epoch_from_changelog Y
%clamp_mtime_to_source_date_epoch Y
%use_source_date_epoch_as_buildtime Y
"""
_PREFER = {"bookworm": "", "trixie": "libssl3t64"}


@dataclass(frozen=True)
class Checkouts:
    """Directories: three of openSUSE's repositories, and one that has a directory for each package."""

    build: Path
    python_rpm_macros: Path
    rpm_config: Path
    packages: Path


def checkouts() -> Checkouts:
    """Those that the environment names; without them the test is skipped."""
    missing = [name for name in _VARIABLES.values() if name not in os.environ]
    if missing:
        pytest.skip(f"builds with obs-build want openSUSE's repositories: set {', '.join(missing)}")
    return Checkouts(**{field: Path(os.environ[name]).absolute() for field, name in _VARIABLES.items()})


def build_set(flavors: Sequence[str]) -> str:
    """``%pythons``, each flavor with the macro that takes it out."""
    return "%{?!skip_python3:" + " ".join(f"%{{?!skip_{one}:{one}}}" for one in flavors) + "}"


def stock(release: str, flavors: Sequence[str], *, epoch: bool = True) -> str:
    """The configuration of a project that knows nothing of truewheel, with or without SOURCE_DATE_EPOCH."""
    text = _HEAD.format(prefer=_PREFER[release]) + (_EPOCH if epoch else "")
    return text + BUILD_SET.format(pythons=build_set(flavors)) + ":Macros\n"


def with_package(configuration: str) -> str:
    """Switched over by a package."""
    return configuration + "\nSupport: truewheel-rpm-macros\n"


def with_ours(configuration: str) -> str:
    """Switched over by the configuration that we ship, as the page has it."""
    return f"{configuration}\n{(CHECKOUT / 'packaging/obs/prjconf').read_text()}"


def with_macros(configuration: str, flavors: Sequence[str]) -> str:
    """Switched over by macros in the configuration itself."""
    command = [str(CHECKOUT / "macros/opensuse/truewheel-flavor-macros"), "--prjconf", *flavors]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{configuration}\nSupport: truewheel\n\n{made.stdout}"

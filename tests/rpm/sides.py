"""Fedora's macros and ours, each in a configuration of rpm of its own, for who has Fedora's sources.

A directory of checkouts has ``pyproject`` (pyproject-rpm-macros), ``python`` (python-rpm-macros) and ``gen``
(python-rpm-generators). Nothing but the standard library is needed: the scripts run in roots, too.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MACROS = Path(__file__).parents[2] / "macros"
# what the platform's macros say otherwise on Debian, and what redhat-rpm-config and rpmautospec say on Fedora
_SETTINGS = r"""
%_buildshell /bin/bash
%dist .fc45
%fedora 45
%_vendor redhat
%_buildhost reproducible
%source_date_epoch_from_changelog 1
%use_source_date_epoch_as_buildtime 1
%clamp_mtime_to_source_date_epoch 1
%autorelease(e:s:pb:n) 1%{?dist}
%autochangelog %{expand:* Thu Jan 01 2026 A Packager <packager@example.org> - %{version}-%{release}
- Test}
%_python_bytecompile_errors_terminate_build 1
%_python_bytecompile_extra 0
%install %{?_enable_debug_packages:%{?buildsubdir:%{debug_package}}} \
%%install \
%{nil}
%__os_install_post %{?__brp_compress} \
  %{!?__debug_package:%{?__brp_strip}} \
  %{?__os_install_post_python} \
%{nil}
"""
_FEDORAS_SCRIPT = (
    "%__brp_python_bytecompile %{__env_unset_source_date_epoch_if_not_clamp_mtime} "
    '%{_rpmconfigdir}/redhat/brp-python-bytecompile "" "%{?_python_bytecompile_errors_terminate_build}" '
    '"%{?_python_bytecompile_extra}" "%{?_smp_build_ncpus:-j%{_smp_build_ncpus}}"\n'
)


@dataclass(frozen=True)
class Side:
    """A configuration of rpm: ``directory`` is RPM_CONFIGDIR, ``settings`` the file for ``--load``."""

    name: str
    directory: Path
    settings: Path

    def environ(self) -> dict[str, str]:
        """Return the variable that chooses it."""
        return {"RPM_CONFIGDIR": str(self.directory)}


def make_side(name: str, checkouts: Path, work: Path, python: str, truewheel: str) -> Side:
    """Make ``stock`` (Fedora's macros), ``ours`` (none of theirs) or ``beside`` (ours, next to theirs)."""
    told = subprocess.run(["rpm", "--eval", "%_rpmconfigdir"], capture_output=True, check=True, text=True)
    directory = work / name
    shutil.copytree(told.stdout.strip(), directory, symlinks=True)
    (directory / "macros.d").mkdir(exist_ok=True)
    for generator in ("pythondist.attr", "python.attr", "pythonname.attr"):
        (directory / "fileattrs" / generator).unlink(missing_ok=True)
    # a root that has our macros would read them after Fedora's
    for ours in [file for file in directory.rglob("*truewheel*") if file.is_file()]:
        ours.unlink()
    settings = [_SETTINGS, f"%__python3 {python}\n", "%__default_python3_version %{python3_version}\n"]
    if name != "ours":
        _put_pythons(checkouts, directory)
        settings.append(_FEDORAS_SCRIPT)
    if name == "stock":
        _put_pyprojects(checkouts, directory)
    else:
        _put_ours(directory)
        settings.append(f"%__truewheel {truewheel}\n")
    file = work / f"macros.{name}"
    file.write_text("".join(settings), encoding="utf-8")
    return Side(name, directory, file)


def _put_pythons(checkouts: Path, directory: Path) -> None:
    _put((checkouts / "python").glob("macros.*"), directory / "macros.d")
    _put((checkouts / "python").glob("*.lua"), directory / "lua/fedora/srpm")
    _put((checkouts / "python").glob("*.py"), directory / "redhat")
    _put((checkouts / "python").glob("brp-*"), directory / "redhat")
    _put((checkouts / "gen").glob("*.attr"), directory / "fileattrs")
    _put((checkouts / "gen").glob("*.py"), directory)


def _put_pyprojects(checkouts: Path, directory: Path) -> None:
    _put((checkouts / "pyproject").glob("macros.*"), directory / "macros.d")
    _put((checkouts / "pyproject").glob("pyproject_*.lua"), directory / "lua/fedora/rpm")
    _put((checkouts / "pyproject").glob("pyproject_*.py"), directory / "redhat")


def _put_ours(directory: Path) -> None:
    for name in ("fileattrs", "lua"):
        shutil.copytree(_MACROS / name, directory / name, dirs_exist_ok=True)
    _put(_MACROS.glob("macros.*"), directory / "macros.d")
    _put(_MACROS.glob("brp-*"), directory)


def _put(files: Iterable[Path], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, directory)
        if file.suffix == ".py" or file.name.startswith("brp-"):
            (directory / file.name).chmod(0o755)
        if file.name.startswith("brp-python"):
            text = file.read_text(encoding="utf-8").replace("/usr/lib/rpm/redhat", str(directory))
            (directory / file.name).write_text(text, encoding="utf-8")

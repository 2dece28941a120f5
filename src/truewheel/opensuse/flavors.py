"""What the macros of a flavor end in, a function each; nothing is printed here.

Source: openSUSE's python-rpm-macros, whose macros have the same names.
"""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from truewheel.buildroot.tree import below
from truewheel.errors import InterpreterError
from truewheel.fix_shebang import fix_shebangs
from truewheel.interpreter import OLDEST, probe
from truewheel.model import InstallPlan, Interpreter, Manifest
from truewheel.opensuse.pip_arguments import InstallArguments, WheelArguments
from truewheel.opensuse.records import check_records, refresh_records
from truewheel.opensuse.wheelhouse import chosen_wheels
from truewheel.paths import install_paths
from truewheel.pipeline import CompileRequest, InstallRequest, compile_tree, install, prepare_install
from truewheel.project.backend import Backend, parse_settings
from truewheel.report.document import install_document, write_document
from truewheel.schemes import load_scheme

_SCHEME = "opensuse"
_BIN = "/usr/bin"
_PROGRAMS = (_BIN, "/usr/sbin")
_SITE = re.compile(r"python(\d+\.\d+t?)")


@dataclass(frozen=True)
class Place:
    """Where a package is put together: its ``root``, and the directory of what installs reported."""

    root: Path
    reports: Path


@dataclass(frozen=True)
class Installed:
    """What an install planned and did; ``rest`` is what it compiled of other files, flavor by flavor."""

    plan: InstallPlan
    manifest: Manifest
    rest: tuple[Manifest, ...]


@dataclass(frozen=True)
class Finished:
    """The result of the last pass for a flavor: its bytecode, and the RECORDs that it changed.

    Without a ``manifest`` the bytecode stays as it is, for the reason ``why``.
    """

    python: str
    manifest: Manifest | None = None
    records: tuple[str, ...] = ()
    why: str = ""


def flavor(python: str) -> Interpreter:
    """The interpreter of a flavor, by its path; raises InterpreterError where it is not installed."""
    if not Path(python).exists():
        name = re.sub(r"[.]", "", Path(python).name)
        raise InterpreterError(
            "is not there", subject=python, hint=f"BuildRequires: {name}-base, or %define skip_{name} 1"
        )
    return probe(python)


def build_wheels(
    arguments: WheelArguments,
    interpreter: Interpreter,
    wheeldir: Path,
    shared: Path,
    environ: Mapping[str, str],
) -> list[Path]:
    """Build wheels into ``wheeldir``, or take the one that an earlier flavor left in ``shared`` for all.

    Returns the wheels, as they lie in ``wheeldir``. Raises RefusedInput where a backend fails.
    """
    outdir = Path(arguments.outdir) if arguments.outdir else wheeldir
    wheel = _only(shared)
    if wheel:
        return [_copied(wheel, wheeldir)]
    made = [
        _built(Path(project), interpreter, arguments.settings, outdir, environ)
        for project in arguments.projects
    ]
    wheel = _only(wheeldir)
    if wheel:
        _copied(wheel, shared)
    return made


def install_wheels(
    arguments: InstallArguments,
    interpreters: Sequence[Interpreter],
    wheeldir: Path,
    place: Place,
    environ: Mapping[str, str],
) -> Installed:
    """Install wheels for flavors, then put right what else is there: bytecode, and the Python of scripts.

    Scripts of an earlier flavor are replaced: the last one's stay. Raises the TruewheelError of whatever is
    refused.
    """
    if arguments.root:
        place = replace(place, root=Path(arguments.root))
    request = InstallRequest(
        wheels=chosen_wheels(arguments, wheeldir, interpreters),
        root=place.root,
        scheme=_SCHEME,
        pythons=tuple(interpreters),
        prefix=arguments.prefix or None,
        script_python=str(Path(interpreters[-1].command).with_name("python{version}")),
        overwrite=True,
    )
    prepared = prepare_install(request, environ)
    manifest = install(prepared)
    place.reports.mkdir(parents=True, exist_ok=True)
    name = "-".join([prepared.plan.wheels[0].filename, *(each.cache_tag for each in interpreters)])
    write_document(place.reports / f"{name}.json", install_document(prepared.plan, manifest))
    rest = tuple(compile_flavor(interpreter, place, environ) for interpreter in interpreters)
    fix_scripts(interpreters[-1], place.root)
    return Installed(prepared.plan, manifest, rest)


def compile_flavor(interpreter: Interpreter, place: Place, environ: Mapping[str, str]) -> Manifest:
    """Compile a flavor's directories of modules, leave out what reports cover, remove strays."""
    scheme = load_scheme(_SCHEME)
    paths = install_paths(scheme, interpreter, scheme.prefix, "any")
    directories = dict.fromkeys((paths.purelib, paths.platlib))
    there = [path for path in directories if below(place.root, path).is_dir()]
    return _compiled(interpreter, there, place, environ)


def fix_scripts(interpreter: Interpreter, root: Path) -> list[Path]:
    """Let the executable scripts of a root start with a flavor's Python; returns those that changed.

    A link stands for the script below ``root`` that it leads to. Scripts name the version of their Python,
    also those of the flavor whose own name has none.
    """
    inside = root.resolve()
    found = (path.resolve() for directory in _PROGRAMS for path in below(root, directory).glob("*"))
    scripts = [path for path in found if path.is_relative_to(inside) and _executable(path)]
    versioned = Path(interpreter.command).with_name(f"python{interpreter.short_version}")
    return fix_shebangs(scripts, f"#!{versioned}".encode())


def finish(place: Place, environ: Mapping[str, str]) -> Iterator[Finished]:
    """Put bytecode and RECORDs of every flavor in the root right; yields the results, flavor by flavor.

    Only directories that have bytecode of the flavor get any. Raises RefusedInput for a RECORD or report
    that cannot be read, before anything changes.
    """
    sites = sorted(_sites(place.root).items(), key=lambda site: _number(site[0]))
    supported = [(version, paths) for version, paths in sites if _number(version) >= OLDEST]
    check_records(place.root, [path for _, paths in supported for path in paths])
    directory_mode = load_scheme(_SCHEME).directory_mode
    for version, directories in sites:
        python = f"{_BIN}/python{version}"
        if _number(version) < OLDEST:
            yield Finished(python, why="is not supported: its modules are left as they are")
            continue
        manifest, why = None, "is not there: its bytecode is left as it is"
        if Path(python).exists():
            manifest, why = _compiled(probe(python), directories, place, environ, repair=True), ""
        records = refresh_records(place.root, directories, directory_mode)
        yield Finished(python, manifest, tuple(records), why)


def _number(version: str) -> tuple[int, int]:
    major, minor = version.removesuffix("t").split(".")
    return int(major), int(minor)


def _sites(root: Path) -> dict[str, list[str]]:
    """The directories of modules by the version of their Python."""
    sites: dict[str, list[str]] = {}
    for path in sorted(root.glob("usr/lib*/python*/site-packages")):
        match = _SITE.fullmatch(path.parent.name)
        if match and path.is_dir() and not any(each.is_symlink() for each in (path, *list(path.parents)[:2])):
            sites.setdefault(match[1], []).append(f"/{path.relative_to(root)}")
    return sites


def _compiled(
    interpreter: Interpreter,
    directories: Sequence[str],
    place: Place,
    environ: Mapping[str, str],
    *,
    repair: bool = False,
) -> Manifest:
    request = CompileRequest(
        paths=tuple(directories),
        root=place.root,
        scheme=_SCHEME,
        pythons=(interpreter,),
        reports=tuple(sorted(place.reports.glob("*.json"))),
        remove_strays=True,
        repair=repair,
    )
    return compile_tree(request, environ)


def _built(
    project: Path, interpreter: Interpreter, settings: Sequence[str], outdir: Path, environ: Mapping[str, str]
) -> Path:
    # the wheel directory may be the one that setuptools builds in
    with (
        tempfile.TemporaryDirectory(prefix="truewheel-") as directory,
        Backend(project, interpreter.executable, environ, parse_settings(settings) or None) as backend,
    ):
        return _copied(backend.wheel(Path(directory)), outdir)


def _only(directory: Path) -> Path | None:
    """The wheel for all flavors, where there is exactly one."""
    wheels = list(directory.glob("*-none-any.whl"))
    return wheels[0] if len(wheels) == 1 else None


def _copied(wheel: Path, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(wheel, directory))


def _executable(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)

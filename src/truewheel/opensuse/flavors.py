"""The last step of each macro of a flavor, one function each; nothing is printed here.

Source: openSUSE's python-rpm-macros, whose macros have the same names.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from truewheel._target.versions import OLDEST
from truewheel.buildroot.tree import below
from truewheel.compilation import compile_tree
from truewheel.dataclass import dataclass, replace
from truewheel.errors import InterpreterError, UsageError
from truewheel.fix_shebang import fix_shebangs
from truewheel.interpreter import probe
from truewheel.model import InstallPlan, Interpreter, Manifest
from truewheel.opensuse.pip_arguments import InstallArguments, WheelArguments
from truewheel.opensuse.records import check_records, refresh_records
from truewheel.opensuse.wheelhouse import chosen_wheels
from truewheel.paths import install_paths
from truewheel.pipeline import install, prepare_install
from truewheel.project.backend import Backend, parse_settings
from truewheel.report.document import install_document, write_document
from truewheel.report.reader import load_report
from truewheel.request import BytecodeOptions, CompileRequest, InstallRequest
from truewheel.schemes import load_scheme

_SCHEME = "opensuse"
_BIN = "/usr/bin"
_PROGRAMS = (_BIN, "/usr/sbin")
# exported by %truewheel_exclude and %truewheel_compile_exclude, so that the last pass knows them, too
_EXCLUDED, _UNCOMPILED = "TRUEWHEEL_EXCLUDE", "TRUEWHEEL_COMPILE_EXCLUDE"
_INTERPRETER = re.compile(r"(python|pypy)(\d+)\.(\d+)t?")


@dataclass(frozen=True)
class Place:
    """Where a package is staged: its ``root``, and the directory of the reports of its installs."""

    root: Path
    reports: Path


@dataclass(frozen=True)
class Installed:
    """The plan and result of an install; ``rest`` is the bytecode of other files, flavor by flavor."""

    plan: InstallPlan
    manifest: Manifest
    rest: tuple[Manifest, ...]


@dataclass(frozen=True)
class Finished:
    """The result of the last pass for a flavor: its bytecode, and the RECORDs that changed.

    ``python`` is the path of its interpreter, or a directory of modules below another prefix. Without a
    ``manifest`` the bytecode stays as it is, for the reason ``why``.
    """

    python: str
    manifest: Manifest | None = None
    records: tuple[str, ...] = ()
    why: str = ""


def flavor(python: str) -> Interpreter:
    """Describe the interpreter of a flavor, given by its path.

    Raises InterpreterError where it is not installed, or where no macro has its path, so that
    ``%{__python316}`` stays as it is.
    """
    if python.startswith("%{__"):
        raise InterpreterError(
            f"nothing is known of this flavor: {python} is not defined",
            subject=python[len("%{__") : -1],
            hint="take it out of %pythons, or install the macros that define it",
        )
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
    """Build wheels into ``wheeldir``, or take the one in ``shared`` that an earlier flavor built for all.

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
    """Install wheels for flavors, then correct the rest of the root: bytecode, and the Python of scripts.

    Projects are built first; named wheels are copied into ``wheeldir`` afterwards. Scripts of an earlier
    flavor are replaced: the last one's stay. Raises the TruewheelError of whatever is refused.
    """
    if arguments.root:
        place = replace(place, root=Path(arguments.root))
    with tempfile.TemporaryDirectory(prefix="truewheel-") as directory:
        built = [
            _built(Path(project), interpreters[-1], arguments.settings, Path(directory), environ)
            for project in arguments.projects
        ]
        named = replace(arguments, files=(*arguments.files, *map(str, built)))
        wheels = chosen_wheels(named, wheeldir, interpreters)
        prepared = prepare_install(_request(arguments, wheels, interpreters, place, environ), environ)
        manifest = install(prepared)
    for file in map(Path, arguments.files):
        if file.resolve().parent != wheeldir.resolve():
            _copied(file, wheeldir)
    place.reports.mkdir(parents=True, exist_ok=True)
    name = "-".join([prepared.plan.wheels[0].filename, *(each.cache_tag for each in interpreters)])
    write_document(place.reports / f"{name}.json", install_document(prepared.plan, manifest))
    rest = tuple(compile_flavor(interpreter, place, environ) for interpreter in interpreters)
    fix_scripts(interpreters[-1], place.root)
    return Installed(prepared.plan, manifest, rest)


def _request(
    arguments: InstallArguments,
    wheels: tuple[Path, ...],
    interpreters: Sequence[Interpreter],
    place: Place,
    environ: Mapping[str, str],
) -> InstallRequest:
    prefix = arguments.prefix or load_scheme(_SCHEME).prefix
    # rpm makes a package with bytecode depend on python(abi), which one below another prefix never did
    elsewhere = posixpath.normpath(prefix) != load_scheme(_SCHEME).prefix
    return InstallRequest(
        wheels=wheels,
        root=place.root,
        scheme=_SCHEME,
        pythons=tuple(interpreters),
        prefix=prefix,
        bytecode=BytecodeOptions(levels=() if elsewhere else None, exclude=_globs(environ, _UNCOMPILED)),
        script_python=str(Path(interpreters[-1].command).with_name("python{version}")),
        overwrite=True,
        exclude=_globs(environ, _EXCLUDED),
        ignore_requires_python=arguments.ignore_requires_python,
    )


def _globs(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(environ.get(name, "").split())


def compile_flavor(interpreter: Interpreter, place: Place, environ: Mapping[str, str]) -> Manifest:
    """Compile a flavor's directories of modules without what reports cover, and remove strays."""
    scheme = load_scheme(_SCHEME)
    paths = install_paths(scheme, interpreter, scheme.prefix, "any")
    directories = dict.fromkeys((paths.purelib, paths.platlib))
    there = [path for path in directories if below(place.root, path).is_dir()]
    return _compiled(interpreter, there, place, environ)


def fix_scripts(interpreter: Interpreter, root: Path) -> list[Path]:
    """Let the executable scripts of a root start with a flavor's Python; returns the changed ones.

    A link stands for the script below ``root`` that it leads to. Scripts name the version of their Python,
    also where the name of the flavor has none.
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
    sites = sorted(_sites(place.root).items(), key=lambda site: _order(site[0]))
    supported = [path for name, paths in sites if _supported(name) for path in paths]
    others = sorted(_reported_sites(place).difference(path for _, paths in sites for path in paths))
    check_records(place.root, [*supported, *others])
    directory_mode = load_scheme(_SCHEME).directory_mode
    for name, directories in sites:
        python = f"{_BIN}/{name}"
        if not _supported(name):
            yield Finished(python, why="is not supported: its modules are left as they are")
            continue
        manifest, why = None, "is not there: its bytecode is left as it is"
        if Path(python).exists():
            manifest, why = _compiled(probe(python), directories, place, environ, repair=True), ""
        records = refresh_records(place.root, directories, directory_mode)
        yield Finished(python, manifest, tuple(records), why)
    for site in others:
        records = refresh_records(place.root, [site], directory_mode)
        if records:
            yield Finished(site, records=tuple(records))


def unknown_flavors(root: Path, known: Sequence[str]) -> list[str]:
    """Return the flavors with modules in the root whose macros are not truewheel's.

    ``known`` are the flavors that have them; ``python3`` stands for the version of /usr/bin/python3 too.
    """
    default = Path(_BIN, "python3").resolve().name if "python3" in known else ""
    names = [name for name in _sites(root) if _supported(name) and name != default]
    return sorted({name.replace(".", "") for name in names}.difference(known))


def _reported_sites(place: Place) -> set[str]:
    """The directories of modules that installs reported, below whatever prefix."""
    records = (
        file.path
        for report in sorted(place.reports.glob("*.json"))
        for file in load_report(report).files
        if file.path.endswith(".dist-info/RECORD")
    )
    return {posixpath.dirname(posixpath.dirname(record)) for record in records}


def _order(name: str) -> tuple[str, int, int]:
    """The parts of an interpreter's name, such as ``python3.12``."""
    match = _INTERPRETER.fullmatch(name)
    return (match[1], int(match[2]), int(match[3])) if match else (name, 0, 0)


def _supported(name: str) -> bool:
    kind, *version = _order(name)
    return kind == "python" and tuple(version) >= OLDEST


def _sites(root: Path) -> dict[str, list[str]]:
    """The directories of modules by the name of their interpreter."""
    sites: dict[str, list[str]] = {}
    for path in sorted(root.glob("usr/lib*/py*/site-packages")):
        name = path.parent.name
        linked = any(each.is_symlink() for each in (path, *list(path.parents)[:2]))
        if _INTERPRETER.fullmatch(name) and path.is_dir() and not linked:
            sites.setdefault(name, []).append(f"/{path.relative_to(root)}")
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
        bytecode=BytecodeOptions(exclude=_globs(environ, _UNCOMPILED)),
        reports=tuple(sorted(place.reports.glob("*.json"))),
        remove_strays=True,
        repair=repair,
    )
    return compile_tree(request, environ)


def _built(
    project: Path, interpreter: Interpreter, settings: Sequence[str], outdir: Path, environ: Mapping[str, str]
) -> Path:
    if not project.is_dir():
        raise UsageError(
            "is not the directory of a project", subject=str(project), hint="name a directory or a wheel"
        )
    # setuptools may build in the wheel directory
    with (
        tempfile.TemporaryDirectory(prefix="truewheel-") as directory,
        Backend(project, interpreter.executable, environ, parse_settings(settings) or None) as backend,
    ):
        return _copied(backend.wheel(Path(directory), prepared=True), outdir)


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

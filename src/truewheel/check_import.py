"""Import installed modules from a root, in the target Python, and report failures."""

from __future__ import annotations

import fnmatch
import json
import keyword
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from truewheel.beneath import leads_to
from truewheel.buildroot.tree import below
from truewheel.dataclass import dataclass
from truewheel.errors import InterpreterError, RefusedInput
from truewheel.model import InstallPaths, Interpreter
from truewheel.process import ending

_SCRIPT = Path(__file__).parent / "_target" / "import_check.py"


@dataclass(frozen=True)
class ImportRequest:
    """Modules to import by one interpreter: ``paths`` are final paths below ``root``."""

    modules: tuple[str, ...]
    root: Path
    paths: InstallPaths
    interpreter: Interpreter
    trace: bool = False


@dataclass(frozen=True)
class ImportFailure:
    """A module that cannot be imported, and why, in one line."""

    module: str
    reason: str


def choose_modules(names: Iterable[str], excluded: Sequence[str], top_level: bool) -> tuple[str, ...]:
    """Return the modules to import, sorted, each once; ``excluded`` are globs over the whole dotted name.

    Each of ``names`` may hold several, with blanks or commas between. Raises RefusedInput if none is left.
    """
    named = {name for text in names for name in re.split(r"[\s,]+", text) if name}
    chosen = {
        name
        for name in named
        if not (top_level and "." in name) and not any(fnmatch.fnmatchcase(name, glob) for glob in excluded)
    }
    if not chosen:
        counts = f"all {len(named)} modules are excluded" if named else "no module is named"
        raise RefusedInput(
            f"nothing to import: {counts}", hint="name modules, give --modules FILE, or exclude less"
        )
    return tuple(sorted(chosen))


def installed_modules(root: Path, paths: InstallPaths) -> Iterator[str]:
    """Yield the names of the modules in the directories of modules below a root, those of packages first.

    Private ones are left out, those with a leading underscore, and what is no name, such as a directory with
    a dash. Links to the directories are followed as from inside; raises OSError for a loop of them.
    """
    for final in dict.fromkeys((paths.purelib, paths.platlib)):
        start = below(root, leads_to(root, final))
        for directory, directories, files in os.walk(start):
            inside = Path(directory).relative_to(start).parts
            directories[:] = sorted(filter(_is_public, directories))
            stems = [name.partition(".")[0] for name in files if re.fullmatch(r"[^.]+\.(pyc?|.*so)", name)]
            if inside and "__init__" in stems:
                yield ".".join(inside)
            yield from (".".join((*inside, stem)) for stem in sorted(stems) if _is_public(stem))


def _is_public(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")


def check_imports(request: ImportRequest, environ: Mapping[str, str]) -> tuple[ImportFailure, ...]:
    """Import each module, all in one process, and return those that fail, in the order asked for.

    If a module ends the process, that is its failure, and a new process continues after it. The output of
    modules goes to standard error. Raises InterpreterError if the Python ends before the first import.
    """
    failures: list[ImportFailure] = []
    left = list(request.modules)
    while left:
        results, status = _run(request, left, environ)
        ended = {record["end"]: record["error"] for record in results if "end" in record}
        failures += [ImportFailure(name, str(error)) for name, error in ended.items() if error]
        if any("done" in record for record in results):
            break
        begun = [record["begin"] for record in results if "begin" in record]
        if not begun or begun[-1] in ended:
            raise InterpreterError(
                f"{ending(status)} before an import began",
                subject=request.interpreter.command,
                hint="look at the .pth files below the root",
            )
        failures.append(ImportFailure(begun[-1], f"Python: {ending(status)} during the import"))
        left = left[left.index(begun[-1]) + 1 :]
    return tuple(failures)


def _run(
    request: ImportRequest, modules: Sequence[str], environ: Mapping[str, str]
) -> tuple[list[dict[str, Any]], int]:
    """Run the script once; returns its records and the exit status as subprocess gives it."""
    with tempfile.TemporaryDirectory(prefix="truewheel-import-") as directory:
        task, results = Path(directory) / "task.json", Path(directory) / "results"
        task.write_text(
            json.dumps({"modules": modules, "paths": _directories(request), "trace": request.trace}), "utf-8"
        )
        results.touch()
        sys.stderr.flush()
        finished = subprocess.run(
            [*_command(request.interpreter), str(task), str(results)],
            env=_environment(request, environ),
            stdin=subprocess.DEVNULL,
            stdout=2,
            check=False,
        )
        return [json.loads(line) for line in results.read_text("ascii").splitlines()], finished.returncode


def _command(interpreter: Interpreter) -> list[str]:
    """No user site, no bytecode, and from 3.11 on no script directory on the path; not -I, for PYTHONPATH."""
    safe_path = ["-P"] if interpreter.version >= (3, 11) else []
    return [interpreter.executable, "-s", "-B", *safe_path, str(_SCRIPT)]


def _environment(request: ImportRequest, environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's, with the root's programs first; processes a module starts write no bytecode either."""
    programs = _directory(request.root, request.paths.scripts)
    path = os.pathsep.join(filter(None, (programs, environ.get("PATH", os.defpath))))
    return {**environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _directories(request: ImportRequest) -> list[str]:
    finals = dict.fromkeys((request.paths.platlib, request.paths.purelib))
    return [_directory(request.root, final) for final in finals]


def _directory(root: Path, final: str) -> str:
    return os.path.abspath(below(root, leads_to(root, final)))

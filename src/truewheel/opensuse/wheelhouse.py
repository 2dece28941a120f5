"""Find the wheels that the arguments of a flavor's install name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from truewheel.errors import RefusedInput, UsageError
from truewheel.model import Interpreter
from truewheel.opensuse.pip_arguments import InstallArguments
from truewheel.wheel.metadata import WheelName, parse_filename
from truewheel.wheel.reader import tag_rank

_BUILD_FIRST = "build it first: %pyproject_wheel"


def chosen_wheels(
    arguments: InstallArguments, wheeldir: Path, interpreters: Sequence[Interpreter]
) -> tuple[Path, ...]:
    """Return the wheels to install, one for each project.

    These are the named files and requirements if there are any, else all of ``wheeldir``, else all of the
    working directory. Of several wheels of one version, the one whose tags fit the interpreters best is
    taken. Raises RefusedInput for a missing wheel, UsageError for an invalid requirement.
    """
    directories = (wheeldir, *map(Path, arguments.directories))
    groups = [_file(name) for name in arguments.files]
    groups += [_matching(text, directories) for text in arguments.requirements]
    if not groups:
        groups = [[path] for path in _wheels([wheeldir]) or _wheels([Path()])]
    if not groups:
        raise RefusedInput("holds no wheel", subject=str(wheeldir), hint=_BUILD_FIRST)
    versions: dict[tuple[str, str], dict[Path, None]] = {}
    for path in (path for group in groups for path in group):
        parsed = parse_filename(path.name)
        versions.setdefault((parsed.name, str(parsed.version)), {})[path] = None
    return tuple(_best(paths, interpreters) for _, paths in sorted(versions.items()))


def _file(name: str) -> list[Path]:
    if not Path(name).is_file():
        raise RefusedInput("no such wheel", subject=name, hint=_BUILD_FIRST)
    return [Path(name)]


def _matching(text: str, directories: Iterable[Path]) -> list[Path]:
    """Find the wheels of the newest version that meets a requirement."""
    try:
        wanted = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            "is neither a wheel nor a requirement", subject=text, hint="write NAME==VERSION"
        ) from error
    name = canonicalize_name(wanted.name)
    found = [(parse_filename(path.name), path) for path in _wheels(directories)]
    fitting = [each for each in found if each[0].name == name and _meets(wanted, each[0])]
    if not fitting:
        places = " or ".join(map(str, directories))
        raise RefusedInput(f"no wheel of it in {places}", subject=text, hint=_BUILD_FIRST)
    newest = max(parsed.version for parsed, _ in fitting)
    return [path for parsed, path in fitting if parsed.version == newest]


def _meets(wanted: Requirement, parsed: WheelName) -> bool:
    return wanted.specifier.contains(parsed.version, prereleases=True)


def _wheels(directories: Iterable[Path]) -> list[Path]:
    return [path for directory in directories for path in sorted(directory.glob("*.whl"))]


def _best(paths: Iterable[Path], interpreters: Sequence[Interpreter]) -> Path:
    """Choose the best wheel; the first one where none fits, so that the install says why."""

    def rank(path: Path) -> list[tuple[bool, int]]:
        tags = [str(tag) for tag in parse_filename(path.name).tags]
        ranks = [tag_rank(tags, interpreter) for interpreter in interpreters]
        return [(each is None, each or 0) for each in ranks]

    return min(paths, key=rank)

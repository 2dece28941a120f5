"""Choose among several wheels of one version of a project.

Source: pip's order of candidates: how well the tags fit comes before the build tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from truewheel.model import Interpreter
from truewheel.wheel.metadata import parse_filename
from truewheel.wheel.reader import tag_rank


def best_wheels(paths: Iterable[Path], interpreters: Sequence[Interpreter]) -> list[Path]:
    """Return the best wheel of each version of each project, in the order of the paths.

    That is the one whose tags fit the interpreters best, of these the one of the highest build tag; any where
    none fits, so that the install says why. Raises WheelRefused for a name that is not a wheel's.
    """
    versions: dict[tuple[str, object], list[Path]] = {}
    for path in paths:
        named = parse_filename(path.name)
        versions.setdefault((named.name, named.version), []).append(path)
    return [_best(group, interpreters) if group[1:] else group[0] for group in versions.values()]


def _best(paths: Sequence[Path], interpreters: Sequence[Interpreter]) -> Path:
    ranks = {path: _rank(path, interpreters) for path in paths}
    fitting = [path for path in paths if ranks[path] == min(ranks.values())]
    return max(fitting, key=lambda path: parse_filename(path.name).build)


def _rank(path: Path, interpreters: Sequence[Interpreter]) -> list[tuple[bool, int]]:
    tags = parse_filename(path.name).tags
    ranks = [tag_rank(tags, interpreter) for interpreter in interpreters]
    return [(each is None, each or 0) for each in ranks]

"""Decide whether an install may replace what it meets in the root."""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from truewheel.buildroot.installed import Earlier, Place, earlier_installs, refuse_versions, superseded
from truewheel.buildroot.tree import look
from truewheel.dataclass import dataclass
from truewheel.metadata import normalized
from truewheel.model import Found, InstallPlan
from truewheel.paths import install_paths
from truewheel.plan import InstallInputs, planned_paths, refuse_conflicts


def places_of(inputs: InstallInputs) -> tuple[Place, ...]:
    """Return where each wheel goes for each Python."""
    places = []
    for wheel, interpreter in itertools.product(inputs.wheels, inputs.interpreters):
        paths = install_paths(inputs.scheme, interpreter, inputs.prefix, wheel.name, wheel.spelling)
        base = paths.purelib if wheel.root_is_purelib else paths.platlib
        places.append(Place(normalized(wheel.name), posixpath.join(base, wheel.dist_info), paths))
    return tuple(places)


@dataclass(frozen=True)
class Met:
    """What an install meets in the root, by final path; ``gone`` is what of the ``earlier`` ones goes."""

    found: Mapping[str, Found]
    earlier: tuple[Earlier, ...]
    gone: tuple[str, ...]


def judge(
    plan: InstallPlan, root: Path, places: Sequence[Place], overwrite: bool, reported: Mapping[str, Set[str]]
) -> Met:
    """Find what is in the root; raises ConflictRefused for what must not be replaced.

    ``places`` are those of the wheels, ``reported`` the files of earlier installs by dist-info directory.
    """
    planned = planned_paths(plan)
    found = look(root, planned)
    earlier = earlier_installs(root, places)
    if not overwrite:
        refuse_versions(earlier)
    refuse_conflicts(plan, found, overwrite)
    gone = superseded(root, earlier, set(planned), reported) if overwrite else ()
    return Met(found, earlier, gone)

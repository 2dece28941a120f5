"""Reader: the one wheel that a flavor's build step left in its home directory."""

from __future__ import annotations

from pathlib import Path

from truewheel.debian.model import Layout
from truewheel.errors import RefusedInput


def built_wheel(layout: Layout) -> Path:
    """The wheel of an earlier build step; raises RefusedInput where there is none or are several."""
    wheels = sorted(Path(layout.home_dir).glob("*.whl"))
    if not wheels:
        raise RefusedInput("holds no wheel", subject=layout.home_dir, hint="let dh_auto_build run first")
    return only_wheel(wheels[0], layout)


def only_wheel(made: Path, layout: Layout) -> Path:
    """The wheel that a backend says it made; raises RefusedInput unless it is there, alone, and named."""
    wheels = sorted(path.name for path in Path(layout.home_dir).glob("*.whl"))
    if made.name not in wheels:
        raise RefusedInput("no wheel was built", subject=layout.dir, hint="see what the backend printed")
    if wheels[1:]:
        raise RefusedInput(
            f"holds {len(wheels)} wheels: {', '.join(wheels)}",
            subject=layout.home_dir,
            hint="run dh_auto_clean first, or give each project of a source its PYBUILD_NAME",
        )
    if made.name.startswith("UNKNOWN"):
        raise RefusedInput(
            "the wheel has no name",
            subject=made.name,
            hint="let pyproject.toml name the build-backend, and Build-Depend on one that reads its tables",
        )
    return made

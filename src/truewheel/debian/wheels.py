"""Find the one wheel of a flavor's build step, and unpack it where tests and the install step look for it."""

from __future__ import annotations

import os
import posixpath
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from truewheel.dataclass import replace
from truewheel.debian.host import Host
from truewheel.debian.model import EXCLUDE, SCHEME, Layout
from truewheel.environment import source_date_epoch
from truewheel.errors import RefusedInput
from truewheel.interpreter import probe
from truewheel.model import InstallPlan, Kind, Manifest, Scheme
from truewheel.pipeline import install, prepare_install
from truewheel.request import BytecodeOptions, InstallRequest
from truewheel.schemes import load_scheme


def built_wheel(layout: Layout) -> Path:
    """Return the wheel of an earlier build step; raises RefusedInput unless there is exactly one."""
    wheels = sorted(Path(layout.home_dir).glob("*.whl"))
    if not wheels:
        raise RefusedInput("holds no wheel", subject=layout.home_dir, hint="let dh_auto_build run first")
    return only_wheel(wheels[0], layout)


def only_wheel(made: Path, layout: Layout) -> Path:
    """Return the wheel that a backend reported; raises RefusedInput unless it exists, alone, with a name."""
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


def unpack_wheel(wheel: Path, layout: Layout, host: Host, environ: Mapping[str, str]) -> Manifest:
    """Unpack a wheel to the build directory, and to scripts, data and include beside it.

    Files of an earlier run are replaced. Requires-Python is a warning, since pybuild does not look at it.
    Returns what was unpacked. Raises WheelRefused for a wheel that breaks the specification;
    nothing is unpacked then.
    """
    interpreter = probe(layout.flavor.python.binary)
    platform = host.platform.replace("-", "_").replace(".", "_")
    root = os.path.commonpath([layout.home_dir, layout.build_dir])
    request = InstallRequest(
        wheels=(wheel,),
        root=Path(root),
        scheme=_scheme(layout, root),
        pythons=(replace(interpreter, platforms=(*interpreter.platforms, platform)),),
        prefix="/",
        bytecode=BytecodeOptions(levels=()),
        overwrite=True,
        keep_dates=True,
        ignore_requires_python=True,
        exclude=tuple(environ.get(EXCLUDE, "").split()),
    )
    prepared = prepare_install(request, environ)
    now, epoch = int(time.time()), source_date_epoch(environ)
    date = now if epoch is None else min(now, epoch)
    return install(replace(prepared, plan=_as_installer_writes(prepared.plan, date)))


def _as_installer_writes(plan: InstallPlan, date: int) -> InstallPlan:
    """Change the plan for one wheel to what pypa/installer writes, which is what pybuild's packages have.

    Every file has one date. RECORD lists the scripts of entry points in the order of entry_points.txt, the
    entries in the order of the archive, what an installer adds.
    """
    (wheel,) = plan.wheels
    points = {point.name: number for number, point in enumerate(wheel.entry_points)}
    entries = {entry.name: len(points) + number for number, entry in enumerate(wheel.entries)}
    places = {
        file.final: entries[file.entry] if file.entry else points[posixpath.basename(file.final)]
        for file in plan.files
        if file.entry or file.kind is Kind.SCRIPT
    }
    records = (
        replace(
            record,
            members=tuple(sorted(record.members, key=lambda final: places.get(final, sys.maxsize))),
            mtime=date,
            in_order=True,
        )
        for record in plan.records
    )
    files = tuple(replace(file, mtime=date) for file in plan.files)
    return replace(plan, files=files, records=tuple(records))


def _scheme(layout: Layout, root: str) -> Scheme:
    def inside(path: str) -> str:
        return ("/" + os.path.relpath(path, root)).replace("{", "{{").replace("}", "}}")

    modules = inside(layout.build_dir)
    return replace(
        load_scheme(SCHEME),
        purelib=modules,
        platlib=modules,
        scripts=inside(f"{layout.home_dir}/scripts"),
        data=inside(f"{layout.home_dir}/data"),
        headers=inside(f"{layout.home_dir}/include"),
        script_python=layout.flavor.python.binary_dv,
    )

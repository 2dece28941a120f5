"""Find the one wheel of a flavor's build step, and unpack it where tests and the install step look for it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from truewheel.debian.host import Host
from truewheel.debian.model import SCHEME, Layout
from truewheel.errors import RefusedInput
from truewheel.interpreter import probe
from truewheel.model import Scheme
from truewheel.pipeline import BytecodeOptions, InstallRequest, install, prepare_install
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


def unpack_wheel(wheel: Path, layout: Layout, host: Host, environ: Mapping[str, str]) -> None:
    """Unpack a wheel to the build directory, and to scripts, data and include beside it.

    Files of an earlier run are replaced. Raises WheelRefused for a wheel that breaks the specification;
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
        date=int(time.time()),
        record_in_order=True,
    )
    install(prepare_install(request, environ))


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

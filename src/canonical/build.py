"""Hatchling's hook that adds the extension to a wheel; where none can be compiled, a pure wheel comes out.

As a program, it compiles the extension alone, to the path that is its argument.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a program, where there is no build backend yet
    BuildHookInterface = object

_SOURCES = Path(__file__).parent
_NAME = "_canonical.abi3.so"


def _flags(name: str) -> list[str]:
    return shlex.split(os.environ.get(name, ""))


def _compile(target: Path) -> str:
    """Compile the extension as ``target`` with CC, CPPFLAGS, CFLAGS and LDFLAGS; return why it failed."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    includes = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
    command = [*compiler, "-std=c11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden"]
    command += [*_flags("CPPFLAGS"), *_flags("CFLAGS"), *(f"-I{path}" for path in sorted(includes))]
    command += [path.name for path in sorted(_SOURCES.glob("*.c"))]  # no build path gets into the extension
    try:
        command += ["-o", str(target), *_flags("LDFLAGS")]
        done = subprocess.run(command, cwd=_SOURCES, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{compiler[0]}: {error.strerror}"
    errors = done.stderr.strip().splitlines() or [f"{compiler[0]} failed"]
    return "" if done.returncode == 0 else next((line for line in errors if "error" in line), errors[-1])


def _platform() -> str:
    """The tag of this machine, without a claim on its C library."""
    from packaging.tags import sys_tags

    return next(tag.platform for tag in sys_tags() if not tag.platform.startswith(("manylinux", "musllinux")))


class ExtensionHook(BuildHookInterface):  # type: ignore[misc]
    """Compiles for a wheel, or into the checkout for an editable one."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the extension and its tag to the wheel, or say why there is none."""
        self._directory = tempfile.TemporaryDirectory()
        editable = version == "editable"
        target = Path(self.root, "src", "truewheel") if editable else Path(self._directory.name)
        reason = "not CPython" if sys.implementation.name != "cpython" else _compile(target / _NAME)
        if reason:
            self.app.display_warning(f"truewheel without its extension, which is slower: {reason}")
        elif not editable:
            build_data["force_include"][str(target / _NAME)] = f"truewheel/{_NAME}"
            build_data["pure_python"] = False
            build_data["tag"] = f"cp310-abi3-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Drop what was compiled."""
        self._directory.cleanup()


if __name__ == "__main__":
    sys.exit(_compile(Path(sys.argv[1]).absolute()) or None)

"""Ask tox, through the plugin tox-current-env, what its environments need; nothing is installed."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from truewheel.dataclass import dataclass
from truewheel.errors import RefusedInput
from truewheel.process import ending
from truewheel.textfile import read_text

PLUGIN = "tox-current-env >= 0.0.16"


@dataclass(frozen=True)
class ToxNeeds:
    """Requirements of environments: the lines of ``deps``, extras of the project, dependency groups.

    ``provision`` are requirements of tox itself; if tox misses them, it lists nothing else.
    """

    provision: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def ask_tox(python: str, project: Path, toxenvs: Sequence[str], environ: Mapping[str, str]) -> ToxNeeds:
    """Run tox in the project's directory; its output goes to standard error.

    Raises RefusedInput if tox fails or writes an answer of another form.
    """
    # not -I: tox hands its environment on to the project's backend, and plugins may be in PYTHONPATH
    command = [python, "-m", "tox", "-q", "-e", ",".join(toxenvs)]
    with tempfile.TemporaryDirectory(prefix="truewheel-tox-") as directory:
        provision, deps, extras, groups = (
            Path(directory) / name for name in ("provision", "deps", "extras", "groups")
        )
        options = ["--print-deps-to", deps, "--print-extras-to", extras, "--no-provision", provision]
        status = _run([*command, "-r", "--assert-config", *map(str, options)], project, environ)
        asked = _provision(provision) if status else ()
        if asked:
            return ToxNeeds(provision=asked)
        if status:
            raise RefusedInput(
                f"tox failed ({ending(status)}) for {','.join(toxenvs)}",
                hint="its output stands above",
            )
        # an option of its own run: older versions of tox or of the plugin do not have it
        found = not _run([*command, "--print-dependency-groups-to", str(groups)], project, environ)
        return ToxNeeds(deps=_lines(deps), extras=_lines(extras), groups=_lines(groups) if found else ())


def _run(command: Sequence[str], project: Path, environ: Mapping[str, str]) -> int:
    ran = subprocess.run(command, cwd=project, env=environ, stdin=subprocess.DEVNULL, stdout=2, check=False)
    return ran.returncode


def _provision(path: Path) -> tuple[str, ...]:
    if not path.is_file() or not path.stat().st_size:
        return ()
    try:
        answer = json.loads(path.read_bytes())
        minimum, requires = answer.get("minversion"), answer.get("requires", [])
        return (*([f"tox >= {minimum}"] if minimum else []), *map(str, requires))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise RefusedInput("tox wrote an invalid list of its requirements", hint="update tox") from error


def _lines(path: Path) -> tuple[str, ...]:
    text = read_text(path, subject="tox configuration") if path.is_file() else ""
    return tuple(line for line in text.splitlines() if line.strip())

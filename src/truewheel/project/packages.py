"""Ask a Python which projects it has installed and which values its environment markers have."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from truewheel.dataclass import dataclass
from truewheel.errors import InterpreterError
from truewheel.process import last_line

_SCRIPT = Path(__file__).parents[1] / "_target" / "packages.py"


@dataclass(frozen=True)
class PythonPackages:
    """``markers`` are the values of PEP 508, ``installed`` maps normalised names to versions."""

    markers: Mapping[str, str]
    installed: Mapping[str, str]


def read_packages(executable: str, environ: Mapping[str, str]) -> PythonPackages:
    """Ask the Python at ``executable``, in the environment that its backends run in.

    Raises InterpreterError if it gives no valid answer, as Pythons before 3.8 do.
    """
    # not -I: what PYTHONPATH has is there for backends, too
    ran = subprocess.run(
        [executable, "-s", "-B", str(_SCRIPT)], env=environ, capture_output=True, check=False
    )
    try:
        answer = json.loads(ran.stdout.splitlines()[-1])
        found = [(canonicalize_name(name), version) for name, version in answer["installed"]]
        # the first on the search path is the one that is imported
        return PythonPackages(answer["markers"], dict(reversed(found)))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        said = last_line(ran.stderr)
        raise InterpreterError(
            f"does not list what is installed{': ' + said if said else ''}",
            subject=executable,
            hint="name a Python 3.8 or newer",
        ) from error

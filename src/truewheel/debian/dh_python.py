"""Reader: the dh-python that is installed, whose pybuild the results are to be those of."""

from __future__ import annotations

import subprocess
from functools import cache

_NEWEST = 7  # that we know the ways of


@cache
def dh_python_major() -> int:
    """Its major version: 5 is Debian 12's, 6 Debian 13's; the newest where there is none."""
    try:
        query = ("/usr/bin/dpkg-query", "--show", "--showformat=${Version}", "dh-python")
        said = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    except OSError:
        return _NEWEST
    major = said.partition(".")[0]
    return int(major) if major.isdigit() else _NEWEST

"""Reader: the dh-python that is installed, whose pybuild the results are to be those of."""

from __future__ import annotations

import subprocess
from functools import cache


@cache
def dh_python_is_old() -> bool:
    """Whether it is one before 6, as Debian 12 has it; where there is none it is not."""
    try:
        query = ("/usr/bin/dpkg-query", "--show", "--showformat=${Version}", "dh-python")
        said = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    except OSError:
        return False
    major = said.partition(".")[0]
    return major.isdigit() and int(major) < 6

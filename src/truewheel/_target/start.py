"""Starts our scripts in a target Python, whichever that turns out to be.

Run by its path (`python -s -S -B start.py NAME...`); calls `main` of each module named, until one returns a
status.  They are imported, because Python compiles anew what it runs by a path.  Only syntax that Python 2.7
reads as well.
"""

import os
import sys


def start(names):
    # type: (list[str]) -> int
    """Call `main` of modules of this package, whose directory is not on the path."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [entry for entry in sys.path if os.path.abspath(entry) != here]
    package = os.path.basename(here)
    __import__(package)
    del sys.path[0]
    for name in names:
        status = __import__(package + "." + name, None, None, ["main"]).main()
        if status:
            return int(status)
    return 0


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))

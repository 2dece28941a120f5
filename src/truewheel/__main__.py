"""The console script and ``python -m truewheel``: the command, free of what a caller's PYTHONPATH has.

Only what Python itself has imported by now is imported before it runs isolated.
"""

import os
import site
import sys


def run() -> None:
    """Run the command, in an isolated Python (-I) where that finds truewheel; exits with its status.

    A ``%check`` that exports PYTHONPATH would replace truewheel's own imports otherwise. An isolated Python
    finds no truewheel in the user's site, in a directory of PYTHONPATH or in a development install.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH120 pathlib imports others
    options = []
    if not sys.flags.isolated and home in site.getsitepackages():
        options += ["-I", *(["-B"] if sys.flags.dont_write_bytecode else [])]
    if sys.getfilesystemencoding() != "utf-8" or (options and sys.flags.utf8_mode):
        options += ["-X", "utf8"]  # names of files are UTF-8 whatever the locale says (PEP 540)
    if options:
        os.execv(sys.executable, [sys.executable, *options, *sys.orig_argv[1:]])  # noqa: S606
    from truewheel.cli import main

    main.run()


if __name__ == "__main__":
    run()

"""The console script and ``python -m truewheel``: the command, free of what a caller's PYTHONPATH has.

Only what Python itself has imported by now is imported before it runs isolated.
"""

import gc
import os
import site
import sys

# what changes neither where modules are found nor what they do
_HARMLESS = {"PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONNOUSERSITE", "PYTHONUNBUFFERED"}


def run() -> None:
    """Run the command, in an isolated Python (-I) where that finds truewheel; exits with its status.

    A ``%check`` that exports PYTHONPATH would replace truewheel's own imports otherwise. An isolated Python
    finds no truewheel in the user's site, in a directory of PYTHONPATH or in a development install. Another
    Python is started only where this one may have been led astray: that takes as long as a small job.
    """
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        from truewheel import __version__

        print(f"truewheel {__version__}")
        return
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH120 pathlib imports others
    options = []
    if not sys.flags.isolated and home in site.getsitepackages():
        if __name__ == "__main__" or _is_led():
            options += ["-I", *(["-B"] if sys.flags.dont_write_bytecode else [])]
        elif not getattr(sys.flags, "safe_path", False):
            del sys.path[0]  # the directory of the script
    if sys.getfilesystemencoding() != "utf-8" or (options and sys.flags.utf8_mode):
        options += ["-X", "utf8"]  # names of files are UTF-8 whatever the locale says (PEP 540)
    if options:
        os.execv(sys.executable, [sys.executable, *options, *sys.orig_argv[1:]])  # noqa: S606
    gc.disable()  # a run leaves few cycles, and to look for them among all that it plans takes time
    from truewheel.cli import main

    main.run()


def _is_led() -> bool:
    """Say whether the environment or the user's site may have changed what is imported."""
    return bool(site.ENABLE_USER_SITE and site.getusersitepackages() in sys.path) or any(
        name.startswith("PYTHON") and name not in _HARMLESS for name in os.environ
    )


if __name__ == "__main__":
    run()

"""Imports modules one after the other and writes down what became of each.

Run by the target Python, standard library only: ``import_check.py TASK RESULTS``. TASK is a JSON file with
``modules`` to import, ``paths`` to look for them in first, and ``trace`` for whole tracebacks. RESULTS gets a
line of JSON when an import begins and one when it ends, so that whoever reads it knows which import ended
the process; the last line of a run that came to its end is ``{"done": true}``.
"""

import importlib
import json
import os
import site
import sys
import traceback


def main(task_file, results_file):
    # type: (str, str) -> None
    """Carry out a task; leaves without waiting for threads a module may have started."""
    with open(task_file, encoding="utf-8") as stream:
        task = json.load(stream)
    del sys.argv[1:]
    prepare_path(task["paths"])
    for name in task["modules"]:
        note(results_file, {"begin": name})
        note(results_file, {"end": name, "error": attempt(name, task["trace"])})
    note(results_file, {"done": True})
    for output in (sys.stdout, sys.stderr):
        try:
            output.flush()
        except Exception:  # noqa: S112 a module may have closed or replaced it
            continue
    os._exit(0)


def prepare_path(directories):
    # type: (list[str]) -> None
    """Put the directories behind the caller's PYTHONPATH and before all else, and read their .pth files."""
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != own]
    asked = [os.path.abspath(p) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    place = 0
    while place < len(sys.path) and os.path.abspath(sys.path[place] or ".") in asked:
        place += 1
    sys.path[place:place] = [path for path in directories if path not in asked]
    for directory in directories:
        site.addsitedir(directory)


def attempt(name, trace):
    # type: (str, bool) -> str | None
    """Import a module; returns one line about the exception that came of it, or None."""
    try:
        importlib.import_module(name)
    except BaseException as error:
        if trace:
            traceback.print_exc()
        return describe(error)
    return None


def describe(error):
    # type: (BaseException) -> str
    """Name an exception in one line, with the place that raised it."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "(its text cannot be shown)"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not foreign(f.filename)]
    place = " [%s:%s]" % (frames[-1].filename, frames[-1].lineno) if frames else ""
    kind = type(error).__name__
    return "%s: %s%s" % (kind, text, place) if text else kind + place


def foreign(filename):
    # type: (str) -> bool
    """Whether a frame is of this script or of the import machinery, which tell nothing."""
    return filename.startswith("<frozen ") or filename in (__file__, importlib.__file__)


def note(results_file, record):
    # type: (str, dict[str, object]) -> None
    """Append a line; the file is opened each time, for modules close what they do not know."""
    fd = os.open(results_file, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(fd, (json.dumps(record) + "\n").encode("ascii"))
    finally:
        os.close(fd)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

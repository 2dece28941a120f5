"""Runs of the command line, snapshots of trees, and stand-ins for Pythons and for ``os``."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from truewheel.model import Interpreter

Snapshot = dict[str, tuple[Any, ...]]

_PATHS = (
    ("data", "{prefix}"),
    ("include", "{prefix}/include/python3.%d"),
    ("platlib", "{prefix}/lib64/python3.%d/site-packages"),
    ("purelib", "{prefix}/lib/python3.%d/site-packages"),
    ("scripts", "{prefix}/bin"),
)


def snapshot(root: Path) -> Snapshot:
    """Return the mode, date, links and content of each path at and below ``root``; empty without a root."""
    if not os.path.lexists(root):
        return {}
    seen = {".": _state(root)}
    for directory, directories, names in os.walk(root):
        for name in directories + names:
            path = Path(directory, name)
            seen[str(path.relative_to(root))] = _state(path)
    return seen


def _state(path: Path) -> tuple[Any, ...]:
    info = path.lstat()
    if path.is_symlink():
        return oct(info.st_mode), os.readlink(path)
    if path.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return oct(info.st_mode), info.st_mtime_ns, info.st_nlink, info.st_size, digest
    return oct(info.st_mode), info.st_mtime_ns


def files(root: Path) -> set[str]:
    """Return the final paths of all below ``root`` but directories."""
    return {f"/{name}" for name, state in snapshot(root).items() if len(state) != 2}


def one(root: Path, pattern: str) -> Path:
    """Return the one path below ``root`` that matches."""
    (found,) = root.rglob(pattern)
    return found


def codes(code: CodeType) -> list[CodeType]:
    """Return a code object and all that are nested in it."""
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return [code, *(nested for part in inner for nested in codes(part))]


def environment(**more: str) -> dict[str, str]:
    """Return the caller's environment without the variables that truewheel reads, and with ``more``."""
    decisive = ("SOURCE_DATE_EPOCH", "RPM_BUILD_NCPUS", "DEB_BUILD_OPTIONS", "FORCE_COLOR", "NO_COLOR")
    return {key: value for key, value in os.environ.items() if key not in decisive} | more


def truewheel(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    prepare: Callable[[], None] | None = None,
    command: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, behind the words of ``command``."""
    return subprocess.run(
        [*command, sys.executable, "-m", "truewheel", *map(str, arguments)],
        env=environment() if env is None else env,
        cwd=cwd,
        preexec_fn=prepare,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def is_one_line(text: str) -> bool:
    """Whether ``text`` is one line of ours that names an error."""
    return text.startswith("truewheel: error: ") and text.endswith("\n") and text.count("\n") == 1


def interpreter(minor: int = 12, **changes: Any) -> Interpreter:
    """Return what is known of a Python that is not installed: enough to plan for."""
    facts: dict[str, Any] = {
        "command": f"python3.{minor}",
        "executable": f"/usr/bin/python3.{minor}",
        "version": (3, minor, 1),
        "version_text": f"3.{minor}.1",
        "implementation": "cpython",
        "cache_tag": f"cpython-3{minor}",
        "magic": b"\xcb\x0d\r\n",
        "soabi": "",
        "ext_suffix": "",
        "free_threaded": False,
        "platlibdir": "lib64",
        "platforms": ("linux_x86_64",),
        "scheme_paths": tuple(
            (name, tuple((key, path.replace("%d", str(minor))) for key, path in _PATHS))
            for name in ("deb_system", "posix_prefix", "rpm_prefix")
        ),
        "install_scheme": "posix_prefix",
        "patched": "",
    }
    return Interpreter(**(facts | changes))


def fake_python(directory: Path, worker: str) -> Path:
    """Write a Python whose compiler is ``worker``, a line of shell; it answers the probe as the running one.

    In that line ``$REAL`` is the running Python and ``$START`` our script, which starts ``pyc_worker``.
    """
    path = directory / "fake-python"
    lines = [
        "#!/bin/sh",
        "ulimit -c 0",
        f"REAL={sys.executable}",
        'for NAME; do case "$NAME" in',
        '*start.py) START=$NAME ;; probe) "$REAL" -s -S -B "$START" probe || exit ;;',
        "esac; done",
        f'case "$NAME" in pyc_worker) {worker} ;; probe) exit ;; esac',
        'exec "$REAL" -s -S -B "$START" pyc_worker',
    ]
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o755)
    return path


def python_that_does(directory: Path, action: str) -> Path:
    """Write a Python whose compiler runs the statement ``action`` for a source with ``MARKER`` in it."""
    script = directory / "hooked.py"
    script.write_text(
        "import builtins, os, runpy, signal, sys, time\n"
        "real = builtins.compile\n"
        "def hooked(source, *args, **options):\n"
        "    if isinstance(source, bytes) and b'MARKER' in source:\n"
        f"        {action}\n"
        "    return real(source, *args, **options)\n"
        "builtins.compile = hooked\n"
        "del sys.argv[0]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    return fake_python(directory, f'exec "$REAL" -S -B {script} "$START" pyc_worker')


def children() -> set[int]:
    """Return the processes whose parent is this one."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(path.parent.name))
    return found


class FaultyOs:
    """A stand-in for ``os`` in which call number ``at``, of those that change a tree, goes wrong.

    With ``error`` the call fails with that errno; without, it succeeds and then a signal arrives. ``count``
    is the number of calls so far.
    """

    NAMES = frozenset(("open", "mkdir", "rename", "link", "fchmod", "utime", "write", "unlink", "rmdir"))

    def __init__(self, at: int, error: int = 0) -> None:
        self.at = at
        self.error = error
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in self.NAMES:
            return real

        def call(*args: Any, **options: Any) -> Any:
            self.count += 1
            if self.count != self.at:
                return real(*args, **options)
            if self.error:
                raise OSError(self.error, os.strerror(self.error))
            real(*args, **options)
            raise KeyboardInterrupt

        return call


def refuse_links(*args: object, **options: object) -> None:
    """Fail as ``os.link`` does on a file system without hard links."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))

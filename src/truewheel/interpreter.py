"""Describe a target Python by its own probe, and say how our scripts run in it."""

from __future__ import annotations

import json
import os
import re
import select
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from truewheel._target.versions import OLDEST
from truewheel.bundle import bundled
from truewheel.children import Child, Standby
from truewheel.dataclass import replace
from truewheel.errors import InterpreterError, UsageError
from truewheel.model import Interpreter
from truewheel.process import ending, last_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _T = TypeVar("_T")

_START = str(Path(__file__).parent / "_target" / "start.py")
_TIMEOUT = 30.0
_MOST = 1 << 20  # bytes of an answer; a probe's has a few thousand
_CHUNK = 1 << 16
_NAMES = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy", "jython": "Jython"}
_SUPPORTED = f"name a CPython {OLDEST[0]}.{OLDEST[1]} or newer"

# PEP 600: the legacy names and the glibc each stands for; the first two exist for x86 only
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_MANYLINUX_ARCHS = frozenset(
    {"x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x", "riscv64", "loongarch64"}
)
_NARROW = {"linux_x86_64": "linux_i686", "linux_aarch64": "linux_armv8l"}


def probe(command: str, *, timeout: float = _TIMEOUT, standby: Standby | None = None) -> Interpreter:
    """Run the target Python once and return its description.

    ``command`` is a path or a name on PATH; ``timeout`` is in seconds. A symbolic link is run under its own
    name, so a venv's Python stays the venv's. Of the caller's environment only PATH reaches it. With
    ``standby`` the process stays there, ready to compile.

    Raises InterpreterError if the command is missing, does not run or end, sends an invalid answer, or is not
    a supported CPython.
    """
    executable = _resolve(command)
    # not -I, which Python 2 does not know and could not say who it is; the environment is scrubbed
    words = [executable, "-s", "-S", "-B", _START, "probe"]
    if standby is None:
        return _answered(command, executable, _run(words, command, timeout))
    child = _started([*words, "pyc_worker"], command)
    standby.put(executable, child)
    return _answered(command, executable, _output(child, command, timeout, stays=True))


def probe_in_root(root: str, executable: str, *, timeout: float = _TIMEOUT) -> Interpreter:
    """Run a Python of another root there, by chroot, and return its description.

    ``root`` is absolute, ``executable`` a path as seen from inside. Raises what `probe` raises.
    """
    command = root.rstrip("/") + executable
    words = [*_entering(root), executable, "-s", "-S", "-B", "-c", bundled("probe")]
    return replace(_answered(command, executable, _run(words, command, timeout)), root=root)


def described(command: str, executable: str, answer: Mapping[str, Any]) -> Interpreter:
    """Return the Python that ``answer``, the keys of _target/probe.py, describes.

    Raises InterpreterError if it is not a supported CPython, ValueError, LookupError or TypeError for an
    answer that is not as it should be.
    """
    _refuse_unsupported(command, answer)
    return _interpreter(command, executable, answer)


def probe_all(pythons: Sequence[str | Interpreter]) -> tuple[Interpreter, ...]:
    """Probe the Pythons that are commands; raises also UsageError for two of one cache tag."""
    interpreters = tuple(probe(each) if isinstance(each, str) else each for each in pythons)
    tags = [interpreter.cache_tag for interpreter in interpreters]
    for number, tag in enumerate(tags):
        if tag in tags[:number]:
            raise UsageError(
                f"is {tag}, which another --python is already",
                subject=interpreters[number].command,
                hint="name it once",
            )
    return interpreters


def worker_command(interpreter: Interpreter) -> list[str]:
    """Return the arguments that start a script of ours in the target Python, up to the script's path.

    No user site, no site module, no pycs written, and from 3.11 on no script directory in ``sys.path``. Not
    isolated (-I), because that would ignore PYTHONHASHSEED.
    """
    safe_path = ["-P"] if interpreter.version >= (3, 11) else []
    return [*_entering(interpreter.root), interpreter.compiled_by, "-s", "-S", "-B", *safe_path]


def compiler_command(interpreter: Interpreter) -> list[str]:
    """Return the arguments that run our compiler in the target Python, or in the one that compiles for it."""
    script = ["-c", bundled("pyc_worker")] if interpreter.root else [_START, "pyc_worker"]
    return [*worker_command(interpreter), *script]


def worker_environment() -> dict[str, str]:
    """Return the whole environment our scripts run in, the same on every machine but for PATH."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
    }


def platform_tags(platform: str, pointer_bits: int, libc: str) -> tuple[str, ...]:
    """Return the platform tags a Python can load, best first (PEP 600, PEP 656).

    ``platform`` is ``sysconfig.get_platform()``, ``libc`` is ``glibc 2.36``, ``musl 1.2`` or empty. A 32-bit
    Python on a 64-bit kernel gets the tags of the 32-bit machine. Another system's platform is its only tag.
    """
    tag = re.sub(r"[-.]", "_", platform)
    if not tag.startswith("linux_"):
        return (tag,)
    if pointer_bits == 32:
        tag = _NARROW.get(tag, tag)
    arch = tag.removeprefix("linux_")
    archs = ("armv8l", "armv7l") if arch == "armv8l" else (arch,)
    tags = [found for each in archs for found in _libc_tags(each, libc)]
    return (*tags, *(f"linux_{each}" for each in archs))


def _libc_tags(arch: str, libc: str) -> Iterator[str]:
    found = re.match(r"(glibc|musl) (\d+)\.(\d+)", libc)
    if not found:
        return
    family, major, newest = found[1], int(found[2]), int(found[3])
    if family == "musl":
        yield from (f"musllinux_{major}_{minor}_{arch}" for minor in range(newest, -1, -1))
    elif major == 2 and arch in _MANYLINUX_ARCHS:
        oldest = 5 if arch in ("x86_64", "i686") else 17
        for minor in range(newest, oldest - 1, -1):
            yield f"manylinux_2_{minor}_{arch}"
            if minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{arch}"


def _entering(root: str) -> list[str]:
    """Return the words that run the command behind them inside a root; none where there is no root."""
    if not root:
        return []
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    chroot = [on_path("chroot", places) or "chroot", root]
    return chroot if os.geteuid() == 0 else ["unshare", "--map-root-user", *chroot]


def on_path(name: str, path: str | None = None) -> str:
    """Return the first program of that name on PATH, or on ``path``; "" where there is none."""
    path = os.environ.get("PATH", os.defpath) if path is None else path
    for directory in path.split(os.pathsep) if path else ():
        program = os.path.join(directory, name)
        if os.path.isfile(program) and os.access(program, os.X_OK):  # noqa: PTH113 "" is the working directory
            return program
    return ""


def _answered(command: str, executable: str, output: bytes) -> Interpreter:
    try:
        return described(command, executable, json.loads(output))
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InterpreterError(
            "does not answer like a Python", subject=command, hint=f"{_SUPPORTED}, not a wrapper that prints"
        ) from error


def _resolve(command: str) -> str:
    if "/" not in command:
        found = on_path(command)
        if not found:
            raise InterpreterError(
                "no such command on PATH",
                subject=command,
                hint="give the path of a Python or its name on PATH",
            )
        command = found
    # joined only: normalising "link/../python" could name another file
    path = Path.cwd() / command
    if not path.is_file():
        problem = "is a directory, not a Python" if path.is_dir() else "no such file"
        raise InterpreterError(
            problem, subject=command, hint="give the path of a Python, e.g. /usr/bin/python3"
        )
    return str(path)


def _run(words: list[str], command: str, timeout: float) -> bytes:
    """Return the output of the probe; nothing that it starts outlives it."""
    child = _started(words, command)
    try:
        child.hang_up()
        return _output(child, command, timeout, stays=False)
    finally:
        child.close()


def _started(words: list[str], command: str) -> Child:
    try:
        return Child(words, worker_environment())
    except OSError as error:
        raise InterpreterError(
            f"cannot be run: {error.strerror}", subject=command, hint=_SUPPORTED
        ) from error


def _output(child: Child, command: str, timeout: float, stays: bool) -> bytes:
    """Return what the probe writes until it ends or, where it stays, until that is an answer."""
    deadline = time.monotonic() + timeout
    try:
        output = _said(child, deadline, stays)
        status = 0 if stays and _is_answer(output) else child.wait(deadline)
    except TimeoutError as error:
        raise InterpreterError(
            f"does not answer within {timeout:g} s", subject=command, hint=_SUPPORTED
        ) from error
    except OverflowError as error:
        raise InterpreterError(
            f"prints more than {_MOST >> 20} MiB", subject=command, hint=_SUPPORTED
        ) from error
    if status:
        raise InterpreterError(_death(status, child.said), subject=command, hint=_SUPPORTED)
    return output


def _said(child: Child, deadline: float, stays: bool) -> bytes:
    """Return what the process writes to its output. Raises TimeoutError, and OverflowError for a flood."""
    output = bytearray()
    said = {child.answers: output, child.messages: child.said}
    waiting = select.poll()
    for number in said:
        waiting.register(number, select.POLLIN)
    open_ends = len(said)
    while open_ends and not (stays and _is_answer(output)):
        if stays and b"\n" in output:
            child.hang_up()  # it may wait for input, and is no Python
            stays = False
        ready = waiting.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            raise TimeoutError
        for number, _ in ready:
            chunk = os.read(number, _CHUNK)
            said[number] += chunk
            if len(said[number]) > _MOST:
                raise OverflowError
            if not chunk:
                waiting.unregister(number)
                open_ends -= 1
    return bytes(output)


def _is_answer(output: bytes | bytearray) -> bool:
    return output.startswith(b"{") and output.find(b"\n") == len(output) - 1


def _death(status: int, errors: bytearray) -> str:
    said = last_line(bytes(errors))
    return f"cannot be probed: {ending(status)}" + (f": {said}" if said else "")


def _refuse_unsupported(command: str, answer: Mapping[str, Any]) -> None:
    implementation = _typed(answer, "implementation", str)
    version = _version(answer)
    name = _NAMES.get(implementation, implementation)
    if implementation == "cpython" and version[:2] >= OLDEST:
        return
    text = f"{name} {'.'.join(map(str, version))}"
    raise InterpreterError(f"is {text}, which is not supported", subject=command, hint=_SUPPORTED)


def _interpreter(command: str, executable: str, answer: Mapping[str, Any]) -> Interpreter:
    return Interpreter(
        command=command,
        executable=executable,
        version=_version(answer),
        version_text=_typed(answer, "version_text", str),
        implementation=_typed(answer, "implementation", str),
        cache_tag=_name(answer, "cache_tag"),
        magic=_magic(answer),
        soabi=_typed(answer, "soabi", str),
        ext_suffix=_typed(answer, "ext_suffix", str),
        free_threaded=_typed(answer, "free_threaded", bool),
        platlibdir=_name(answer, "platlibdir"),
        platforms=platform_tags(
            _filled(answer, "platform"), _typed(answer, "pointer_bits", int), _typed(answer, "libc", str)
        ),
        scheme_paths=_scheme_paths(answer),
        install_scheme=_filled(answer, "install_scheme"),
        prefix=_filled(answer, "prefix"),
        site_directories=tuple(_text(path) for path in _typed(answer, "site_directories", list)),
        patched=", ".join(_text(name) for name in _typed(answer, "added_schemes", list)),
    )


def _typed(answer: Mapping[str, Any], key: str, kind: type[_T]) -> _T:
    value = answer[key]
    if type(value) is not kind:
        raise TypeError(f"{key} is {value!r}")
    return value


def _filled(answer: Mapping[str, Any], key: str) -> str:
    value = _typed(answer, key, str)
    if not value:
        raise ValueError(f"{key} is empty")
    return value


def _name(answer: Mapping[str, Any], key: str) -> str:
    """Return what becomes a part of paths; a root or a description may not be trusted."""
    value = _filled(answer, key)
    if not re.fullmatch(r"\w[\w.-]*", value):
        raise ValueError(f"{key} is {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _version(answer: Mapping[str, Any]) -> tuple[int, int, int]:
    major, minor, micro = _typed(answer, "version", list)
    for part in (major, minor, micro):
        if type(part) is not int:
            raise TypeError(f"version part {part!r}")
    return major, minor, micro


def _magic(answer: Mapping[str, Any]) -> bytes:
    magic = bytes.fromhex(_typed(answer, "magic", str))
    if len(magic) != 4:
        raise ValueError("the magic number has not four bytes")
    return magic


def _scheme_paths(answer: Mapping[str, Any]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    schemes: dict[str, Any] = _typed(answer, "schemes", dict)
    return tuple(
        (name, tuple((key, _scheme_path(path)) for key, path in sorted(_typed(schemes, name, dict).items())))
        for name in sorted(schemes)
    )


def _scheme_path(value: object) -> str:
    path = _text(value)
    if not path.startswith("{prefix}") or ".." in path.split("/") or not path.isprintable():
        raise ValueError(f"{path!r} is no path below a prefix")
    return path

"""Imports every module below a directory and says how each one ended; run by the target Python.

python import_all.py SITE... -- PATH...: SITE are the directories whose modules are imported, PATH what else
is put on sys.path. Prints {module: "ok", the name of an exception's type, or how the process ended}.

Modules are imported in order by one child; when that dies or falls silent, another goes on behind the module.
The child has no standard input and cannot connect to anything; what modules print goes to standard error.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from collections.abc import Iterator

SILENCE = 60  # seconds


def suffix(name: str) -> str:
    """Return what makes a file a module, or an empty string."""
    known = importlib.machinery.EXTENSION_SUFFIXES + importlib.machinery.SOURCE_SUFFIXES
    return next((end for end in sorted(known, key=len, reverse=True) if name.endswith(end)), "")


def modules(site: str) -> set[str]:
    """Return the names of all modules below a directory; pip's directory for scripts is none of them."""
    found: set[str] = set()
    for directory, _, files in os.walk(site):
        parts = [part for part in os.path.relpath(directory, site).split(os.sep) if part != "."]
        if parts[:1] in (["bin"], ["share"], ["include"]) or "__pycache__" in parts:
            continue
        for name in files:
            end = suffix(name)
            if end:
                stem = name[: -len(end)]
                found.add(".".join(parts if stem == "__init__" else [*parts, stem]))
    found.discard("")
    return found


def outcome(name: str) -> str:
    """Import one module."""
    try:
        importlib.import_module(name)
    except BaseException as error:  # modules may exit, skip their tests and so on
        return type(error).__name__
    return "ok"


def refuse(*arguments: object, **named: object) -> None:
    raise OSError("no network here")


def child(names: list[str], out: int) -> None:
    """Import the modules, a line to `out` after each."""
    os.setpgid(0, 0)
    os.dup2(2, 1)
    os.close(0)
    for place, name in ((socket.socket, "connect"), (socket.socket, "connect_ex"), (socket, "getaddrinfo")):
        setattr(place, name, refuse)
    sys.argv = ["import_all"]
    warnings.simplefilter("ignore")
    for name in names:
        os.write(out, json.dumps([name, outcome(name)]).encode() + b"\n")


def start(names: list[str]) -> tuple[int, int]:
    """Fork a child that imports the modules; return its process id and the file to read from."""
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    try:
        os.close(reader)
        child(names, writer)
    finally:
        os._exit(0)


def lines(reader: int) -> Iterator[list[str]]:
    """Yield the parts of each line; end when there is no more, or none for long."""
    rest = b""
    while select.select([reader], [], [], SILENCE)[0]:
        data = os.read(reader, 65536)
        if not data:
            return
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield json.loads(line.decode())


def run(names: list[str]) -> dict[str, str]:
    """Import all the modules, in as many processes as it takes."""
    done: dict[str, str] = {}
    while len(done) < len(names):
        process, reader = start(names[len(done) :])
        for name, result in lines(reader):
            done[name] = result
        ending = stop(process)
        os.close(reader)
        if len(done) < len(names):
            done[names[len(done)]] = ending
    return done


def stop(process: int) -> str:
    """Wait for a child, and kill it and what it started if it does not end; say how it ended."""
    status = 0
    for _ in range(20):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return f"ended with status {status}"
        time.sleep(0.05)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return "silent"


def main() -> None:
    split = sys.argv.index("--")
    sites, others = sys.argv[1:split], sys.argv[split + 1 :]
    names = sorted({name for site in sites for name in modules(site)})
    sys.path[:] = sites + others + sys.path[1:]
    print(json.dumps(run(names), sort_keys=True))


if __name__ == "__main__":
    main()

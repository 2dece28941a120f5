"""Turn plans, manifests and interpreters into lines of text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

from truewheel.bytecode.pycs import is_bytecode
from truewheel.model import (
    EXCLUDED,
    File,
    InstallPlan,
    Interpreter,
    Kind,
    Manifest,
    Scheme,
    State,
    Warned,
)


def install_lines(plan: InstallPlan, manifest: Manifest, root: Path, verbose: bool) -> Iterator[str]:
    """Yield what an install did: each wheel, then one line with counts."""
    if verbose:
        yield from _paths(manifest)
    pythons = ", ".join(interpreter.version_text for interpreter in plan.interpreters)
    for wheel in plan.wheels:
        yield f"{wheel.name} {wheel.version} into {root} for Python {pythons} ({plan.scheme.name} scheme)"
    yield _summary(manifest)


def compile_lines(manifest: Manifest, verbose: bool) -> Iterator[str]:
    """Yield what a compile did: one line with counts."""
    if verbose:
        yield from _paths(manifest)
    yield _summary(manifest)


def warning_lines(manifest: Manifest, verbose: bool = False) -> Iterator[str]:
    """Yield warnings: rules that a wheel broke, sources without bytecode, entries that were not installed.

    Bytecode that a wheel has is one line, with ``verbose`` one each.
    """
    told = {(warned.wheel, warned.entry) for warned in manifest.warnings}
    yield from map(warned_line, manifest.warnings)
    for result in manifest.failures:
        yield f"{result.source}: no bytecode for Python {result.interpreter}: {result.error}"
    groups: dict[tuple[str, str], list[str]] = {}
    for dropped in manifest.dropped:
        if (dropped.wheel, dropped.entry) not in told and (verbose or dropped.reason != EXCLUDED):
            groups.setdefault((dropped.wheel, dropped.reason), []).append(dropped.entry)
    for (wheel, reason), entries in groups.items():
        if verbose or not all(map(is_bytecode, entries)):
            yield from (f"{wheel}: {entry}: not installed: {reason}" for entry in entries)
        else:
            more = f" and {len(entries) - 1} more (-v names them)" if entries[1:] else ""
            yield f"{wheel}: {entries[0]}{more}: not installed: {reason}"


def warned_line(warned: Warned) -> str:
    """Return a warning about a wheel as a line, its rule in brackets."""
    parts = (warned.wheel, warned.entry, warned.message)
    return f"{': '.join(part for part in parts if part)} [{warned.rule}]"


def interpreter_lines(interpreter: Interpreter) -> Iterator[str]:
    """Yield the facts about a target Python, then its install paths by scheme."""
    names: tuple[str, ...] = interpreter.__match_args__
    for name in names:
        if name not in ("scheme_paths", "platforms"):
            yield f"{name + ':':16}{_plain(getattr(interpreter, name))}"
    yield f"{'platforms:':16}{' '.join(interpreter.platforms[:3])} ... ({len(interpreter.platforms)})"
    for name, paths in interpreter.scheme_paths:
        yield f"{name + ':':16}" + " ".join(f"{key}={path}" for key, path in paths)


def scheme_lines(scheme: Scheme) -> list[str]:
    """Return a scheme with every key as the lines of a scheme file."""
    import yaml

    from truewheel.scheme_file import scheme_keys

    text = yaml.safe_dump(scheme_keys(scheme), sort_keys=False, width=1000)
    return text.splitlines()


def _paths(manifest: Manifest) -> Iterator[str]:
    for file in manifest.files:
        yield f"{file.state.value:9} {file.mode:04o} {file.size:>9} {file.final}"


def _summary(manifest: Manifest) -> str:
    pycs = [file for file in manifest.files if file.kind is Kind.BYTECODE]
    others = [file for file in manifest.files if file.kind is not Kind.BYTECODE]
    counts = [f"{len(others)} files ({size_text(others)})"]
    counts.append(f"{len(pycs)} pycs ({size_text(pycs)}) of {len(manifest.compiled)} sources")
    if manifest.failures:
        counts.append(f"{len(manifest.failures)} sources without bytecode")
    states = [file.state for file in manifest.files]
    told = (State.UNCHANGED, State.REPLACED)
    counts += [f"{states.count(state)} {state.value}" for state in told if state in states]
    if manifest.strays:
        counts.append(f"{len(manifest.strays)} strays removed")
    return f"done: {', '.join(counts)}"


def size_text(files: Sequence[File]) -> str:
    """Return the size of files together, such as ``1.5 KiB``."""
    size = float(sum(file.size for file in files))
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def _plain(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return ", ".join(_plain(item) for item in value) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return os.fspath(value) if isinstance(value, Path) else str(value) or "-"

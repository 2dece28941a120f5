"""Normalize a tree in place, or a layer or an image into a new file: reproducible afterwards."""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from truewheel.audit.layout import python_of_tag
from truewheel.audit.normalize.bytecode import tags_of
from truewheel.audit.normalize.model import Change, Compilation, Entry, Normalized, Options
from truewheel.audit.normalize.scope import python_paths, wanted_mode
from truewheel.buildroot.existing import ExistingTree, Settled
from truewheel.buildroot.transaction import Buildroot
from truewheel.bytecode.pycs import parse_pyc_name, source_path
from truewheel.dataclass import dataclass
from truewheel.environment import default_jobs, source_date_epoch
from truewheel.errors import InterpreterError, UsageError
from truewheel.interpreter import probe
from truewheel.model import Interpreter
from truewheel.normalization.content import Files, Normalizer
from truewheel.normalization.owned import CONDA, Owned, owned_paths
from truewheel.package.model import MemberKind

_INTERRUPTED = "removed: of a run that was interrupted, which is undone or finished first"


@dataclass(frozen=True)
class NormalizeRequest:
    """A tree, layer or image of the build host, and what to do with it.

    ``pythons`` are Pythons to compile with, beside those on PATH; with ``run_target`` those that lie in the
    tree count as well. With ``everything`` files that the tree's own dpkg or rpm lists are normalized, too.
    With ``check`` nothing is changed. ``jobs`` is a number of compilers, None for one a CPU.
    """

    target: Path
    options: Options
    pythons: tuple[str, ...] = ()
    run_target: bool = False
    everything: bool = False
    check: bool = False
    jobs: int | None = None


def date_of(text: str | None, environ: Mapping[str, str]) -> int:
    """Return the date in seconds since the epoch; raises UsageError where there is none."""
    found = source_date_epoch({"SOURCE_DATE_EPOCH": text} if text is not None else environ)
    if found is None:
        raise UsageError(
            "has no date to give to files, and without one no two trees are equal",
            subject="normalize",
            hint="export SOURCE_DATE_EPOCH, or give --date SECONDS",
        )
    return found


def normalize_tree(request: NormalizeRequest, environ: Mapping[str, str]) -> Normalized:
    """Normalize a directory in place: a root, a virtual environment, a prefix.

    Raises UsageError for what cannot be read, StageError or CompileError for trouble; the content is then as
    it was. Modes and dates are set afterwards, and a run that is killed meanwhile is completed by the next.
    """
    with ExitStack() as outer:
        with ExitStack() as stack:
            buildroot = None if request.check else stack.enter_context(Buildroot(request.target, 0o755))
            tree = outer.enter_context(ExistingTree(request.target))
            whole, base = _place(tree)
            entries = _entries(tree, Owned() if request.everything else _owned(tree))
            interpreters = pythons_at_hand(entries, tree, request)
            writer = _TreeWriter(buildroot, entries, tree)
            run = Normalizer(entries, tree, writer, base, request.options, interpreters)
            run.run(default_jobs(environ) if request.jobs is None else request.jobs)
            wanted = _wanted(run, whole, tree, writer)
            if buildroot is not None:
                buildroot.commit()
        if request.check:
            if tree.journal:
                run.changes[tree.journal] = _INTERRUPTED
            settled = [path for path in wanted if path in entries and _differs(entries[path], wanted[path])]
        else:
            settled = tree.settle(_touched(run, wanted), writer.attributes)
    for path in settled:
        run.changes.setdefault(path, "mode or date")
    return summary(run)


def summary(run: Normalizer) -> Normalized:
    """Return what a run did."""
    changes = (Change(path or ".", run.changes[path]) for path in sorted(run.changes))
    findings = sorted(run.findings, key=lambda each: (each.path, each.what))
    return normalized(changes, findings, run.counts, run.compiled)


def normalized(
    changes: Iterable[Change],
    findings: Iterable[Change],
    counts: Counter[str],
    compiled: Iterable[Compilation],
) -> Normalized:
    """Return the account of runs; workers end in any order, and what they compiled is sorted by path."""
    return Normalized(
        tuple(changes),
        tuple(findings),
        counts["recompiled"],
        counts["rewritten"],
        counts["vouched"],
        tuple(sorted(compiled, key=lambda each: (each.source, each.tag, each.pycs))),
    )


def _place(tree: ExistingTree) -> tuple[bool, str]:
    """Return whether all of a tree is an installer's own, and its final directory."""
    names = {member.path for member in tree.members if "/" not in member.path}
    if names.isdisjoint({"pyvenv.cfg", CONDA}) and not names.isdisjoint({"usr", "etc"}):
        return False, "/"
    return True, os.path.realpath(tree.root)


def _owned(tree: ExistingTree) -> Owned:
    files = (member.path for member in tree.members if member.kind is MemberKind.FILE)
    return owned_paths(os.fspath(tree.root), files, tree.read)


def _entries(tree: ExistingTree, owned: Owned) -> dict[str, Entry]:
    top = tree.top
    mode, mtime = stat.S_IMODE(top.st_mode), top.st_mtime_ns // 10**9
    kind = MemberKind.DIRECTORY
    is_left = owned.is_settled("", kind)
    found = {"": Entry("", kind, mode, mtime, uid=top.st_uid, gid=top.st_gid, owned=is_left, settled=is_left)}
    for member in tree.members:
        found[member.path] = Entry(
            path=member.path,
            kind=member.kind,
            mode=member.mode,
            mtime=member.mtime,
            size=member.size,
            uid=member.uid,
            gid=member.gid,
            inode=member.inode,
            outside=tree.is_outside(member),
            owned=owned.has(member.path, member.kind),
            settled=owned.is_settled(member.path, member.kind),
            target=member.target,
        )
    return found


def pythons_at_hand(
    entries: Mapping[str, Entry], files: Files, request: NormalizeRequest
) -> dict[str, Interpreter]:
    """Return the Pythons that compile for a tree, by cache tag: of the tag and magic number of its pycs.

    Raises InterpreterError for one that was named and does not run.
    """
    if not request.options.recompile:
        return {}
    magics = _magics(entries, files)
    found: dict[str, Interpreter] = {}
    for command in request.pythons:
        named = probe(command)
        found[named.cache_tag] = named
    for tag in sorted(tags_of(entries.values()) - found.keys()):
        for command in _candidates(tag, request):
            probed = _probed(command)
            if probed and probed.cache_tag == tag and magics.get(tag, b"") in (b"", probed.magic):
                found[tag] = probed
                break
    return found


def _probed(command: str) -> Interpreter | None:
    try:
        return probe(command)
    except InterpreterError:
        return None


def _candidates(tag: str, request: NormalizeRequest) -> Iterable[str]:
    python = python_of_tag(tag)
    if python is None:
        return
    name = "python{}.{}".format(*python) + ("t" if tag.endswith("t") else "")
    root = os.path.realpath(request.target)
    for command in (sys.executable if python == sys.version_info[:2] else "", shutil.which(name) or ""):
        inside = os.path.realpath(posixpath.dirname(command)).startswith(f"{root}/")
        if command and (request.run_target or not inside):
            yield command


def _magics(entries: Mapping[str, Entry], files: Files) -> dict[str, bytes]:
    """Return the magic number of the first pyc of each cache tag."""
    found: dict[str, bytes] = {}
    for path in entries:
        name = parse_pyc_name(posixpath.basename(path)) if source_path(path) else None
        if name and name.tag not in found and entries[path].kind is MemberKind.FILE:
            found[name.tag] = files.read(path)[:4]
    return found


class _TreeWriter:
    """Writes below a root in a transaction; without one it only takes note."""

    def __init__(self, buildroot: Buildroot | None, entries: Mapping[str, Entry], tree: ExistingTree) -> None:
        self._buildroot = buildroot
        self._entries = entries
        self._tree = tree
        self.attributes: dict[str, dict[str, bytes]] = {}
        self._caches: set[str] = set()

    def put(self, path: str, content: bytes, mode: int, mtime: int) -> None:
        if path in self._entries:
            self.attributes[path] = self._tree.attributes(path)
        if self._buildroot is None:
            return
        if path in self._entries:
            self._buildroot.replace(f"/{path}", (content,), mode, mtime)
        else:
            self._buildroot.create(f"/{path}", (content,), mode, mtime)

    def link(self, existing: str, path: str, mtime: int) -> bool:
        if self._buildroot is None:
            return True
        return self._buildroot.link(f"/{existing}", f"/{path}", mtime, replace=path in self._entries)

    def remove(self, path: str) -> None:
        if self._buildroot is None:
            return
        self._buildroot.remove(f"/{path}")
        if source_path(path):
            self._buildroot.remove_directory(f"/{posixpath.dirname(path)}")


def _wanted(run: Normalizer, whole: bool, tree: ExistingTree, writer: _TreeWriter) -> dict[str, Settled]:
    """Return modes and dates of all that is there at the end; files with links outside are copied first."""
    scope = python_paths(run.entries, run.listed, whole)
    wanted = {}
    for path, entry in run.entries.items():
        is_left = entry.settled and entry.kind is not MemberKind.DIRECTORY
        if path in run.gone or is_left or entry.kind is MemberKind.OTHER:
            continue
        mode = None if entry.kind is MemberKind.LINK else wanted_mode(entry, run.options, path in scope)
        mtime = run.dates.get(path, run.options.dated(entry.mtime))
        wanted[path] = Settled(mode, mtime, (entry.uid, entry.gid))
        if entry.outside and path not in run.made:
            if _differs(entry, wanted[path]):
                writer.put(path, tree.read(path), wanted[path].mode or entry.mode, mtime)
                run.changes[path] = "copied: its file has links elsewhere"
            else:
                del wanted[path]
    for path in run.made - wanted.keys():
        beside = run.entries.get(source_path(path))
        owner = (beside.uid, beside.gid) if beside else None
        wanted[path] = Settled(None, run.dates[path], owner)
    return _without_emptied(run, wanted)


def _touched(run: Normalizer, wanted: Mapping[str, Settled]) -> dict[str, Settled]:
    """Leave out what has its mode and date already; directories have other dates after files were put."""
    return {
        path: each
        for path, each in wanted.items()
        if path not in run.entries
        or path in run.changes
        or run.entries[path].kind is MemberKind.DIRECTORY
        or _differs(run.entries[path], each)
    }


def _without_emptied(run: Normalizer, wanted: dict[str, Settled]) -> dict[str, Settled]:
    """Leave out directories of bytecode that nothing is left in."""
    emptied = {posixpath.dirname(path) for path in run.gone if source_path(path)}
    held = {posixpath.dirname(path) for path in wanted} if emptied else set()
    return {path: each for path, each in wanted.items() if path not in emptied or path in held}


def _differs(entry: Entry, wanted: Settled) -> bool:
    return wanted.mtime != entry.mtime or (wanted.mode is not None and wanted.mode != entry.mode)

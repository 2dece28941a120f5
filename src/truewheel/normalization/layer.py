"""Normalize the layers of an image, or a layer alone, into new archives."""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from truewheel.audit.normalize.model import Entry, Options
from truewheel.audit.normalize.scope import python_paths, wanted_mode
from truewheel.buildroot.layer import Layer, LayerOutput, Stat
from truewheel.bytecode.pycs import source_path
from truewheel.dataclass import replace
from truewheel.model import Interpreter
from truewheel.normalization.content import Normalizer
from truewheel.normalization.owned import Owned
from truewheel.package.model import CHUNK, MemberKind


class LayerFiles:
    """The files of a layer, and of those below it where it has none; what was put into these counts."""

    def __init__(self, layer: Layer, lower: Sequence[LayerFiles]) -> None:
        self.layer = layer
        self._lower = lower
        self._new: IO[bytes] = tempfile.TemporaryFile()
        self._places: dict[str, tuple[int, int]] = {}
        self.links: dict[str, str] = {}
        self.gone: set[str] = set()

    def close(self) -> None:
        """Drop what was put."""
        self._new.close()

    def read(self, path: str) -> bytes:
        """Return the content of a file as it was, of one below as it is now."""
        if path in self.layer.stats:
            return b"".join(self.layer.chunks(path))
        below = next((each for each in reversed(self._lower) if each.has(path)), None)
        return b"" if below is None else b"".join(below.now(path))

    def digest(self, path: str) -> tuple[bytes, int]:
        """Return the sha256 of a file and its size."""
        content = self.read(path)
        return hashlib.sha256(content).digest(), len(content)

    def has(self, path: str) -> bool:
        """Whether a file is in this layer now."""
        return path in self._places or (path in self.layer.stats and path not in self.gone)

    def is_new(self, path: str) -> bool:
        """Whether a file was put."""
        return path in self._places

    def now(self, path: str) -> Iterator[bytes]:
        """Yield the content of a file as it is now."""
        if path not in self._places:
            yield from self.layer.chunks(path)
            return
        offset, left = self._places[path]
        self._new.seek(offset)
        while left:
            piece = self._new.read(min(left, CHUNK))
            yield piece
            left -= len(piece)

    def size(self, path: str) -> int:
        """Return the size that a file has now, in bytes."""
        return self._places[path][1] if path in self._places else self.layer.size(path)

    def put(self, path: str, content: bytes, mode: int, mtime: int) -> None:
        """Let a file have this content."""
        self._places[path] = self._new.seek(0, 2), len(content)
        self._new.write(content)

    def link(self, existing: str, path: str, mtime: int) -> bool:
        """Let a path be a hard link."""
        self.links[path] = self.links.get(existing, existing)
        return True

    def remove(self, path: str) -> None:
        """Remove a file."""
        self.gone.add(path)


def layer_entries(layer: Layer, owned: Owned) -> dict[str, Entry]:
    """Return the members of a layer by path."""
    counts = layer.linked()
    found = {}
    for path, stat in layer.stats.items():
        kind = layer.kind(path)
        holder = layer.holder(path) if kind is MemberKind.FILE else None
        found[path] = Entry(
            path=path,
            kind=kind,
            mode=stat.mode,
            mtime=stat.mtime,
            size=layer.size(path) if kind is MemberKind.FILE else 0,
            uid=stat.uid,
            gid=stat.gid,
            inode=holder if holder is not None and counts[holder] > 1 else "",
            owned=owned.has(path, kind),
            settled=owned.is_settled(path, kind),
            target=stat.linkname if kind is MemberKind.LINK else "",
        )
    return found


def normalize_layer(
    entries: Mapping[str, Entry],
    files: LayerFiles,
    lower: Mapping[str, Entry],
    options: Options,
    interpreters: Mapping[str, Interpreter],
    jobs: int,
) -> Normalizer:
    """Normalize the content of a layer; ``lower`` are the entries of the layers below."""
    run = Normalizer(entries, files, files, "/", options, interpreters, lower)
    run.run(jobs)
    return run


def write_layer(run: Normalizer, files: LayerFiles, output: LayerOutput) -> None:
    """Write a layer that was normalized: sorted, each hard link after its file, dates and modes as wanted."""
    scope = python_paths(run.entries, run.listed, whole=False)
    paths = sorted((run.entries.keys() | run.made) - run.gone - _emptied(run))
    first: dict[tuple[str, str], str] = {}
    for path in paths:
        entry = run.entries.get(path)
        stat = _stat(path, run, files, path in scope)
        if entry is not None and (stat.mode, stat.mtime) != (entry.mode, entry.mtime):
            run.changes.setdefault(path, "mode or date")
        if entry is not None and entry.kind is not MemberKind.FILE:
            size = files.layer.size(path)
            output.member(path, stat, size, files.layer.chunks(path) if size else ())
            continue
        holder = first.setdefault(_content(path, run, files), path)
        if holder == path:
            source = files.links.get(path, path)
            plain = replace(stat, type=tarfile.REGTYPE, linkname="")
            output.member(path, plain, files.size(source), files.now(source))
        else:
            output.member(path, replace(stat, type=tarfile.LNKTYPE, linkname=holder), 0, ())
    output.end()
    if output.digest != files.layer.digest and not run.changes:
        run.changes[""] = "the order or the headers of its members"


def _content(path: str, run: Normalizer, files: LayerFiles) -> tuple[str, str]:
    """Return what tells the content of a file from all others."""
    path = files.links.get(path, path)
    if files.is_new(path):
        return "new", path
    return "old", run.entries[path].inode or path


def _stat(path: str, run: Normalizer, files: LayerFiles, in_scope: bool) -> Stat:
    entry = run.entries.get(path)
    if entry is None:  # bytecode beside its source
        beside = files.layer.stats.get(source_path(path)) or files.layer.stats[files.links[path]]
        return replace(
            beside, mode=0o644, mtime=run.dates[path], xattrs=(), type=tarfile.REGTYPE, linkname=""
        )
    stat = files.layer.stats[path]
    if entry.settled and entry.kind is not MemberKind.DIRECTORY:
        return stat
    mtime = run.dates.get(path, run.options.dated(entry.mtime))
    return replace(stat, mode=wanted_mode(entry, run.options, in_scope), mtime=mtime)


def _emptied(run: Normalizer) -> set[str]:
    """Return the directories of bytecode that nothing is left in."""
    emptied = {posixpath.dirname(path) for path in run.gone if source_path(path)}
    return emptied - {posixpath.dirname(path) for path in (run.entries.keys() | run.made) - run.gone}

"""The files of a target by path, in little memory: a large root has half a million of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from truewheel.audit.model import Bytecode, Observed
from truewheel.bytecode.pycs import is_bytecode
from truewheel.model import InvalidationMode
from truewheel.package.model import MemberKind
from truewheel.pyc.header import python_of

_KINDS = tuple(MemberKind)
_MODES = (None, *InvalidationMode)
_FILE = struct.Struct("<BBHiiqQ32s")
_PYC = struct.Struct("<4sB???II8s32s")
_DIGEST = 32  # bytes


class Files:
    """What was observed of each path; a collection of the paths, those of one directory together.

    What has nothing but numbers, digests and a place that it leads to is packed: 100 bytes in place of 700.
    """

    def __init__(self, observed: Iterable[Observed] = ()) -> None:
        self._directories: dict[str, dict[str, bytes | Observed]] = {}
        for each in observed:
            self.add(each)

    def __getitem__(self, path: str) -> Observed:
        file = self.get(path)
        if file is None:
            raise KeyError(path)
        return file

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, str):
            return False
        directory, name = _split(path)
        return name in self._directories.get(directory, ())

    def __iter__(self) -> Iterator[str]:
        for directory, names in self._directories.items():
            for name in names:
                yield directory + name

    def __len__(self) -> int:
        return sum(map(len, self._directories.values()))

    def get(self, path: str) -> Observed | None:
        """Return what was observed of a path, None for one that is not there."""
        directory, name = _split(path)
        value = self._directories.get(directory, {}).get(name)
        return None if value is None else _unpacked(path, value)

    def add(self, file: Observed) -> None:
        """Add a file, in the place of an earlier one of its path."""
        directory, name = _split(file.path)
        self._directories.setdefault(directory, {})[name] = _packed(file)

    def join(self, others: Files) -> None:
        """Add all of others."""
        for directory, names in others._directories.items():
            self._directories.setdefault(directory, {}).update(names)

    def directories(self) -> Iterator[str]:
        """Yield the directories that the paths lie in, with a slash at the end, the target's own as ""."""
        return iter(self._directories)

    def inside(self, directory: str) -> Iterator[str]:
        """Yield the paths right in a directory, which is as `directories` gives it."""
        return (directory + name for name in self._directories[directory])

    def special(self) -> Iterator[Observed]:
        """Yield bytecode, links of its name, and files with a first line, build paths or another text."""
        for directory, names in self._directories.items():
            for name, value in names.items():
                if not isinstance(value, bytes) or value[1]:
                    yield _unpacked(directory + name, value)


def _split(path: str) -> tuple[str, str]:
    above, slash, name = path.rpartition("/")
    return above + slash, name


def _packed(file: Observed) -> bytes | Observed:
    """Return a file in few bytes, or as it is where these cannot hold it."""
    pyc = file.pyc
    link = file.kind is MemberKind.LINK
    if file.head or file.traces or file.text is not None or file.is_elf or (link and is_bytecode(file.path)):
        return file
    if len(file.sha256) != (_DIGEST if file.kind is MemberKind.FILE else 0):
        return file
    numbers = (file.mode, file.uid, file.gid, file.mtime, file.size)
    place = (file.target if link else file.inode).encode("utf-8", "surrogateescape")
    try:
        fixed = _FILE.pack(_KINDS.index(file.kind), pyc is not None, *numbers, file.sha256)
        return fixed + (_packed_bytecode(pyc) if pyc is not None else b"") + place
    except struct.error:  # a number that no file system has, or a pyc with more to say
        return file


def _packed_bytecode(pyc: Bytecode) -> bytes:
    """Raises struct.error for one that is wrong in itself."""
    if pyc.rule or pyc.names or pyc.python != python_of(pyc.magic):
        raise struct.error
    has_code, has_hash = bool(pyc.code), bool(pyc.source_hash)
    mode = _MODES.index(pyc.mode)
    numbers = (pyc.mtime, pyc.size, pyc.source_hash, pyc.code)
    return _PYC.pack(pyc.magic, mode, pyc.canonical, has_hash, has_code, *numbers)


def _unpacked(path: str, value: bytes | Observed) -> Observed:
    if isinstance(value, Observed):
        return value
    kind, is_pyc, mode, uid, gid, mtime, size, digest = _FILE.unpack_from(value)
    member = _KINDS[kind]
    place = value[_FILE.size + is_pyc * _PYC.size :].decode("utf-8", "surrogateescape")
    link = member is MemberKind.LINK
    return Observed(
        path, member, mode, uid, gid, mtime, size,
        inode="" if link else place,
        target=place if link else "",
        sha256=digest if member is MemberKind.FILE else b"",
        pyc=_unpacked_bytecode(value) if is_pyc else None,
    )  # fmt: skip


def _unpacked_bytecode(value: bytes) -> Bytecode:
    magic, mode, *are, mtime, size, hashed, code = _PYC.unpack_from(value, _FILE.size)
    canonical, has_hash, has_code = are
    return Bytecode(
        magic=magic,
        python=python_of(magic),
        mode=_MODES[mode],
        source_hash=hashed if has_hash else b"",
        mtime=mtime,
        size=size,
        canonical=canonical,
        code=code if has_code else b"",
    )

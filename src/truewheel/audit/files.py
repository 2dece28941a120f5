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
_OF_KIND = {kind: number for number, kind in enumerate(_KINDS)}
_OF_MODE = {mode: number for number, mode in enumerate(_MODES)}
_FILE = struct.Struct("<BBHiiqQ")
_HAS_PYC, _APPROVED = 1, 2  # of the second byte
_PYC = struct.Struct("<4sB?IIBBH")
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

    def kind(self, path: str) -> MemberKind | None:
        """Return what a path is, None for one that is not there: faster than `get`."""
        directory, name = _split(path)
        value = self._directories.get(directory, {}).get(name)
        if value is None:
            return None
        return _KINDS[value[0]] if isinstance(value, bytes) else value.kind

    def approve(self, path: str) -> None:
        """Note that a path has nothing wrong by itself; of what is not packed, nothing is noted."""
        directory, name = _split(path)
        value = self._directories[directory][name]
        if isinstance(value, bytes):
            self._directories[directory][name] = value[:1] + bytes((value[1] | _APPROVED,)) + value[2:]

    def doubtful(self, directory: str) -> Iterator[Observed]:
        """Yield the files right in a directory that are not approved."""
        for name, value in self._directories[directory].items():
            if not isinstance(value, bytes) or not value[1] & _APPROVED:
                yield _unpacked(directory + name, value)

    def unpacked(self) -> Iterator[Observed]:
        """Yield what is not packed; files with a first line, build paths or another text are among it."""
        for names in self._directories.values():
            yield from (value for value in names.values() if isinstance(value, Observed))

    def special(self) -> Iterator[Observed]:
        """Yield bytecode, links of its name, and files with a first line, build paths or another text."""
        return self._special((_HAS_PYC, _HAS_PYC | _APPROVED))

    def special_doubtful(self) -> Iterator[Observed]:
        """Yield what is special and not approved."""
        return self._special((_HAS_PYC,))

    def _special(self, marks: tuple[int, ...]) -> Iterator[Observed]:
        for directory, names in self._directories.items():
            for name, value in names.items():
                if not isinstance(value, bytes) or value[1] in marks:
                    yield _unpacked(directory + name, value)


def _split(path: str) -> tuple[str, str]:
    above, slash, name = path.rpartition("/")
    return above + slash, name


def _packed(file: Observed) -> bytes | Observed:
    """Return a file in few bytes, or as it is where these cannot hold it."""
    pyc = file.pyc
    if file.head or file.traces or file.text is not None or file.is_elf:
        return file
    if file.kind is MemberKind.LINK and is_bytecode(file.path):
        return file
    place, other, size = file.target, file.inode, 0
    if file.kind is MemberKind.FILE:
        place, other, size = file.inode, file.target, _DIGEST
    if other or len(file.sha256) != size:
        return file
    numbers = (file.mode, file.uid, file.gid, file.mtime, file.size)
    try:
        fixed = _FILE.pack(_OF_KIND[file.kind], _HAS_PYC if pyc is not None else 0, *numbers) + file.sha256
        return fixed + (_packed_bytecode(pyc) if pyc is not None else b"") + _encoded(place)
    except struct.error:  # a number that no file system has, or a pyc with more to say
        return file


def _packed_bytecode(pyc: Bytecode) -> bytes:
    """Return a pyc in few bytes; raises struct.error for one that these cannot hold."""
    if pyc.rule or pyc.python != python_of(pyc.magic) or any("\0" in name for name in pyc.names):
        raise struct.error
    names = _encoded("".join(name + "\0" for name in pyc.names))
    ends = (len(pyc.source_hash), len(pyc.code), len(names))
    fixed = _PYC.pack(pyc.magic, _OF_MODE[pyc.mode], pyc.canonical, pyc.mtime, pyc.size, *ends)
    return fixed + pyc.source_hash + pyc.code + names


def _unpacked(path: str, value: bytes | Observed) -> Observed:
    if isinstance(value, Observed):
        return value
    kind, marks, mode, uid, gid, mtime, size = _FILE.unpack_from(value)
    member = _KINDS[kind]
    is_file = member is MemberKind.FILE
    end = _FILE.size + (_DIGEST if is_file else 0)
    digest = value[_FILE.size : end]
    pyc, end = _unpacked_bytecode(value, end) if marks & _HAS_PYC else (None, end)
    place = _decoded(value[end:])
    inode, target = (place, "") if is_file else ("", place)
    return Observed(path, member, mode, uid, gid, mtime, size, inode, target, digest, pyc=pyc)


def _unpacked_bytecode(value: bytes, begin: int) -> tuple[Bytecode, int]:
    """Return a pyc, and where in the packed file it ends."""
    magic, mode, canonical, mtime, size, hashed, code, named = _PYC.unpack_from(value, begin)
    begin += _PYC.size
    end = begin + hashed + code
    names = tuple(_decoded(value[end : end + named]).split("\0")[:-1])
    pyc = Bytecode(
        magic=magic,
        python=python_of(magic),
        mode=_MODES[mode],
        source_hash=value[begin : begin + hashed],
        mtime=mtime,
        size=size,
        canonical=canonical,
        names=names,
        code=value[begin + hashed : end],
    )
    return pyc, end + named


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")

"""Observe the members of a target in one pass: digests, pycs, first lines, paths of the build."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import OrderedDict
from collections.abc import Iterable

from truewheel.audit.diff.elf import is_elf
from truewheel.audit.files import Files
from truewheel.audit.model import Bytecode, Observed
from truewheel.bytecode.canonical_form import rewrite
from truewheel.bytecode.pycs import is_bytecode, source_path
from truewheel.dataclass import dataclass
from truewheel.errors import PycUnreadable
from truewheel.model import InvalidationMode
from truewheel.package.model import CHUNK, Member, MemberKind
from truewheel.pyc.header import SIZE, read_header
from truewheel.pyc.source_hash import source_hash
from truewheel.pyc.stream import file_names

# directories that builders of packages work in
BUILDERS = (
    *("/builddir/build/", "/BUILDROOT/", "/rpmbuild/BUILD/", "/usr/src/packages/BUILD"),
    *("/home/abuild/", "/.pybuild/", "/build/reproducible-path/"),
)
_WHOLE = 64 << 20  # bytes; larger files are read in pieces
_HELD = 16 << 20  # bytes of sources that wait for their pycs
_TEXTS = frozenset(("RECORD", "INSTALLER"))
_TEXT = 64 << 20  # bytes
_CUT = re.compile(r"bytes wanted|beyond the stream's end")
_EDGE = re.compile(rb"[^!#-&(-~]")


@dataclass(frozen=True)
class Look:
    """What to look for: ``base`` is the final directory of the members.

    ``named`` are build paths that the user names and the target's own root, looked for in every file;
    those of ``BUILDERS`` are looked for in bytecode, programs and metadata. With ``code``, the canonical
    form of each pyc is digested.
    """

    base: str
    named: tuple[str, ...] = ()
    code: bool = False


class Observer:
    """Observes members in the order of their stream, and the hashes of sources that pycs ask for.

    ``files`` are all that were observed; ``hashes`` are by sha256 of the source and magic number, one is
    missing where a source came too long before its pyc.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._held: OrderedDict[bytes, bytes] = OrderedDict()
        self._held_size = 0
        self._wanted: dict[str, set[bytes]] = {}
        self._linked: dict[str, str] = {}
        self._move = (0, "")
        self.files = Files()
        self.hashes: dict[tuple[bytes, bytes], bytes] = {}

    def observe(self, member: Member) -> Observed:
        """Observe a member while its stream is there."""
        if member.kind is not MemberKind.FILE:
            observed = _bare(member)
            self.files.add(observed)
            return observed
        linked = member.repeats or (self._linked.get(member.inode) if member.inode else None)
        known = self.files.get(linked) if linked else None
        # a pyc asks for a path of its own, which two levels of one source share
        if known is not None and (not known.pyc or source_path(known.path) == source_path(member.path)):
            observed = known._replace(path=member.path, inode=member.inode, mode=member.mode)
        else:
            observed = self._examine(member)
        self.files.add(observed)
        if member.inode:
            self._linked.setdefault(member.inode, member.path)
        if member.path.endswith(".py"):
            self._hash_held(member.path)
        return observed

    def hash_source(self, digest: bytes, magics: Iterable[bytes], source: bytes) -> None:
        """Note the hashes of a source with this sha256."""
        for magic in magics:
            if (digest, magic) not in self.hashes:
                self.hashes[digest, magic] = source_hash(magic, source)

    def _examine(self, member: Member) -> Observed:
        if member.size > _WHOLE:
            return self._in_pieces(member)
        data = member.read(_WHOLE)
        digest = hashlib.sha256(data).digest()
        name = posixpath.basename(member.path)
        if name.endswith(".py"):
            self._hold(digest, data)
        pyc = self._bytecode(member.path, data) if is_bytecode(name) else None
        elf = is_elf(data)
        metadata = _in_dist_info(member.path)
        inner = pyc is not None or elf or metadata or name.endswith(".py")
        return _bare(member)._replace(
            sha256=digest,
            head=_head(data),
            traces=_traces(data, (*self._look.named, *(BUILDERS if inner else ()))),
            pyc=pyc,
            text=data[:_TEXT] if metadata and name in _TEXTS else None,
            is_elf=elf,
        )

    def _in_pieces(self, member: Member) -> Observed:
        digest, head, elf, tail = hashlib.sha256(), b"", False, b""
        traces: dict[str, str] = {}
        for piece in member.chunks():
            digest.update(piece)
            if not tail:
                head, elf = _head(piece), is_elf(piece)
            for needle, around in _traces(tail + piece, (*self._look.named, *(BUILDERS if elf else ()))):
                traces.setdefault(needle, around)
            tail = piece[-4096:]
        pyc = None
        if is_bytecode(member.path):
            pyc = Bytecode("unreadable-pyc", f"has {member.size} bytes, more than any module")
        return _bare(member)._replace(
            sha256=digest.digest(), head=head, traces=tuple(traces.items()), pyc=pyc, is_elf=elf
        )

    def _guess(self, expected: str | None) -> str:
        """Return the path that a pyc has if it was compiled in the same place as the last wrong one."""
        cut, added = self._move
        return added + expected[cut:] if expected else ""

    def _hold(self, digest: bytes, source: bytes) -> None:
        """Keep a source for a while: its pyc may come after it."""
        if digest not in self._held:
            self._held[digest] = source
            self._held_size += len(source)
        while self._held_size > _HELD:
            _, dropped = self._held.popitem(last=False)
            self._held_size -= len(dropped)

    def _hash_held(self, path: str) -> None:
        source = self.files.get(path) if path in self._wanted else None
        if source is not None and source.sha256 in self._held:
            self.hash_source(source.sha256, self._wanted.pop(path), self._held[source.sha256])

    def _bytecode(self, path: str, data: bytes) -> Bytecode:
        source = source_path(path)
        expected = posixpath.join(self._look.base, source) if source else None
        pyc = read_bytecode(data, expected, self._guess(expected), self._look.code)
        if len(pyc.names) == 1 and expected:
            self._move = _moved(expected, pyc.names[0])
        if pyc.source_hash and source:
            self._wanted.setdefault(source, set()).add(pyc.magic)
            self._hash_held(source)
        return pyc


def read_bytecode(data: bytes, expected: str | None, guess: str = "", code: bool = False) -> Bytecode:
    """Say what a pyc is like; ``expected`` is the final path of its source, None where that is not known.

    ``guess`` is a path that it may have instead, which is found out fast.
    """
    try:
        header = read_header(data)
    except PycUnreadable as error:
        rule = "truncated-pyc" if len(data) < SIZE else "unreadable-pyc"
        return Bytecode(rule, error.message)
    known = Bytecode(
        magic=header.magic,
        python=header.python,
        mode=header.mode,
        source_hash=header.source_hash,
        mtime=header.mtime if header.mode is InvalidationMode.TIMESTAMP else 0,
        size=header.size,
    )
    if header.python is None:
        return known
    try:
        return _read_code(known, data[SIZE:], header.python, (expected, guess), code)
    except (PycUnreadable, ValueError) as error:
        text = str(error)
        rule = "truncated-pyc" if _CUT.search(text) else "unreadable-pyc"
        return known._replace(rule=rule, problem=f"has code that cannot be read: {text}")


def _read_code(
    known: Bytecode, body: bytes, python: tuple[int, int], paths: tuple[str | None, str], code: bool
) -> Bytecode:
    """Rewrite the code: it is canonical with the right path if nothing changes, which is one call."""
    expected, guess = paths
    renamed = rewrite(body, python, expected)
    form = renamed if renamed == body or expected is None else rewrite(body, python)
    names: tuple[str, ...] = ()
    if form != renamed and guess and rewrite(body, python, guess) == form:
        names = (guess,)
    elif form != renamed:
        names = file_names(body, python)
    names = tuple(name for name in names if posixpath.normpath(name) != expected)
    digest = hashlib.sha256(renamed).digest() if code else b""
    return known._replace(canonical=form == body, names=names, code=digest)


def _moved(expected: str, name: str) -> tuple[int, str]:
    """Return what makes a path of the expected one: how much of its begin to cut, and what to add."""
    length = 0
    for one, other in zip(reversed(expected), reversed(name), strict=False):
        if one != other:
            break
        length += 1
    return len(expected) - length, name[: len(name) - length]


def _bare(member: Member) -> Observed:
    return Observed(
        path=member.path,
        kind=member.kind,
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        mtime=member.mtime,
        size=member.size,
        inode=member.inode,
        target=member.target,
    )


def _in_dist_info(path: str) -> bool:
    return posixpath.dirname(path).endswith(".dist-info")


def _head(data: bytes) -> bytes:
    return data[:CHUNK].split(b"\n", 1)[0][:512] if data[:2] == b"#!" else b""


def _traces(data: bytes, needles: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the needles that are in the data, each with the path around its first place."""
    found = []
    for needle in needles:
        at = data.find(needle.encode("utf-8", "surrogateescape"))
        if at >= 0:
            found.append((needle, _around(data, at, len(needle))))
    return tuple(found)


def _around(data: bytes, at: int, length: int) -> str:
    before = data[max(0, at - 60) : at]
    behind = data[at : at + length + 60]
    edges = [match.end() for match in _EDGE.finditer(before)]
    end = _EDGE.search(behind)
    text = before[edges[-1] if edges else 0 :] + behind[: end.start() if end else None]
    return text.decode("utf-8", "backslashreplace")

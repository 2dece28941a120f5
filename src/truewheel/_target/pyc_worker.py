"""Compiles sources that come in on stdin, and answers with marshal bytes on stdout.

Run in the target Python (`python -s -S -B start.py pyc_worker`); it touches no file.

All numbers are little-endian.  Request: two sizes of 4 bytes, a header, the source bytes.  The header begins
with flags (1 byte), the seconds of CPU (4) and the bytes of address space (8) that this source may take (0:
any), the number of levels (1).  A byte for each level and the path for co_filename follow.  The code of the
answer is canonical; with the flag RAW it is what marshal writes.  With CHECK the encoder proves first that it
knows the code objects of this Python.
Response: two sizes, a header, the code of all levels that have their own, one after the other.  The header is
a zero byte, the 8 bytes of PEP 552's source hash, and for each level: the level (1), an earlier one that has
the same code or OWN (1), the size of its code (4).  Or it is JSON, without code: {"error": {"type": str,
"message": str, "line": int or null}} for a source that this Python does not compile, {"unknown": {the same}}
for code objects that we cannot encode.  The end of stdin ends it.

What it imports counts (even struct): most wheels are small, and this start is much of what they take.
"""

from __future__ import annotations

import _thread
import gc
import marshal
import os
import sys
import time
import warnings

from .dumps import Unmarshallable, dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, AnyStr, BinaryIO, Callable, Dict, List, Set, Tuple, Union


try:
    import resource
except ImportError:  # a minimal Python; whoever asks still limits the time
    resource = None  # type: ignore[assignment]

OWN = 0xFF
RAW, CHECK = 1, 2
COLLECT_EVERY = 256  # requests between garbage collections
SPARE = 64 * 1024 * 1024  # bytes a healthy machine can still give
# for the thread that compiles: from 3.14 on the depth that a source may have depends on its stack
STACK = 64 * 1024 * 1024

# every kind of variable, argument and constant
SAMPLE = """
def f(a, b=1, *c, d: 'x y', **e):
    class G(a):
        h = [i for i in c if i in {2.5, 'p q', (None, b'r')}]
        def j(self):
            return __class__, lambda k: (a, k, -(2**70), 3j, ...)
    try:
        return G
    finally:
        del b
"""

_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
_UTF8 = frozenset(("utf-8", "utf8", "u8", "utf"))
_ASCII_BASED = _UTF8 | {
    "ascii",
    "us-ascii",
    "latin-1",
    "latin1",
    "iso-8859-1",
    "iso8859-1",
    "iso-latin-1",
    "iso-8859-15",
    "cp1252",
    "windows-1252",
}


def asserts_nothing(source: bytes) -> bool:
    """Say whether `source` provably compiles to the same code with optimize=0 and optimize=1.

    These differ only where the source says `assert` or `__debug__`.  True only for sources whose encoding
    leaves ASCII as it is (PEP 263, from a list of known names), and for UTF-8 after the NFKC normalisation
    that identifiers get (PEP 3131).  False means unknown.
    """
    if _stands_alone(b"assert", source, _WORD.encode("ascii")) or b"__debug__" in source:
        return False
    names = _encodings(source)
    if source.isascii():
        return names <= _ASCII_BASED
    if not names <= _UTF8:
        return False
    try:
        import unicodedata

        text = unicodedata.normalize("NFKC", source.decode("utf-8"))
    except (ImportError, UnicodeDecodeError):
        return False
    return not _stands_alone("assert", text, _WORD) and "__debug__" not in text


def _stands_alone(word: AnyStr, text: AnyStr, letters: AnyStr) -> bool:
    """Say whether a word is in a text with none of `letters` next to it."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if (at == 0 or text[at - 1 : at] not in letters) and (
            end == len(text) or text[end : end + 1] not in letters
        ):
            return True
        at = text.find(word, end)
    return False


def _encodings(source: bytes) -> Set[str]:
    """Return what may be the name of an encoding in at least the first two lines."""
    lines = b"\n".join(source.split(b"\n", 2)[:2])
    if b"coding" not in lines:
        return set()
    import re

    names = re.findall(rb"coding[:=][ \t]*([-_.a-zA-Z0-9]+)", lines)
    return {name.decode("ascii").lower().replace("_", "-") for name in names}


def source_hash(source: bytes) -> bytes:
    """Return the 8 bytes of PEP 552's source hash, as they are in the pyc."""
    try:
        from _frozen_importlib_external import MAGIC_NUMBER
        from _imp import source_hash as compute
    except ImportError:  # importlib.util, which does just this, takes a third of the start
        from importlib.util import source_hash as of_source

        return of_source(source)
    return compute(int.from_bytes(MAGIC_NUMBER, "little"), source)


def compile_levels(source: bytes, dfile: str, levels: List[int]) -> List[Tuple[int, Union[CodeType, int]]]:
    """Compile `source` once a level (compile's `optimize`) with co_filename `dfile`.

    Returns each level with its code, or with an earlier level that has the same.  Raises what compile raises.
    """
    codes: List[Tuple[int, Union[CodeType, int]]] = []
    plain = None  # a level below 2 that is done; level 2 drops docstrings
    for level in levels:
        if plain is not None and level < 2 and asserts_nothing(source):
            codes.append((level, plain))
            continue
        codes.append((level, compile(source, dfile, "exec", dont_inherit=True, optimize=level)))
        if level < 2 and plain is None:
            plain = level
    return codes


def encode(code: CodeType) -> bytes:
    """Make the canonical form; the encoder is imported only then, as a worker's start counts."""
    from .canonical import encode as canonical

    return canonical(code)


def write_levels(
    codes: List[Tuple[int, Union[CodeType, int]]], write: Callable[[CodeType], bytes]
) -> List[bytes]:
    """Return the entries of the response's header, joined, and the marshal bytes of those with a size.

    Raises what `write`, which makes these bytes, raises.
    """
    entries: List[bytes] = []
    blobs: List[bytes] = []
    made: Dict[bytes, int] = {}
    for level, code in codes:
        if isinstance(code, int):
            entries.append(bytes((level, code)) + size_of(b""))
            continue
        data = write(code)
        if data in made:
            entries.append(bytes((level, made[data])) + size_of(b""))
        else:
            made[data] = level
            entries.append(bytes((level, OWN)) + size_of(data))
            blobs.append(data)
    return [b"".join(entries), *blobs]


def check_encoder() -> None:
    """Encode a sample; ValueError if it does not come back, or what encode raises.

    A pre-release of a known version may still change its code objects.
    """
    code = compile(SAMPLE, "sample", "exec", dont_inherit=True, optimize=0)
    if marshal.loads(encode(code)) != code:  # noqa: S302 our own bytes
        raise ValueError("they do not come back as they were")


def describe(kind: str, error: BaseException) -> List[bytes]:
    """Return the response's header for an exception; json is slow to import, and failures alone need it."""
    import json

    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    line = line if isinstance(line, int) else None
    told = {"type": type(error).__name__, "message": str(message), "line": line}
    return [json.dumps({kind: told}).encode("ascii")]


def peak() -> int:
    """Return the most bytes of memory that this process ever had; 0 where nothing tells."""
    try:
        with open("/proc/self/status", "rb") as stream:  # getrusage counts the process before exec, too
            peaks = [line.split()[1] for line in stream if line.startswith(b"VmHWM:")]
    except OSError:
        return 0
    return int(peaks[0]) * 1024 if peaks else 0


def memory_is_short(size: int) -> bool:
    """Say whether a MemoryError is the machine's or a limit's.

    Parsers raise it too, for what is nested too deep, after little use of memory.
    """
    if peak() > SPARE + 256 * size:
        return True
    try:
        bytearray(SPARE + 1024 * size)  # more than a compiler takes for a source of this size
    except MemoryError:
        return True
    return False


def limit(cpu: int, memory: int) -> None:
    """Let the system end this process, or refuse it memory, where a source takes more than was said."""
    if resource is None:
        return
    wanted = []
    if cpu:
        wanted.append((resource.RLIMIT_CPU, int(time.process_time()) + 1 + cpu))
    if memory:
        wanted.append((resource.RLIMIT_AS, memory))
    for kind, value in wanted:
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def answer(header: bytes, source: bytes) -> List[bytes]:
    """Return the response to one request: its header and the parts of its payload."""
    flags, count = header[0], header[13]
    levels, dfile = list(header[14 : 14 + count]), header[14 + count :]
    limit(number(header[1:5]), number(header[5:13]))
    try:
        codes = compile_levels(source, dfile.decode("utf-8", "surrogatepass"), levels)
    except Exception as error:  # whatever compile says about the source belongs to the caller
        if isinstance(error, MemoryError) and not error.args and memory_is_short(len(source)):
            raise
        return describe("error", error)
    try:
        if flags & CHECK:
            check_encoder()
        entries, *blobs = write_levels(codes, dumps if flags & RAW else encode)
    except Unmarshallable as error:  # Python would write no pyc of it either
        return describe("error", error.__cause__ or error)
    except MemoryError:
        raise
    except Exception as error:
        return describe("unknown", error)
    return [b"\0" + source_hash(source) + entries, *blobs]


def number(data: bytes) -> int:
    """Read a number."""
    return int.from_bytes(data, "little")


def size_of(data: bytes) -> bytes:
    """Return the size of `data` in 4 bytes."""
    return len(data).to_bytes(4, "little")


def take(stream: BinaryIO, size: int) -> bytes:
    """Read exactly `size` bytes; EOFError when the stream ends before."""
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("request cut short: {} bytes of {}".format(len(data), size))
    return data


def serve(requests: BinaryIO, responses: BinaryIO) -> int:
    """Answer requests until the stream ends between two of them; return their number."""
    count = 0
    while True:
        sizes = requests.read(8)
        if not sizes:
            return count
        sizes += take(requests, 8 - len(sizes))
        header = take(requests, number(sizes[:4]))
        head, *blobs = answer(header, take(requests, number(sizes[4:])))
        payload = b"".join(blobs)
        responses.write(size_of(head) + size_of(payload) + head + payload)
        responses.flush()
        count += 1
        if count % COLLECT_EVERY == 0:
            gc.collect()


def has_positions() -> bool:
    """Say whether code objects get column positions here (not with -X no_debug_ranges, from 3.11)."""
    positions: Any = getattr(compile("x", "x", "eval"), "co_positions", None)
    return positions is None or any(None not in place for place in positions())


def on_a_stack_of_ours(work: Callable[[], object]) -> int:
    """Do the work in a thread, so that no `ulimit -s` decides what compiles; return an exit status."""
    done = _thread.allocate_lock()
    failed: List[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            done.release()

    done.acquire()
    _thread.stack_size(STACK)
    _thread.start_new_thread(run, ())
    done.acquire()
    if failed:
        raise failed[0]
    return 0


def main() -> int:
    """Serve on the process' stdin and stdout; nothing else gets to write there."""
    if not has_positions():
        sys.stderr.write("pyc_worker: no column positions (no_debug_ranges), the bytecode would differ\n")
        return 2
    os.chdir("/")  # the caller's directory may be in the way of nothing
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    gc.disable()  # code objects form no cycles, and collecting among them takes time
    return on_a_stack_of_ours(lambda: serve(sys.stdin.buffer, responses))

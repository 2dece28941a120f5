"""The worker's protocol, and when it may skip a compilation."""

from __future__ import annotations

import importlib.util
import io
import json
import marshal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from truewheel._target import canonical, marshal_stream, probe, pyc_worker, versions

SIZES = struct.Struct("<II")
HEADER = struct.Struct("<BIQB")
CODE = struct.Struct("<BBI")
WORKER = (str(Path(pyc_worker.__file__).with_name("start.py")), "pyc_worker")


def frame(
    source: bytes, dfile: str = "/usr/lib/m.py", levels: tuple[int, ...] = (0, 1), **more: bool
) -> bytes:
    flags = pyc_worker.RAW * more.get("raw", False) | pyc_worker.CHECK * more.get("check", False)
    fixed = HEADER.pack(flags, 0, 0, len(levels))
    header = fixed + bytes(levels) + dfile.encode("utf-8", "surrogatepass")
    return SIZES.pack(len(header), len(source)) + header + source


def replies(data: bytes) -> list[tuple[dict[str, Any], bytes]]:
    found: list[tuple[dict[str, Any], bytes]] = []
    stream = io.BytesIO(data)
    while True:
        sizes = stream.read(8)
        if not sizes:
            return found
        header_size, payload_size = SIZES.unpack(sizes)
        header = stream.read(header_size)
        found.append((parsed(header), stream.read(payload_size)))


def parsed(header: bytes) -> dict[str, Any]:
    if header.startswith(b"{"):
        failure: dict[str, Any] = json.loads(header.decode("ascii"))
        return failure
    assert header[0] == 0
    codes = [
        {"level": level, "size": size} if same_as == pyc_worker.OWN else {"level": level, "same_as": same_as}
        for level, same_as, size in CODE.iter_unpack(header[9:])
    ]
    return {"source_hash": header[1:9].hex(), "codes": codes}


def ask(*frames: bytes) -> list[tuple[dict[str, Any], bytes]]:
    out = io.BytesIO()
    pyc_worker.serve(io.BytesIO(b"".join(frames)), out)
    return replies(out.getvalue())


def run(data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    safe = ["-P"] if sys.version_info >= (3, 11) else []
    command = [sys.executable, "-s", "-S", "-B", *safe, *options, *WORKER]
    return subprocess.run(command, input=data, capture_output=True, timeout=60)  # noqa: PLW1510


def test_compiles_both_levels() -> None:
    source = b"def f(x):\n    assert x\n    return x\n"
    ((header, payload),) = ask(frame(source))
    sizes = [entry["size"] for entry in header["codes"]]
    assert [entry["level"] for entry in header["codes"]] == [0, 1]
    assert sum(sizes) == len(payload)
    for level, blob in ((0, payload[: sizes[0]]), (1, payload[sizes[0] :])):
        code = compile(source, "/usr/lib/m.py", "exec", dont_inherit=True, optimize=level)
        assert blob == canonical.encode(code)
        assert marshal.loads(blob) == code
    assert header["source_hash"] == importlib.util.source_hash(source).hex()


def test_same_level_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ((header, payload),) = ask(frame(b"x = 1\n"))
    assert header["codes"] == [{"level": 0, "size": len(payload)}, {"level": 1, "same_as": 0}]


def test_equal_bytes_are_sent_once() -> None:
    ((header, _payload),) = ask(frame(b"x = 'assert'\n", levels=(0, 1, 2)))
    assert header["codes"][1:] == [{"level": 1, "same_as": 0}, {"level": 2, "same_as": 0}]


def test_level_two_drops_docstrings() -> None:
    ((header, _payload),) = ask(frame(b"'''doc'''\n", levels=(0, 1, 2)))
    assert header["codes"][1] == {"level": 1, "same_as": 0}
    assert "size" in header["codes"][2]


@pytest.mark.parametrize("levels", [(1, 0), (2, 1, 0), (1, 2), (0,), ()])
def test_any_order_of_levels(levels: tuple[int, ...]) -> None:
    source = b"'''doc'''\nassert x\n"
    ((header, payload),) = ask(frame(source, levels=levels))
    assert [entry["level"] for entry in header["codes"]] == list(levels)
    rest = payload
    for entry in header["codes"]:
        blob, rest = rest[: entry["size"]], rest[entry["size"] :]
        code = compile(source, "/usr/lib/m.py", "exec", dont_inherit=True, optimize=entry["level"])
        assert blob == canonical.encode(code)


@pytest.mark.parametrize(
    "source, kind, line",
    [
        (b"x = 1\nx =\n", "SyntaxError", 2),
        (b"# coding: no-such\n", "SyntaxError", None),
        (b"x = '\xff'\n", "SyntaxError", None),
        (b"print 'x'\n", "SyntaxError", 1),
        (b"  x\n", "IndentationError", 1),
        (b"x\0", None, None),
        (b"(" * 1000, None, None),
        (b"-" * 200000 + b"1", None, None),
    ],
)
def test_uncompilable(source: bytes, kind: str, line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyc_worker, "peak", lambda: 0)  # a worker has less behind it than a run of tests
    bad, good = ask(frame(source), frame(b"x = 1\n"))
    assert set(bad[0]) == {"error"} and bad[1] == b""
    error = bad[0]["error"]
    assert set(error) == {"type", "message", "line"}
    assert kind is None or error["type"] == kind
    assert line is None or error["line"] == line
    assert "codes" in good[0]


def test_file_name_with_surrogates() -> None:
    ((_header, payload),) = ask(frame(b"x\n", dfile="/\udc80/é.py", levels=(0,)))
    assert marshal.loads(payload).co_filename == "/\udc80/é.py"


SAME = [
    b"",
    b"x = 1\n",
    b"# -*- coding: latin-1 -*-\nx = 1\n",
    b"#!python\n# vim: set fileencoding=utf-8 :\nx = 1\n",
    "x = 'é'\n".encode(),
    b"\xef\xbb\xbfx = '\xc3\xa9'\n",
    b"\n\n# coding: utf-7\nx = 1\n",
]
UNKNOWN = [
    b"assert x\n",
    b"x = 'assert'\n",
    b"if __debug__: pass\n",
    b"# coding: utf-7\nx = '+AGEA-'\n",
    b"# coding: cp037\n",
    b"# coding: utf-16\n",
    b"\n# coding: rot13\nnffreg k\n",
    "# coding: latin-1\nx = 'é'\n".encode("latin-1"),
    "if __\uff44ebug__: x = 1\n".encode(),
    b"x = '\xff'\n",
]


@pytest.mark.parametrize("source", SAME)
def test_asserts_nothing(source: bytes) -> None:
    assert pyc_worker.asserts_nothing(source)
    codes = [compile(source, "m", "exec", dont_inherit=True, optimize=level) for level in (0, 1)]
    assert canonical.encode(codes[0]) == canonical.encode(codes[1])


@pytest.mark.parametrize("source", UNKNOWN)
def test_may_assert(source: bytes) -> None:
    assert not pyc_worker.asserts_nothing(source)


@pytest.mark.filterwarnings("ignore")
def test_as_a_process() -> None:
    sources = [b"x = 1\n", b"import sys; x is 1; '\\d'\n", b"assert 1\nx = 'print'\n", b"x ="]
    done = run(b"".join(frame(source) for source in sources))
    assert done.returncode == 0
    assert done.stderr == b""
    expected = ask(*[frame(source) for source in sources])
    assert replies(done.stdout) == expected


def test_history_does_not_matter() -> None:
    sources = [
        b"class A:\n class B: pass\nx = 'A.B', '.'\n",
        b"import foo\n",
        b"y = x in {'foo', 2, 3}\nz = x in {'foo', 2, 3}\n",
    ]
    together = [payload for _, payload in replies(run(b"".join(map(frame, sources))).stdout)]
    backwards = [payload for _, payload in replies(run(b"".join(map(frame, sources[::-1]))).stdout)]
    alone = [replies(run(frame(source)).stdout)[0][1] for source in sources]
    assert together == alone == backwards[::-1]


def test_warnings_as_errors_change_nothing() -> None:
    data = frame(b"x = 1 is 1\ny = '\\d'\n")
    strict = run(data, "-W", "error", "-bb")
    assert strict.stderr == b""
    assert strict.stdout == run(data).stdout


def test_request_cut_short() -> None:
    with pytest.raises(EOFError):
        ask(frame(b"x = 1\n")[:-1])
    with pytest.raises(EOFError):
        ask(b"\0\0\0")
    assert run(frame(b"x = 1\n")[:-1]).returncode == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no column positions")
def test_refuses_without_positions() -> None:
    done = run(frame(b"x\n"), "-X", "no_debug_ranges")
    assert done.returncode == 2 and done.stdout == b"" and b"no_debug_ranges" in done.stderr


def nested(depth: int) -> bytes:
    """Functions in functions, which marshal refuses to write from some depth on."""
    return b"f = " + b"lambda: " * depth + b"0\n"


def test_code_that_marshal_refuses_is_the_sources_failure() -> None:
    deep, fine = ask(frame(nested(2500)), frame(nested(900)))
    message = "object too deeply nested to marshal"
    assert deep[0] == {"error": {"type": "ValueError", "message": message, "line": None}}
    assert "codes" in fine[0]


@pytest.mark.parametrize("error", [ValueError("x"), AttributeError("co_x"), KeyError(1), RecursionError("y")])
def test_a_failure_of_the_encoder_is_an_answer_of_its_own(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(code: object) -> bytes:
        raise error

    monkeypatch.setattr(pyc_worker, "encode", fail)
    bad, raw, broken = ask(frame(b"x =\n"), frame(b"x = 1\n", raw=True), frame(b"x = 1\n"))
    assert set(bad[0]) == {"error"}
    assert "codes" in raw[0]
    assert broken[0] == {"unknown": {"type": type(error).__name__, "message": str(error), "line": None}}
    with pytest.raises(type(error)):
        pyc_worker.check_encoder()


def test_raw_code_is_what_marshal_writes() -> None:
    source = b"def f(x):\n    assert x in {'a b', 'c'}\n    return f\n"
    ((header, payload),) = ask(frame(source, levels=(0,), raw=True))
    assert header["codes"] == [{"level": 0, "size": len(payload)}]
    code = compile(source, "/usr/lib/m.py", "exec", dont_inherit=True, optimize=0)
    assert marshal.loads(payload) == code
    assert marshal_stream.rewrite(payload, sys.version_info[:2]) == canonical.encode(code)


def test_raw_code_that_marshal_refuses_is_the_sources_failure() -> None:
    ((deep, _payload),) = ask(frame(nested(2500), raw=True))
    assert deep["error"]["message"] == "object too deeply nested to marshal"


def test_no_memory_for_the_encoder_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(code: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(pyc_worker, "encode", fail)
    with pytest.raises(MemoryError):
        ask(frame(b"x = 1\n"))


def test_code_that_does_not_come_back_is_noticed_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    pyc_worker.check_encoder()
    ((fine, _payload),) = ask(frame(b"x = 1\n", check=True))
    assert "codes" in fine
    other = canonical.encode(compile("x = 2", "sample", "exec"))
    monkeypatch.setattr(pyc_worker, "encode", lambda code: other)
    checked, unchecked = ask(frame(b"x = 1\n", check=True), frame(b"x = 1\n"))
    assert checked[0]["unknown"]["message"] == "they do not come back as they were"
    assert "codes" in unchecked[0]


def test_the_oldest_version_is_the_probes() -> None:
    assert probe.OLDEST == versions.OLDEST


@pytest.mark.parametrize("kib", ["256", "8192", "unlimited"])
def test_no_limit_of_the_stack_decides_what_compiles(kib: str) -> None:
    source = b"x = " + b" + ".join([b"a"] * 2900) + b"\n"
    limited = ["sh", "-c", f'ulimit -S -s {kib} && exec "$@"', "sh"]
    command = [*limited, sys.executable, "-s", "-S", "-B", *WORKER]
    made = subprocess.run(command, input=frame(source), capture_output=True, timeout=60, check=True).stdout
    assert made == run(frame(source)).stdout
    assert "codes" in replies(made)[0][0]

"""The pool of compilers: its results, and what becomes of it when a worker dies, lies or cannot start."""

from __future__ import annotations

import errno
import importlib.util
import marshal
import os
import shutil
import signal
import struct
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.support import children, codes, fake_python, python_that_does
from truewheel.bytecode import canonical_form
from truewheel.bytecode.pool import Compiled, CompilePool
from truewheel.bytecode.pycs import plan_job
from truewheel.children import Standby
from truewheel.errors import CompileError
from truewheel.interpreter import probe
from truewheel.model import DEFAULT_LIMITS, Interpreter, Limits, PycJob

REAL = probe(sys.executable)


def job(interpreter: Interpreter, name: str, source: bytes, levels: Sequence[int] = (0, 1)) -> PycJob:
    return plan_job(f"/usr/lib/{name}.py", len(source), 0, interpreter.cache_tag, tuple(levels))


def compile_all(
    sources: dict[str, bytes],
    interpreter: Interpreter = REAL,
    jobs: int = 1,
    levels: Sequence[int] = (0, 1),
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Compiled]:
    with CompilePool((interpreter,), jobs, limits) as pool:
        for name, source in sources.items():
            pool.submit(job(interpreter, name, source, levels), source)
        return {result.job.source: result for result in pool.drain()}


THREADS = threading.active_count()  # a worker of pytest-xdist can have more than one


def settled() -> bool:
    """Whether no worker and no thread of a pool is left."""
    return not children() and threading.active_count() == THREADS


def test_a_source_that_cannot_be_sent_is_trouble_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(CompileError, match="cannot be sent a source: Input/output error"):
        compile_all({"mod": b""}, limits=replace(DEFAULT_LIMITS, time=2))
    monkeypatch.undo()
    assert settled()


def test_code_is_that_of_the_source_at_its_final_path() -> None:
    source = b"def f():\n    return lambda: 1\n"
    result = compile_all({"mod": source})["/usr/lib/mod.py"]
    code = marshal.loads(result.codes[0].content)
    assert {part.co_filename for part in codes(code)} == {"/usr/lib/mod.py"}
    assert len(codes(code)) == 3
    assert result.source_hash == importlib.util.source_hash(source)
    assert result.error == ""


def test_equal_levels_are_told() -> None:
    plain, asserting = compile_all({"a": b"x = 1\n", "b": b"assert 0\n"}, levels=(0, 1, 2)).values()
    assert [code.same_as for code in plain.codes] == [None, 0, 0]
    assert [code.same_as for code in asserting.codes] == [None, None, 1]


def test_the_extension_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "plain": b"def f(x):\n    return x in {'a b', 'c', 2.5}, 'a b', lambda: 'c d'\n",
        "word": b"x = 'assert'\n",
        "asserting": b"def f(x):\n    'doc'\n    assert x\n",
        "bad": b"x = \n",
        "deep": b"f = " + b"lambda: " * 2500 + b"0\n",
    }
    found = []
    for in_c in (canonical_form.IN_C, False):
        monkeypatch.setattr(canonical_form, "IN_C", in_c)
        found.append(compile_all(sources, levels=(0, 1, 2)))
    assert found[0] == found[1]
    assert [code.same_as for code in found[0]["/usr/lib/word.py"].codes] == [None, 0, 0]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="has not the options that later Pythons get")
def test_a_pre_release_makes_the_form_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_form, "rewrite", lambda stream, version: b"")
    future = replace(REAL, version_text="3.15.0b1")
    unknown = replace(REAL, version=(3, 99, 0))
    for interpreter in (future, unknown):
        assert compile_all({"a": b"x = 1\n"}, interpreter)["/usr/lib/a.py"].codes[0].content


def test_a_source_that_does_not_compile_is_a_result() -> None:
    results = compile_all({"bad": b"x = \n", "good": b"x = 1\n", "null": b"\0"})
    assert results["/usr/lib/bad.py"].error.startswith("SyntaxError: invalid syntax at line 1")
    assert results["/usr/lib/bad.py"].codes == ()
    assert results["/usr/lib/null.py"].error
    assert results["/usr/lib/good.py"].codes


def test_an_empty_source_is_compiled() -> None:
    assert compile_all({"empty": b""})["/usr/lib/empty.py"].codes[0].content


def test_any_number_of_workers_makes_the_same() -> None:
    sources = {f"m{n}": f"def f{n}(): return {n}\n".encode() * (20 if n % 5 else 800) for n in range(24)}
    sources["bad"] = b"="
    assert compile_all(sources, jobs=1) == compile_all(sources, jobs=7)


def test_nothing_is_started_for_nothing() -> None:
    with CompilePool((REAL,), 4) as pool:
        assert list(pool.finished()) == list(pool.drain()) == []
        assert settled()


def test_no_more_workers_than_asked_for() -> None:
    with CompilePool((REAL,), 2) as pool:
        for n in range(6):
            source = b"x = 1\n" * 40_000
            pool.submit(job(REAL, f"m{n}", source), source)
        assert len(list(pool.drain())) == 6
        assert len(children()) <= 2
    assert settled()


def test_nothing_is_left_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), CompilePool((REAL,), 3) as pool:
        for n in range(6):
            source = b"x = [1, 2]\n" * 40_000
            pool.submit(job(REAL, f"m{n}", source), source)
        raise ZeroDivisionError
    assert settled()


@pytest.mark.parametrize("wait", [0, 0.001, 0.003, 0.01, 0.5])
def test_work_that_is_under_way_is_not_waited_for(tmp_path: Path, wait: float) -> None:
    slow = probe(str(python_that_does(tmp_path, "time.sleep(60)")))
    start = time.monotonic()
    with pytest.raises(ZeroDivisionError), CompilePool((slow,), 1) as pool:
        pool.submit(job(slow, "slow", b"MARKER = 1\n"), b"MARKER = 1\n")
        time.sleep(wait)
        raise ZeroDivisionError
    assert time.monotonic() - start < 20
    assert settled()


SOURCES = {"a": b"x = 1\n", "b": b"MARKER = 1\n", "c": b"x = 2\n"}


@pytest.mark.parametrize("signal", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL"])
def test_a_source_that_crashes_the_compiler_does_not_compile(tmp_path: Path, signal: str) -> None:
    crashing = probe(str(python_that_does(tmp_path, f"signal.raise_signal(signal.{signal})")))
    results = compile_all(SOURCES, crashing)
    assert results["/usr/lib/b.py"].error == f"the compiler crashed ({signal})"
    assert results["/usr/lib/a.py"].codes == compile_all(SOURCES)["/usr/lib/a.py"].codes
    assert results["/usr/lib/c.py"].codes
    assert settled()


@pytest.mark.parametrize(
    "action",
    [
        "os._exit(0)",
        "os._exit(1)",
        "signal.raise_signal(signal.SIGKILL)",
        "signal.raise_signal(signal.SIGTERM)",
    ],
)
def test_a_worker_that_ends_otherwise_is_trouble(tmp_path: Path, action: str) -> None:
    ending = probe(str(python_that_does(tmp_path, action)))
    with pytest.raises(CompileError, match="ended early"):
        compile_all(SOURCES, ending)
    assert settled()


def test_the_workers_last_words_are_shown(tmp_path: Path) -> None:
    failing = probe(str(fake_python(tmp_path, "echo first >&2; echo no such codec >&2; exit 1")))
    with pytest.raises(CompileError, match="ended early: no such codec") as caught:
        compile_all(SOURCES, failing)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "answer",
    [
        r"\002\0\0\0\0\0\0\0{}",
        r"\002\0\0\0\0\0\0\0[]",
        r"\004\0\0\0\0\0\0\0null",
        r"\001\0\0\0\0\0\0\0{",
        r"\001\0\0\0\0\0\0\0\377",
        r"\0\0\0\0\0\0\0\0",
        r"\013\0\0\0\0\0\0\0{\042error\042:1}",
        r"\014\0\0\0\0\0\0\0{\042codes\042:[]}",
        r"\037\0\0\0\0\0\0\0{\042codes\042:[],\042source_hash\042:\0420\042}",
        r"hello",
        r"Hello, world. Some wrapper prints this.\n",
    ],
)
def test_an_answer_that_is_none_is_trouble(tmp_path: Path, answer: str) -> None:
    lying = probe(str(fake_python(tmp_path, f"head -c 20 > /dev/null; printf '{answer}'; exit 0")))
    with pytest.raises(CompileError):
        compile_all({"a": b"x = 1\n"}, lying)
    assert settled()


def lying_python(directory: Path, header: bytes, payload: bytes) -> Path:
    """Write a Python whose compiler gives this answer to the first source."""
    script = directory / "lie.py"
    script.write_text(
        "import struct, sys\nsys.stdin.buffer.read(20)\n"
        f"answer = struct.pack('<II', {len(header)}, {len(payload)}) + {header + payload!r}\n"
        "sys.stdout.buffer.write(answer)\nsys.stdout.flush()\nsys.stdin.buffer.read()\n"
    )
    return fake_python(directory, f'exec "$REAL" -S {script}')


def entries(*codes: tuple[int, int, int]) -> bytes:
    """The header of an answer: level, earlier level or 255, and size of each code."""
    return bytes(9) + b"".join(struct.pack("<BBI", *code) for code in codes)


CODE = marshal.dumps(compile("", "m", "exec"))


def test_code_that_fits_what_was_asked_for_is_taken(tmp_path: Path) -> None:
    """Shows that the next tests fail over what they change."""
    honest = probe(str(lying_python(tmp_path, entries((0, 255, len(CODE)), (1, 0, 0)), CODE)))
    (result,) = compile_all({"a": b"x = 1\n"}, honest).values()
    assert [(code.level, code.same_as) for code in result.codes] == [(0, None), (1, 0)]


@pytest.mark.parametrize(
    "header",
    [
        entries(),
        entries((0, 255, len(CODE))),
        entries((0, 255, 999), (1, 0, 0)),
        entries((0, 255, len(CODE)), (2, 0, 0)),
        entries((0, 255, len(CODE)), (1, 2, 0)),
        entries((0, 255, len(CODE)), (1, 1, 0)),
        entries((0, 255, 0), (1, 0, len(CODE))),
        entries((0, 255, 2), (1, 0, 0)),
        entries((0, 255, len(CODE)), (1, 0, 0))[:-1],
        entries((0, 255, len(CODE)), (1, 0, 0))[1:],
        b"\1" + entries((0, 255, len(CODE)), (1, 0, 0))[1:],
        bytes(8),
        bytes(9) + b"{}",
    ],
    ids=[
        "none",
        "too few",
        "too long",
        "other level",
        "same as none",
        "same as itself",
        "size of the same",
        "payload left",
        "entry cut short",
        "hash cut short",
        "other kind",
        "no hash",
        "no entries",
    ],
)
def test_code_that_does_not_fit_what_was_asked_for_is_trouble(tmp_path: Path, header: bytes) -> None:
    lying = probe(str(lying_python(tmp_path, header, CODE)))
    with pytest.raises(CompileError, match="the bytecode worker sent an invalid answer"):
        compile_all({"a": b"x = 1\n"}, lying)
    assert settled()


def test_a_python_that_is_gone_is_trouble(tmp_path: Path) -> None:
    fake = fake_python(tmp_path, "exit 1")
    gone = probe(str(fake))
    fake.unlink()
    with pytest.raises(CompileError, match="cannot be started"):
        compile_all(SOURCES, gone)
    assert settled()


def test_where_no_process_can_be_started_it_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "posix_spawnp", refuse)
    with pytest.raises(CompileError, match="cannot be started: Resource temporarily unavailable"):
        compile_all(SOURCES)


def test_what_was_sent_behind_a_crash_is_compiled_by_another_worker(tmp_path: Path) -> None:
    crashing = probe(str(python_that_does(tmp_path, "signal.raise_signal(signal.SIGSEGV)")))
    sources = {f"m{n}": b"MARKER = 1\n" if n % 7 == 3 else b"x = %d\n" % n for n in range(30)}
    results = compile_all(sources, crashing, jobs=2)
    assert len(results) == 30
    assert {name for name in sources if results[f"/usr/lib/{name}.py"].error} == {
        name for name, source in sources.items() if source.startswith(b"MARKER")
    }
    assert settled()


def test_crashed_workers_are_not_kept_open(tmp_path: Path) -> None:
    crashing = probe(str(python_that_does(tmp_path, "signal.raise_signal(signal.SIGSEGV)")))
    before = len(os.listdir("/proc/self/fd"))
    with CompilePool((crashing,), 1) as pool:
        for n in range(4):
            pool.submit(job(crashing, f"m{n}", b"MARKER\n"), b"MARKER\n")
        assert len(list(pool.drain())) == 4
        assert len(os.listdir("/proc/self/fd")) <= before + 3


@pytest.mark.skipif(not shutil.which("prlimit"), reason="needs prlimit")
@pytest.mark.parametrize("limit", [40, 60, 90, 150, 250])
def test_a_worker_out_of_memory_is_trouble_and_not_the_sources_fault(tmp_path: Path, limit: int) -> None:
    """The list takes about 150 MB in the compiler, and it compiles where there is memory."""
    source = b"x = [" + b"y, z.w, 1, " * 60_000 + b"]\n"
    limited = probe(
        str(
            fake_python(
                tmp_path, f'exec prlimit --as={limit * 1_000_000} "$REAL" -s -S -B "$START" pyc_worker'
            )
        )
    )
    try:
        result = compile_all({"big": source}, limited, levels=(0,))["/usr/lib/big.py"]
    except CompileError:
        return
    assert result.error == ""
    assert result.codes


def nested_finally(depth: int) -> bytes:
    """A source whose code doubles with each level; it takes the compiler minutes and gigabytes."""
    lines = [f"{' ' * n}try:\n{' ' * n} pass\n{' ' * n}finally:\n" for n in range(depth)]
    return ("".join(lines) + " " * depth + "pass\n").encode()


def one_long_list() -> bytes:
    """A source of common words that takes a lot of memory: 4 MB."""
    return b"x = [" + b"y, z.w, 1, " * 400_000 + b"]\n"


@pytest.mark.parametrize("source", [nested_finally(22), one_long_list()], ids=["nested", "long"])
def test_a_source_that_takes_too_much_memory_is_named_and_is_no_failure_of_its_own(source: bytes) -> None:
    with pytest.raises(CompileError, match="memory") as caught:
        compile_all({"a": b"x = 1\n", "hog": source}, limits=Limits(memory=256))
    assert caught.value.exit_code == 2
    assert caught.value.subject == "/usr/lib/hog.py"
    assert caught.value.hint == "give --limit memory=MIB to allow more, or leave the source out"
    assert settled()


@pytest.mark.slow
def test_a_source_that_takes_too_much_time_of_the_cpu_is_named() -> None:
    with pytest.raises(CompileError, match="more than 1 s of CPU time") as caught:
        compile_all({"hog": nested_finally(20)}, limits=Limits(cpu=1))
    assert caught.value.subject == "/usr/lib/hog.py"
    assert settled()


@pytest.mark.slow
def test_the_time_of_the_cpu_is_counted_for_each_source_anew(tmp_path: Path) -> None:
    busy = probe(str(python_that_does(tmp_path, "[None for _ in range(15_000_000)]")))
    sources = {f"m{n}": b"MARKER = %d\n" % n for n in range(5)}
    assert not any(result.error for result in compile_all(sources, busy, limits=Limits(cpu=1)).values())


def test_a_source_that_becomes_too_much_code_is_named() -> None:
    with pytest.raises(CompileError, match="more than 1 MiB of bytecode") as caught:
        compile_all({"wide": b"x = '" + b"y" * 2_000_000 + b"'\n"}, limits=Limits(output=1))
    assert caught.value.subject == "/usr/lib/wide.py"


@pytest.mark.parametrize(
    "lines",
    [
        "exec sleep 600",
        "sleep 600; exit 0",
        "cat > /dev/null; exit 0",
        "head -c 9 > /dev/null; exec sleep 600",
    ],
)
def test_a_python_that_does_not_answer_is_not_waited_for_for_ever(tmp_path: Path, lines: str) -> None:
    silent = probe(str(fake_python(tmp_path, lines)))
    with pytest.raises(CompileError, match="no answer from the compiler after 1 s") as caught:
        compile_all({"big": b"#" * 1_000_000}, silent, limits=Limits(time=1))
    assert "--limit time=SECONDS" in caught.value.hint
    assert settled()


def test_messages_of_a_worker_do_not_fill_the_disk(tmp_path: Path) -> None:
    flooding = probe(str(fake_python(tmp_path, "yes >&2; exit 1")))
    with pytest.raises(CompileError, match="wrote more than 1 MiB to standard error"):
        compile_all({"a": b"x = 1\n"}, flooding)


def test_what_is_nested_too_deep_is_the_sources_own_failure_also_behind_a_large_one(tmp_path: Path) -> None:
    """Parsers run out of their own stack with a MemoryError; the large source takes memory before it."""
    results = compile_all(
        {"large": b"x = [" + b"y, z.w, 1, " * 100_000 + b"]\n", "deep": b"lambda: " * 3000 + b"1\n"}
    )
    assert results["/usr/lib/large.py"].codes
    assert results["/usr/lib/deep.py"].error.startswith(("MemoryError", "RecursionError"))


def compile_with_standby(python: Path, sources: dict[str, bytes]) -> dict[str, Compiled]:
    with Standby() as standby:
        interpreter = probe(str(python), standby=standby)
        with CompilePool((interpreter,), 1, standby=standby) as pool:
            for name, source in sources.items():
                pool.submit(job(interpreter, name, source), source)
            return {result.job.source: result for result in pool.drain()}


def test_a_source_that_crashes_the_process_that_answered_the_probe_is_tried_in_a_fresh_one(
    tmp_path: Path,
) -> None:
    lines = f"echo > {tmp_path}/$$; exec"
    python = python_that_does(tmp_path, "signal.raise_signal(signal.SIGSEGV)")
    python.write_text(python.read_text().replace("pyc_worker) exec", f"pyc_worker) {lines}"))
    results = compile_with_standby(python, {"first": b"MARKER = 1\n", "second": b"x = 1\n"})
    assert results["/usr/lib/first.py"].error == "the compiler crashed (SIGSEGV)"
    assert results["/usr/lib/second.py"].codes
    assert len([path for path in tmp_path.iterdir() if path.name.isdecimal()]) == 3
    assert settled()


def test_a_process_that_is_gone_before_the_first_source_is_replaced() -> None:
    with Standby() as standby:
        interpreter = probe(sys.executable, standby=standby)
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with CompilePool((interpreter,), 1, standby=standby) as pool:
            pool.submit(job(interpreter, "m", b"x = 1\n"), b"x = 1\n")
            (result,) = pool.drain()
    assert result.codes
    assert settled()


def test_a_process_that_dies_behind_the_probe_is_told_by_its_last_words(tmp_path: Path) -> None:
    failing = fake_python(tmp_path, "head -c 20 > /dev/null; echo no such codec >&2; exit 1")
    with pytest.raises(CompileError, match="ended early: no such codec"):
        compile_with_standby(failing, {"m": b"x = 1\n"})
    assert settled()


def test_a_process_that_waited_is_one_of_those_asked_for() -> None:
    source = b"x = 1\n" * 40_000
    with Standby() as standby:
        interpreter = probe(sys.executable, standby=standby)
        waiting = children()
        with CompilePool((interpreter,), 2, standby=standby) as pool:
            for n in range(6):
                pool.submit(job(interpreter, f"m{n}", source), source)
            assert len(list(pool.drain())) == 6
            assert len(children()) <= 2
            assert waiting <= children()
    assert settled()

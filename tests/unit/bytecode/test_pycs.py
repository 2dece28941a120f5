"""Names and headers of pycs, and the order in which they are made."""

from __future__ import annotations

import importlib.util
import os
import py_compile
from pathlib import Path

import pytest

from tests.faults.support import interpreter
from truewheel.bytecode.pycs import biggest_first, plan_job, pyc_header, pyc_path
from truewheel.model import InvalidationMode, PycJob, PycTarget

MAGIC = b"\xcb\x0d\r\n"


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("source", ["/usr/lib/mod.py", "/a.b/c.d.py", "/usr/lib/.py", "/x/__init__.py"])
def test_pycs_are_where_an_import_looks(source: str, level: int) -> None:
    tag = importlib.util.cache_from_source("x.py", optimization="").split(".")[1]
    wanted = importlib.util.cache_from_source(source, optimization=str(level) if level else "")
    if source != "/usr/lib/.py":
        assert pyc_path(source, tag, level) == wanted
    else:
        assert pyc_path(source, tag, level).startswith("/usr/lib/__pycache__/.")


@pytest.mark.parametrize(
    ("mode", "compiled"),
    [
        (InvalidationMode.CHECKED_HASH, py_compile.PycInvalidationMode.CHECKED_HASH),
        (InvalidationMode.UNCHECKED_HASH, py_compile.PycInvalidationMode.UNCHECKED_HASH),
        (InvalidationMode.TIMESTAMP, py_compile.PycInvalidationMode.TIMESTAMP),
    ],
)
def test_headers_are_those_of_py_compile(
    tmp_path: Path, mode: InvalidationMode, compiled: py_compile.PycInvalidationMode
) -> None:
    source = tmp_path / "mod.py"
    source.write_text("x = 1\n")
    os.utime(source, (1_700_000_000, 1_700_000_000))
    pyc = Path(py_compile.compile(str(source), doraise=True, invalidation_mode=compiled) or "")
    source_hash = importlib.util.source_hash(b"x = 1\n")
    header = pyc_header(mode, importlib.util.MAGIC_NUMBER, source_hash, 1_700_000_000, 6)
    assert header == pyc.read_bytes()[:16]


def test_dates_and_sizes_wrap_at_32_bits() -> None:
    header = pyc_header(InvalidationMode.TIMESTAMP, MAGIC, b"", 2**32 + 7, 2**32 + 9)
    assert header == MAGIC + bytes(4) + b"\7\0\0\0\x09\0\0\0"


def test_a_job_has_a_target_for_each_level() -> None:
    job = plan_job("/lib/mod.py", 5, 7, 1, interpreter(), (0, 2))
    targets = (
        PycTarget(0, "/lib/__pycache__/mod.cpython-312.pyc"),
        PycTarget(2, "/lib/__pycache__/mod.cpython-312.opt-2.pyc"),
    )
    assert job == PycJob("/lib/mod.py", 1, 5, 7, targets)


def test_the_longest_sources_come_first_and_the_order_is_total() -> None:
    jobs = [
        PycJob(name, number, size, 0, ())
        for name, number, size in (("/b", 0, 1), ("/a", 1, 1), ("/a", 0, 1), ("/z", 0, 9))
    ]
    wanted = [("/z", 0), ("/a", 0), ("/a", 1), ("/b", 0)]
    assert [(job.source, job.interpreter) for job in biggest_first(jobs)] == wanted
    assert biggest_first(reversed(jobs)) == biggest_first(jobs)

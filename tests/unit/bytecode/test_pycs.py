"""Names and headers of pycs, and the order in which they are made."""

from __future__ import annotations

import importlib.util
import os
import py_compile
from pathlib import Path

import pytest

from truewheel.bytecode.pycs import (
    PycName,
    biggest_first,
    is_bytecode,
    long_names,
    parse_pyc_name,
    plan_job,
    pyc_header,
    pyc_path,
    source_path,
)
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
    job = plan_job("/lib/mod.py", 5, 7, "cpython-312", (0, 2), "demo.whl")
    targets = (
        PycTarget(0, "/lib/__pycache__/mod.cpython-312.pyc"),
        PycTarget(2, "/lib/__pycache__/mod.cpython-312.opt-2.pyc"),
    )
    assert job == PycJob("/lib/mod.py", "cpython-312", 5, 7, targets, "demo.whl")


def test_the_longest_sources_come_first_and_the_order_is_total() -> None:
    jobs = [
        PycJob(name, tag, size, 0, ())
        for name, tag, size in (("/b", "x", 1), ("/a", "y", 1), ("/a", "x", 1), ("/z", "x", 9))
    ]
    wanted = [("/z", "x"), ("/a", "x"), ("/a", "y"), ("/b", "x")]
    assert [(job.source, job.cache_tag) for job in biggest_first(jobs)] == wanted
    assert biggest_first(reversed(jobs)) == biggest_first(jobs)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("source", ["/usr/lib/mod.py", "/a.b/c.d.py", "/__init__.py", "mod.py", "/l/a\nb.py"])
def test_a_pyc_leads_back_to_its_source(source: str, level: int) -> None:
    for tag in ("cpython-311", "cpython-313t", "cpython-311-pytest-8"):
        path = pyc_path(source, tag, level)
        assert source_path(path) == source
        stem = source.rpartition("/")[2].removesuffix(".py")
        wanted = PycName(stem, tag, str(level) if level else "")
        assert parse_pyc_name(path.rpartition("/")[2]) == wanted


@pytest.mark.parametrize(
    "path",
    [
        "/lib/mod.cpython-311.pyc",
        "/lib/__pycache__/mod.pyc",
        "/lib/__pycache__/mod.cpython-311.py",
        "mod.pyc",
        "",
    ],
)
def test_what_is_no_cached_pyc_has_no_source(path: str) -> None:
    assert source_path(path) == ""


def test_bytecode_is_known_by_its_ending() -> None:
    names = ("a.pyc", "a.pyo", "a.cpython-311.opt-1.pyc", "a.py", "pyc")
    assert [is_bytecode(name) for name in names] == [True, True, True, False, False]
    assert is_bytecode("a.cpython-311.pyc.140190123456784")
    assert not any(map(is_bytecode, ("a.pyc.txt", "a.pyc.", "a.pyc.1x", "a.pyc.1\n", "a.pyx")))


@pytest.mark.parametrize(
    ("length", "levels", "left_out"), [(237, (0, 1), ()), (238, (0,), (1,)), (244, (), (0, 1))]
)
def test_a_pyc_whose_name_is_too_long_for_a_file_is_left_out_alone(
    length: int, levels: tuple[int, ...], left_out: tuple[int, ...]
) -> None:
    stem = "\u00e9" + "m" * (length - 2)
    job = plan_job(f"/lib/{stem}.py", 5, 7, "cpython", (0, 1))
    assert (tuple(target.level for target in job.targets), tuple(each.level for each in job.left_out)) == (
        levels,
        left_out,
    )
    assert [warned.rule for warned in long_names([job])] == ["long-pyc-name"] * len(left_out)
    assert all(warned.entry == f"/lib/{stem}.py" for warned in long_names([job]))

"""Reports: JSON as the shipped schemas say, written whole; lines for people."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.faults.support import interpreter
from truewheel.errors import TruewheelError
from truewheel.interpreter import probe
from truewheel.model import CompileResult, Dropped, InstalledFile, Kind, Manifest, PycTarget, State
from truewheel.report.document import (
    compile_document,
    document_lines,
    interpreter_document,
    schemes_document,
    write_document,
)
from truewheel.report.text import compile_lines, interpreter_lines, scheme_lines, warning_lines
from truewheel.schemes import load_scheme, shipped_schemes

PYC = "/lib/__pycache__/a.cpython-312.pyc"
MANIFEST = Manifest(
    files=(InstalledFile(PYC, Kind.BYTECODE, 0o644, 7, 2048, "0" * 64, "", State.CREATED),),
    compiled=(
        CompileResult("/lib/a.py", "3.12", "0011223344556677", (PycTarget(0, PYC),), ""),
        CompileResult("/lib/b.py", "3.12", "", (), "SyntaxError: bad at line 3"),
    ),
    dropped=(Dropped("demo.whl", "demo/x.pyc", "not used"),),
)


def check(kind: str, document: dict[str, Any]) -> None:
    schema = json.loads((resources("truewheel.report") / f"{kind}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


def test_every_document_is_as_its_schema_says() -> None:
    check("compile", compile_document(MANIFEST))
    check("python", interpreter_document(probe(sys.executable)))
    check("python", interpreter_document(interpreter()))
    check("schemes", schemes_document(load_scheme(name) for name in shipped_schemes()))


def test_the_schemas_refuse_what_they_do_not_know() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("compile", compile_document(MANIFEST) | {"more": 1})


def test_a_document_is_written_whole_and_readable(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    before = os.umask(0o077)
    try:
        write_document(path, compile_document(MANIFEST))
    finally:
        os.umask(before)
    assert json.loads(path.read_text()) == json.loads(json.dumps(compile_document(MANIFEST)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_document_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_document(path, {"report": object()})
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


@pytest.mark.parametrize("name", ["missing/report.json", "file/report.json", "directory", "n" * 300])
def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "directory").mkdir()
    with pytest.raises(TruewheelError, match="the report cannot be written") as caught:
        write_document(tmp_path / name, {})
    assert caught.value.exit_code == 2
    assert sorted(os.listdir(tmp_path)) == ["directory", "file"]


def test_a_pipe_or_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []

    def reader() -> None:
        fd = os.open(path, os.O_RDONLY)
        with open(fd) as stream:
            read.append(stream.read())

    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    write_document(path, {"report": "x"})
    assert stat.S_ISFIFO(path.stat().st_mode)
    thread.join(10)
    assert json.loads(read[0]) == {"report": "x"}


def test_warnings_name_what_is_missing_and_why() -> None:
    assert list(warning_lines(MANIFEST)) == [
        "/lib/b.py: no bytecode for Python 3.12: SyntaxError: bad at line 3",
        "demo.whl: demo/x.pyc: not installed: not used",
    ]


def test_a_summary_counts() -> None:
    assert list(compile_lines(MANIFEST, verbose=False)) == [
        "done: 0 files (0 bytes), 1 pycs (2.0 KiB) of 2 sources, 1 sources without bytecode"
    ]


def test_verbose_shows_every_path() -> None:
    assert next(compile_lines(MANIFEST, verbose=True)) == f"created   0644      2048 {PYC}"


def test_pythons_and_schemes_are_shown() -> None:
    assert "cache_tag:      cpython-312" in list(interpreter_lines(interpreter()))
    lines = scheme_lines(load_scheme("fedora"))
    assert lines[0] == "name: fedora"
    assert "  file: '0644'" in lines


@pytest.mark.parametrize(
    "document", [{}, {"a": 1}, {"a": [], "b": {}}, {"a": [1, [2, "ü\n"], {"b": [3]}], "c": None}]
)
def test_the_lines_of_a_document_are_the_document(document: dict[str, Any]) -> None:
    lines = list(document_lines(document))
    assert json.loads("\n".join(lines)) == document
    assert not any("\n" in line for line in lines)

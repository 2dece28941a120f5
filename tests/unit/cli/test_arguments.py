"""Files and paths that commands are given: read safely, refused in one line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.faults.support import is_one_line, snapshot
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

PY = ("--python", sys.executable, "--scheme", "generic")


def bad_text(directory: Path, content: bytes | None) -> Path:
    """A file that is not text, or a FIFO for None."""
    path = directory / "words"
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [b"numpy:ignore\nb\xe4r:ignore\n", b"\xff\xfea\0", None])
def test_an_overrides_file_that_is_not_text_is_refused(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    words = bad_text(tmp_path, content)
    install = ["install", str(wheel_builder.build()), "--root", str(tmp_path / "root"), *PY]
    assert main([*install, "--dep-overrides-file", str(words)]) == 1
    said = capsys.readouterr().err
    assert is_one_line(said)
    assert f"{words}: is not " in said
    assert not (tmp_path / "root").exists()
    assert main([*install, "--dep-overrides-file", str(tmp_path / "none")]) == 0


@pytest.mark.parametrize("content", [b"d\xe9mo\n", None])
def test_a_file_of_modules_that_is_not_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    words = bad_text(tmp_path, content)
    before = snapshot(tmp_path)
    assert main(["check-import", "--root", str(tmp_path), "--modules", str(words), *PY]) == 1
    said = capsys.readouterr().err
    assert is_one_line(said)
    assert f"{words}: is not " in said
    assert snapshot(tmp_path) == before


def test_a_source_that_reaches_a_limit_ends_the_run_with_the_root_as_before(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    hog = "x = [" + "y, z.w, 1, " * 400_000 + "]\n"
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    before = snapshot(root)
    wheel = wheel_builder.build("demo", "1.0", files={"demo/__init__.py": "", "demo/hog.py": hog})
    assert main(["install", str(wheel), "--root", str(root), *PY, "--limit", "memory=256"]) == 2
    said = capsys.readouterr().err
    assert is_one_line(said)
    assert "/demo/hog.py: takes the compiler more memory than there is, or than 256 MiB" in said
    assert "(give --limit memory=MIB to allow more, or leave the source out)" in said
    assert snapshot(root) == before
    assert main(["install", str(wheel), "--root", str(root), *PY, "--limit", "memory=4096", "-q"]) == 0


@pytest.mark.parametrize(
    "word", ["cpu", "cpu=", "cpu=0", "cpu=-1", "cpu=1.5", "disk=1", "memory=10", "=1", "cpu=9" * 9]
)
def test_a_limit_is_a_known_kind_and_a_number(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["install", str(wheel_builder.build()), "--root", str(tmp_path / "root"), "--limit", word])
    assert ended.value.code == 2
    assert "--limit" in capsys.readouterr().err

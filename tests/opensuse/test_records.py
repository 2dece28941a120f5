"""RECORD after what was installed changed."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from pathlib import Path

import pytest

from tests.treehash import tree_hash
from truewheel.cli.main import main
from truewheel.opensuse.records import refresh_records

SITE = "/usr/lib/python3.12/site-packages"
RECORD = f"{SITE}/demo-1.dist-info/RECORD"


def row(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}"


def put(root: Path, final: str, content: bytes) -> None:
    path = root / final.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_rows_are_those_of_the_files_that_are_there(tmp_path: Path) -> None:
    put(tmp_path, f"{SITE}/demo.py", b"new")
    put(tmp_path, f"{SITE}/same.py", b"same")
    put(tmp_path, f'{SITE}/od"d, name.py', b"new")
    put(tmp_path, "/usr/bin/demo", b"#!new")
    (tmp_path / "usr/bin/linked").symlink_to("/etc/alternatives/linked")
    (tmp_path / "usr/lib/outside").symlink_to("/etc")
    stay = [
        row("../../../bin/linked", b"old"),
        row("../../outside/passwd", b"old"),
        row("gone.py", b"old"),
        row("same.py", b"same"),
        "demo-1.dist-info/RECORD,,",
    ]
    change = ["../../../bin/demo", "demo.py", '"od""d, name.py"']
    before = [row(path, b"old") for path in change] + stay
    put(tmp_path, RECORD, "".join(f"{line}\n" for line in before).encode())
    (tmp_path / RECORD.lstrip("/")).chmod(0o640)
    os.utime(tmp_path / RECORD.lstrip("/"), (1_000_000_000, 1_000_000_000))

    assert refresh_records(tmp_path, [SITE], 0o755) == [RECORD]

    after = [row(change[0], b"#!new"), row(change[1], b"new"), row(change[2], b"new"), *stay]
    path = tmp_path / RECORD.lstrip("/")
    assert path.read_text().splitlines() == after
    assert (path.stat().st_mode & 0o777, int(path.stat().st_mtime)) == (0o640, 1_000_000_000)
    assert refresh_records(tmp_path, [SITE], 0o755) == []


def test_bytecode_that_a_spec_or_the_last_pass_removed_is_not_listed(tmp_path: Path) -> None:
    put(tmp_path, f"{SITE}/pkg/__pycache__/kept.cpython-312.pyc", b"kept")
    put(tmp_path, f"{SITE}/pkg/__pycache__/unhashed.cpython-312.pyc", b"kept")
    put(tmp_path, f"{SITE}/elsewhere/there.cpython-312.pyc", b"there")
    put(tmp_path, f"{SITE}/other/__init__.py", b"")
    (tmp_path / SITE.lstrip("/") / "other/__pycache__").symlink_to("../elsewhere")
    stay = [
        row("pkg/__pycache__/kept.cpython-312.pyc", b"kept"),
        "pkg/__pycache__/unhashed.cpython-312.pyc,,",
        row("other/__pycache__/there.cpython-312.pyc", b"old"),
        row("pkg/gone.py", b"old"),
        row("pkg/beside.pyc", b"old"),
    ]
    gone = ["pkg/__pycache__/gone.cpython-312.pyc", "gone/__pycache__/x.cpython-312.opt-1.pyc"]
    before = [row(gone[0], b"old"), *stay, f"{gone[1]},,"]
    put(tmp_path, RECORD, "".join(f"{line}\n" for line in before).encode())
    assert refresh_records(tmp_path, [SITE], 0o755) == [RECORD]
    assert (tmp_path / RECORD.lstrip("/")).read_text().splitlines() == stay


def test_a_directory_that_is_a_link_is_not_written_to(tmp_path: Path) -> None:
    put(tmp_path, "/elsewhere/RECORD", row("demo.py", b"old").encode())
    put(tmp_path, f"{SITE}/demo.py", b"new")
    (tmp_path / SITE.lstrip("/") / "demo-1.dist-info").symlink_to(tmp_path / "elsewhere")
    assert refresh_records(tmp_path, [SITE], 0o755) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"demo\xff.py,sha256=x,1\n", "is not UTF-8 (byte 0xff at 4)"),
        ("demo.py,sha256=x,1\n".encode("utf-16"), "is not UTF-8 (byte 0xff at 0)"),
        (b'"' + b"x" * 200_000 + b'",,\n', "is not a table of rows: field larger than field limit"),
    ],
)
def test_a_broken_record_is_one_line_and_nothing_changes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, says: str
) -> None:
    """The flavor before it in the order of work stays as it was, too."""
    put(tmp_path, "/usr/lib/python3.11/site-packages/demo.py", b"x = 1\n")
    put(tmp_path, "/usr/lib/python3.11/site-packages/demo-1.dist-info/RECORD", row("demo.py", b"").encode())
    put(tmp_path, f"{SITE}/demo.py", b"")
    put(tmp_path, RECORD, content)
    before = tree_hash(tmp_path)
    assert main(["flavor", "finish", "--root", str(tmp_path), "--reports", str(tmp_path / "none")]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"truewheel: error: {RECORD}: {says}")
    assert tree_hash(tmp_path) == before


def test_rows_that_lead_through_a_file_stay(tmp_path: Path) -> None:
    put(tmp_path, f"{SITE}/demo.py", b"new")
    nul = b"nul\0/x.py,sha256=x,1\n" if sys.version_info >= (3, 11) else b""  # which csv refused before
    put(tmp_path, RECORD, f"{row('demo.py/inner.py', b'old')}\n".encode() + nul)
    assert refresh_records(tmp_path, [SITE], 0o755) == []

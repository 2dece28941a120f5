"""What RECORD says."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truewheel.model import CompileResult, Found, InstalledFile, Kind, Manifest, RecordPlan, State
from truewheel.record import digest_text, read_rows, record_text, refreshed, row_path, write_rows

BASE = "/usr/lib/python3/dist-packages"
RECORD = f"{BASE}/demo-1.0.dist-info/RECORD"


def file(final: str, content: bytes = b"x") -> InstalledFile:
    digest = hashlib.sha256(content).hexdigest()
    return InstalledFile(final, Kind.SOURCE, 0o644, 0, len(content), digest, "demo.whl", State.CREATED)


def rows(*finals: str, missing: tuple[str, ...] = (), content: bytes = b"x") -> list[list[str]]:
    plan = RecordPlan(RECORD, BASE, tuple(sorted((*finals, *missing))), 0, "demo.whl")
    text = record_text(plan, {final: file(final, content) for final in finals}).decode()
    assert text.endswith("\n")
    assert "\r" not in text
    return list(csv.reader(text.splitlines()))


def test_a_row_has_path_hash_and_size() -> None:
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"abc").digest()).decode().rstrip("=")
    assert rows(f"{BASE}/z.py", content=b"abc")[1] == ["z.py", f"sha256={digest}", "3"]


def test_its_own_row_is_empty() -> None:
    assert rows() == [["demo-1.0.dist-info/RECORD", "", ""]]


def test_rows_are_sorted() -> None:
    names = [row[0] for row in rows(f"{BASE}/b.py", f"{BASE}/a/x.py", f"{BASE}/a.py", "/usr/bin/tool")]
    assert names == sorted(names)


def test_files_outside_are_relative() -> None:
    assert rows("/usr/bin/tool", "/etc/demo")[0][0] == "../../../../etc/demo"
    assert rows("/usr/bin/tool")[0][0] == "../../../bin/tool"


def test_names_with_commas_and_quotes_come_back() -> None:
    assert rows(f'{BASE}/a,"b".py')[0][0] == 'a,"b".py'


def test_what_is_not_there_has_no_row() -> None:
    names = [row[0] for row in rows(f"{BASE}/a.py", missing=(f"{BASE}/__pycache__/a.pyc",))]
    assert names == ["a.py", "demo-1.0.dist-info/RECORD"]


def test_failures_are_the_results_with_an_error() -> None:
    good, bad = (CompileResult("/a.py", "3.12", "", (), error) for error in ("", "SyntaxError: x"))
    assert Manifest((), (good, bad), ()).failures == (bad,)


def test_rows_come_back_as_they_were_written() -> None:
    rows = [["a,b.py", "sha256=x", "1"], ['c"d\n.py', "", ""], ["e.py", "", ""]]
    assert read_rows(write_rows(rows).decode()) == rows


def test_what_is_no_csv_is_an_error() -> None:
    with pytest.raises(ValueError, match="field larger"):
        read_rows(f'"{"a" * 200_000}",,\n')


def test_the_path_of_a_row_is_final() -> None:
    rows = [["demo/a.py", "", ""], ["../../../bin/demo", "", ""], ["/etc/demo", "", ""], []]
    paths = [row_path(row, "/usr/lib/python3/dist-packages") for row in rows]
    assert paths == ["/usr/lib/python3/dist-packages/demo/a.py", "/usr/bin/demo", "/etc/demo", ""]


def test_a_row_gets_the_hash_of_what_is_there() -> None:
    sha256 = hashlib.sha256(b"new").hexdigest()
    there = Found("/a.py", True, 0o644, 0, 3, sha256, (0, 0))
    link = dataclasses.replace(there, regular=False, sha256="")
    old = ["a.py", "sha256=old", "1"]
    assert refreshed(old, there) == ["a.py", f"sha256={digest_text(bytes.fromhex(sha256))}", "3"]
    assert refreshed(old, link) == refreshed(old, None) == old


_COLUMNS = st.text(st.sampled_from("ab,\"\n\r\0 '\t\u2028;"), max_size=4)


@given(st.lists(st.lists(_COLUMNS, max_size=3), max_size=4))
def test_rows_are_written_as_csv_writes_them(rows: list[list[str]]) -> None:
    text = io.StringIO()
    try:
        csv.writer(text, lineterminator="\n").writerows(rows)
    except csv.Error:
        with pytest.raises(csv.Error):
            write_rows(rows)
    else:
        assert write_rows(rows) == text.getvalue().encode()


@given(st.text(st.sampled_from("ab,\"\n\r\0 '\t\u2028;"), max_size=12))
def test_rows_are_read_as_csv_reads_them(text: str) -> None:
    try:
        wanted = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        with pytest.raises(ValueError):
            read_rows(text)
    else:
        assert read_rows(text) == wanted


def test_a_column_that_csv_does_not_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="field limit"):
        read_rows("a" * (1 << 17) + "a,,\n")

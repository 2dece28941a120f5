"""Why two files differ: one row a made difference, with the causes that a packager is told."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import json
import lzma
import marshal
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truewheel._target import marshal_stream
from truewheel.audit.diff.causes import RULES, Sort
from truewheel.audit.diff.files import compare_files
from truewheel.bytecode.pycs import pyc_header
from truewheel.cli.main import main
from truewheel.model import InvalidationMode

VERSION = sys.version_info[:2]
PYC = "usr/lib/python3/__pycache__/m.cpython-311.pyc"
SOURCE = '''"""A module."""
import os
class A:
    """A class."""
    x = 1, 2.5, "a b"
    def f(self, a, b=1, *c):
        """A function."""
        assert a
        try:
            return a in {"q", 2, "r s"}, [v for v in b], os.path
        except ValueError:
            return None
'''


def code(source: str = SOURCE, name: str = "/usr/lib/python3/m.py", level: int = 0) -> bytes:
    return marshal_stream.rewrite(
        marshal.dumps(compile(source, name, "exec", dont_inherit=True, optimize=level)), VERSION
    )


def pyc(body: bytes = b"", **header: Any) -> bytes:
    parts = {
        "mode": InvalidationMode.CHECKED_HASH,
        "magic": importlib.util.MAGIC_NUMBER,
        "source_hash": b"12345678",
        "mtime": 1700000000,
        "size": len(SOURCE),
        **header,
    }
    return pyc_header(**parts) + (body or code())


def dated(mtime: int = 1700000000, size: int = len(SOURCE)) -> bytes:
    return pyc(mode=InvalidationMode.TIMESTAMP, mtime=mtime, size=size)


def changed(old: str, new: str) -> tuple[bytes, bytes]:
    """The pycs of a source and of one with a change, without a word of it in their headers."""
    assert old in SOURCE
    return pyc(), pyc(code(SOURCE.replace(old, new)))


def edited(source: str, old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """The pycs of a source, the second with a change in its stream; ``old`` is a regular expression."""
    body = code(source, "m.py")
    found, count = re.subn(old, lambda match: new, body, count=1, flags=re.DOTALL)
    assert count
    return pyc(body), pyc(found)


def flagged() -> tuple[bytes, bytes]:
    """The pycs of a source, the second with a flag on its first constant, which moves all references."""
    body = code("x = 'a b'", "m.py")
    before, after = body.split(b"z\3a b")
    moved = re.sub(rb"r(.)\0\0\0", lambda found: b"r%c\0\0\0" % (found[1][0] + 1), after, flags=re.DOTALL)
    return pyc(body), pyc(before + b"\xfa\3a b" + moved)


def zipped(*entries: tuple[str, bytes], **info: Any) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in entries:
            header = zipfile.ZipInfo(name)
            for key, value in info.items():
                setattr(header, key, value)
            archive.writestr(header, data)
    return stream.getvalue()


def elf(**sections: bytes) -> bytes:
    """A little-endian ELF file of 64 bits with these sections."""
    names = b"\0" + b"".join(f"{name}\0".encode() for name in (*sections, "names"))
    rows, blobs, at = [(0,) * 10], b"", 64
    for name, data in (*sections.items(), ("names", names)):
        rows.append((names.index(f"{name}\0".encode()), 1, 0, 0, at + len(blobs), len(data), 0, 0, 1, 0))
        blobs += data
    head = (
        b"\x7fELF\2\1\1"
        + bytes(9)
        + struct.pack("<2HI3QI6H", 3, 62, 1, 0, 0, at + len(blobs), 0, 64, 0, 0, 64, len(rows), len(rows) - 1)
    )
    return head + blobs + b"".join(struct.pack("<2I4Q2I2Q", *row) for row in rows)


RECORD = "usr/lib/python3/m-1.dist-info/RECORD"
METADATA = "usr/lib/python3/m-1.dist-info/METADATA"
QUALNAME = ["pyc-constants"] if VERSION < (3, 11) else []  # it was a constant
Row = tuple[str, bytes, bytes, set[str], Sort]


def text(path: str, one: str, other: str, *names: str, sort: Sort = Sort.REAL) -> Row:
    return path, one.encode(), other.encode(), set(names), sort


def pycs(pair: tuple[bytes, bytes], *names: str, sort: Sort = Sort.REAL) -> Row:
    return PYC, *pair, set(names), sort


TABLE: dict[str, Callable[[], Row]] = {
    "date of the source": lambda: pycs((dated(), dated(mtime=1700000001)), "pyc-mtime", sort=Sort.BUILD),
    "size of the source": lambda: pycs((dated(), dated(size=1)), "pyc-size"),
    "hash of the source": lambda: pycs((pyc(), pyc(source_hash=b"87654321")), "pyc-hash"),
    "invalidation mode": lambda: pycs((pyc(), dated()), "pyc-mode"),
    "unchecked": lambda: pycs((pyc(), pyc(mode=InvalidationMode.UNCHECKED_HASH)), "pyc-mode"),
    "Python": lambda: pycs((pyc(), pyc(magic=struct.pack("<H", 3394) + b"\r\n")), "pyc-python"),
    "build root": lambda: pycs(
        (pyc(), pyc(code(name="/build/root/usr/lib/python3/m.py"))), "pyc-path", sort=Sort.BUILD
    ),
    "build root and date": lambda: pycs(
        (dated(), dated(mtime=5)[:16] + code(name="/build/m.py")), "pyc-mtime", "pyc-path", sort=Sort.BUILD
    ),
    "type of a constant": lambda: pycs((pyc(code("x = 1000.0")), pyc(code("x = 1000+0"))), "pyc-constants"),
    "constant": lambda: pycs(changed("2.5", "3.5"), "pyc-constants"),
    "sign of a zero": lambda: pycs((pyc(code("x = +0.0")), pyc(code("x = -0.0"))), "pyc-constants"),
    "docstring of a function": lambda: pycs(changed("A function.", "Another."), "pyc-docstring"),
    "docstring of a class": lambda: pycs(changed("A class.", "Another."), "pyc-docstring"),
    "docstring of a module": lambda: pycs(changed("A module.", "Another."), "pyc-docstring"),
    "name": lambda: pycs(changed("os.path", "os.name"), "pyc-names"),
    "variable": lambda: pycs(changed("*c", "*d"), "pyc-names"),
    "comment before it all": lambda: pycs(
        (pyc(code("def f():\n  x\n")), pyc(code("\ndef f():\n  x\n"))), "pyc-lines"
    ),
    "instruction": lambda: pycs(changed("return a in", "return b in"), "pyc-instructions"),
    "function": lambda: pycs(
        (pyc(code("def f(): pass\n")), pyc(code("def g(): pass\n"))), "pyc-functions", "pyc-names", *QUALNAME
    ),
    "flipped bit": lambda: pycs(edited("x = 'a b', 1.5", b"z\3a b", b"z\3a c"), "pyc-constants"),
    "set order": lambda: pycs(
        edited("x = y in {'c d', 'e f'}", b"z\3c dz\3e f", b"z\3e fz\3c d"), "pyc-sets", sort=Sort.HARMLESS
    ),
    "interned bit": lambda: pycs(
        edited("x = 'e f'", b"z\3e f", b"Z\3e f"), "pyc-interned", sort=Sort.HARMLESS
    ),
    "reference flag": lambda: pycs(flagged(), "pyc-flags", sort=Sort.HARMLESS),
    "sharing": lambda: pycs(
        edited("x = 'a b', 'c d', ('a b',)", b"\\)\1r....", b")\1z\3a b"),
        "pyc-flags",
        "pyc-sharing",
        sort=Sort.HARMLESS,
    ),
    "type code": lambda: pycs(
        edited("x = 'e f'", b"z\3e f", b"a\3\0\0\0e f"), "pyc-encoding", sort=Sort.HARMLESS
    ),
    "truncated pyc": lambda: pycs((pyc(), pyc()[:-1]), "pyc-damaged"),
    "appended bytes": lambda: pycs((pyc(), pyc() + b"N"), "pyc-damaged"),
    "header alone": lambda: pycs((pyc(), b""), "pyc-damaged"),
    "order of RECORD": lambda: text(RECORD, "a,,\nb,,\n", "b,,\na,,\n", "record-order", sort=Sort.HARMLESS),
    "row of RECORD": lambda: text(RECORD, "a,,\nb,,\n", "a,,\n", "record-rows"),
    "hash in RECORD": lambda: text(RECORD, "a,sha256=x,1\n", "a,sha256=y,1\n", "record-values"),
    "RECORD after its files": lambda: text(
        RECORD, "m.py,sha256=x,1\n", "m.py,sha256=y,1\n", "record-follows", sort=Sort.BUILD
    ),
    "field of METADATA": lambda: text(
        METADATA, "Name: m\nVersion: 1\n", "Name: m\nVersion: 2\n", "metadata-fields"
    ),
    "order of METADATA": lambda: text(
        METADATA, "Name: m\nVersion: 1\n", "Version: 1\nName: m\n", "metadata-order", sort=Sort.HARMLESS
    ),
    "description": lambda: text(METADATA, "Name: m\n\nA\n", "Name: m\n\nB\n", "metadata-text"),
    "shebang of a build root": lambda: text(
        "usr/bin/m",
        "#!/build/one/bin/python3\nx\n",
        "#!/build/two/bin/python3\nx\n",
        "shebang-path",
        sort=Sort.BUILD,
    ),
    "shebang of another Python": lambda: text(
        "usr/bin/m", "#!/usr/bin/python3\nx\n", "#!/usr/bin/python3.11\nx\n", "shebang"
    ),
    "body of a script": lambda: text(
        "usr/bin/m", "#!/usr/bin/python3\nx\n", "#!/usr/bin/python3\ny\n", "text"
    ),
    "path in a text": lambda: text(
        "m.cfg", "home = /build/one/usr/m\n", "home = /build/two/usr/m\n", "text-path", sort=Sort.BUILD
    ),
    "date in a text": lambda: text(
        "m.json", '{"t": 1700000000123456789}', '{"t": 1700000001123456789}', "text-time", sort=Sort.BUILD
    ),
    "day in a text": lambda: text("m.txt", "on 2024-01-02", "on 2024-01-03", "text-time", sort=Sort.BUILD),
    "text": lambda: text("m.txt", "a\nb\n", "a\nc\n", "text"),
    "build path in an ELF file": lambda: (
        "m.so",
        elf(text=b"code", debug=b"\0/build/one/m.c\0", **{".note.gnu.build-id": bytes(16) + b"1" * 20}),
        elf(text=b"code", debug=b"\0/build/two/m.c\0", **{".note.gnu.build-id": bytes(16) + b"2" * 20}),
        {"elf-path", "elf-build-id"},
        Sort.BUILD,
    ),
    "code of an ELF file": lambda: ("m.so", elf(text=b"one"), elf(text=b"two"), {"elf-sections"}, Sort.REAL),
    "order of a ZIP": lambda: (
        "m.zip",
        zipped(("a", b""), ("b", b"")),
        zipped(("b", b""), ("a", b"")),
        {"zip-order"},
        Sort.HARMLESS,
    ),
    "dates of a ZIP": lambda: (
        "m.zip",
        zipped(("a", b"")),
        zipped(("a", b""), date_time=(2024, 1, 1, 0, 0, 0)),
        {"zip-date"},
        Sort.BUILD,
    ),
    "extra field of a ZIP": lambda: (
        "m.zip",
        zipped(("a", b"")),
        zipped(("a", b""), extra=b"UT\1\0\0"),
        {"zip-extra"},
        Sort.BUILD,
    ),
    "compression of a ZIP": lambda: (
        "m.zip",
        zipped(("a", b"a" * 99)),
        zipped(("a", b"a" * 99), compress_type=8),
        {"zip-compression"},
        Sort.HARMLESS,
    ),
    "mode in a ZIP": lambda: (
        "m.zip",
        zipped(("a", b"")),
        zipped(("a", b""), external_attr=0o100755 << 16),
        {"zip-mode"},
        Sort.REAL,
    ),
    "entry of a ZIP": lambda: (
        "m.zip",
        zipped(("a", b"")),
        zipped(("a", b""), ("b", b"")),
        {"zip-entries"},
        Sort.REAL,
    ),
    "pyc in a ZIP": lambda: (
        "m.egg",
        zipped(("m.pyc", dated())),
        zipped(("m.pyc", dated(mtime=5))),
        {"pyc-mtime"},
        Sort.BUILD,
    ),
    "date in a gzip header": lambda: (
        "m.1.gz",
        gzip.compress(b"page", mtime=1),
        gzip.compress(b"page", mtime=2),
        {"compression"},
        Sort.HARMLESS,
    ),
    "text in xz": lambda: ("m.xz", lzma.compress(b"a\n"), lzma.compress(b"b\n"), {"text"}, Sort.REAL),
    "damaged bzip2": lambda: ("m.bz2", bz2.compress(b"a\n"), b"BZh9", {"bytes"}, Sort.REAL),
    "bytes": lambda: ("m.dat", b"\0\1\2", b"\0\1\3", {"bytes"}, Sort.REAL),
}
if sys.version_info >= (3, 14):  # made of streams as older compilers write them
    for _name in ("sign of a zero", "flipped bit", "set order", "sharing"):
        del TABLE[_name]


@pytest.mark.parametrize("name", TABLE)
def test_each_made_difference_has_its_true_causes(name: str) -> None:
    path, one, other, expected, sort = TABLE[name]()
    assert one != other
    for pair in ((one, other), (other, one)):
        causes = compare_files(path, *pair, {"usr/lib/python3/m.py": Sort.BUILD}).causes
        assert {cause.name for cause in causes} == expected, causes
        assert max((cause.sort for cause in causes), key=list(Sort).index) is sort
        assert all(cause.text and "\n" not in cause.text for cause in causes)


@pytest.mark.parametrize("level, what", [(1, "assert statements"), (2, "docstrings")])
def test_optimization_level_is_named_first(level: int, what: str) -> None:
    if VERSION >= (3, 16):
        pytest.skip("its instruction for assert is not known")
    causes = compare_files(PYC, pyc(), pyc(code(level=level))).causes
    assert causes[0].name == "pyc-level"
    assert causes[0].text == f"the second has no {what}, as at level {level}"


def test_another_source_is_no_other_level() -> None:
    other = pyc(code(SOURCE.replace("assert a", "a")), source_hash=b"87654321")
    assert "pyc-level" not in {cause.name for cause in compare_files(PYC, pyc(), other).causes}


def test_missing_columns_are_named() -> None:
    if VERSION < (3, 11):
        pytest.skip("no columns before Python 3.11")
    command = (
        "import marshal,sys;sys.stdout.buffer.write(marshal.dumps(compile('x = a + b', 'm.py', 'exec')))"
    )
    bodies = [
        subprocess.check_output([sys.executable, *flags, "-c", command])
        for flags in ((), ("-X", "no_debug_ranges"))
    ]
    causes = compare_files(PYC, pyc(bodies[0]), pyc(bodies[1])).causes
    assert [(cause.name, cause.text) for cause in causes] == [("pyc-columns", "module: the second has none")]


def test_place_of_a_difference_is_its_function_and_line() -> None:
    (cause,) = compare_files(PYC, *changed('{"q", 2', '{"q", 3')).causes
    assert cause.text.startswith("A.f (line 6): constant ")


def test_many_equal_functions_in_one_another_are_compared_in_linear_time() -> None:
    """Python's own comparison doubles its cost with each level."""
    one, other = (code("x = " + "lambda: " * 90 + value) for value in ("1.5", "2.5"))
    causes = compare_files(PYC, pyc(one), pyc(other)).causes
    assert "pyc-constants" in {cause.name for cause in causes}


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    made = []
    for name in ("one", "two"):
        tree = tmp_path / name
        (tree / "__pycache__").mkdir(parents=True)
        (tree / "m.py").write_text(SOURCE)
        (tree / "__pycache__/m.cpython-311.pyc").write_bytes(pyc())
        made.append(tree)
    for path in sorted(tmp_path.rglob("*")):
        os.utime(path, (1, 1))
    return made[0], made[1]


def compare(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, Any]:
    status = main(["diff", "--json", *map(str, words)])
    out = capsys.readouterr().out
    document = json.loads(out) if out else None
    if document is not None:
        schema = json.loads((resources("truewheel.report") / "diff.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(document)
    return status, document


def names(document: Any) -> dict[str, set[str]]:
    return {each["path"]: {cause["name"] for cause in each["causes"]} for each in document["differences"]}


def test_equal_trees_are_the_same(trees: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    status, document = compare(capsys, *trees)
    assert (status, document["same"], document["differences"]) == (0, True, [])
    assert main(["diff", *map(str, trees)]) == 0
    assert capsys.readouterr().out == f"{trees[0]} and {trees[1]} are the same\n"


def test_what_differs_beside_the_content(
    trees: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = trees
    for tree in trees:
        (tree / "mode").write_text("")
        (tree / "linked").write_text("")
        (tree / "alone").write_text("")
    (two / "mode").chmod(0o600)
    (one / "mode").chmod(0o644)
    (one / "link").symlink_to("m.py")
    (two / "link").symlink_to("mode")
    (one / "kind").mkdir()
    (two / "kind").write_text("")
    (one / "hard").write_text("")
    (two / "hard").hardlink_to(two / "linked")
    (one / "gone").write_text("")
    (two / "new").write_text("")
    for path in sorted([*one.rglob("*"), *two.rglob("*")]):
        os.utime(path, (1, 1), follow_symlinks=False)
    os.utime(two / "alone", (2, 2))
    status, document = compare(capsys, one, two)
    assert status == 1
    assert names(document) == {
        "mode": {"mode"},
        "link": {"link"},
        "kind": {"kind"},
        "hard": {"hard-link"},
        "linked": {"hard-link"},
        "gone": {"removed"},
        "new": {"added"},
        "alone": {"date"},
    }
    assert document["counts"] == {"harmless": 0, "path-or-time": 1, "real": 7}


def test_record_follows_the_files_it_lists(
    trees: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for tree, digest in zip(trees, "xy", strict=True):
        (tree / "m-1.dist-info").mkdir()
        (tree / "m-1.dist-info/RECORD").write_text(f"__pycache__/m.cpython-311.pyc,sha256={digest},1\n")
    (trees[1] / "__pycache__/m.cpython-311.pyc").write_bytes(pyc(code(name="/build/m.py")))
    for path in [*trees[0].rglob("*"), *trees[1].rglob("*")]:
        os.utime(path, (1, 1))
    status, document = compare(capsys, *trees)
    assert status == 1
    assert names(document) == {
        "__pycache__/m.cpython-311.pyc": {"pyc-path"},
        "m-1.dist-info/RECORD": {"record-follows"},
    }
    assert document["counts"] == {"harmless": 0, "path-or-time": 2, "real": 0}


def test_two_pycs_and_two_wheels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in (("a.pyc", pyc()), ("b.pyc", pyc(code(level=1)))):
        (tmp_path / name).write_bytes(data)
    status, document = compare(capsys, tmp_path / "a.pyc", tmp_path / "b.pyc")
    assert (status, document["differences"][0]["causes"][0]["name"]) == (1, "pyc-level")
    (tmp_path / "a.whl").write_bytes(zipped(("m.py", b"1"), ("n.py", b"1")))
    (tmp_path / "b.whl").write_bytes(zipped(("n.py", b"1"), ("m.py", b"2")))
    status, document = compare(capsys, tmp_path / "a.whl", tmp_path / "b.whl")
    assert names(document) == {"(archive)": {"zip-order"}, "m.py": {"text"}}


def test_trouble_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").write_text("")
    (tmp_path / "c.whl").write_bytes(zipped(("m.py", b"1"))[:-9])
    (tmp_path / "d.tar.gz").write_bytes(gzip.compress(b"nothing"))
    os.mkfifo(tmp_path / "fifo")
    for one, other in (
        ("a", "b"),
        ("a", "missing"),
        ("c.whl", "c.whl"),
        ("d.tar.gz", "d.tar.gz"),
        ("fifo", "b"),
    ):
        assert main(["diff", str(tmp_path / one), str(tmp_path / other)]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_page_is_whole_and_escapes_what_it_shows(trees: tuple[Path, Path], tmp_path: Path) -> None:
    (trees[1] / "<script>&.txt").write_text("")
    page = tmp_path / "page.html"
    assert main(["diff", "--html", str(page), *map(str, trees)]) == 1
    text = page.read_text()
    assert "&lt;script&gt;&amp;.txt" in text
    assert "http:" not in text
    assert "https:" not in text


def test_every_cause_is_in_the_documentation() -> None:
    rows = [
        line.split("|")[1:4]
        for line in (Path(__file__).parents[3] / "docs/diff.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    table = {name.strip(" `"): (sort.strip(), title.strip()) for name, sort, title in rows}
    assert table == {name: (rule.sort.words, rule.title) for name, rule in RULES.items()}


PATHS = ["m.pyc", "m.so", "m.zip", "m.gz", "m.xz", RECORD, METADATA, "m.txt"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PATHS),
    st.binary(max_size=60),
    st.binary(max_size=60),
    st.sampled_from(["", "PK\3\4", "\x7fELF"]),
)
def test_any_two_contents_have_a_cause(path: str, one: bytes, other: bytes, begin: str) -> None:
    head = begin.encode("latin-1")
    if one != other:
        assert compare_files(path, head + one, head + other).causes


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TABLE)), st.randoms(use_true_random=False))
def test_any_damage_has_a_cause(name: str, chance: Any) -> None:
    path, one, other, *_ = TABLE[name]()
    data = bytearray(other)
    for _ in range(chance.randint(1, 4)):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    damaged = bytes(data[: chance.randint(0, len(data))] if chance.random() < 0.3 else data)
    if damaged != one:
        assert compare_files(path, one, damaged).causes

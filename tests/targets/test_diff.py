"""What truewheel diff says of real builds: known irreproducible bytecode, and packages of stock tools."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests import registry
from tests.needs import need, require
from tests.pythons import available_pythons
from truewheel.audit.diff.causes import Sort
from truewheel.audit.diff.comparison import compare_paths
from truewheel.audit.diff.files import compare_files
from truewheel.bytecode.pycs import pyc_header
from truewheel.model import InvalidationMode

pytestmark = pytest.mark.slow

SPEC = Path(__file__).with_name("stock.spec")
# Runs in the target: magic, then the stream of each module of the arguments, compiled in that order by one
# process, as a worker does, and told in the order of the names.
COMPILE = r"""
import importlib.util, marshal, struct, sys, warnings
warnings.simplefilter("ignore")
made = {}
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        made[name] = marshal.dumps(compile(file.read(), name, "exec", dont_inherit=True))
sys.stdout.buffer.write(importlib.util.MAGIC_NUMBER)
for name in sorted(made):
    sys.stdout.buffer.write(struct.pack("<I", len(made[name])) + made[name])
"""
HARMLESS = {"pyc-flags", "pyc-sharing", "pyc-sets", "pyc-interned", "pyc-encoding"}


def pycs(python: Path, names: list[str], seed: str = "0") -> list[bytes]:
    """The pycs that one process of this Python makes of these modules, by name."""
    answer = subprocess.run(
        [str(python), "-s", "-B", "-c", COMPILE, *names],
        capture_output=True, check=True, env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": seed},
    ).stdout  # fmt: skip
    magic, at, found = answer[:4], 4, []
    while at < len(answer):
        (size,) = struct.unpack_from("<I", answer, at)
        header = pyc_header(InvalidationMode.CHECKED_HASH, magic, b"12345678", 0, 0)
        found.append(header + answer[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def python_of(version: str) -> Path:
    python = available_pythons().get(version)
    need(python is not None, f"no Python {version}")
    assert python is not None
    return python


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_cpython_issue_129724_is_the_sharing_of_equal_constants(version: str, tmp_path: Path) -> None:
    """Whether two equal sets are one object depends on what was compiled before."""
    (tmp_path / "a.py").write_text("import foo\n")
    source = tmp_path / "b.py"
    source.write_text('a = {"foo", 2, 3}\n\ndef f():\n    b = {"foo", 2, 3}\n')
    (alone,) = pycs(python_of(version), [str(source)])
    after = pycs(python_of(version), [str(tmp_path / "a.py"), str(source)])[1]
    assert alone != after
    causes = compare_files("b.pyc", alone, after).causes
    assert {cause.name for cause in causes} <= HARMLESS
    assert "pyc-sharing" in {cause.name for cause in causes}


@pytest.mark.parametrize("version", ["3.8", "3.10", "3.12"])
def test_uv_issue_10619_is_the_state_of_the_compiler(version: str) -> None:
    """Its workers take the files in any order, and what one did before decides how it writes the next."""
    python = python_of(version)
    library = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['stdlib'])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    names = sorted(map(str, Path(library).glob("*.py")))
    one_worker = pycs(python, names)
    two_workers = pycs(python, names[::-2], seed="7"), pycs(python, names[-2::-2], seed="9")
    others = dict(
        zip(sorted(names[::-2]) + sorted(names[-2::-2]), two_workers[0] + two_workers[1], strict=True)
    )
    differing = [
        pair
        for name, one in zip(names, one_worker, strict=True)
        if (pair := (one, others[name]))[0] != pair[1]
    ]
    assert differing
    for one, other in differing:
        causes = compare_files("m.pyc", one, other).causes
        assert {cause.name for cause in causes} <= HARMLESS


def build(top: Path, *wrapper: str) -> Path:
    defines = {
        "_topdir": top, "buildroot": top / "BUILDROOT", "python": sys.executable,
        "wheel": registry.wheel("rich"), "__os_install_post": "%{nil}",
    }  # fmt: skip
    words = [word for name, value in defines.items() for word in ("--define", f"{name} {value}")]
    done = subprocess.run(
        [*wrapper, "rpmbuild", "--nodeps", "-bb", *words, str(SPEC)],
        capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(top), "PYTHONHASHSEED": str(len(str(top)))},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (package,) = top.rglob("*.rpm")
    return package


def test_two_builds_of_a_stock_spec_differ_by_path_and_time_alone(tmp_path: Path) -> None:
    require("rpmbuild", "faketime")
    one = build(tmp_path / "one")
    other = build(tmp_path / "somewhere/else", "faketime", "-f", "+90d")
    comparison = compare_paths(one, other)
    pyc = next(each for each in comparison.differences if each.path.endswith(".pyc"))
    assert {"pyc-path", "pyc-mtime"} <= {cause.name for cause in pyc.causes}
    found = {(cause.sort, cause.name) for each in comparison.differences for cause in each.causes}
    assert {name for sort, name in found if sort is Sort.BUILD} >= {"pyc-path", "pyc-mtime", "date"}
    assert not [each for each in found if each[0] is Sort.REAL]
    assert {name for sort, name in found if sort is Sort.HARMLESS} <= HARMLESS

"""Existing trees become a function of their sources, whatever installed them, and whenever."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import marshal
import os
import py_compile
import shutil
import subprocess
import sys
import time
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.treehash import tree_listing
from truewheel.buildroot.transaction import Buildroot
from truewheel.cli.main import main
from truewheel.pyc.header import read_header
from truewheel.pyc.stream import file_names
from truewheel.record import digest_text

EPOCH = 1700000000
VERSION = sys.version_info[:2]
TAG = sys.implementation.cache_tag
SITE = f"lib/python{VERSION[0]}.{VERSION[1]}/site-packages"
SOURCE = 'def f(x):\n    """Doc."""\n    assert x\n    return x in {"foo", 2, 3}, {"foo", 2, 3}\n'


def compiled(source: Path, name: str, level: int = -1, tag: str = TAG) -> Path:
    """A pyc as pip or uv leaves it: with the date of its source, and what they call it."""
    suffix = f".opt-{level}" if level > 0 else ""
    target = source.parent / "__pycache__" / f"{source.stem}.{tag}{suffix}.pyc"
    py_compile.compile(
        str(source), str(target), name, optimize=level, doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP,
    )  # fmt: skip
    return target


def made(root: Path, second: bool = False) -> Path:
    """A prefix with a project, as an installer leaves it; another time in other surroundings."""
    old = os.umask(0o077 if second else 0o022)
    try:
        package = root / SITE / "pkg"
        package.mkdir(parents=True)
        for name in ("__init__", "m"):
            (package / f"{name}.py").write_text(SOURCE)
            os.utime(package / f"{name}.py", (EPOCH + 5 + second, EPOCH + 5 + second))
            compiled(package / f"{name}.py", f"/build/{second}/{name}.py")
        info = root / SITE / "pkg-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pkg\nVersion: 1\n")
        (info / "INSTALLER").write_text("pip\n")
        url = f"file:///build/{second}/pkg-1-py3-none-any.whl"
        (info / "direct_url.json").write_text(json.dumps({"url": url, "archive_info": {}}))
        (info / "uv_cache.json").write_text(json.dumps({"timestamp": time.time_ns()}))
        rows = [f"pkg/{name}.py,sha256=x,1" for name in ("m", "__init__")]
        rows += ["../../../bin/pkg,sha256=x,1"]
        rows += [f"pkg/__pycache__/{name}.{TAG}.pyc,," for name in ("m", "__init__")]
        rows += [
            f"pkg-1.dist-info/{name},sha256=x,2" for name in ("METADATA", "INSTALLER", "direct_url.json")
        ]
        (info / "RECORD").write_text(
            "\n".join([*rows, "gone.py,sha256=x,3", "pkg-1.dist-info/RECORD,,"]) + "\n"
        )
        (root / "bin").mkdir()
        (root / "bin/pkg").write_text("#!/usr/bin/python3\n")
        (root / "bin/pkg").chmod(0o700 if second else 0o755)
    finally:
        os.umask(old)
    return root


@pytest.fixture(autouse=True)
def epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))


def normalize(root: Path, *words: str) -> int:
    return main(["normalize", str(root), "--jobs", "1", *words])


def pyc(root: Path, name: str = "m") -> Path:
    return root / SITE / f"pkg/__pycache__/{name}.{TAG}.pyc"


def test_two_installs_become_one_tree(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    snapshots = []
    for second in (False, True):
        made(prefix, second)
        assert normalize(prefix) == 0
        snapshots.append(tree_listing(prefix))
        assert normalize(prefix) == 0
        assert tree_listing(prefix) == snapshots[-1]
        prefix.rename(tmp_path / f"kept{second}")
    assert snapshots[0] == snapshots[1]


def test_check_says_what_would_change_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(tmp_path / "prefix")
    before = tree_listing(root)
    assert normalize(root, "--check") == 1
    said = capsys.readouterr().out
    assert f"{SITE}/pkg/__pycache__/m.{TAG}.pyc: compiled again" in said
    assert f"{SITE}/pkg-1.dist-info/direct_url.json: removed: the path of a build" in said
    assert tree_listing(root) == before
    assert normalize(root) == 0
    assert normalize(root, "--check") == 0


def test_without_a_date_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    root = made(tmp_path / "prefix")
    before = tree_listing(root)
    assert normalize(root) == 2
    assert "without one no two trees are equal" in capsys.readouterr().err
    assert tree_listing(root) == before
    assert normalize(root, "--date", "0") == 0
    assert root.stat().st_mtime == 0


def test_bytecode_is_checked_canonical_and_of_its_final_path(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    assert normalize(root) == 0
    data = pyc(root).read_bytes()
    assert read_header(data).mode.value == "checked-hash"
    assert file_names(data[16:], VERSION) == (str(root / SITE / "pkg/m.py"),)
    code = "import pkg.m; print(pkg.m.f(2))"
    environment = {"PYTHONPATH": str(root / SITE), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-B", "-v", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"# {pyc(root)} matches" in done.stderr


def test_without_a_compiler_the_same_comes_out(tmp_path: Path) -> None:
    prefix, found = tmp_path / "prefix", []
    for number, words in enumerate([(), ("--no-recompile",)]):
        made(prefix, bool(number))
        compiled(prefix / SITE / "pkg/m.py", "/build/m.py", 1)
        assert normalize(prefix, *words) == 0
        found.append({path.name: path.read_bytes() for path in prefix.rglob("*.pyc")})
        prefix.rename(tmp_path / str(number))
    assert found[0] == found[1]


def test_record_is_sorted_and_true(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    assert normalize(root) == 0
    rows = [line.split(",") for line in (root / SITE / "pkg-1.dist-info/RECORD").read_text().splitlines()]
    assert rows == sorted(rows)
    names = [row[0] for row in rows]
    assert "gone.py" not in names
    assert "pkg-1.dist-info/direct_url.json" not in names
    assert [row[1:] for row in rows if row[0].endswith((".pyc", "RECORD"))] == [["", ""]] * 3
    content = (root / SITE / "pkg/m.py").read_bytes()
    digest = digest_text(hashlib.sha256(content).digest())
    assert ["pkg/m.py", f"sha256={digest}", str(len(content))] in rows


@pytest.mark.parametrize("recompile", [True, False])
def test_stale_bytecode_is_made_again_or_goes(tmp_path: Path, recompile: bool) -> None:
    root = made(tmp_path / "prefix")
    (root / SITE / "pkg/m.py").write_text("x = 1\n")
    assert normalize(root, *([] if recompile else ["--no-recompile"])) == 0
    assert pyc(root).exists() == recompile
    if recompile:
        assert b"foo" not in pyc(root).read_bytes()


def test_strays_go_and_programs_without_source_stay(tmp_path: Path) -> None:
    found = []
    for second in (False, True):
        root = made(tmp_path / str(second), second)
        (root / SITE / "pkg/__init__.py").unlink()
        alone = root / SITE / "alone.pyc"
        py_compile.compile(str(root / SITE / "pkg/m.py"), str(alone), "/build/alone.py", doraise=True)
        assert normalize(root) == 0
        assert not pyc(root, "__init__").exists()
        found.append(alone.read_bytes())
        command = [sys.executable, "-B", "-c", "import alone; alone.f(1)"]
        subprocess.run(command, env={"PYTHONPATH": str(root / SITE)}, check=True)
    assert found[0] == found[1]


def test_other_pythons_and_damaged_pycs_are_kept_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(tmp_path / "prefix")
    other = root / SITE / "pkg/__pycache__/m.pypy310.pyc"
    other.write_bytes(b"\x50\x01\r\n" + bytes(20))
    damaged = root / SITE / "pkg/__pycache__/m.cpython-37.pyc"
    damaged.write_bytes(b"\x42\r\r\n" + bytes(4))
    assert normalize(root) == 0
    said = capsys.readouterr().err
    assert "m.pypy310.pyc: is of a Python that is not known" in said
    assert "m.cpython-37.pyc: is truncated" in said
    assert other.read_bytes() == b"\x50\x01\r\n" + bytes(20)
    assert damaged.exists()


def test_source_that_does_not_compile_has_no_bytecode(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    (root / SITE / "pkg/m.py").write_text("print 1\n")
    assert normalize(root) == 0
    assert not pyc(root).exists()


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "n.py").write_text(SOURCE)
    compiled(outside / "n.py", "/build/n.py")
    for path in [outside, *outside.rglob("*")]:
        os.utime(path, (EPOCH + 9, EPOCH + 9))
    before = tree_listing(outside)
    root = made(tmp_path / "prefix")
    (root / SITE / "linked").symlink_to(outside)
    (root / SITE / "n.py").symlink_to(outside / "n.py")
    assert normalize(root) == 0
    assert tree_listing(outside) == before
    assert os.lstat(root / SITE / "linked").st_mtime == EPOCH


def test_file_with_links_outside_is_copied(tmp_path: Path) -> None:
    """As uv links files into its cache."""
    root, cache = made(tmp_path / "prefix"), tmp_path / "cache"
    cache.mkdir()
    for path in (root / SITE / "pkg/m.py", pyc(root), root / SITE / "pkg-1.dist-info/RECORD"):
        path.chmod(0o600)
        (cache / path.name).hardlink_to(path)
    before = [(path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes()) for path in cache.iterdir()]
    assert normalize(root) == 0
    after = [(path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes()) for path in cache.iterdir()]
    assert after == before
    assert (root / SITE / "pkg/m.py").stat().st_mode & 0o7777 == 0o644
    assert (root / SITE / "pkg/m.py").stat().st_nlink == 1


def test_equal_levels_are_one_file(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    (root / SITE / "pkg/m.py").write_text("x = 1\n")
    for level in (0, 1):
        compiled(root / SITE / "pkg/m.py", "/build/m.py", level)
    assert normalize(root) == 0
    assert pyc(root).samefile(pyc(root).with_name(f"m.{TAG}.opt-1.pyc"))
    assert normalize(root, "--check") == 0


def test_complete_and_no_bytecode(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    pyc(root).unlink()
    (root / SITE / "n.py").write_text("x = 1\n")
    assert normalize(root, "--complete") == 0
    assert pyc(root).exists()
    assert (root / SITE / f"__pycache__/n.{TAG}.pyc").exists()
    record = (root / SITE / "pkg-1.dist-info/RECORD").read_text()
    assert record.count(".pyc,,") == 2
    assert normalize(root, "--no-bytecode") == 0
    assert not [*root.rglob("*.pyc"), *root.rglob("__pycache__")]
    assert ".pyc" not in (root / SITE / "pkg-1.dist-info/RECORD").read_text()
    assert normalize(root, "--no-bytecode", "--check") == 0


def test_build_paths_become_final_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = made(tmp_path / "prefix")
    (root / "bin/pkg").write_text(f"#!{root}/bin/python3\nprint({str(root)!r})\n")
    (root / SITE / "pkg.pth").write_text(f"{root}/src\n")
    assert normalize(root, "--prefix-map", f"{root}=/opt/app") == 0
    assert (root / "bin/pkg").read_text() == f"#!/opt/app/bin/python3\nprint({str(root)!r})\n"
    assert file_names(pyc(root).read_bytes()[16:], VERSION) == (f"/opt/app/{SITE}/pkg/m.py",)
    assert f"{SITE}/pkg.pth: leads to {root}/src" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("--no-recompile",)])
def test_bytecode_of_a_script_is_that_of_its_final_path(tmp_path: Path, words: tuple[str, ...]) -> None:
    root = made(tmp_path / "prefix")
    script = root / "bin/tool.py"
    script.write_text(f"#!{root}/bin/python\n{SOURCE}")
    made_of_it = compiled(script, str(script))
    assert normalize(root, "--prefix-map", f"{root}=/opt/app", *words) == 0
    assert script.read_text().startswith("#!/opt/app/bin/python\n")
    data = made_of_it.read_bytes()
    assert data[8:16] == importlib.util.source_hash(script.read_bytes())
    assert normalize(root, "--prefix-map", f"{root}=/opt/app", "--check", *words) == 0


def test_urls_of_repositories_stay_and_editable_installs_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(tmp_path / "prefix")
    url = root / SITE / "pkg-1.dist-info/direct_url.json"
    url.write_text(json.dumps({"url": "https://example.org/pkg.git", "vcs_info": {"vcs": "git"}}))
    assert normalize(root) == 0
    assert url.exists()
    url.write_text(json.dumps({"url": "file:///src/pkg", "dir_info": {"editable": True}}))
    assert normalize(root) == 0
    assert url.exists()
    assert "is of an editable install" in capsys.readouterr().err


def test_files_of_dpkg_are_left_alone(tmp_path: Path) -> None:
    root = made(tmp_path / "root/usr").parent
    listing = root / "var/lib/dpkg/info/pkg.list"
    listing.parent.mkdir(parents=True)
    listing.write_text(f"/.\n/usr\n/usr/{SITE}/pkg/m.py\n/usr/bin/pkg\n")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "etc").mkdir()
    (root / "etc/shadow").write_text("")
    (root / "etc/shadow").chmod(0o600)
    owned = [root / "usr" / SITE / "pkg/m.py", root / "usr/bin/pkg"]
    before = [(path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes()) for path in owned]
    assert normalize(root) == 0
    assert [(path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes()) for path in owned] == before
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (root / "etc/shadow").stat().st_mode & 0o7777 == 0o600
    assert file_names(pyc(root / "usr").read_bytes()[16:], VERSION) == (f"/usr/{SITE}/pkg/m.py",)
    assert normalize(root, "--all") == 0
    assert owned[0].stat().st_mtime == EPOCH


def made_by_conda(root: Path, second: bool) -> Path:
    """An environment of conda with a package of its own, which it compiled, and one that pip installed."""
    made(root, second)
    own = root / SITE / "own"
    info = root / SITE / "own-1.dist-info"
    meta = root / "conda-meta"
    for directory in (own, info, meta, root / "etc/conda"):
        directory.mkdir(parents=True)
    (own / "__init__.py").write_text(SOURCE)
    os.utime(own / "__init__.py", (EPOCH - 5, EPOCH - 5))
    (info / "RECORD").write_text("own/__init__.py,,\n")
    (info / "direct_url.json").write_text('{"url": "file:///feedstock/work", "dir_info": {}}')
    (root / "bin/own").write_text(f"#!{root}/bin/python\n")
    compiled(own / "__init__.py", f"/build/{second}.py")
    paths = [own / "__init__.py", info / "RECORD", info / "direct_url.json", root / "bin/own"]
    shipped = compiled(own / "__init__.py", "/feedstock/own.py", 1)
    rows = [conda_row(root, path) for path in [*paths, shipped]]
    rows.append({"_path": f"{SITE}/own/__pycache__/__init__.{TAG}.pyc", "path_type": "pyc_file"})
    (meta / "own-1-0.json").write_text(json.dumps({"name": "own", "paths_data": {"paths": rows}}))
    (meta / "broken.json").write_text('{"paths_data": {"paths": [1, {"_path": 2, "sha256_in_prefix": 3}]}}')
    (meta / "history").write_text(f"==> 2024-0{1 + second}-01 10:00:00 <==\n# cmd: conda create\n+own-1-0\n")
    return root


def conda_row(root: Path, path: Path) -> dict[str, str]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    key = "sha256_in_prefix" if path.parent.name == "bin" else "sha256"
    return {"_path": str(path.relative_to(root)), "path_type": "hardlink", key: digest}


def test_files_of_conda_keep_their_content_and_get_dates(tmp_path: Path) -> None:
    root, found = tmp_path / "env", []
    for second in (False, True):
        made_by_conda(root, second)
        document = json.loads((root / "conda-meta/own-1-0.json").read_text())
        assert normalize(root) == 0
        assert normalize(root, "--check") == 0
        for row in document["paths_data"]["paths"]:
            if not row["_path"].endswith(".pyc"):  # conda checks none
                assert conda_row(root, root / row["_path"]) == row
        found.append(tree_listing(root))
        assert (root / "bin/own").stat().st_mtime == EPOCH
        assert "==> 2023-11-14 22:13:20 <==\n# cmd" in (root / "conda-meta/history").read_text()
        for name in ("own/__init__", "pkg/m"):
            source = root / SITE / f"{name}.py"
            bytecode = Path(importlib.util.cache_from_source(str(source))).read_bytes()
            assert file_names(bytecode[16:], VERSION) == (str(source),)
        root.rename(tmp_path / f"kept{second}")
    assert found[0] == found[1]


def test_special_modes_stay(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    (root / "bin/pkg").chmod(0o4711)
    (root / SITE / "pkg/m.py").chmod(0o664)
    assert normalize(root, "--keep-modes") == 0
    assert (root / SITE / "pkg/m.py").stat().st_mode & 0o7777 == 0o664
    assert normalize(root) == 0
    assert (root / "bin/pkg").stat().st_mode & 0o7777 == 0o4755
    assert (root / SITE / "pkg/m.py").stat().st_mode & 0o7777 == 0o644


def test_a_python_of_the_tree_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path / "prefix")
    other = root / f"{SITE}/pkg/__pycache__/m.cpython-39.pyc"
    other.write_bytes(b"\x61\r\r\n" + bytes(12) + b"N")
    program = root / "bin/python3.9"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{root}/bin:{os.environ['PATH']}")
    assert normalize(root) == 0
    assert not (tmp_path / "ran").exists()
    other.write_bytes(b"\x61\r\r\n" + bytes(12) + b"N")
    assert normalize(root, "--run-target") == 0
    assert (tmp_path / "ran").exists()


def test_dates_are_set_on_request(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    os.utime(root / SITE / "pkg/m.py", (5, 5))
    assert normalize(root) == 0
    assert pyc(root).stat().st_mtime == 5
    assert normalize(root, "--set-dates") == 0
    assert {os.lstat(path).st_mtime for path in root.rglob("*")} == {EPOCH}


def test_unchecked_and_timestamp_modes(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    assert normalize(root, "--invalidation-mode", "unchecked-hash") == 0
    assert read_header(pyc(root).read_bytes()).mode.value == "unchecked-hash"
    assert normalize(root, "--invalidation-mode", "timestamp", "--no-recompile") == 0
    header = read_header(pyc(root).read_bytes())
    assert (header.mtime, header.size) == (EPOCH, len(SOURCE))
    assert (header.magic, marshal.loads(pyc(root).read_bytes()[16:]).co_name) == (
        importlib.util.MAGIC_NUMBER,
        "<module>",
    )


def test_files_of_another_user_stay_theirs(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    root = made(tmp_path / "prefix")
    pyc(root, "__init__").unlink()
    for path in [root, *root.rglob("*")]:
        os.chown(path, 1234, 1234)
    assert normalize(root, "--complete") == 0
    assert {(path.stat().st_uid, path.stat().st_gid) for path in [root, *root.rglob("*")]} == {(1234, 1234)}
    assert pyc(root, "__init__").exists()


def test_namespace_packages_and_eggs_are_left_whole(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    space = root / SITE / "space/inner"
    space.mkdir(parents=True)
    (space / "m.py").write_text(SOURCE)
    compiled(space / "m.py", "/build/m.py")
    with zipfile.ZipFile(root / SITE / "old-1.egg", "w") as archive:
        archive.writestr("old.py", "x = 1\n")
    before = (root / SITE / "old-1.egg").read_bytes()
    assert normalize(root) == 0
    assert (root / SITE / "old-1.egg").read_bytes() == before
    data = (space / f"__pycache__/m.{TAG}.pyc").read_bytes()
    assert file_names(data[16:], VERSION) == (f"{space}/m.py",)


def test_vendored_metadata_is_left_alone(tmp_path: Path) -> None:
    root = made(tmp_path / "prefix")
    vendored = root / SITE / "pkg/_vendor/other-1.dist-info"
    vendored.mkdir(parents=True)
    (vendored / "RECORD").write_text("z.py,,\nmissing.py,,\na.py,,\n")
    assert normalize(root) == 0
    assert (vendored / "RECORD").read_text() == "z.py,,\nmissing.py,,\na.py,,\n"


def test_directories_above_what_is_installed_follow_no_umask(tmp_path: Path) -> None:
    root = made(tmp_path / "root/usr", second=True).parent
    listing = root / "var/lib/dpkg/info/base.list"
    listing.parent.mkdir(parents=True)
    listing.write_text("/.\n/usr\n/usr/bin\n")
    (root / "usr/bin").chmod(0o555)
    assert normalize(root) == 0
    assert (root / "usr").stat().st_mode & 0o7777 == 0o755
    assert (root / "usr/bin").stat().st_mode & 0o7777 == 0o555


def report_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What --json printed, which is as the schema says."""
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((resources.files("truewheel.report") / "normalize.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_json_says_what_was_changed_or_would_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = made(tmp_path / "prefix")
    (root / SITE / "pkg.pth").write_text("/build/src\n")
    assert main(["normalize", str(root), "-q", "-j", "1", "--json", "--check"]) == 1
    planned = report_of(capsys)
    assert planned["check"]
    changes = {each["path"]: each["what"] for each in planned["changes"]}
    assert changes[f"{SITE}/pkg/__pycache__/m.{TAG}.pyc"] == "compiled again"
    assert [each["path"] for each in planned["findings"]] == [f"{SITE}/pkg.pth"]
    assert normalize(root, "--json") == 0
    done = report_of(capsys)
    assert planned == {**done, "check": True}
    assert normalize(root, "--json") == 0
    assert report_of(capsys) == {**done, "changes": []}


def spared(root: Path, report: Path, capsys: pytest.CaptureFixture[str], *words: str) -> int:
    """How many pycs the report spares a run."""
    capsys.readouterr()
    assert normalize(root, "--report-file", str(report), "--json", *words) == ("--check" in words)
    return int(report_of(capsys)["vouched"])


def test_a_report_spares_what_is_as_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, report = made(tmp_path / "prefix"), tmp_path / "report.json"
    (root / SITE / "pkg/__init__.py").write_text("x = 1\n")
    for level in (0, 1):
        compiled(root / SITE / "pkg/__init__.py", "/build/m.py", level)
    both = ["--report-file", str(report), "--report", str(report)]
    assert normalize(root, *both) == 0
    before, said = tree_listing(root), report.read_text()
    with monkeypatch.context() as patch:
        patch.setattr("truewheel.normalization.content.CompilePool", None)  # which nothing needs
        assert normalize(root, *both) == 0
    assert tree_listing(root) == before
    again = json.loads(report.read_text())
    assert (again["vouched"], again["recompiled"], again["changes"]) == (3, 0, [])
    assert again["compiled"] == json.loads(said)["compiled"]
    os.utime(root / SITE / "pkg/m.py", (0, 0))
    assert spared(root, report, capsys) == 3
    assert pyc(root).stat().st_mtime == 0


def test_a_report_spares_nothing_that_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, report = made(tmp_path / "prefix"), tmp_path / "report.json"
    assert normalize(root, "--report", str(report)) == 0
    right = pyc(root).read_bytes()
    pyc(root).write_bytes(right[:-1] + b"x")
    assert spared(root, report, capsys) == 1
    assert pyc(root).read_bytes() == right
    (root / SITE / "pkg/m.py").write_text("x = 1\n")
    assert spared(root, report, capsys) == 1
    assert pyc(root).read_bytes() != right
    assert spared(root, report, capsys, "--invalidation-mode", "unchecked-hash") == 0
    assert spared(root, report, capsys, "--prefix-map", f"{root}=/opt/app") == 0
    assert normalize(root, "--report", str(report), "--invalidation-mode", "timestamp") == 0
    assert spared(root, report, capsys, "--invalidation-mode", "timestamp", "--date", "5") == 0
    assert read_header(pyc(root).read_bytes()).mtime == 5
    document = json.loads(report.read_text())
    assert normalize(root, "--report", str(report)) == 0
    report.write_text(json.dumps({**document, "truewheel": "0"}))
    assert spared(root, report, capsys) == 0


def test_equal_levels_that_are_two_files_are_not_spared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, report = made(tmp_path / "prefix"), tmp_path / "report.json"
    (root / SITE / "pkg/m.py").write_text("x = 1\n")
    for level in (0, 1):
        compiled(root / SITE / "pkg/m.py", "/build/m.py", level)
    assert normalize(root, "--report", str(report)) == 0
    other = pyc(root).with_name(f"m.{TAG}.opt-1.pyc")
    data = other.read_bytes()
    other.unlink()
    other.write_bytes(data)
    assert spared(root, report, capsys) == 1
    assert other.samefile(pyc(root))


def test_a_level_that_is_a_link_is_not_spared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, report = made(tmp_path / "prefix"), tmp_path / "report.json"
    for name in ("m", "__init__"):
        compiled(root / SITE / f"pkg/{name}.py", "/build/m.py", 1)
    assert normalize(root, "--report", str(report)) == 0
    pyc(root).with_name(f"m.{TAG}.opt-1.pyc").unlink()
    pyc(root).with_name(f"m.{TAG}.opt-1.pyc").symlink_to(pyc(root).name)
    assert spared(root, report, capsys, "--complete", "--check") == 2


def test_what_is_no_report_of_normalize_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, report = made(tmp_path / "prefix"), tmp_path / "report.json"
    before = tree_listing(root)
    for text, why in (
        ("{}", "is not a report"),
        ('{"report": "install", "version": 1}', "is a report of install, version 1, not of normalize"),
        ('{"report": "normalize", "version": 1}', "is not a report of normalize: expected the key"),
    ):
        report.write_text(text)
        assert normalize(root, "--report-file", str(report)) == 1
        assert why in capsys.readouterr().err
    assert normalize(root, "--report", str(tmp_path / "none/report.json")) == 2
    assert tree_listing(root) == before


def test_check_names_a_run_that_was_interrupted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = made(tmp_path / "prefix")
    assert normalize(root) == 0
    with Buildroot(root, 0o755) as buildroot:
        buildroot.replace(f"/{SITE}/pkg/m.py", (b"x = 1\n",), 0o644, EPOCH)
        shutil.copytree(root, tmp_path / "killed", symlinks=True)
    capsys.readouterr()
    before = tree_listing(tmp_path / "killed")
    assert main(["normalize", str(tmp_path / "killed"), "--check"]) == 1
    assert ".truewheel-journal: removed: of a run that was interrupted" in capsys.readouterr().out
    assert tree_listing(tmp_path / "killed") == before
    assert normalize(tmp_path / "killed") == 0
    assert not (tmp_path / "killed/.truewheel-journal").exists()
    assert normalize(tmp_path / "killed", "--check") == 0


def test_extensions_with_a_path_of_their_build_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(tmp_path / "prefix")
    for name, left in {
        "a.cpython-311-x86_64-linux-gnu.so": b"/tmp/pip-install-x1y2/demo_3/src/a.c",
        "b.so.1.2": b"/root/.cache/uv/sdists-v9/index/demo/1.0/x/src",
        "c.so": b"-I/build/demo/include",
        "d.so": b"/usr/include",
        "e.txt": b"/tmp/pip-install-x1y2/demo_3",
    }.items():
        (root / SITE / name).write_bytes(b"\x7fELF\0\xff" + left + b"\0more")
        with (root / SITE / "pkg-1.dist-info/RECORD").open("a") as record:
            record.write(f"{name},sha256=x,1\n")
    tag = root / SITE / "pkg-1.dist-info/WHEEL"
    tag.write_text("Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n")
    assert normalize(root, "--check", "--prefix-map", "/build/demo=/opt/app") == 1
    assert "where it was compiled" not in capsys.readouterr().err  # the wheel is the same for all
    tag.write_text("Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n")
    assert normalize(root, "--prefix-map", "/build/demo=/opt/app") == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "where it was compiled" in line]
    assert [line.partition(f"{SITE}/")[2].partition(",")[0] for line in said] == [
        "a.cpython-311-x86_64-linux-gnu.so: has /tmp/pip-install-x1y2/demo_3/src/a.c",
        "b.so.1.2: has /root/.cache/uv/sdists-v9/index/demo/1.0/x/src",
        "c.so: has -I/build/demo/include",
    ]

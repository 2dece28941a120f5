"""Installs and compiles from end to end with the running Python."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import importlib.util
import json
import marshal
import os
import posixpath
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.faults.support import codes, files, one, python_that_does, snapshot
from tests.needs import need
from tests.unit.report.test_document import check
from tests.wheelbuilder import WheelBuilder
from truewheel import pipeline
from truewheel.buildroot.delivery import Delivery
from truewheel.compilation import compile_tree
from truewheel.errors import ConflictRefused, StageError, Uncompilable, UsageError
from truewheel.model import ErrorPolicy, InvalidationMode, Manifest
from truewheel.pipeline import install, prepare_install, preview
from truewheel.record import digest_text, read_rows
from truewheel.report.document import install_document
from truewheel.request import BytecodeOptions, CompileRequest, InstallRequest
from truewheel.schemes import load_scheme

TAG = sys.implementation.cache_tag
SITE = sysconfig.get_path("purelib", "posix_prefix", {"base": "/usr"})
EPOCH = 1_600_000_000
MODULES = {
    "demo/__init__.py": "def f():\n    return [lambda: x for x in ()]\n",
    "demo/asserting.py": "def g(x):\n    assert x\n    return x\n",
    "demo/sub/other.py": "class C:\n    def m(self):\n        'Doc.'\n",
    "demo/data.txt": "data",
}


@pytest.fixture
def wheel(wheel_builder: WheelBuilder) -> Path:
    return wheel_builder.build(
        files=MODULES, entry_points={"demo": "demo:f"}, data={"scripts/tool": "#!python\n"}
    )


def run(root: Path, *wheels: Path, environ: dict[str, str] | None = None, **options: Any) -> Manifest:
    known = {field.name for field in dataclasses.fields(BytecodeOptions)}
    code = BytecodeOptions(**{key: options.pop(key) for key in list(options) if key in known})
    pythons = options.pop("pythons", (sys.executable,))
    request = InstallRequest(wheels, root, pythons=pythons, bytecode=code, **options)
    return install(prepare_install(request, environ or {}))


def compile_(root: Path, *paths: str, environ: dict[str, str] | None = None, **options: Any) -> Manifest:
    pythons = options.pop("pythons", (sys.executable,))
    code = BytecodeOptions(**options)
    request = CompileRequest(paths, root, pythons=pythons, bytecode=code)
    return compile_tree(request, environ or {})


def states(manifest: Manifest) -> set[str]:
    return {file.state for file in manifest.files}


def test_an_install_is_complete(tmp_path: Path, wheel: Path) -> None:
    manifest = run(tmp_path / "root", wheel)
    info = f"{SITE}/demo-1.0.dist-info"
    wanted = {f"{SITE}/{name}" for name in MODULES} | {"/usr/bin/demo", "/usr/bin/tool"}
    wanted |= {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER", "entry_points.txt")}
    for source in (name for name in MODULES if name.endswith(".py")):
        for level in ("", "1"):
            wanted.add(importlib.util.cache_from_source(f"{SITE}/{source}", optimization=level))
    assert files(tmp_path / "root") == wanted == {file.final for file in manifest.files}


def test_the_account_is_true(tmp_path: Path, wheel: Path) -> None:
    for file in run(tmp_path, wheel).files:
        path = tmp_path / file.final[1:]
        info = path.stat()
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (file.size, file.mode, file.mtime) == (info.st_size, info.st_mode & 0o7777, info.st_mtime)


def test_every_row_of_record_is_true(tmp_path: Path, wheel: Path) -> None:
    root = tmp_path / "root"
    run(root, wheel)
    rows = list(csv.reader(one(root, "RECORD").read_text().splitlines()))
    assert rows == sorted(rows)
    named = {posixpath.normpath(f"{SITE}/{name}") for name, _, _ in rows}
    assert named == files(root)
    assert len(rows) == len(named)
    for name, digest, size in rows:
        content = (root / posixpath.normpath(f"{SITE}/{name}")[1:]).read_bytes()
        if name.endswith("/RECORD"):
            assert (digest, size) == ("", "")
            continue
        encoded = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        assert (digest, size) == (f"sha256={encoded}", str(len(content)))


def test_no_byte_of_the_tree_knows_the_buildroot(tmp_path: Path, wheel: Path) -> None:
    root = tmp_path / "a-buildroot-of-a-name-to-find"
    run(root, wheel)
    for final in files(root):
        assert b"a-buildroot-of" not in (root / final[1:]).read_bytes(), final


def test_code_has_final_paths_at_every_depth(tmp_path: Path, wheel: Path) -> None:
    run(tmp_path / "root", wheel)
    for pyc in (tmp_path / "root").rglob("*.pyc"):
        source = importlib.util.source_from_cache(str(pyc))
        nested = codes(marshal.loads(pyc.read_bytes()[16:]))
        assert len(nested) > 1
        assert {code.co_filename for code in nested} == {source.removeprefix(str(tmp_path / "root"))}


@pytest.mark.parametrize("mode", list(InvalidationMode))
@pytest.mark.parametrize("optimize", [[], ["-O"]], ids=["plain", "-O"])
def test_an_import_uses_the_pyc(
    tmp_path: Path, wheel: Path, mode: InvalidationMode, optimize: list[str]
) -> None:
    run(tmp_path, wheel, mode=mode)
    site = tmp_path / SITE[1:]
    suffix = ".opt-1.pyc" if optimize else f"{TAG}.pyc"
    flags = ["-v", "-B", "-S", "-E", *optimize]
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import demo.asserting"
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True)
    for name in ("__init__", "asserting"):
        cached = (site / "demo/__pycache__").glob(f"{name}.*")
        pyc = next(path for path in cached if path.name.endswith(suffix))
        assert f"# code object from '{pyc}'" in done.stderr or f"# {pyc} matches" in done.stderr
        assert f"# code object from {site}/demo/{name}.py" not in done.stderr
    assert "bytecode is stale" not in done.stderr


def test_two_runs_are_one(tmp_path: Path, wheel: Path) -> None:
    run(tmp_path / "root", wheel)
    before = snapshot(tmp_path / "root")
    assert states(run(tmp_path / "root", wheel)) == {"unchanged"}
    assert snapshot(tmp_path / "root") == before


def test_two_roots_are_equal_whatever_the_number_of_jobs(tmp_path: Path, wheel: Path) -> None:
    run(tmp_path / "one", wheel, jobs=1)
    run(tmp_path / "deeper/two", wheel, jobs=7)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "deeper/two")


def test_two_roots_have_equal_reports_as_the_schema_says(tmp_path: Path, wheel: Path) -> None:
    documents = []
    for name in ("one", "two"):
        request = InstallRequest((wheel,), tmp_path / name, pythons=(sys.executable,))
        prepared = prepare_install(request, {})
        documents.append(install_document(prepared.plan, install(prepared)))
        check("install", documents[-1])
    assert documents[0] == documents[1]
    assert {item["path"] for item in documents[0]["files"]} == files(tmp_path / "one")
    with pytest.raises(jsonschema.ValidationError):
        check("install", documents[0] | {"files": [{}]})


def test_two_wheels_in_one_run_are_as_in_two_runs(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    one_, two = (wheel_builder.build(name, files={f"{name}.py": "x = 1\n"}) for name in ("one", "two"))
    run(tmp_path / "together", one_, two)
    run(tmp_path / "apart", one_)
    run(tmp_path / "apart", two)
    assert snapshot(tmp_path / "together") == snapshot(tmp_path / "apart")


def test_the_epoch_clamps_every_date(tmp_path: Path, wheel: Path) -> None:
    run(tmp_path / "root", wheel, environ={"SOURCE_DATE_EPOCH": str(EPOCH)})
    dates = {path.stat().st_mtime for path in (tmp_path / "root").rglob("*")}
    assert dates | {(tmp_path / "root").stat().st_mtime} == {EPOCH}


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Path]:
    """A root where everybody may write and whose /usr is another user's than this process."""
    need(os.geteuid() == 0, "not root, to be another user")
    root = Path(tempfile.mkdtemp())
    (root / "usr").mkdir()
    os.chown(root, 65534, 65534)
    (root / "usr").chmod(0o777)
    yield root
    os.seteuid(0)
    shutil.rmtree(root)


def test_a_preview_refuses_a_date_that_only_another_user_can_set(others: Path, wheel: Path) -> None:
    request = InstallRequest((wheel,), others, pythons=(sys.executable,))
    dated = prepare_install(request, {"SOURCE_DATE_EPOCH": "1800000000"})
    undated = prepare_install(request, {})
    preview(dated)  # root may
    os.seteuid(65534)
    for function in (preview, install):
        with pytest.raises(StageError, match=r"^/usr: belongs to another user"):
            function(dated)
    assert preview(undated) is not None
    os.seteuid(0)
    install(undated)
    os.seteuid(65534)
    assert preview(dated) is not None  # nothing is left to do


def test_what_is_written_leaves_the_memory_and_the_plan_serves_again(tmp_path: Path, wheel: Path) -> None:
    prepared = prepare_install(InstallRequest((wheel,), tmp_path / "root", pythons=(sys.executable,)), {})
    assert prepared.kept.has(wheel.name, "demo/data.txt")
    install(prepared)
    first = snapshot(tmp_path / "root")
    assert not prepared.kept.has(wheel.name, "demo/data.txt")
    shutil.rmtree(tmp_path / "root")
    install(prepared)
    assert snapshot(tmp_path / "root") == first


def test_a_caller_may_change_dates_and_the_order_of_record_in_a_plan(tmp_path: Path, wheel: Path) -> None:
    request = InstallRequest(
        (wheel,), tmp_path, pythons=(sys.executable,), bytecode=BytecodeOptions(levels=())
    )
    prepared = prepare_install(request, {})
    files = tuple(dataclasses.replace(file, mtime=EPOCH) for file in prepared.plan.files)
    (record,) = prepared.plan.records
    turned = dataclasses.replace(record, members=record.members[::-1], mtime=EPOCH, in_order=True)
    plan = dataclasses.replace(prepared.plan, files=files, records=(turned,))
    manifest = install(dataclasses.replace(prepared, plan=plan))
    assert {file.mtime for file in manifest.files} == {EPOCH}
    rows = one(tmp_path, "RECORD").read_text().splitlines()
    names = [posixpath.normpath(f"{SITE}/{row.partition(',')[0]}") for row in rows]
    assert names == [*turned.members, record.final]


def test_other_content_is_refused_and_nothing_changes(
    tmp_path: Path, wheel: Path, wheel_builder: WheelBuilder
) -> None:
    root = tmp_path / "root"
    run(root, wheel)
    before = snapshot(root)
    other = wheel_builder.build(files=MODULES | {"demo/data.txt": "other", "demo/new.py": ""})
    with pytest.raises(ConflictRefused, match=r"demo/data\.txt"):
        run(root, other)
    assert snapshot(root) == before


def test_overwriting_leaves_what_a_fresh_install_would(
    tmp_path: Path, wheel: Path, wheel_builder: WheelBuilder
) -> None:
    run(tmp_path / "over", wheel)
    changed = {name: f"{text}\n# changed\n" for name, text in MODULES.items()}
    other = wheel_builder.build(
        files=changed, entry_points={"demo": "demo:f"}, data={"scripts/tool": "#!python\n"}
    )
    assert "replaced" in states(run(tmp_path / "over", other, overwrite=True))
    run(tmp_path / "fresh", other)
    assert snapshot(tmp_path / "over") == snapshot(tmp_path / "fresh")


def test_overwriting_that_fails_restores(
    tmp_path: Path, wheel: Path, wheel_builder: WheelBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    run(root, wheel)
    before = snapshot(root)
    other = wheel_builder.build(files=dict.fromkeys(MODULES, "x = 2\n") | {"demo/new.py": ""})

    def fail(*args: object) -> None:
        raise StageError("full")

    monkeypatch.setattr(Delivery, "put_record", fail)
    with pytest.raises(StageError):
        run(root, other, overwrite=True)
    assert snapshot(root) == before


def test_overwriting_that_fails_while_files_take_their_places_restores(
    tmp_path: Path, wheel: Path, wheel_builder: WheelBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    run(root, wheel)
    before = snapshot(root)
    other = wheel_builder.build(files=dict.fromkeys(MODULES, "x = 2\n"))
    rename = os.rename

    def full(source: str, target: str, **directories: int) -> None:
        if target == "RECORD":
            raise OSError(28, "No space left on device")
        rename(source, target, **directories)

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(StageError):
        run(root, other, overwrite=True)
    assert snapshot(root) == before


def test_a_source_that_no_longer_compiles_loses_its_old_pycs(
    tmp_path: Path, wheel: Path, wheel_builder: WheelBuilder
) -> None:
    run(tmp_path / "root", wheel, mode=InvalidationMode.UNCHECKED_HASH)
    other = wheel_builder.build(files=MODULES | {"demo/asserting.py": "="})
    run(tmp_path / "root", other, mode=InvalidationMode.UNCHECKED_HASH, overwrite=True)
    assert not list((tmp_path / "root").rglob("asserting.*.pyc"))


BAD = {"demo/__init__.py": "", "demo/bad.py": "def f(:\n", "demo/worse.py": "\tx\n y\n"}


def test_a_source_that_does_not_compile_is_installed_and_named(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    manifest = run(tmp_path / "root", wheel_builder.build(files=BAD), errors=ErrorPolicy.WARN)
    assert [result.source for result in manifest.failures] == [f"{SITE}/demo/bad.py", f"{SITE}/demo/worse.py"]
    assert f"{SITE}/demo/bad.py" in files(tmp_path / "root")
    assert "bad." not in one(tmp_path / "root", "RECORD").read_text().replace("demo/bad.py", "")
    before = snapshot(tmp_path / "root")
    assert states(run(tmp_path / "root", wheel_builder.build(files=BAD))) == {"unchanged"}
    assert snapshot(tmp_path / "root") == before


def test_a_source_that_does_not_compile_fails_the_run_where_it_should(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    before = snapshot(tmp_path / "root")
    with pytest.raises(Uncompilable, match=r"demo/bad\.py: .*SyntaxError.* at line 1 \(and 1 more\)"):
        run(tmp_path / "root", wheel_builder.build(files=BAD), errors=ErrorPolicy.FAIL)
    assert snapshot(tmp_path / "root") == before


def test_a_source_that_crashes_the_compiler_is_only_without_bytecode(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    crashing = str(python_that_does(tmp_path, "signal.raise_signal(signal.SIGSEGV)"))
    wheel = wheel_builder.build(files={"a.py": "MARKER\n", "b.py": "x = 1\n"})
    manifest = run(tmp_path / "root", wheel, pythons=(crashing,))
    (failure,) = manifest.failures
    assert failure.error == "the compiler crashed (SIGSEGV)"
    assert one(tmp_path / "root", f"b.{TAG}.pyc")


@pytest.mark.parametrize("levels", [(), (0,), (0, 1, 2), (2,), (1, 0, 1)])
def test_levels_are_those_asked_for(tmp_path: Path, wheel: Path, levels: tuple[int, ...]) -> None:
    run(tmp_path / "root", wheel, levels=levels)
    suffixes = {f"{TAG}.opt-{level}" if level else TAG for level in levels}
    names = {path.name for path in (tmp_path / "root").rglob("*.pyc")}
    stems = ("__init__", "asserting", "other")
    assert names == {f"{stem}.{suffix}.pyc" for stem in stems for suffix in suffixes}


@pytest.mark.parametrize("mode", list(InvalidationMode))
def test_headers_are_those_of_the_mode(tmp_path: Path, wheel: Path, mode: InvalidationMode) -> None:
    run(tmp_path / "root", wheel, mode=mode)
    for pyc in (tmp_path / "root").rglob("*.pyc"):
        source = Path(importlib.util.source_from_cache(str(pyc)))
        flags = {"checked-hash": 3, "unchecked-hash": 1, "timestamp": 0}[mode.value]
        wanted = importlib.util.MAGIC_NUMBER + struct.pack("<I", flags)
        if mode is InvalidationMode.TIMESTAMP:
            info = source.stat()
            wanted += struct.pack("<II", int(info.st_mtime), info.st_size)
        else:
            wanted += importlib.util.source_hash(source.read_bytes())
        assert pyc.read_bytes()[:16] == wanted


def test_equal_levels_are_hard_links_and_others_are_not(tmp_path: Path, wheel: Path) -> None:
    run(tmp_path / "root", wheel)
    cache = one(tmp_path / "root", "demo/__pycache__")
    assert (cache / f"__init__.{TAG}.pyc").samefile(cache / f"__init__.{TAG}.opt-1.pyc")
    assert not (cache / f"asserting.{TAG}.pyc").samefile(cache / f"asserting.{TAG}.opt-1.pyc")


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path, wheel: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    root.mkdir()
    (root / "usr").symlink_to(outside)
    with pytest.raises(ConflictRefused, match=r"^/usr: "):
        run(root, wheel)
    assert list(outside.iterdir()) == []


def test_a_dangling_link_in_a_files_place_is_refused(tmp_path: Path, wheel: Path) -> None:
    target = tmp_path / "root" / SITE[1:] / "demo/data.txt"
    target.parent.mkdir(parents=True)
    target.symlink_to(tmp_path / "outside")
    before = snapshot(tmp_path / "root")
    with pytest.raises(ConflictRefused, match="not a regular file"):
        run(tmp_path / "root", wheel, overwrite=True)
    assert snapshot(tmp_path / "root") == before
    assert not (tmp_path / "outside").exists()


def test_one_python_twice_is_refused(tmp_path: Path, wheel: Path) -> None:
    with pytest.raises(UsageError, match="another --python is already"):
        run(tmp_path / "root", wheel, pythons=(sys.executable, sys.executable))


def test_a_large_file_is_streamed(
    tmp_path: Path, wheel_builder: WheelBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_STREAMED", 10)
    contents = {f"demo/{n}.bin": bytes([n]) * 3_000_000 for n in range(3)} | {"demo/a.py": "x = 1\n" * 9}
    run(tmp_path / "root", wheel_builder.build(files=contents))
    for name in ("0", "1", "2"):
        assert one(tmp_path / "root", f"{name}.bin").read_bytes() == contents[f"demo/{name}.bin"]
    assert one(tmp_path / "root", f"a.{TAG}.pyc")


# truewheel compile


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with sources of an old date in directories of a newer one."""
    root = tmp_path / "root"
    for name in ("pkg/a.py", "pkg/sub/b.py", "pkg/notes.txt"):
        path = root / "usr/share" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def f():\n    return {name!r}\n")
        os.utime(path, (EPOCH, EPOCH))
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        os.utime(directory, (EPOCH + 9, EPOCH + 9))
    return root


CACHED = {
    f"/usr/share/pkg/{name}.{TAG}{opt}.pyc"
    for name in ("__pycache__/a", "sub/__pycache__/b")
    for opt in ("", ".opt-1")
}


def test_a_directory_is_compiled(tree: Path) -> None:
    before = snapshot(tree)
    manifest = compile_(tree, "/usr/share/pkg")
    after = snapshot(tree)
    assert {file.final for file in manifest.files} == CACHED == files(tree) - {f"/{n}" for n in before}
    assert {name: after[name] for name in before} == before
    pyc = tree / f"usr/share/pkg/__pycache__/a.{TAG}.pyc"
    assert marshal.loads(pyc.read_bytes()[16:]).co_filename == "/usr/share/pkg/a.py"
    assert pyc.stat().st_mtime == pyc.parent.stat().st_mtime == EPOCH


def test_paths_may_be_final_or_below_the_root(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    compile_(tree, "/usr/share/pkg")
    compile_(copy, str(copy / "usr/share/pkg"))
    assert snapshot(tree) == snapshot(copy)


def test_a_relative_path_is_from_the_working_directory(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.parent)
    compile_(Path("root"), "root/usr/share/pkg")
    assert files(tree) >= CACHED


def test_a_file_is_compiled_alone(tree: Path) -> None:
    manifest = compile_(tree, "/usr/share/pkg/a.py", levels=(0,))
    assert [file.final for file in manifest.files] == [f"/usr/share/pkg/__pycache__/a.{TAG}.pyc"]


def test_a_path_named_twice_is_compiled_once(tree: Path) -> None:
    manifest = compile_(tree, "/usr/share/pkg", "/usr/share", "/usr/share/pkg/a.py")
    assert len(manifest.compiled) == 2


def test_compiling_twice_changes_nothing(tree: Path) -> None:
    compile_(tree, "/usr/share/pkg")
    before = snapshot(tree)
    assert states(compile_(tree, "/usr/share/pkg")) == {"unchanged"}
    assert snapshot(tree) == before


def test_compiling_does_not_follow_links(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "out.py").write_text("")
    (tree / "usr/share/pkg/linked").symlink_to(outside)
    (tree / "usr/share/pkg/linked.py").symlink_to(outside / "out.py")
    before = snapshot(outside)
    compile_(tree, "/usr/share/pkg")
    assert snapshot(outside) == before
    assert not list(tree.rglob("linked.*.pyc"))


@pytest.mark.parametrize("path", ["/usr/linked", "/usr/linked/out.py", "/usr/link.py"])
def test_a_named_link_is_not_followed(tree: Path, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "out.py").write_text("")
    (tree / "usr/linked").symlink_to(outside)
    (tree / "usr/link.py").symlink_to(outside / "out.py")
    before = snapshot(tmp_path)
    with pytest.raises((ConflictRefused, UsageError)):
        compile_(tree, path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("path", ["/usr/missing", "/usr/share/pkg/notes.txt", "/usr/share/pkg/a.py/x"])
def test_a_path_that_is_no_source_is_refused(tree: Path, path: str) -> None:
    before = snapshot(tree)
    with pytest.raises(UsageError):
        compile_(tree, path)
    assert snapshot(tree) == before


def test_a_root_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        compile_(tmp_path / "root", "/usr")
    assert not (tmp_path / "root").exists()


def test_a_compile_that_fails_leaves_nothing(tree: Path) -> None:
    (tree / "usr/share/pkg/bad.py").write_text("=")
    before = snapshot(tree)
    with pytest.raises(Uncompilable, match=r"^/usr/share/pkg/bad\.py: "):
        compile_(tree, "/usr", errors=ErrorPolicy.FAIL)
    assert snapshot(tree) == before


def test_pycs_of_newer_sources_get_the_epochs_date(tree: Path) -> None:
    compile_(tree, "/usr", environ={"SOURCE_DATE_EPOCH": "1500000000"})
    assert {(tree / final[1:]).stat().st_mtime for final in CACHED} == {1_500_000_000}


def test_of_a_directory_the_highest_build_tag_is_installed(
    wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    for tag in ("", "9", "10"):
        wheel_builder.build(build_tag=tag, files={"demo/__init__.py": f"build = '{tag}'\n"})
    run(tmp_path / "root", wheel_builder.directory)
    assert (tmp_path / f"root{SITE}/demo/__init__.py").read_text() == "build = '10'\n"


def shared_wheels(builder: WheelBuilder) -> tuple[Path, Path]:
    return (
        builder.build("one", files={"ns/__init__.py": "one = 1\n", "ns/one.py": ""}),
        builder.build("two", files={"ns/__init__.py": "two = 2\n", "ns/two.py": ""}),
    )


def installed_rows(root: Path, name: str) -> dict[str, list[str]]:
    text = (root / f"{SITE[1:]}/{name}-1.0.dist-info/RECORD").read_text()
    return {row[0]: row[1:] for row in read_rows(text)}


def test_wheels_of_one_namespace_are_installed_in_one_run_with_two_right_records(
    wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    pair = shared_wheels(wheel_builder)
    with pytest.raises(ConflictRefused, match="--overwrite"):
        run(tmp_path / "root", *pair)
    manifest = run(tmp_path / "root", *reversed(pair), overwrite=True)
    assert [warned.rule for warned in manifest.warnings] == ["shared-path"]
    content = (tmp_path / f"root{SITE}/ns/__init__.py").read_bytes()
    assert content == b"one = 1\n"
    row = [f"sha256={digest_text(hashlib.sha256(content).digest())}", "8"]
    assert [installed_rows(tmp_path / "root", name)["ns/__init__.py"] for name in ("one", "two")] == [row] * 2


def test_a_second_run_leaves_what_one_run_with_both_wheels_leaves(
    wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    """The RECORD of the first project is true of the shared file and of its bytecode."""
    pair = shared_wheels(wheel_builder)
    run(tmp_path / "both", *pair, overwrite=True)
    run(tmp_path / "each", pair[0])
    before = installed_rows(tmp_path / "each", "one")
    run(tmp_path / "each", pair[1], overwrite=True)
    after = installed_rows(tmp_path / "each", "one")
    changed = {path for path, row in after.items() if row != before[path]}
    assert {path.partition(".")[0] for path in changed} == {"ns/__init__", "ns/__pycache__/__init__"}
    assert snapshot(tmp_path / "each") == snapshot(tmp_path / "both")


@pytest.mark.parametrize("spoiled", [b"\xff", b'"', b"ns/__init__.py\n"])
def test_a_record_of_another_project_that_cannot_be_read_stays(
    spoiled: bytes, wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    one, two = shared_wheels(wheel_builder)
    run(tmp_path, one)
    record = tmp_path / f"{SITE[1:]}/one-1.0.dist-info/RECORD"
    record.write_bytes(spoiled)
    run(tmp_path, two, overwrite=True)
    assert record.read_bytes() == spoiled


@pytest.mark.parametrize("asked", [True, False])
def test_the_digest_of_a_wheel_is_there_where_it_is_asked_for_or_written(
    tmp_path: Path, wheel: Path, asked: bool
) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    for url in (False, True):
        scheme = dataclasses.replace(load_scheme("generic"), direct_url=url)
        root = tmp_path / str(url)
        request = InstallRequest((wheel,), root, scheme, pythons=(sys.executable,), digest_wheels=asked)
        prepared = prepare_install(request, {})
        assert [each.sha256 for each in prepared.plan.wheels] == [digest if asked or url else ""]
        install(prepared)
        told = json.loads(one(root, "direct_url.json").read_text()) if url else None
        assert told is None or told["archive_info"]["hashes"] == {"sha256": digest}

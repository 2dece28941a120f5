"""Equal levels as the scheme says, hard links, symbolic links or copies, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.faults.support import snapshot
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

SITE = f"usr/lib/python3.{sys.version_info[1]}/site-packages"
TAG = sys.implementation.cache_tag
PY = ["--python", sys.executable]
SOURCES = {"demo/__init__.py": "def f(): return 0\n", "demo/checked.py": "def f(x): assert x\n"}


@pytest.fixture
def wheel(wheel_builder: WheelBuilder) -> Path:
    return wheel_builder.build(files=SOURCES)


@pytest.fixture
def scheme(tmp_path: Path) -> str:
    return written(tmp_path / "mine.yaml", "symlink: true")


def written(path: Path, keys: str) -> str:
    path.write_text(f"extends: generic\nbytecode: {{optimize: [0, 1, 2], {keys}}}\n")
    return str(path)


def install(wheel: Path, root: Path, scheme: str, *options: str) -> int:
    return main(["install", str(wheel), "--root", str(root), "--scheme", scheme, "-q", *PY, *options])


def links(root: Path) -> dict[str, str]:
    cache = root / SITE / "demo/__pycache__"
    return {each.name: str(each.readlink()) for each in cache.iterdir() if each.is_symlink()}


LINKS = {f"__init__.{TAG}.opt-{level}.pyc": f"__init__.{TAG}.pyc" for level in (1, 2)} | {
    f"checked.{TAG}.opt-2.pyc": f"checked.{TAG}.opt-1.pyc"
}


def test_equal_levels_are_links_to_the_lowest_one(tmp_path: Path, wheel: Path, scheme: str) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    assert links(root) == LINKS
    sound = (root / SITE / "demo/__pycache__").iterdir()
    assert {path.lstat().st_nlink for path in sound} == {1}
    source = (root / SITE / "demo/__init__.py").stat().st_mtime
    link = root / SITE / f"demo/__pycache__/__init__.{TAG}.opt-1.pyc"
    assert link.lstat().st_mtime == source


def test_record_lists_what_links_lead_to(tmp_path: Path, wheel: Path, scheme: str) -> None:
    for name, keys in (("linked", "symlink: true"), ("hard", "hardlink: true")):
        assert install(wheel, tmp_path / name, written(tmp_path / f"{name}.yaml", keys)) == 0
    linked, hard = (tmp_path / name / SITE / "demo-1.0.dist-info/RECORD" for name in ("linked", "hard"))
    assert linked.read_bytes() == hard.read_bytes()


def test_a_second_run_changes_nothing(
    tmp_path: Path, wheel: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root, report = tmp_path / "root", tmp_path / "report.json"
    assert install(wheel, root, scheme) == 0
    before = snapshot(root)
    assert install(wheel, root, scheme, "--report", str(report)) == 0
    assert snapshot(root) == before
    assert {each["state"] for each in json.loads(report.read_text())["files"]} == {"unchanged"}


@pytest.mark.parametrize("keys", ["hardlink: true", "hardlink: false"])
def test_another_choice_replaces_them_and_is_replaced(
    tmp_path: Path, wheel: Path, scheme: str, keys: str
) -> None:
    other = written(tmp_path / "other.yaml", keys)
    for name, first in (("fresh", scheme), ("other", other)):
        assert install(wheel, tmp_path / name, first) == 0
    root = tmp_path / "root"
    for each, same in ((scheme, "fresh"), (other, "other"), (scheme, "fresh")):
        assert install(wheel, root, each) == 0
        assert snapshot(root) == snapshot(tmp_path / same)


def test_a_run_that_fails_leaves_the_links_as_they_were(
    tmp_path: Path, wheel: Path, scheme: str, wheel_builder: WheelBuilder
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    before = snapshot(root)
    newer = wheel_builder.build(version="2.0", files=SOURCES | {"demo/bad.py": "def f(:\n"})
    assert install(newer, root, "generic", "--overwrite", "--errors", "fail") == 1
    assert snapshot(root) == before


def test_links_go_with_the_version_they_are_of(
    tmp_path: Path, wheel: Path, scheme: str, wheel_builder: WheelBuilder
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    newer = wheel_builder.build(version="2.0", files={"other.py": ""})
    assert install(newer, root, scheme, "--overwrite") == 0
    assert not (root / SITE / "demo").exists()


def test_a_link_to_something_else_is_refused(
    tmp_path: Path, wheel: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    cache = root / SITE / "demo/__pycache__"
    cache.mkdir(parents=True)
    (tmp_path / "outside").write_text("x")
    for target in (str(tmp_path / "outside"), f"checked.{TAG}.pyc", f"__init__.{TAG}.opt-1.pyc", "../../x"):
        (cache / f"__init__.{TAG}.opt-1.pyc").symlink_to(target)
        assert install(wheel, root, scheme) == 1
        assert "is there already and is not a regular file" in capsys.readouterr().err
        (cache / f"__init__.{TAG}.opt-1.pyc").unlink()
    assert (tmp_path / "outside").read_text() == "x"


def test_compile_makes_and_keeps_them(tmp_path: Path, wheel: Path, scheme: str) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    before = snapshot(root)
    command = ["compile", f"/{SITE}", "--root", str(root), "--scheme", scheme, "-q", *PY]
    assert main(command) == 0
    assert snapshot(root) == before
    for name in LINKS:
        (root / SITE / "demo/__pycache__" / name).unlink()
    assert main(command) == 0
    assert links(root) == LINKS


def test_file_lists_have_them(
    tmp_path: Path, wheel: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root, report = tmp_path / "root", tmp_path / "report.json"
    assert install(wheel, root, scheme, "--report", str(report)) == 0
    listing = ["--report-file", str(report), "--format", "plain", "--bytecode", "only"]
    assert main(["files", "--root", str(root), *listing]) == 0
    listed = capsys.readouterr().out.split()
    assert {f"/{SITE}/demo/__pycache__/{name}" for name in LINKS} < set(listed)


def verify(root: Path, scheme: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    main(["verify", str(root), "--scheme", scheme, *options])
    return capsys.readouterr().out


def test_verify_finds_nothing_in_them(
    tmp_path: Path, wheel: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    assert main(["verify", str(root), "--scheme", scheme, *PY]) == 0
    capsys.readouterr()
    assert main(["verify", str(root), "--scheme", scheme, "--recompile", *PY]) == 0


def test_verify_finds_equal_levels_that_are_not_linked(
    tmp_path: Path, wheel: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, written(tmp_path / "copies.yaml", "hardlink: false")) == 0
    assert "levels-not-linked" in verify(root, scheme, capsys)
    assert "levels-not-linked" not in verify(root, str(tmp_path / "copies.yaml"), capsys)


def test_verify_sees_what_a_link_leads_to(
    tmp_path: Path, wheel: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    link = root / SITE / f"demo/__pycache__/checked.{TAG}.opt-2.pyc"
    link.unlink()
    link.symlink_to(f"checked.{TAG}.pyc")
    told = verify(root, scheme, capsys, "--recompile", *PY)
    assert "different-code" in told
    assert "wrong-record-hash" in told


DATED = ["--quiet", "--jobs", "1", "--date", "1600000000"]


@pytest.mark.parametrize("options", [[], ["--complete"], ["--no-recompile"]])
def test_normalize_keeps_them(
    tmp_path: Path, wheel: Path, scheme: str, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    root, bad = tmp_path / "root", f"checked.{TAG}.pyc"
    assert install(wheel, root, scheme) == 0
    pyc = root / SITE / "demo/__pycache__" / bad
    pyc.write_bytes(pyc.read_bytes()[:8] + b"\0" * 8 + pyc.read_bytes()[16:])
    assert main(["normalize", str(root), *DATED, *options]) == 0
    assert links(root) == LINKS
    assert main(["verify", str(root), "--scheme", scheme, *PY]) == (1 if "--no-recompile" in options else 0)
    before = snapshot(root)
    assert main(["normalize", str(root), *DATED, *options]) == 0
    assert snapshot(root) == before


def test_normalize_keeps_those_of_a_layer(tmp_path: Path, wheel: Path, scheme: str) -> None:
    root, layer, made = (tmp_path / name for name in ("root", "layer.tar", "made.tar"))
    assert install(wheel, root, scheme) == 0
    with tarfile.open(layer, "w") as archive:
        archive.add(root, ".")
    assert main(["normalize", str(layer), "-o", str(made), *DATED]) == 0
    (tmp_path / "unpacked").mkdir()
    subprocess.run(["tar", "-xf", made, "-C", tmp_path / "unpacked"], check=True)
    assert links(tmp_path / "unpacked") == LINKS
    assert main(["verify", str(tmp_path / "unpacked"), "--scheme", scheme, *PY]) == 0


@pytest.mark.parametrize("options", [["--no-bytecode"], []], ids=["bytecode", "source"])
def test_normalize_leaves_no_link_that_leads_nowhere(
    tmp_path: Path, wheel: Path, scheme: str, options: list[str]
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    if not options:
        (root / SITE / "demo/checked.py").unlink()
    assert main(["normalize", str(root), *DATED, *options]) == 0
    left = {} if options else {name: to for name, to in LINKS.items() if name.startswith("__init__")}
    cache = root / SITE / "demo/__pycache__"
    assert (links(root) if cache.exists() else {}) == left
    assert not list(root.rglob("checked.*.pyc"))
    assert f"checked.{TAG}" not in (root / SITE / "demo-1.0.dist-info/RECORD").read_text()


def test_normalize_leaves_a_row_of_what_leads_out_of_the_tree(
    tmp_path: Path, wheel: Path, scheme: str
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, scheme) == 0
    (root / SITE / "demo/outside").symlink_to("../" * 40 + "etc/hostname")
    (root / SITE / "demo/loop").symlink_to("loop")
    (root / SITE / "demo/inside").symlink_to("checked.py")
    record = root / SITE / "demo-1.0.dist-info/RECORD"
    rows = [f"demo/{name},sha256=abc,1\n" for name in ("outside", "loop", "inside")]
    record.write_text(record.read_text() + "".join(rows))
    assert main(["normalize", str(root), *DATED]) == 0
    after = record.read_text()
    assert rows[0] in after
    assert rows[1] in after
    (row,) = (line for line in after.splitlines() if line.startswith("demo/inside,"))
    assert row.split(",")[1:] == next(
        line.split(",")[1:] for line in after.splitlines() if line.startswith("demo/checked.py,")
    )

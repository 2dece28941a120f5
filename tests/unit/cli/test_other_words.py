"""Words that packagers of other families know mean the same here; lists in several formats."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.support import files, snapshot
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.report.lists import list_line

SITE = f"/usr/lib/python3.{sys.version_info[1]}/site-packages"


@pytest.fixture
def wheel(wheel_builder: WheelBuilder) -> Path:
    return wheel_builder.build(
        files={"demo/__init__.py": "x = 1\n", "demo/a b.txt": ""}, entry_points={"demo": "demo:x"}
    )


def install(wheel: Path, *options: object) -> int:
    return main(["install", *map(str, (wheel, "--scheme", "generic", "-q", *options))])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["--python", sys.executable], ["--interpreter", sys.executable]),
        (["--optimize", "0,1,2"], ["--optimize", "all"]),
        (["--optimize="], ["--no-compile"]),
        ([], ["--no-compile", "--compile-bytecode"]),
    ],
)
@pytest.mark.parametrize("root", ["--destdir", "-d"])
def test_a_word_of_another_family_means_the_same(
    tmp_path: Path, wheel: Path, root: str, ours: list[str], theirs: list[str]
) -> None:
    assert install(wheel, "--root", tmp_path / "one", *ours) == 0
    assert install(wheel, root, tmp_path / "two", *theirs) == 0
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def lists(tmp_path: Path, *options: str) -> list[str]:
    output = tmp_path / "list"
    common = ["--root", tmp_path / "root", "--report-file", tmp_path / "report.json", "--output", output]
    assert main(["files", *map(str, (*common, *options))]) == 0
    return output.read_text().splitlines()


@pytest.fixture
def installed(tmp_path: Path, wheel: Path) -> Path:
    report = tmp_path / "report.json"
    options = ["--root", tmp_path / "root", "--python", sys.executable, "--report", report]
    assert install(wheel, *options) == 0
    return tmp_path


def test_a_plain_list_has_all_that_was_installed(installed: Path) -> None:
    assert lists(installed, "--format", "plain") == sorted(files(installed / "root"))
    assert lists(installed, "--format", "plain", "demo") == sorted(
        name for name in files(installed / "root") if name.startswith(SITE)
    )


@pytest.mark.parametrize("root", ["--root", "--destdir", "-d"])
def test_what_follows_an_install_takes_the_same_words_for_the_root(
    installed: Path, capsys: pytest.CaptureFixture[str], root: str
) -> None:
    place = [root, str(installed / "root"), "--python", sys.executable, "--scheme", "generic"]
    assert main(["check", *place]) == 0
    assert main(["check-import", *place]) == 0
    capsys.readouterr()
    report = ["--report-file", str(installed / "report.json")]
    assert main(["files", "--format", "plain", *place[:2], *report]) == 0
    assert set(capsys.readouterr().out.splitlines()) == files(installed / "root")


def test_the_two_halves_of_a_list_are_the_whole(installed: Path) -> None:
    pycs = lists(installed, "--format", "plain", "--bytecode", "only")
    rest = lists(installed, "--format", "plain", "--bytecode", "without")
    assert len(pycs) == 2
    assert all(name.endswith(".pyc") for name in pycs)
    assert sorted([*pycs, *rest]) == lists(installed, "--format", "plain")
    rpm = lists(installed, "+auto", "demo", "--bytecode", "only")
    assert set(pycs) < set(rpm)
    assert all(line in pycs or line.startswith("%dir ") for line in rpm)


def test_a_list_for_debhelper_is_what_dh_install_reads(installed: Path) -> None:
    lines = lists(installed, "--format", "debian", "--bytecode", "without")
    assert f"{SITE[1:]}/demo/a${{Space}}b.txt" in lines
    assert "usr/bin/demo" in lines


def test_what_debhelper_would_read_otherwise_is_escaped() -> None:
    assert list_line("/a*[b]?/$c", "debian") == "a[*][[]b][?]/${Dollar}c"


def test_data_go_where_the_scheme_maps_them(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    data = {"data/etc/demo.conf": "", "data/etc/demo/deep": "", "data/share/x": "", "data/etcetera/y": ""}
    wheel = wheel_builder.build(files={"demo.py": ""}, data=data)
    scheme = tmp_path / "mine.yaml"
    scheme.write_text("extends: generic\npaths: {data_map: {etc: /etc, etc/demo: /var/demo}}\n")
    root = tmp_path / "root"
    assert install(wheel, "--root", root, "--scheme", scheme, "--no-compile") == 0
    wanted = {"/etc/demo.conf", "/var/demo/deep", "/usr/share/x", "/usr/etcetera/y"}
    assert {name for name in files(root) if not name.startswith("/usr/lib/")} == wanted
    record = next(root.rglob("RECORD")).read_text()
    assert "../../../../etc/demo.conf," in record
    new = wheel_builder.build(version="2.0", files={"demo.py": ""})
    assert install(new, "--root", root, "--scheme", scheme, "--no-compile", "--overwrite") == 0
    assert {name for name in files(root) if not name.startswith("/usr/lib/")} == set()

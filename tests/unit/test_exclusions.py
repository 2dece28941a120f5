"""What --exclude, --compile-exclude and --deny leave out, through the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.faults.support import files, is_one_line
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.exclusions import Exclusions

SITE = f"/usr/lib/python3.{sys.version_info[1]}/site-packages"
TREE = {
    "demo/__init__.py": "x = 1\n",
    "demo/stub.pyi": "",
    "demo/templates/bad.py": "def {{ name }}(:\n",
    "demo/tests/__init__.py": "",
    "demo/tests/deep/test_x.py": "y = 2\n",
}


@pytest.fixture
def wheel(wheel_builder: WheelBuilder) -> Path:
    data = {"data/share/doc/demo/readme": "", "scripts/demo-tool": "#!python\n"}
    return wheel_builder.build(files=TREE, data=data, entry_points={"demo": "demo:x"})


def run(command: str, what: object, root: Path, *options: object) -> int:
    common = ["--root", root, "--python", sys.executable, "-q"]
    return main([command, *map(str, (what, "--scheme", "generic", *common, *options))])


@pytest.mark.parametrize(
    ("globs", "final", "is_left_out"),
    [
        (["tests"], "/site/demo/tests/deep/x.py", True),
        (["tests"], "/site/tests", True),
        (["tests"], "/site/demo/mytests/x.py", False),
        (["tests/"], "/site/demo/tests/x.py", True),
        (["site"], "/site/demo/x.py", False),
        (["demo/*/x.py"], "/site/demo/a/b/x.py", True),
        (["demo/x.py"], "/site/other/x.py", False),
        (["*.pyi"], "/site/demo/x.pyi", True),
        (["/site/demo"], "/site/demo/x.py", True),
        (["/demo"], "/site/demo/x.py", False),
        (["[ab].py"], "/site/c.py", False),
        (["no", "x.py"], "/site/demo/x.py", True),
        ([], "/site/demo/x.py", False),
    ],
)
def test_a_glob_is_of_files_and_of_directories_with_all_below(
    globs: list[str], final: str, is_left_out: bool
) -> None:
    assert Exclusions(globs).has(final, "/site") is is_left_out


def test_what_is_excluded_is_not_installed_nor_recorded(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: list[object] = [
        "--exclude",
        "tests",
        "--exclude",
        "*.pyi",
        "--exclude",
        "/usr/share/doc",
        "--errors",
        "warn",
    ]
    options += ["--exclude", "demo-tool", "--report", tmp_path / "report.json"]
    root = tmp_path / "root"
    assert run("install", wheel, root, *options) == 0
    left = {name for name in files(root) if any(part in name for part in ("tests", "pyi", "readme", "tool"))}
    assert left == set()
    assert {f"{SITE}/demo/__init__.py", "/usr/bin/demo"} < files(root)
    record = (root / f"{SITE[1:]}/demo-1.0.dist-info/RECORD").read_text()
    assert "tests" not in record
    assert "demo-tool" not in record
    assert "tests" not in capsys.readouterr().err
    dropped = {each["entry"] for each in json.loads((tmp_path / "report.json").read_text())["dropped"]}
    assert {"demo/tests/__init__.py", "demo/stub.pyi", "demo-1.0.data/scripts/demo-tool"} <= dropped


def test_the_script_of_an_entry_point_can_be_excluded(tmp_path: Path, wheel: Path) -> None:
    assert run("install", wheel, tmp_path / "root", "--exclude", "/usr/bin/demo") == 0
    assert "/usr/bin/demo" not in files(tmp_path / "root")


def test_what_tells_of_the_install_stays(tmp_path: Path, wheel: Path) -> None:
    assert run("install", wheel, tmp_path / "root", "--exclude", "*") == 0
    names = {Path(name).name for name in files(tmp_path / "root")}
    assert names == {"METADATA", "WHEEL", "INSTALLER", "RECORD"}


def test_templates_are_not_compiled_and_the_rest_may_fail(tmp_path: Path, wheel: Path) -> None:
    root = tmp_path / "root"
    assert run("install", wheel, root, "--errors", "fail") == 1
    assert run("install", wheel, root, "--errors", "fail", "--compile-exclude", "templates") == 0
    pycs = [name for name in files(root) if name.endswith(".pyc")]
    assert f"{SITE}/demo/templates/bad.py" in files(root)
    assert len(pycs) == 6
    assert not any("templates" in name for name in pycs)
    assert run("compile", "/usr", root, "--errors", "fail") == 1
    assert run("compile", "/usr", root, "--errors", "fail", "--compile-exclude", "demo/templates") == 0


def test_a_scheme_excludes_and_denies_too(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    scheme = tmp_path / "mine.yaml"
    scheme.write_text("extends: generic\nexclude: [tests]\nbytecode: {exclude: [templates], errors: fail}\n")
    wheel = wheel_builder.build(files=TREE)
    root = tmp_path / "root"
    assert run("install", wheel, root, "--scheme", scheme) == 0
    assert not any("tests" in name for name in files(root))
    scheme.write_text("extends: generic\ndeny: [stray-top-level]\n")
    bad = wheel_builder.build(name="other", files={"other.py": "", "docs/conf.py": ""})
    assert run("install", bad, tmp_path / "more", "--scheme", scheme) == 1
    assert not (tmp_path / "more").exists()


STRAYS = {
    "tests/test_x.py": "",
    "tests/test_y.py": "",
    "LICENSE.txt": "",
    "pyproject.toml": "",
    "usr/share/x": "",
    "__MACOSX/._x": "",
    "setup.py": "",
}
FINE = {"demo.py": "", "readme.py": "", "testing/__init__.py": "", "demo/tests/x.py": "", "examples.py": ""}


def test_what_does_not_belong_at_the_top_is_a_warning_each(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build(files={**FINE, **STRAYS})
    assert run("install", wheel, tmp_path / "root") == 0
    told = [line for line in capsys.readouterr().err.splitlines() if line.endswith("[stray-top-level]")]
    names = {line.split(": ")[3] for line in told}
    assert names == {"tests/", "LICENSE.txt", "pyproject.toml", "usr/", "__MACOSX/", "setup.py"}
    assert len(told) == len(names)


def test_a_project_may_have_such_a_name(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build(name="examples", files={"examples/__init__.py": ""})
    assert run("install", wheel, tmp_path / "root") == 0
    assert capsys.readouterr().err == ""


def test_what_is_denied_refuses_the_wheel_before_anything_is_written(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build(files={**FINE, **STRAYS})
    root = tmp_path / "root"
    assert run("install", wheel, root, "--deny", "stray-top-level") == 1
    told = capsys.readouterr().err
    assert is_one_line(told)
    assert told.endswith("; it is denied by --deny or by the scheme) [stray-top-level]\n")
    assert not root.exists()
    out = [f"--exclude={name.partition('/')[0]}" for name in STRAYS if name != "tests/test_y.py"]
    assert run("install", wheel, root, "--deny", "stray-top-level", *out) == 0


def test_an_allowed_rule_can_be_denied(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(data={"scripts/demo": "#!python\n"}, entry_points={"demo": "demo:x"})
    assert run("install", wheel, tmp_path / "one") == 0
    assert run("install", wheel, tmp_path / "two", "--deny", "script-and-entry-point") == 1


@pytest.mark.parametrize("option", ["--exclude", "--compile-exclude"])
@pytest.mark.parametrize("glob", ["", "/", "//"])
def test_a_glob_of_nothing_is_refused(tmp_path: Path, wheel: Path, option: str, glob: str) -> None:
    with pytest.raises(SystemExit) as end:
        run("install", wheel, tmp_path / "root", f"{option}={glob}")
    assert end.value.code == 2

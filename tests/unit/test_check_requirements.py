"""Requirements of what is installed in a root, through the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from tests.faults.support import interpreter
from tests.wheelbuilder import WheelBuilder, metadata_text
from truewheel.check_requirements import marker_environment
from truewheel.cli.main import main

Install = Callable[..., None]
PY = ["--python", sys.executable]


@pytest.fixture
def install(tmp_path: Path, wheel_builder: WheelBuilder) -> Install:
    def run(name: str, version: str, *requirements: str) -> None:
        lines = "".join(f"Requires-Dist: {each}\n" for each in requirements)
        text = metadata_text(name, version).rstrip("\n") + "\n" + lines
        wheel = wheel_builder.build(name, version, files={f"{name}.py": ""}, metadata=text)
        assert main(["install", str(wheel), "--root", str(tmp_path / "root"), "-q", *PY]) == 0

    return run


def check(tmp_path: Path, *options: str) -> int:
    return main(["check", "--root", str(tmp_path / "root"), *PY, *options])


def test_requirements_that_are_met_are_counted(
    tmp_path: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("one", "1.0", "two>=1.5", "Two-B", "never; python_version < '3'", "more; extra == 'x'")
    install("two", "2.0rc1")
    install("two_b", "1.0")
    assert check(tmp_path) == 0
    assert capsys.readouterr().out == "done: all requirements of 3 projects are met\n"


def test_each_requirement_that_is_not_met_is_a_line(
    tmp_path: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("one", "1.0", "two<2", "three[x]>=1; sys_platform == 'linux'")
    install("two", "2.0")
    assert check(tmp_path, "-q") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "truewheel: error: one 1.0: requires two<2: two 2.0 is installed"
    assert lines[1].endswith("one 1.0: requires three[x]>=1; sys_platform == 'linux': three is not installed")
    assert lines[2].startswith("truewheel: error: 2 requirements of 2 projects are not met (")
    assert len(lines) == 3


def test_what_is_not_met_is_a_document_as_its_schema_says(
    tmp_path: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = json.loads(resources.files("truewheel.report").joinpath("check.schema.json").read_text())
    install("one", "1.0", "two<2")
    assert check(tmp_path, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    (found,) = document["unmet"]
    assert (found["project"], found["requirement"]) == ("one", "two<2")
    install("two", "1.0")
    assert check(tmp_path, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    assert (document["projects"], document["unmet"]) == (2, [])


def test_projects_of_other_installers_count(tmp_path: Path, install: Install) -> None:
    install("one", "1.0", "two>=2", "three")
    site = next((tmp_path / "root").rglob("one.py")).parent
    (site / "two-2.1.egg-info").write_text("Metadata-Version: 1.0\nName: two\nVersion: 2.1\n")
    (site / "three-1.egg-info").mkdir()
    (site / "three-1.egg-info/PKG-INFO").write_text("Metadata-Version: 1.0\nName: Three\nVersion: 1\n")
    assert check(tmp_path) == 0


def test_eggs_say_what_they_require_in_a_file_of_their_own(
    tmp_path: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("one", "1.0")
    egg = next((tmp_path / "root").rglob("one.py")).parent / "old-1.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Metadata-Version: 1.2\nName: old\nVersion: 1\n")
    (egg / "requires.txt").write_text(
        "one>=1\n# a comment\ntwo\n\n[:python_version < '3']\nthree\n\n[:python_version >= '3']\none>5\n\n"
        "[extra]\nfour\n\n[extra:python_version >= '3']\nfive\n"
    )
    assert check(tmp_path, "-q") == 1
    told = [line.removeprefix("truewheel: error: ") for line in capsys.readouterr().err.splitlines()]
    assert told[:2] == [
        "old 1: requires two: two is not installed",
        "old 1: requires one>5 ; python_version >= '3': one 1.0 is installed",
    ]
    assert len(told) == 3
    (egg / "PKG-INFO").write_text("Name: old\nVersion: 1\nRequires-Dist: one\n")
    assert check(tmp_path) == 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[:nonsense\n!!\n"])
def test_a_file_of_an_egg_that_cannot_be_read_is_told(
    tmp_path: Path, install: Install, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    install("one", "1.0")
    egg = next((tmp_path / "root").rglob("one.py")).parent / "old-1.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Name: old\nVersion: 1\n")
    (egg / "requires.txt").write_bytes(content)
    assert check(tmp_path) == 1
    assert capsys.readouterr().err.startswith("truewheel: error: ")


def test_what_cannot_be_read_is_a_line_too(
    tmp_path: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("one", "1.0", "two")
    site = next((tmp_path / "root").rglob("one.py")).parent
    metadata = site / "one-1.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text() + "Requires-Dist: !!\n")
    (site / "two-2.1.egg-info").write_text("Name: two\nVersion: old-one\n")
    (site / "x-1.dist-info").mkdir()
    assert check(tmp_path) == 1
    told = capsys.readouterr().err
    assert "requires !!: cannot be read: " in told
    assert "two-2.1.egg-info, 'old-one', cannot be read" in told


def test_an_empty_root_meets_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "root").mkdir()
    assert check(tmp_path) == 0
    assert "of 0 projects" in capsys.readouterr().out


def test_a_root_that_is_not_there_is_no_empty_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path) == 2
    assert "root: is not a directory (give the directory to --root)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("platforms", "machine"),
    [
        (("manylinux_2_36_aarch64", "manylinux2014_aarch64", "linux_aarch64"), "aarch64"),
        (("manylinux_2_36_aarch64", "manylinux2014_aarch64"), "aarch64"),
        (("musllinux_1_2_x86_64",), "x86_64"),
        (("any",), ""),
    ],
)
def test_markers_are_those_of_the_target(platforms: tuple[str, ...], machine: str) -> None:
    environment = marker_environment(interpreter(platforms=platforms))
    assert environment["platform_machine"] == machine
    assert (environment["python_version"], environment["python_full_version"]) == ("3.12", "3.12.1")


def test_without_names_all_that_is_there_is_imported(
    tmp_path: Path, wheel_builder: WheelBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    files = {
        "demo/__init__.py": "",
        "demo/sub/a.py": "",
        "demo/_private.py": "1 / 0",
        "demo/with-dash/b.py": "1 / 0",
        "demo/bad.py": "import nope_nope\n",
        "single.py": "",
    }
    wheel = wheel_builder.build(files=files)
    root = str(tmp_path / "root")
    assert main(["install", str(wheel), "--root", root, "-q", *PY]) == 0
    assert main(["check-import", "--root", root, *PY]) == 1
    told = capfd.readouterr().err
    assert "import demo.bad: ModuleNotFoundError" in told
    assert "1 of 4 modules cannot be imported" in told
    assert main(["check-import", "--root", root, *PY, "-e", "demo.bad"]) == 0
    assert "done: 3 modules imported" in capfd.readouterr().out


def test_a_root_without_modules_has_nothing_to_import(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-import", "--root", str(tmp_path), *PY]) == 1
    assert "nothing to import: no module is named" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["../elsewhere", "../../../../../elsewhere", "/elsewhere"])
def test_links_to_directories_of_modules_are_followed_as_from_inside(
    tmp_path: Path, wheel_builder: WheelBuilder, capfd: pytest.CaptureFixture[str], target: str
) -> None:
    wheel = wheel_builder.build(
        files={"demo.py": "", "demo_bad.py": "1 / 0\n"}, entry_points={"demo": "demo:x"}
    )
    root = tmp_path / "root"
    (root / "usr").mkdir(parents=True)
    (root / "usr/local").symlink_to(target)
    options = ["--root", str(root), "--prefix", "/usr/local", "--scheme", "generic", *PY]
    assert main(["install", str(wheel), *options, "-q", "--follow-links-inside"]) == 0
    assert main(["check", *options]) == 0
    assert "of 1 projects are met" in capfd.readouterr().out
    assert main(["check-import", *options]) == 1
    assert "import demo_bad: ZeroDivisionError" in capfd.readouterr().err
    assert main(["check-import", "demo", *options]) == 0

"""What every command does with its arguments: empty paths, prefixes, URLs, and whose usage is shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.support import files, snapshot
from tests.unit.cli.parsers import options_of, parsers
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

PY = ("--python", sys.executable, "--scheme", "generic")
PATHS = ("DIR", "FILE", "PATH", "PY", "SRC", "NAME|FILE.yaml", "WHEEL")
# what the Perl of debhelper's build system hands on, empty where debhelper has none
MAY_BE_EMPTY = {"debhelper": ["--sourcedir", "--destdir"]}


def path_arguments() -> list[tuple[str, str]]:
    """Each option that takes a path, with its command."""
    return [
        (command, name)
        for command, parser in parsers().items()
        for name, action in options_of(parser).items()
        if action.metavar in PATHS and name not in MAY_BE_EMPTY.get(command, [])
    ]


def test_there_are_path_options_of_every_kind() -> None:
    found = path_arguments()
    assert len(found) > 40
    assert {("install", "--root"), ("files", "--modules"), ("requires build", "--wheeldir")} <= set(found)


@pytest.mark.parametrize(("command", "option"), path_arguments())
def test_an_empty_path_is_refused(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*command.split(), option, ""])
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"usage: truewheel {command} ")
    assert said[-1].startswith(f"truewheel {command}: error: argument ")
    assert option in said[-1]
    assert said[-1].endswith(": an empty path")


@pytest.mark.parametrize(
    "line",
    [
        ["install", "", "--root", "x"],
        ["install", "--root", "x", "a.whl", "--quiet", ""],
        ["compile", ""],
        ["compile", "/usr", "--quiet", ""],
        ["fix-shebang", ""],
        ["wheel", ""],
        ["requires", "build", ""],
    ],
)
def test_an_empty_path_among_the_arguments_is_refused(
    line: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(line)
    assert "an empty path" in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("prefix", ["/usr/", "/usr//", "/opt/x/"])
def test_a_prefix_may_end_in_a_slash(tmp_path: Path, wheel_builder: WheelBuilder, prefix: str) -> None:
    wheel = str(wheel_builder.build(entry_points={"demo": "demo:f"}))
    for name, text in (("one", prefix), ("two", prefix.rstrip("/"))):
        assert main(["install", wheel, "--root", str(tmp_path / name), "--prefix", text, *PY]) == 0
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    root = ["--root", str(tmp_path / "one"), "--prefix", prefix]
    assert main(["check-import", "demo", *root, *PY]) == 0


def test_a_root_as_prefix_stays_one(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    wheel = str(wheel_builder.build())
    assert main(["install", wheel, "--root", str(tmp_path / "root"), "--prefix", "/", *PY]) == 0
    assert any(path.startswith("/lib/python3") for path in files(tmp_path / "root"))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a-1-py3-none-any.whl",
        "HTTP://example.org/a-1-py3-none-any.whl",
        "ftp://example.org/a-1-py3-none-any.whl",
        "file:///a-1-py3-none-any.whl",
        "git+https://example.org/a",
        "a @ https://example.org/a-1-py3-none-any.whl",
    ],
)
@pytest.mark.parametrize("place", [1, 4])
def test_a_url_as_a_wheel_says_what_to_do(url: str, place: int, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["install", "--root", "x", "--quiet"]
    line.insert(place, url)
    if place != 1:
        line.insert(1, "a.whl")
    with pytest.raises(SystemExit, match="2"):
        main(line)
    assert f"{url} is a URL; download it first" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("command", parsers())
def test_an_unknown_option_shows_the_usage_of_its_command(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    required = [
        word
        for action in parsers()[command]._actions
        if action.required
        for word in ([action.option_strings[0], "x"] if action.option_strings else ["build"])
    ]
    with pytest.raises(SystemExit, match="2"):
        main([*command.split(), *required, "--nope"])
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"usage: truewheel {command} ")
    assert said[-1] == f"truewheel {command}: error: unrecognized arguments: --nope"

"""Arguments in any order, as spec files write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.cli import main as module
from truewheel.cli.main import main


@pytest.mark.parametrize("line", ["a -l b", "-l a b", "a b -l", "a b --assert-license"])
def test_globs_stand_anywhere(line: str) -> None:
    options = module._parse(["files", "--root", "/", "--report-file", "x", *line.split()])
    assert (options.globs, options.assert_license) == (["a", "b"], True)


def test_options_may_be_bundled() -> None:
    options = module._parse(["files", "--root", "/", "--report-file", "x", "-alDx", "m"])
    assert (options.auto, options.assert_license, options.dist_name, options.globs) == (
        True,
        True,
        ["x"],
        ["m"],
    )


def test_paths_stay_paths() -> None:
    options = module._parse(["requires", "build", "one.txt", "-N", "two.txt"])
    assert options.requirement_files == [Path("one.txt"), Path("two.txt")]


def test_a_word_too_many_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["wheel", "a", "b"])
    assert "unrecognized arguments: b" in capsys.readouterr().err


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["files", "--root", "/", "--report-file", "x", "a", "--nope", "b"])
    assert "unrecognized arguments: --nope" in capsys.readouterr().err


def test_the_project_may_be_an_option(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["wheel", "-d", str(tmp_path / "none")]) == 2
    assert "none: is not a directory" in capsys.readouterr().err

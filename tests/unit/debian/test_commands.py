"""Commands of a packager: where they run, what they print, how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.debian.commands import Shell
from truewheel.errors import RefusedInput

_PATH = {"PATH": "/usr/bin:/bin"}


def test_a_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    Shell(str(tmp_path), {**_PATH, "WORD": "seen"}, told.append).run('pwd; echo "$WORD"; cat', "x")
    assert told == ['pwd; echo "$WORD"; cat']
    assert capfd.readouterr().out == f"{tmp_path}\nseen\n"


def test_a_failure_and_a_status_that_is_fine(tmp_path: Path) -> None:
    shell = Shell(str(tmp_path), _PATH, lambda _: None)
    shell.run("exit 5", "x", (0, 5))
    with pytest.raises(RefusedInput) as refused:
        shell.run("exit 5", "PYBUILD_AFTER_TEST")
    assert str(refused.value) == "PYBUILD_AFTER_TEST: exit status 5: exit 5 (its output stands above)"
    with pytest.raises(RefusedInput, match="killed by SIGKILL"):
        shell.run("kill -9 $$", "x")


def test_a_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shell = Shell(str(tmp_path), _PATH, lambda _: None, tmp_path / "log")
    shell.run("echo out; echo err >&2", "x")
    with pytest.raises(RefusedInput, match=rf"its output is in {tmp_path}/log"):
        shell.run("echo more; false", "x")
    assert (tmp_path / "log").read_text() == "out\nerr\nmore\n"
    assert capfd.readouterr() == ("", "")


def test_words_are_what_a_shell_makes_of_them(tmp_path: Path) -> None:
    shell = Shell(str(tmp_path), {**_PATH, "A": "one two"}, lambda _: None)
    assert shell.words("") == shell.words("  ") == []
    assert shell.words("-Ca=\"$A\" -Cb='x  y' $(echo c) ''") == ["-Ca=one two", "-Cb=x  y", "c", ""]
    with pytest.raises(RefusedInput, match="when a shell reads them"):
        shell.words("'unclosed")

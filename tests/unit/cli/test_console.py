"""Standard streams that cannot be written: a tree that is complete is a success all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.support import environment, is_one_line, snapshot
from tests.wheelbuilder import WheelBuilder

BAD = {"demo/__init__.py": "", "demo/bad.py": "def f(:\n"}
STREAMS = [
    ">/dev/full",
    "2>/dev/full",
    ">/dev/full 2>&1",
    ">&-",
    "2>&-",
    "<&- >&- 2>&-",
    "| true",
    "2>&1 | true",
]


def shell(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script whose TRUEWHEEL is the command and whose pipes fail with their first part."""
    command = script.replace("TRUEWHEEL", f"{sys.executable} -m truewheel")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_install_succeeds_whatever_becomes_of_its_output(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    wheel = wheel_builder.build(files=BAD)  # with a warning
    install = f"TRUEWHEEL install {wheel} --python {sys.executable} -v --root {tmp_path}"
    assert shell(f"{install}/good").returncode == 0
    for number, streams in enumerate(STREAMS):
        assert shell(f"{install}/{number} {streams}").returncode == 0, streams
        assert snapshot(tmp_path / str(number)) == snapshot(tmp_path / "good"), streams


@pytest.mark.parametrize("streams", [">/dev/full 2>&1", "2>&1 | true"])
@pytest.mark.parametrize(
    "command",
    [
        "compile /a.py /bad.py --root ROOT --python PYTHON",
        "fix-shebang --python PYTHON ROOT/script",
        "flavor fix-shebang --python PYTHON --root ROOT",
    ],
)
def test_so_do_other_commands_that_write_a_tree(tmp_path: Path, streams: str, command: str) -> None:
    script = tmp_path / "usr/bin/script"
    script.parent.mkdir(parents=True)
    for path in (tmp_path / "script", script):
        path.write_text("#!/usr/bin/env python3\n")
        path.chmod(0o755)
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "bad.py").write_text("=\n")
    line = command.replace("ROOT", str(tmp_path)).replace("PYTHON", sys.executable)
    before = snapshot(tmp_path)
    assert shell(f"TRUEWHEEL {line} {streams}").returncode == 0
    assert snapshot(tmp_path) != before


def test_a_refusal_stays_one_where_it_cannot_be_said() -> None:
    for streams in ("2>/dev/full", "2>&-"):
        assert shell(f"TRUEWHEEL install none.whl --root /nonexistent {streams}").returncode == 2
        assert shell(f"TRUEWHEEL check-import '*' -e '*' --root / {streams}").returncode == 1


def test_an_error_is_not_said_on_standard_output() -> None:
    assert shell("TRUEWHEEL schemes slackware 2>&-").stdout == ""


@pytest.mark.parametrize("command", ["install", "compile"])
def test_a_report_that_cannot_be_written_in_the_end_says_what_was_done(
    tmp_path: Path, wheel_builder: WheelBuilder, command: str
) -> None:
    wheel, root, report = wheel_builder.build(), tmp_path / "root", "/dev/full"
    what = f"install {wheel}"
    if command == "compile":
        root.mkdir()
        (root / "a.py").write_text("x = 1\n")
        what = "compile /a.py"
    done = shell(f"TRUEWHEEL {what} --root {root} --python {sys.executable} --report {report}")
    assert done.returncode == 2
    assert is_one_line(done.stderr)
    verb = {"install": "installed", "compile": "compiled"}[command]
    assert f"/dev/full: {verb}, but the report cannot be written: No space left on device" in done.stderr
    assert list(root.rglob("*.pyc"))

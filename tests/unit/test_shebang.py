"""The first line of scripts."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from tests.faults.support import is_one_line
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.errors import StageError
from truewheel.fix_shebang import fix_shebangs
from truewheel.shebang import dead_interpreter, wants_python, with_python

OURS = b"#!/usr/bin/python3 -sP"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"#!python", OURS),
        (b"#!pythonw", OURS),
        (b"#!python -E", OURS),
        (b"#!/usr/bin/python", OURS),
        (b"#!/usr/bin/python3.11", OURS),
        (b"#! /usr/bin/env python3", OURS),
        (b"#!/usr/bin/env -S python3 -u", OURS + b"u"),
        (b"#!/opt/x/bin/python3 -Es", OURS + b"E"),
        (b"#!/usr/bin/python3 -sP", OURS),
        (b"#!/usr/bin/python3\r", OURS),
        (b"#!/usr/bin/python3 -u --flag", OURS + b"u --flag"),
        (b"#!/usr/bin/env -S python3", OURS),
        (b"#!/usr/bin/env -S python3 -E -u", OURS + b"Eu"),
        (b"#!/usr/bin/env -S python3 -OO -s", OURS + b"OO"),
        (b"#!/usr/bin/env -S python3 -u -W ignore", OURS + b"uWignore"),
        (b"#!/usr/bin/env -S python3 -Wpass -u", b"#!/usr/bin/env -S /usr/bin/python3 -sP -Wpass -u"),
        (b"#!/usr/bin/env -S python3 -X dev -W x", b"#!/usr/bin/env -S /usr/bin/python3 -sP -X dev -W x"),
        (b"#!/usr/bin/env -S python3 -m demo", b"#!/usr/bin/env -S /usr/bin/python3 -sP -m demo"),
        (b"#!/usr/bin/env -S python3 -u -", b"#!/usr/bin/env -S /usr/bin/python3 -sP -u -"),
        (b"#!/usr/bin/env -S python3 -W 'x y'", b"#!/usr/bin/env -S /usr/bin/python3 -sP -W 'x y'"),
        (b"#!/usr/bin/env -S python3 --help", b"#!/usr/bin/env -S /usr/bin/python3 -sP --help"),
        (b"#!/usr/bin/python3 -Wsparse", OURS + b"Wsparse"),
        (b"#!/usr/bin/python3 -W ignore", OURS + b"W ignore"),
    ],
)
def test_every_python_gets_the_distributions_line(line: bytes, expected: bytes) -> None:
    assert wants_python(line + b"\nprint()\n", every=True)
    assert with_python(line + b"\nprint()\n", OURS, every=True) == expected + b"\nprint()\n"


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ("-E -u", "-sEu"),
        ("-u -W ignore", "-suWignore"),
        ("-X utf8 -W ignore", "-X utf8 -W ignore -s"),
        ("-X utf8 -u -E", "-X utf8 -u -E -s"),
    ],
)
def test_a_line_that_env_takes_apart_starts_afterwards_with_the_same_flags(
    tmp_path: Path, words: str, flags: str
) -> None:
    body = b"import sys\nprint(sys.flags, sys.warnoptions, sys._xoptions)\n"
    script = tmp_path / "script"
    ours = f"#!{sys.executable} -s".encode()
    script.write_bytes(with_python(f"#!/usr/bin/env -S python3 {words}\n".encode() + body, ours, every=True))
    script.chmod(0o755)
    wanted = subprocess.run([sys.executable, *flags.split(), "-c", body], capture_output=True, check=True)
    assert subprocess.run([script], capture_output=True, check=True).stdout == wanted.stdout


@pytest.mark.parametrize(
    ("line", "dead"),
    [
        (b"#!/usr/local/opt/python/bin/python3.9", "/usr/local/opt/python/bin/python3.9"),
        (b"#! /home/me/venv/bin/python -u", "/home/me/venv/bin/python"),
        (b"#!/nix/store/x/bin/bash", "/nix/store/x/bin/bash"),
        (b"#!python3", "python3"),
        (b"#!C:\\Python\\python.exe\r", "C:\\Python\\python.exe"),
        (b"#!/opt/demo/bin/python3", ""),
        (b"#!/usr/bin/env python3", ""),
        (b"#!/bin/sh", ""),
        (b"#!/usr/libexec/thing", ""),
        (b"echo", ""),
        (b"\x7fELF", ""),
        (b"", ""),
    ],
)
def test_an_interpreter_that_no_system_has_is_dead(line: bytes, dead: str) -> None:
    assert dead_interpreter(line + b"\n", ["/opt/demo/bin"]) == dead


@pytest.mark.parametrize(
    "line", [b"#!/bin/sh", b"#!/usr/bin/pythonic", b"#!/usr/bin/perl", b"python", b"#!/bin/ipython"]
)
def test_what_is_no_python_stays(line: bytes) -> None:
    assert not wants_python(line + b"\n", every=True)


def test_only_the_marked_form_is_rewritten_unless_every_python_is() -> None:
    assert not wants_python(b"#!/usr/bin/env python3\n", every=False)
    assert with_python(b"#!python -x\n#!python\n", OURS, every=False) == OURS + b"\n#!python\n"


def test_fix_shebang_changes_scripts_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, shell, link = tmp_path / "script", tmp_path / "shell", tmp_path / "link"
    script.write_bytes(b"#!/usr/bin/env python\nprint()\n")
    script.chmod(0o750)
    shell.write_bytes(b"#!/bin/sh\n")
    link.symlink_to("script")
    date = script.stat().st_mtime_ns // 10**9
    assert main(["fix-shebang", "--flags", "sP", str(tmp_path)]) == 0
    assert script.read_bytes() == OURS + b"\nprint()\n"
    assert (script.stat().st_mode & 0o777, script.stat().st_mtime_ns // 10**9) == (0o750, date)
    assert shell.read_bytes() == b"#!/bin/sh\n"
    assert link.is_symlink()
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["fix-shebang", "--flags", "sP", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["fix-shebang", str(tmp_path / "absent")]) == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"#!/usr/bin/env python3", b"#! /usr/bin/python3 -sP"),
        (b"#! /usr/bin/python3 -u", b"#! /usr/bin/python3 -sPu"),
        (b"#! /usr/bin/python3 -sP", b"#! /usr/bin/python3 -sP"),
        (b"#!/usr/bin/python3 -W error -s", b"#! /usr/bin/python3 -sPW error -s"),
        (b"#!/usr/bin/env -S python3 -u", b"#! /usr/bin/python3 -sPu"),
        (b"#!/usr/bin/pythonic", b"#!/usr/bin/pythonic"),
    ],
)
def test_lines_as_fedoras_program_leaves_them_but_for_those_it_breaks(
    tmp_path: Path, line: bytes, expected: bytes
) -> None:
    paths = [tmp_path / name for name in ("named", "a/b/module.py", "a/not-taken", "a/py")]
    (tmp_path / "a/b").mkdir(parents=True)
    for path in paths:
        path.write_bytes(line + b"\n")
    for _ in range(2):
        assert main(["fix-shebang", "--as-pathfix", "--flags", "sP", str(paths[0]), str(tmp_path / "a")]) == 0
        assert [path.read_bytes() for path in paths] == [expected + b"\n"] * 2 + [line + b"\n"] * 2


def test_fix_shebang_leaves_the_directories_above_alone(tmp_path: Path) -> None:
    directory = tmp_path / "above/bin"
    directory.mkdir(parents=True)
    others = tmp_path / "others"
    others.mkdir()
    for place in (directory, others):
        (place / "script").write_text("#!/usr/bin/env python3\n")
    os.utime(tmp_path / "above", (1_000, 1_000))
    os.utime(tmp_path, (2_000, 2_000))
    assert main(["fix-shebang", str(directory), str(others / "script")]) == 0
    assert (directory / "script").read_text() == (others / "script").read_text() == "#!/usr/bin/python3\n"
    assert [path.stat().st_mtime for path in (tmp_path / "above", tmp_path)] == [1_000, 2_000]


def test_fix_shebang_does_not_hold_what_is_behind_the_first_line(tmp_path: Path) -> None:
    script = tmp_path / "script"
    with script.open("wb") as stream:
        stream.write(b"#!/usr/bin/env python3\nPK")
        stream.truncate(100 << 20)  # bytes
    tracemalloc.start()
    try:
        assert main(["fix-shebang", str(script)]) == 0
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()
    with script.open("rb") as stream:
        assert stream.read(22) == b"#!/usr/bin/python3\nPK\0"
    assert script.stat().st_size == (100 << 20) - len(b"/usr/bin/env python3") + len(b"/usr/bin/python3")


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_failure_between_two_paths_says_which_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    scripts = [tmp_path / name / "script" for name in "abc"]
    for script in scripts:
        script.parent.mkdir()
        script.write_text("#!/usr/bin/env python3\n")
    rename = os.rename

    def fail(source: str, target: str, **directories: int) -> None:
        if os.path.samestat(os.fstat(directories["dst_dir_fd"]), (tmp_path / "b").stat()):
            raise error
        rename(source, target, **directories)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises((StageError, KeyboardInterrupt)) as caught:
        fix_shebangs(scripts, b"#!/usr/bin/python3")
    assert f"the scripts below {tmp_path / 'a'} are changed, no others" in str(caught.value)
    assert [script.read_text() == "#!/usr/bin/python3\n" for script in scripts] == [True, False, False]
    assert [os.listdir(script.parent) for script in scripts] == [["script"]] * 3


def test_a_line_that_no_kernel_reads_keeps_its_arguments(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"#!/usr/bin/env python3 " + b"x" * 5000 + b"\ny\n")
    assert main(["fix-shebang", str(script)]) == 0
    assert script.read_bytes() == b"#!/usr/bin/python3 " + b"x" * 5000 + b"\ny\n"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="os.walk does not recurse any more")
@pytest.mark.parametrize("command", [["compile", "/"], ["fix-shebang", "ROOT"]])
def test_a_tree_of_a_thousand_directories_is_trouble_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    directories = [tmp_path / "/".join("d" * depth) for depth in range(1, 1001)]
    for directory in directories:
        directory.mkdir()
    script = directories[-1] / "a.py"
    script.write_text("#!/usr/bin/env python3\n")
    words = [word.replace("ROOT", str(tmp_path)) for word in command]
    options = ["--root", str(tmp_path), "--python", sys.executable] if command[0] == "compile" else []
    assert main([*words, *options]) == 2
    assert is_one_line(capsys.readouterr().err)
    assert script.read_text() == "#!/usr/bin/env python3\n"
    script.unlink()
    for directory in reversed(directories):  # pytest would recurse into them
        directory.rmdir()


@pytest.mark.parametrize(
    ("start", "first", "wanted"),
    [
        (b"#!/usr/bin/env python3", b"#!/usr/bin/python3", b"#!/usr/bin/env python3"),
        (b"#!/usr/bin/env python3", b"#!/usr/bin/python3 -E", b"#!/usr/bin/env -S python3 -E"),
        (b"#!/usr/bin/env -S python3 -s", b"#!python", b"#!/usr/bin/env -S python3 -s"),
        (b"#!/usr/bin/env -S python3 -s", b"#!/usr/bin/python -E", b"#!/usr/bin/env -S python3 -s -E"),
        (b"#!/bin/sh\n'''exec' \"/a b\" \"$0\"", b"#!python", b"#!/bin/sh\n'''exec' \"/a b\" \"$0\""),
        (
            b"#!/bin/sh\n'''exec' \"/a b\" -s \"$0\"",
            b"#!/usr/bin/python -E -X a;b",
            b"#!/bin/sh\n'''exec' \"/a b\" -s -E -X 'a;b' \"$0\"",
        ),
    ],
)
def test_flags_of_a_script_stay_behind_env_and_sh(start: bytes, first: bytes, wanted: bytes) -> None:
    assert with_python(first + b"\nbody\n", start, True) == wanted + b"\nbody\n"


def test_a_script_of_a_python_with_a_blank_in_its_path_runs(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    prefix = tmp_path / "my prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python3").symlink_to(sys.executable)
    code = "#!python\nimport sys\nprint(sys.argv[1:], sys.flags.no_user_site)\n"
    wheel = wheel_builder.build(data={"scripts/tell": code}, entry_points={"demo": "platform:machine"})
    options = ["--prefix", str(prefix), "--scheme", "generic", "--script-flags", "s", "-q"]
    command = ["install", str(wheel), "--root", str(tmp_path / "root"), "--python", sys.executable, *options]
    assert main(command) == 0
    programs = tmp_path / f"root{prefix}/bin"
    done = subprocess.run([programs / "tell", "a b", "$c"], capture_output=True, text=True, check=True)
    assert done.stdout == "['a b', '$c'] 1\n"
    assert subprocess.run([programs / "demo"], capture_output=True, check=False).returncode == 1

"""The command line: what is printed where, exit codes, and signals."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.support import (
    children,
    environment,
    fake_python,
    files,
    is_one_line,
    python_that_does,
    snapshot,
)
from tests.unit.report.test_document import check
from tests.wheelbuilder import WheelBuilder, metadata_text
from truewheel.bytecode import canonical_form
from truewheel.cli.main import main

PY = ("--python", sys.executable, "--scheme", "generic")
SOURCE = Path(__file__).parents[3] / "src"
BAD = {"demo/__init__.py": "", "demo/bad.py": "def f(:\n"}


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SOURCE_DATE_EPOCH", "NO_COLOR", "FORCE_COLOR", "RPM_BUILD_NCPUS", "DEB_BUILD_OPTIONS"):
        monkeypatch.delenv(name, raising=False)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def wheel(wheel_builder: WheelBuilder) -> Path:
    return wheel_builder.build(
        files={"demo/__init__.py": "def f(): pass\n", "demo/a.py": "x = 1\n"},
        entry_points={"demo": "demo:f"},
    )


def run(*arguments: str | Path) -> int:
    try:
        return main([*map(str, arguments)])
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


def test_an_install_says_what_it_did(tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("install", wheel, "--root", tmp_path / "root", *PY) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert re.fullmatch(r"demo 1\.0 into .*root for Python 3\.\S+ \(generic scheme\)", lines[0])
    assert re.fullmatch(r"done: 8 files \(.*\), 4 pycs \(.*\) of 2 sources", lines[1])
    assert len(lines) == 2
    run("install", wheel, "--root", tmp_path / "root", *PY)
    assert capsys.readouterr().out.endswith(", 12 unchanged\n")


def test_quiet_and_verbose(tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("install", wheel, "--root", tmp_path / "one", "-q", *PY)
    assert capsys.readouterr().out == ""
    run("install", wheel, "--root", tmp_path / "two", "-v", *PY)
    shown = [line.split()[-1] for line in capsys.readouterr().out.splitlines() if line.startswith("created")]
    assert set(shown) == files(tmp_path / "two")
    assert shown == sorted(shown)


def test_output_does_not_depend_on_the_number_of_jobs(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = []
    for jobs in ("1", "5"):
        run("install", wheel, "--root", tmp_path / jobs, "-v", "--jobs", jobs, *PY)
        outputs.append(capsys.readouterr().out.replace(str(tmp_path / jobs), ""))
    assert outputs[0] == outputs[1]


def test_a_dry_run_lists_all_that_an_install_makes_and_writes_nothing(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert run("install", wheel, "--root", root, "--dry-run", "-v", *PY) == 0
    assert not root.exists()
    _, *lines, changes, last = capsys.readouterr().out.splitlines()
    assert changes == "changes: 7 created"
    run("install", wheel, "--root", root, *PY)
    assert [line.split()[-1] for line in lines] == sorted(files(root))
    assert last == f"{len(lines)} paths planned, nothing written"
    assert {line.split()[0] for line in lines} == {"0644", "0755"}


def noting_python(directory: Path) -> tuple[Path, Path]:
    """Write a Python that notes what it is started with, a line for each start."""
    python, log = directory / "noting-python", directory / "starts"
    python.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python, log


def test_one_process_answers_the_probe_and_compiles(tmp_path: Path, wheel: Path) -> None:
    python, log = noting_python(tmp_path)
    places = ("--root", tmp_path / "root", "--python", python, "--scheme", "generic", "--jobs", "1")
    assert run("install", wheel, *places) == 0
    assert len(list((tmp_path / "root").rglob("*.pyc"))) == 4
    (first,) = log.read_text().splitlines()
    assert first.endswith("start.py probe pyc_worker")
    for pyc in (tmp_path / "root").rglob("*.pyc"):
        pyc.unlink()
    assert run("compile", tmp_path / "root/usr", *places, "-q") == 0
    assert len(list((tmp_path / "root").rglob("*.pyc"))) == 4
    assert len(log.read_text().splitlines()) == 2
    assert not children()


def test_what_does_not_compile_keeps_no_process(tmp_path: Path, wheel: Path) -> None:
    python, log = noting_python(tmp_path)
    places = ("--root", tmp_path / "root", "--python", python, "--scheme", "generic")
    for more in (("--dry-run",), ("--no-compile",)):
        assert run("install", wheel, *places, *more, "-q") == 0
    assert run("python", python) == 0
    assert [line.rpartition("start.py ")[2] for line in log.read_text().splitlines()] == ["probe"] * 3
    assert not children()


@pytest.mark.parametrize("options", [(), ("--python", sys.executable)])
def test_what_is_refused_leaves_no_process(tmp_path: Path, wheel: Path, options: tuple[str, ...]) -> None:
    wheel.write_bytes(wheel.read_bytes()[:-9])
    assert run("install", wheel, "--root", tmp_path / "root", *options, *PY) > 0
    assert run("install", tmp_path / "missing.whl", "--root", tmp_path / "root", *PY) == 2
    assert not children()


def test_a_dry_run_refuses_what_an_install_would(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/usr").write_text("a file")
    assert run("install", wheel, "--root", tmp_path / "root", "--dry-run", *PY) == 1


def test_a_source_that_does_not_compile_is_a_warning(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build(files=BAD)
    assert run("install", wheel, "--root", tmp_path / "root", "--errors", "warn", "-q", *PY) == 0
    err = capsys.readouterr().err
    assert re.fullmatch(
        r"truewheel: warning: /usr/\S*/demo/bad\.py: no bytecode for Python 3\.\d+: SyntaxError: .* 1\n",
        err,
    )


@pytest.mark.parametrize("in_c", [canonical_form.IN_C, False], ids=["as built", "without the extension"])
@pytest.mark.parametrize(
    ("lines", "words"),
    [
        # a field more in code objects of a version that is not in the table
        (
            "dumps = marshal.dumps; sys.version_info = (3, 99, 0, 'final', 0)\n"
            "marshal.dumps = lambda value, *rest: dumps(value, *rest).replace(b'c', b'c....', 1)\n",
            r"MarshalError: offset \d+: .*",
        ),
        # an attribute less in one of a known version, seen at once
        ("canonical.argument_counts = lambda code: code.co_gone\n", "AttributeError: .*co_gone.*"),
        # a constant that comes later
        (
            "compiled = builtins.compile\n"
            "def changed(source, *rest, **options):\n"
            "    code = compiled(source, *rest, **options)\n"
            "    marked = isinstance(source, bytes) and b'MARKER' in source\n"
            "    return code.replace(co_consts=([],)) if marked else code\n"
            "builtins.compile = changed\n",
            r"MarshalError: offset \d+: type code '\[' has no place .*/demo/a\.py\)",
        ),
    ],
    ids=["another layout", "another attribute", "another constant"],
)
def test_a_python_whose_code_objects_are_unknown_is_trouble(
    tmp_path: Path,
    wheel_builder: WheelBuilder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    in_c: bool,
    lines: str,
    words: str,
) -> None:
    """Not a source that does not compile, which would let a distribution ship without bytecode."""
    if in_c and "argument_counts" in lines:
        pytest.skip("the extension reads marshal's stream, no attributes")
    monkeypatch.setattr(canonical_form, "IN_C", in_c)
    script = tmp_path / "changed.py"
    package = "from truewheel._target import canonical, pyc_worker\n"
    early, late = (lines, "") if "version_info" in lines else ("", lines)
    script.write_text(
        f"import builtins, marshal, sys\nsys.path.append({str(SOURCE)!r})\n{early}{package}{late}"
        "sys.exit(pyc_worker.main())\n"
    )
    python = fake_python(tmp_path, f'exec "$REAL" -S -B {script}')
    wheel = wheel_builder.build(files={"demo/__init__.py": "", "demo/a.py": "MARKER = 1\n", "demo/b.py": ""})
    for command in (("install", wheel), ("install", wheel, "--errors", "warn")):
        assert run(*command, "--root", tmp_path / "root", "--python", python) == 2
        error = capsys.readouterr().err
        assert is_one_line(error)
        assert re.search(
            rf"fake-python: .*truewheel does not know the code objects of Python 3\.\S+: {words}", error
        ), error
        assert not (tmp_path / "root").exists()


def test_a_source_that_does_not_compile_fails_where_it_should(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build(files=BAD)
    assert run("install", wheel, "--root", tmp_path / "root", "--errors", "fail", *PY) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert is_one_line(err)
    assert "demo/bad.py" in err
    assert not (tmp_path / "root").exists()


def test_a_dropped_entry_is_a_warning(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build(dist_info={"REQUESTED": ""})
    assert run("install", wheel, "--root", tmp_path / "root", *PY) == 0
    assert "demo-1.0.dist-info/REQUESTED: not installed: " in capsys.readouterr().err


def test_a_report_is_as_the_schema_says(tmp_path: Path, wheel: Path) -> None:
    report = tmp_path / "report.json"
    run("install", wheel, "--root", tmp_path / "root", "--report", report, *PY)
    document = json.loads(report.read_text())
    check("install", document)
    assert {item["path"] for item in document["files"]} == files(tmp_path / "root")
    assert document["wheels"][0]["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    run("compile", "/usr", "--root", tmp_path / "root", "--report", report, *PY)
    check("compile", json.loads(report.read_text()))


def test_a_report_that_cannot_be_written_is_known_before_the_install(tmp_path: Path, wheel: Path) -> None:
    code = run("install", wheel, "--root", tmp_path / "root", "--report", tmp_path / "no/report.json", *PY)
    assert code == 2
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("install", "missing-1.0-py3-none-any.whl", "--root", "root"),
        ("install", "WHEEL", "--root", "root", "--scheme", "slackware"),
        ("install", "WHEEL", "--root", "root", "--scheme", "missing.yaml"),
        ("install", "WHEEL", "--root", "root", "--python", "/nowhere/python"),
        ("install", "WHEEL", "--root", "root", "--python", "no-such-python"),
        ("install", "WHEEL", "--root", "root", "--python", "/bin/true"),
        ("install", "WHEEL", "--root", "root", "--prefix", "usr"),
        ("install", "WHEEL", "--root", "file"),
        ("install", "WHEEL", "--root", "file/root"),
        ("compile", "/usr/missing", "--root", "root"),
        ("python", "/nowhere/python"),
        ("schemes", "slackware"),
    ],
)
def test_usage_and_trouble_are_two_and_one_line(
    tmp_path: Path,
    wheel: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    before = snapshot(tmp_path)
    named = [str(wheel) if argument == "WHEEL" else argument for argument in arguments]
    if "--python" not in named and named[0] in ("install", "compile"):
        named += PY[:2]
    assert run(*named) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert is_one_line(err), err
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "COMMAND"),
        (("bogus",), "bogus"),
        (("install", "x.whl"), "--root"),
        (("install", "--root", "x"), "WHEEL"),
        (("install", "x.whl", "--root", "x", "--optimize", "3"), "'3' is not a list of levels"),
        (("install", "x.whl", "--root", "x", "--optimize", "0,,1"), "is not a list of levels"),
        (("install", "x.whl", "--root", "x", "--jobs", "0"), "'0' is not a number of workers"),
        (("install", "x.whl", "--root", "x", "--jobs", "²"), "is not a number of workers"),
        (("install", "x.whl", "--root", "x", "--invalidation-mode", "mtime"), "checked-hash"),
        (("install", "x.whl", "--root", "x", "--script-flags", "s\nP"), "is not letters such as sP"),
        (("install", "x.whl", "--root", "x", "--script-python", "/usr/bin/python3\n"), "has white space"),
        (("fix-shebang", "x", "--flags", "s\nimport os"), "is not letters such as sP"),
        (("fix-shebang", "x", "--flags", "s -c"), "is not letters such as sP"),
        (("fix-shebang", "x", "--flags=-s"), "is not letters such as sP"),
        (("fix-shebang", "x", "--python", "/usr/bin/python3\nx"), "has white space"),
    ],
)
def test_arguments_that_make_no_sense_are_two(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err.splitlines()[-1]


def test_an_empty_epoch_is_refused(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("", "yesterday"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
        for command in (("install", wheel), ("compile", "/usr")):
            assert run(*command, "--root", tmp_path / "root", *PY) == 2
            assert is_one_line(capsys.readouterr().err)
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(("levels", "count"), [("", 0), ("0", 2), ("0,1,2", 6), ("2", 2)])
def test_levels_are_taken(tmp_path: Path, wheel: Path, levels: str, count: int) -> None:
    assert run("install", wheel, "--root", tmp_path / "root", "--optimize", levels, *PY) == 0
    assert len(list((tmp_path / "root").rglob("*.pyc"))) == count


def test_a_report_that_cannot_be_written_keeps_a_compile_from_writing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_text("x = 1\n")
    before = snapshot(root)
    for report in (tmp_path / "missing" / "report.json", tmp_path):
        assert run("compile", root, "--root", root, "--report", report, *PY) == 2
        assert "the report cannot be written there" in capsys.readouterr().err
        assert snapshot(root) == before


def test_compile_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("=")
    assert run("compile", tmp_path, "--root", tmp_path, *PY) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"done: 0 files .*, 2 pycs \(.*\) of 2 sources, 1 sources without bytecode\n", out)
    assert err.startswith("truewheel: warning: /b.py: no bytecode")
    assert run("compile", tmp_path, "--root", tmp_path, "--errors", "fail", *PY) == 1


@pytest.mark.parametrize("command", [("python", sys.executable), ("schemes",)])
def test_json_is_as_the_schema_says(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command, "--json") == 0
    check(command[0], json.loads(capsys.readouterr().out))
    assert run(*command) == 0
    assert capsys.readouterr().out


def test_colour_is_used_as_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    coloured = "truewheel: \033[1;31merror:\033[0m "
    for force, no, wanted in (("1", "", True), ("1", "1", False), ("", "", False), ("", "1", False)):
        monkeypatch.setenv("FORCE_COLOR", force)
        monkeypatch.setenv("NO_COLOR", no)
        run("schemes", "slackware")
        assert capsys.readouterr().err.startswith(coloured) is wanted


def test_a_defect_of_ours_is_shown_in_full_and_is_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def defect(*args: object) -> None:
        raise AssertionError("a defect")

    monkeypatch.setattr("truewheel.cli.schemes_command.run", defect)
    assert run("schemes") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), MemoryError()])
def test_trouble_of_the_system_is_one_line_and_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr("truewheel.cli.schemes_command.run", fail)
    assert run("schemes") == 2
    assert is_one_line(capsys.readouterr().err)


def shell(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = script.replace("TRUEWHEEL", f"{sys.executable} -m truewheel")
    return subprocess.run(
        ["sh", "-c", command], env=environment(**env), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_full_standard_output_is_two() -> None:
    done = shell("TRUEWHEEL schemes fedora > /dev/full")
    assert done.returncode == 2
    assert is_one_line(done.stderr)


def test_a_closed_pipe_is_two_without_a_traceback() -> None:
    done = shell("{ TRUEWHEEL schemes fedora; echo $? >&2; } | true")
    assert done.stderr in ("2\n", "0\n")


def test_closed_standard_streams_do_no_harm(tmp_path: Path, wheel: Path) -> None:
    assert shell("TRUEWHEEL schemes slackware 2>&-").returncode == 2
    options = f"--root {tmp_path}/closed --scheme generic --python {sys.executable}"
    done = shell(f"TRUEWHEEL install {wheel} {options} <&- >&- 2>&-")
    assert done.returncode == 0
    run("install", wheel, "--root", tmp_path / "open", *PY)
    assert snapshot(tmp_path / "closed") == snapshot(tmp_path / "open")


def test_names_that_the_terminal_cannot_show_are_escaped(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(files={"demo/schön.py": ""})
    command = (
        f"TRUEWHEEL install {wheel} --root {tmp_path}/root -v --python {sys.executable} --scheme generic"
    )
    done = shell(command, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "sch\\xf6n.py" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("group", [False, True], ids=["process", "group"])
def test_a_signal_undoes_the_install(
    tmp_path: Path, wheel_builder: WheelBuilder, number: signal.Signals, group: bool
) -> None:
    slow = python_that_does(tmp_path, "time.sleep(60)")
    wheel = wheel_builder.build(files={"a.py": "x = 1\n", "slow.py": "MARKER = 1\n"})
    root = tmp_path / "root"
    root.mkdir()
    os.utime(root, (1_600_000_000, 1_600_000_000))
    before = snapshot(root)
    # a background job of a shell ignores SIGINT, and so would what it starts
    command = ["env", "--default-signal=INT", sys.executable, "-m", "truewheel"]
    command += ["install", str(wheel), "--root", str(root), "--python", str(slow), "--scheme", "generic"]
    with subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not list(root.rglob("WHEEL")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        if group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert out == ""
    assert "Traceback" not in err
    assert err == "" or is_one_line(err)
    assert snapshot(root) == before


def test_a_requires_python_that_a_target_does_not_meet_is_refused(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = metadata_text("demo", "1.0") + "Requires-Python: >=3.99\n"
    wheel = wheel_builder.build("demo", "1.0", metadata=metadata)
    install = ("install", wheel, "--root", tmp_path / "root", *PY)
    assert run(*install) == 1
    error = capsys.readouterr().err
    assert is_one_line(error)
    assert f"{wheel.name}: demo-1.0.dist-info/METADATA: Requires-Python >=3.99 does not admit " in error
    assert error.endswith("give --ignore-requires-python) [requires-python]\n")
    assert not (tmp_path / "root").exists()
    for more in (("--dry-run",), ()):
        assert run(*install, "--ignore-requires-python", *more) == 0
        assert "warning: demo-1.0-py3-none-any.whl: demo-1.0.dist-info/METADATA: " in capsys.readouterr().err


def test_the_bytecode_of_a_wheel_is_one_warning_and_v_names_it(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    pycs = [f"demo/__pycache__/m{n}.cpython-311.pyc" for n in range(9)]
    wheel = wheel_builder.build("demo", "1.0", files={"demo/__init__.py": "", **dict.fromkeys(pycs, "x")})
    assert run("install", wheel, "--root", tmp_path / "root", *PY) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{wheel.name}: {pycs[0]} and 8 more (-v names them): not installed: " in line
    assert run("install", wheel, "--root", tmp_path / "root", *PY, "-v") == 0
    error = capsys.readouterr().err
    assert all(f": {pyc}: not installed: " in error for pyc in pycs)


def test_a_module_whose_pyc_has_too_long_a_name_is_installed_without_it(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "m" * 250
    wheel = wheel_builder.build("demo", "1.0", files={"demo/__init__.py": "", f"demo/{name}.py": "x = 1\n"})
    root = tmp_path / "root"
    assert run("install", wheel, "--root", root, *PY, "--errors", "fail") == 0
    error = capsys.readouterr().err
    assert error.count(f"demo/{name}.py: is not compiled at level ") == error.count("\n") == 2
    installed = {path.name for path in root.rglob("*") if path.is_file()}
    assert f"{name}.py" in installed
    assert {path for path in installed if path.endswith(".pyc")} == {
        f"__init__.{sys.implementation.cache_tag}{level}.pyc" for level in ("", ".opt-1")
    }
    (site,) = root.rglob("demo")
    assert run("compile", f"/{site.relative_to(root)}", "--root", root, *PY, "--errors", "fail") == 0
    assert "is not compiled at level 0" in capsys.readouterr().err


@pytest.mark.parametrize("scheme", ["debian", "generic"])
def test_a_script_that_cannot_start_anywhere_is_a_warning(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str], scheme: str
) -> None:
    scripts = {
        "scripts/dead": "#!/usr/local/opt/python/bin/python3.9\n",
        "scripts/mine": "#!/home/me/venv/bin/python\n",
        "scripts/good": "#!python\n",
        "scripts/found": "#!/usr/bin/env python3\n",
        "scripts/program": "\x7fELF",
    }
    wheel = wheel_builder.build("demo", "1.0", data=scripts)
    assert run("install", wheel, "--root", tmp_path / "root", "--scheme", scheme, *PY) == 0
    dead, mine = sorted(capsys.readouterr().err.splitlines())
    assert dead.endswith(
        "dead: starts with /usr/local/opt/python/bin/python3.9, which no system has [dead-first-line]"
    )
    assert "scripts/mine: starts with /home/me/venv/bin/python" in mine


def test_what_python_wrote_itself_and_left_behind_counts_as_stray(tmp_path: Path, wheel: Path) -> None:
    root = tmp_path / "root"
    assert run("install", wheel, "--root", root, *PY) == 0
    cache = next(root.rglob("__pycache__"))
    before = snapshot(root)
    for name in ("__init__.cpython-311.pyc.140190123", "__init__.cpython-34.pyo", "gone.cpython-311.pyc.7"):
        (cache / name).write_text("half")
    site = f"/{cache.parent.relative_to(root)}"
    assert run("compile", site, "--root", root, *PY, "--remove-strays") == 0
    assert set(snapshot(root)) == set(before)

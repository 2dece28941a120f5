"""What a person meets at the prompt: help, hints, plans, JSON, pipes and progress."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path

import jsonschema
import pytest

from tests.faults.support import environment, files
from tests.needs import need
from tests.unit.cli.parsers import options_of, parsers
from tests.wheelbuilder import WheelBuilder
from truewheel import __version__
from truewheel.cli.main import _COMMANDS, _PLUMBING, main
from truewheel.cli.progress import Progress

PY = ("--python", sys.executable)
TOP = Path(__file__).parents[3]
READERS = ["check-import", "files", "provides", "python", "requires build", "requires run", "schemes"]


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 2) -> str:
    """The last line on standard error of a command line that argparse ends."""
    with pytest.raises(SystemExit, match=str(status)):
        main(list(words))
    return capsys.readouterr().err.splitlines()[-1]


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The standard output of a command line that argparse ends with success."""
    with pytest.raises(SystemExit, match="0"):
        main(list(words))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["instal"], "unknown command 'instal' (did you mean install?)"),
        (["requires", "biuld"], "unknown command 'biuld' (did you mean build?)"),
        (["install", "--rot", "x"], "unrecognized arguments: --rot (did you mean --root?)"),
        (["requires", "build", "--outptu=x"], "unrecognized arguments: --outptu=x (did you mean --output?)"),
        (["--versoin"], "unrecognized arguments: --versoin (did you mean --version?)"),
        (
            ["install", "--errors", "war"],
            "invalid choice: 'war' (did you mean warn?); choose from warn, fail",
        ),
    ],
)
def test_a_mistyped_word_is_named_with_what_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, *words).endswith(meant)


def test_a_command_that_is_like_no_other_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert "(one of install, compile, " in said(capsys, "zzz")


def test_a_wrong_option_is_named_before_a_missing_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--nope" in said(capsys, "install", "--nope", "a.whl")
    assert "--root" in said(capsys, "install", "a.whl")


@pytest.mark.parametrize("words", [["install", "--roo", "x", "a.whl"], ["--vers"], ["schemes", "--js"]])
def test_options_are_not_abbreviated(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "unrecognized arguments" in said(capsys, *words)


def test_short_options_stand_together_and_what_follows_two_dashes_is_no_option(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    wheel = wheel_builder.build()
    assert main(["install", "-qj2", "--root", str(tmp_path), *PY, "--", str(wheel)]) == 0


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, word) == f"truewheel {__version__}\n"


def test_help_of_a_command_is_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "help", "install") == shown(capsys, "install", "--help")
    assert shown(capsys, "help", "requires", "build") == shown(capsys, "requires", "build", "--help")
    assert shown(capsys, "help") == shown(capsys, "--help")


def test_the_help_has_every_command_in_the_order_of_the_readme_and_plumbing_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    commands, plumbing = shown(capsys, "--help").split("\nplumbing")
    names = re.findall(r"^  ([a-z-]+)  ", commands.partition("\ncommands:")[2], re.M)
    assert names == [name for name in _COMMANDS if name not in _PLUMBING]
    assert all(re.search(rf"^  {name} ", plumbing, re.M) for name in _PLUMBING)
    table = re.findall(r"^\| `truewheel ([\w-]+)", (TOP / "README.md").read_text(), re.M)
    assert names + list(_PLUMBING) == table


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("requests-2.34.2.tar.gz", "is an sdist or another archive; unpack it and build a wheel"),
        ("requests.zip", "is an sdist or another archive"),
        ("requests", "is no file here; where a project is meant, download it first: pip download"),
        ("requests[socks]>=2", "pip download --no-deps 'requests[socks]>=2'"),
        ("https://example.org/a.whl", "is a URL; download it first"),
    ],
)
def test_what_is_no_wheel_says_what_to_do(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "install", word, "--root", "x")
    assert "argument WHEEL: " in line
    assert hint in line


@pytest.mark.parametrize(
    "words",
    [
        ["install", "none.whl", "--root", "new"],
        ["install", "./none", "--root", "new"],
        ["compile", "/none.py", "--root", "."],
        ["files", "--root", ".", "--report-file", "none"],
        ["files", "--root", "none", "--report-file", "none"],
        ["check-import", "-f", "none", "--root", "."],
        ["check-import", "demo", "--root", "none"],
        ["provides", "none"],
        ["requires", "run", "none"],
        ["verify", "none"],
        ["diff", "none", "."],
        ["normalize", "none", "--date", "1"],
        ["inject-sbom", "none.whl", "--purl", "pkg:rpm/fedora/x@1"],
        ["fix-shebang", "none"],
        ["wheel", "none"],
        ["requires", "build", "none.txt"],
        ["requires", "build", "-d", "none"],
        ["python", "./none"],
        ["schemes", "none.yaml"],
        ["install", "a.whl", "--root", "new", "--scheme", "none.yaml"],
    ],
)
def test_a_missing_file_is_trouble_in_every_command(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if "none.txt" in words:
        (tmp_path / "pyproject.toml").write_text("[build-system]\nrequires = []\n")
        words = [*words, "-N"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "none" in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_an_unwritable_root_is_named_as_it_was_given(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build()
    (tmp_path / "file").write_text("")
    root = f"{tmp_path}/./file/root"
    assert main(["install", str(wheel), "--root", root, *PY]) == 2
    assert "file/root: " in capsys.readouterr().err


def test_a_compile_without_a_root_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need(os.access("/", os.W_OK), "needs root, to write below /")
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    assert main(["compile", str(source), *PY]) == 0
    assert "no --root: compiles in the running system" in capsys.readouterr().err
    assert main(["compile", str(source), "--root", "/", *PY]) == 0
    assert capsys.readouterr().err == ""


def test_a_compile_for_another_python_than_the_directory_s_warns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for name in ("python3.1", mine):
        (tmp_path / "usr/lib" / name).mkdir(parents=True)
        (tmp_path / "usr/lib" / name / "a.py").write_text("x = 1\n")
    assert main(["compile", "/usr/lib/python3.1/a.py", "--root", str(tmp_path), *PY]) == 0
    assert "/usr/lib/python3.1/a.py: is of Python 3.1, and gets bytecode for" in capsys.readouterr().err
    assert main(["compile", f"/usr/lib/{mine}", "--root", str(tmp_path), *PY]) == 0
    assert capsys.readouterr().err == ""


def plan(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines of a dry run."""
    assert main(["install", "--dry-run", "--scheme", "generic", *words, *PY]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_plan_has_wheels_directories_and_what_changes(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    one = str(wheel_builder.build(files={"demo/__init__.py": "x = 1\n", "demo/a.py": ""}))
    lines = plan(capsys, one, "--root", str(root))
    assert lines[0].startswith(f"demo 1.0 into {root} for Python 3.")
    assert any(re.fullmatch(r"  /usr/\S*/demo: 2 files \(6 bytes\)", line) for line in lines)
    assert any(re.fullmatch(r"  /usr/\S*/demo/__pycache__: \d pycs", line) for line in lines)
    assert re.fullmatch(r"changes: \d+ created", lines[-2])
    main(["install", one, "--root", str(root), "--scheme", "generic", "-q", *PY])
    lines = plan(capsys, one, "--root", str(root))
    assert re.fullmatch(r"changes: \d+ unchanged, \d+ pycs and RECORDs made anew", lines[-2])
    (tmp_path / "two").mkdir()
    two = WheelBuilder(tmp_path / "two").build(files={"demo/__init__.py": "x = 2\n"})
    lines = plan(capsys, str(two), "--root", str(root), "--overwrite")
    assert any(re.fullmatch(r"replaced: \S*/demo/__init__\.py", line) for line in lines)
    assert any(line.startswith("removed: ") and "/demo/a.py" in line for line in lines)


def test_a_plan_is_quiet_where_that_is_wanted_and_can_be_a_report(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel, root = str(wheel_builder.build()), str(tmp_path / "root")
    assert plan(capsys, wheel, "--root", root, "-q", "--report", str(tmp_path / "plan.json")) == []
    document = json.loads((tmp_path / "plan.json").read_text())
    valid("plan", document)
    assert {file["state"] for file in document["files"]} == {"created"}
    main(["install", wheel, "--root", root, "--scheme", "generic", "-q", *PY])
    paths = [each["path"] for each in (*document["files"], *document["made"])]
    assert sorted(paths) == sorted(files(Path(root)))


def valid(kind: str, document: object) -> None:
    """Hold a document against its schema."""
    schema = json.loads((resources("truewheel.report") / f"{kind}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


def test_a_report_on_standard_output_stands_there_alone(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel, root = str(wheel_builder.build()), str(tmp_path / "root")
    for kind, words in (
        ("plan", ["install", wheel, "--dry-run"]),
        ("install", ["install", wheel, "-vv"]),
        ("compile", ["compile", "/usr", "-v"]),
    ):
        assert main([*words, "--scheme", "generic", "--root", root, "--report", "-", *PY]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["report"] == kind
        valid(kind, document)


def test_every_reading_command_prints_json() -> None:
    assert all("--json" in options_of(parsers()[command]) for command in READERS)


def test_the_json_of_reading_commands_is_as_their_schemas_say(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    root, report = str(tmp_path / "root"), str(tmp_path / "report.json")
    wheel = str(wheel_builder.build())
    main(["install", wheel, "--root", root, "--report", report, "-q", *PY])
    (dist_info,) = (tmp_path / "root").rglob("*.dist-info")
    (tmp_path / "pyproject.toml").write_text("[build-system]\nrequires = ['six']\n[project]\nname = 'x'\n")
    (tmp_path / "more.txt").write_text("six >= 1\n")
    lines = {
        "files": ["files", "demo", "--root", root, "--report-file", report],
        "dependencies": ["provides", str(dist_info)],
        "imports": ["check-import", "demo", "demo.none", "--root", root, *PY],
    }
    found = {}
    for kind, words in lines.items():
        main([*words, "--json"])
        found[kind] = json.loads(capsys.readouterr().out)
        valid(kind, found[kind])
    assert "demo" in found["files"]["modules"]
    assert "python3dist(demo) = 1" in found["dependencies"]["dependencies"]
    demo, missing = found["imports"]["modules"]
    assert (demo["error"], missing["module"]) == (None, "demo.none")
    assert missing["error"]
    assert main(["requires", "run", str(dist_info), "--json"]) == 0
    valid("dependencies", json.loads(capsys.readouterr().out))
    assert main(["requires", "build", "more.txt", "-N", "-d", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    valid("dependencies", document)
    assert "python3dist(six) >= 1" in document["dependencies"]


def test_twice_verbose_tells_how_inputs_were_understood(
    tmp_path: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_builder.build()
    for times, told in (("-v", False), ("-vv", True)):
        assert main(["install", str(wheel), "--root", str(tmp_path / times), times, *PY]) == 0
        out = capsys.readouterr().out
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert (f"wheel {wheel}: sha256 {digest}\n" in out) is told
        assert "created " in out


def test_a_reader_whose_pipe_closes_ends_quietly(tmp_path: Path) -> None:
    """The pipe is closed before the command prints anything."""
    for words in (["schemes", "fedora"], ["--help"], ["python", sys.executable, "--json"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "truewheel", *words],
            stdout=writing,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
        os.close(writing)
        assert done.stderr == b""
        # argparse itself passes over a help that nobody reads, from some 3.11 on
        assert done.returncode in ((0, 2) if words == ["--help"] else (2,))


class Terminal:
    """A pseudo-terminal in place of standard error."""

    def __init__(self) -> None:
        self._leader, follower = pty.openpty()
        self.stream = os.fdopen(follower, "w")

    def close(self) -> None:
        """End it."""
        self.stream.close()
        os.close(self._leader)

    def read(self, seconds: float = 0.05) -> str:
        """What was written so far; the kernel may take a moment to hand it on."""
        ready, _, _ = select.select([self._leader], [], [], seconds)
        return os.read(self._leader, 1 << 16).decode() if ready else ""


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal that a test puts in place of standard error."""
    try:
        made = Terminal()
    except OSError:
        need(False, "no pseudo-terminals")
    yield made
    made.close()


def test_progress_is_shown_on_a_terminal_after_a_second_and_cleared(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Progress("2 wheels", 40, 20, quiet=False) as progress:
        progress(1, 0)
        assert terminal.read() == ""
        now[0] += 1.5
        progress(7, 3)
        assert terminal.read(9).endswith("2 wheels: 7 of 40 files, 3 of 20 modules compiled, 2 s")
        progress(8, 3)  # too soon
        assert terminal.read() == ""
    assert terminal.read(9) == "\r\033[K"


def test_progress_is_not_shown_when_quiet(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    run_for_long(monkeypatch, quiet=True)
    assert terminal.read() == ""


def test_progress_is_not_shown_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_for_long(monkeypatch, quiet=False)
    assert capsys.readouterr().err == ""


def run_for_long(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    """Let progress see a run of nine seconds."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Progress("2 wheels", 40, 20, quiet=quiet) as progress:
        now[0] += 9
        progress(7, 3)


def test_an_install_counts_its_files_and_modules(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    from truewheel.pipeline import install, prepare_install
    from truewheel.request import InstallRequest

    wheel = wheel_builder.build(files={"demo/__init__.py": "", "demo/a.py": ""})
    prepared = prepare_install(InstallRequest((wheel,), tmp_path / "r", pythons=(sys.executable,)), {})
    seen: list[tuple[int, int]] = []
    manifest = install(prepared, lambda *counts: seen.append(counts))
    assert seen == sorted(seen)
    assert seen[-1] == (len(manifest.files), 2)

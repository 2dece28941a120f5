"""The files for rpm, debhelper, man and shells: complete, from the parsers, the same each time."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.parsers import options_of, parsers
from truewheel.cli.completion import completions
from truewheel.cli.main import _COMMANDS, main
from truewheel.cli.manual import manual_pages, reference
from truewheel.schemes import shipped_schemes

TOP = Path(__file__).parents[3]


def plain(roff: str) -> str:
    """The text of a manual page without its escapes."""
    return re.sub(r"\\f.|\\&", "", roff).replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")


def placed(directory: Path, *kinds: str) -> set[str]:
    """What the command places, below a prefix."""
    words = [word for kind in kinds for word in ("--for", kind)]
    assert main(["support-files", str(directory), "-q", *words]) == 0
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", parsers())
def test_every_option_of_every_command_stands_in_its_manual_page(command: str) -> None:
    page = plain(manual_pages()[f"truewheel-{command.split(maxsplit=1)[0]}.1"])
    for name in options_of(parsers()[command]):
        assert re.search(rf"^(.*, )?{re.escape(name)}(,| |$)", page, re.M), name


@pytest.mark.parametrize("command", parsers())
def test_every_option_of_every_command_stands_in_the_reference(command: str) -> None:
    (section,) = re.findall(
        rf"^## truewheel {command}\n(.*?)(?=^## |\Z)", "\n".join(reference()), re.M | re.S
    )
    assert all(f"`{name}`" in section for name in options_of(parsers()[command]))


def test_the_first_page_has_every_command() -> None:
    page = plain(manual_pages()["truewheel.1"])
    assert all(f"truewheel-{name} (1)\n{about}" in page for name, about in _COMMANDS.items())


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_groff_finds_nothing_to_warn_of(tmp_path: Path) -> None:
    pages = [*manual_pages().values(), (TOP / "macros/man/truewheel-macros.7").read_text()]
    for page in pages:
        words = ["groff", "-man", "-Tutf8", "-ww", "-z", "-K", "utf8"]
        done = subprocess.run(words, input=page, capture_output=True, text=True, check=True)
        assert done.stderr == ""


def test_every_macro_for_specs_stands_in_the_macros_page() -> None:
    page = plain((TOP / "macros/man/truewheel-macros.7").read_text())
    text = "".join(path.read_text() for path in (TOP / "macros").glob("macros.truewheel*"))
    macros = set(re.findall(r"^%([a-z]\w*)", text, re.M))
    assert len(macros) > 25
    assert macros <= set(re.findall(r"%(\w+)", page))


def test_the_files_go_where_programs_look_for_them(tmp_path: Path) -> None:
    found = placed(tmp_path)
    assert {
        "lib/rpm/brp-truewheel",
        "lib/rpm/brp-suse.d/brp-90-truewheel",
        "lib/rpm/lua/truewheel/getopt.lua",
        "bin/truewheel-flavor-macros",
        "bin/dh_truewheel",
        "bin/dh_truewheel_verify",
        "share/debhelper/autoscripts/prerm-truewheel",
        "share/perl5/Debian/Debhelper/Buildsystem/truewheel.pm",
        "share/perl5/Debian/Debhelper/Sequence/truewheel.pm",
        "share/man/man1/truewheel-install.1",
        "share/man/man7/truewheel-macros.7",
        "share/bash-completion/completions/truewheel",
        "share/zsh/site-functions/_truewheel",
        "share/fish/vendor_completions.d/truewheel.fish",
    } <= found
    sources = [path for top in ("macros", "debhelper") for path in (TOP / top).rglob("*") if path.is_file()]
    assert {path.name for path in sources} <= {path.rpartition("/")[2] for path in found}
    programs = {name for name in found if (tmp_path / name).stat().st_mode & 0o111}
    assert programs == {
        "lib/rpm/brp-truewheel",
        "lib/rpm/brp-suse.d/brp-90-truewheel",
        "bin/truewheel-flavor-macros",
        "bin/dh_truewheel",
        "bin/dh_truewheel_verify",
    }


def test_only_what_is_named_is_placed(tmp_path: Path) -> None:
    found = placed(tmp_path, "manual", "completion")
    assert {path.split("/")[0] for path in found} == {"share"}
    assert not any("perl5" in path for path in found)


def test_files_are_replaced_and_the_same_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    name = "share/man/man1/truewheel.1"
    first, second = tmp_path / "first", tmp_path / "second"
    (second / name).parent.mkdir(parents=True)
    (second / name).write_text("old")
    old = os.umask(0o077)
    try:
        assert placed(first) == placed(second) == placed(second)
    finally:
        os.umask(old)
    for path in placed(first):
        one, two = first / path, second / path
        assert one.read_bytes() == two.read_bytes()
        assert (one.stat().st_mode, one.stat().st_mtime) == (two.stat().st_mode, 1700000000.0)
    assert main(["support-files", str(first), "--for", "manual"]) == 0
    assert f"{first}/{name}\n" in capsys.readouterr().out


def complete_in_bash(directory: Path, line: str) -> list[str]:
    """What bash offers for the last word of a line."""
    script = directory / "completion"
    script.write_text(completions()["bash"])
    words = line.split(" ")
    array = " ".join(f"'{word}'" for word in words)
    body = (
        f"COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _truewheel; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(
        ["bash", "-c", f". {script}; {body}"], capture_output=True, text=True, check=True, cwd=directory
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("truewheel ins", ["install"]),
        ("truewheel requires ", ["run", "override", "build"]),
        ("truewheel install --dry", ["--dry-run"]),
        ("truewheel install --errors ", ["warn", "fail"]),
        ("truewheel install --scheme fe", ["fedora"]),
        ("truewheel schemes de", ["debian"]),
        ("truewheel requires build --gen", ["--generate-extras"]),
        ("truewheel install --root ", ["some-directory"]),
        ("truewheel install some", ["some-directory", "some-file.whl"]),
    ],
)
def test_bash_completes_commands_options_and_values(line: str, offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "some-directory").mkdir()
    (tmp_path / "some-file.whl").write_text("")
    assert sorted(complete_in_bash(tmp_path, line)) == sorted(offered)


def test_bash_completes_every_command_and_option(tmp_path: Path) -> None:
    assert set(complete_in_bash(tmp_path, "truewheel ")) == set(_COMMANDS)
    for command, parser in parsers().items():
        offered = complete_in_bash(tmp_path, f"truewheel {command} -")
        assert set(options_of(parser)) <= set(offered), command


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_read_its_completion(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "completion"
    script.write_text(completions()[shell])
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_every_option_and_scheme(shell: str) -> None:
    text = completions()[shell]
    for parser in parsers().values():
        for name in options_of(parser):
            flag = {"zsh": name, "fish": f"-l {name[2:]}" if name[:2] == "--" else f"-s {name[1:]}"}[shell]
            assert flag in text, name
    assert " ".join(shipped_schemes()) in text
    assert sys.executable not in text or sys.executable == "/usr/bin/python3"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("truewheel ", ["install", "check-import", "schemes"]),
        ("truewheel install --scheme ", ["fedora", "debian", "opensuse"]),
        ("truewheel requires build --gen", ["--generate-extras"]),
        ("truewheel install --errors ", ["fail", "warn"]),
    ],
)
def test_zsh_completes_at_a_terminal(line: str, offered: list[str], tmp_path: Path) -> None:
    placed(tmp_path, "completion")
    (tmp_path / ".zshrc").write_text(
        f"fpath=({tmp_path}/share/zsh/site-functions $fpath)\n"
        f"autoload -U compinit; compinit -u -d {tmp_path}/dump\n"
        "compdef _truewheel truewheel\nunsetopt listbeep\nPS1='ready$ '\n"
    )
    leader, follower = pty.openpty()
    environ = {**os.environ, "ZDOTDIR": str(tmp_path), "TERM": "vt100", "LC_ALL": "C"}
    with subprocess.Popen(
        ["zsh", "-i"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=tmp_path,
        env=environ,
        start_new_session=True,
    ) as shell:
        try:
            read_until(leader, ["ready$"])
            os.write(leader, line.encode() + b"\t\t")
            read_until(leader, offered)
        finally:
            shell.kill()
            os.close(leader)
            os.close(follower)


def read_until(terminal: int, wanted: list[str]) -> None:
    """Read a terminal until each of the words was there; fails after a minute of silence."""
    seen = ""
    while not all(word in seen for word in wanted):
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, seen
        seen += os.read(terminal, 4096).decode()

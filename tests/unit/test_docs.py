"""What the documentation says of options, held against the parsers of the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.cli.parsers import options_of, parsers
from truewheel.cli.main import _COMMANDS

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
OPTION = r"(?<![\w-])--?[A-Za-z][\w-]*"
SYNOPSIS = re.compile(r"^truewheel .*(?:\n +.*)*", re.M)
# options that the pages name of other programs, and of our own that are not written in Python
FOREIGN = {
    "argparse": {"--help"},
    "apt-get": {"--no-install-recommends"},
    "mmdebstrap": {"--include", "--variant"},
    "debhelper": {"--buildsystem", "--with"},
    "Dockerfile": {"--from"},
    "dh_truewheel": {"--pyc"},
    "truewheel-flavor-macros": {"--prjconf"},
    "rpm": {"--nodeps", "--qf"},
    "pip": {
        "--build-option",
        "--find-links",
        "--force-reinstall",
        "--global-option",
        "--hash",
        "--ignore-installed",
        "--no-binary",
        "--no-build-isolation",
        "--no-compile",
        "--no-deps",
        "--no-use-pep517",
        "--target",
        "--user",
        "--wheel-dir",
    },
}


def synopses() -> dict[str, str]:
    """Each command and its synopsis, from the blocks of the pages that begin with one."""
    found: dict[str, str] = {}
    for page in PAGES:
        for block in re.findall(r"^```\n(truewheel .*?)^```", page.read_text(), re.M | re.S):
            for synopsis in SYNOPSIS.findall(block):
                (command,) = (name for name in parsers() if synopsis.startswith(f"truewheel {name} "))
                assert command not in found, f"two synopses of {command}"
                found[command] = synopsis
    return found


def test_every_command_has_a_synopsis() -> None:
    assert set(synopses()) == set(parsers())


@pytest.mark.parametrize("command", parsers())
def test_a_synopsis_has_each_option_of_its_command_and_no_other(command: str) -> None:
    options = options_of(parsers()[command])
    named = set(re.findall(OPTION, synopses()[command])) - {"--"}
    assert named <= set(options)
    assert {options[name].dest for name in named} == {action.dest for action in options.values()}


@pytest.mark.parametrize("command", parsers())
def test_a_synopsis_repeats_what_may_be_repeated_and_has_all_that_is_required(command: str) -> None:
    synopsis = synopses()[command]
    for name, action in options_of(parsers()[command]).items():
        if name not in re.findall(OPTION, synopsis):
            continue
        metavar = f" {re.escape(str(action.metavar))}" if isinstance(action.metavar, str) else r" [\w|-]+"
        value = "" if action.nargs == 0 else metavar
        repeated = type(action).__name__ == "_AppendAction" and not command.startswith("flavor")
        ending = r"\.\.\." if repeated else r"(?!\.\.\.)"
        if action.required:
            assert re.search(rf"(?<!\[){name}{value}{ending}", synopsis), name
        elif not command.startswith("flavor"):
            assert re.search(rf"[\[|] ?{name}{value}(?: ?\| ?[^\]]*)?\]{ending}", synopsis), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_an_option_that_does_not_exist(page: Path) -> None:
    known = {name for parser in parsers().values() for name in options_of(parser)}
    named = {word for word in re.findall(OPTION, page.read_text()) if word.startswith("--")}
    assert named <= known.union(*FOREIGN.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_gives_a_command_an_option_of_another(page: Path) -> None:
    """In code, as ``truewheel install --sync``."""
    spans = re.findall(r"`(truewheel [^`\n]+)`", page.read_text())
    for span in spans:
        named = [name for name in parsers() if re.match(rf"truewheel {name}\b", span)]
        known = {name for command in named for name in options_of(parsers()[command])} | {
            "--help",
            "--version",
        }
        if named:
            assert set(re.findall(OPTION, span)) <= known, span


def test_each_promise_of_the_security_page_names_a_test_that_is_there() -> None:
    text = (TOP / "docs/security.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| promise ")]
    assert len(rows) > 15
    tests = "".join(path.read_text() for path in (TOP / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", tests, re.M))
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert set(named) <= defined, f"no such test: {set(named) - defined}"


def test_the_table_of_commands_is_that_of_the_help() -> None:
    rows = re.findall(r"^\| `truewheel ([\w-]+).*?` \| (.*?) \|$", (TOP / "README.md").read_text(), re.M)
    assert dict(rows) == _COMMANDS


def test_the_defaults_of_macros_are_those_of_the_macro_file() -> None:
    defined = dict(re.findall(r"^%(\w+) (\S+)$", (TOP / "macros/macros.truewheel").read_text(), re.M))
    table = re.findall(r"^\| `%(\w+)` \| .* \| `([^`]+)` \|$", (TOP / "docs/rpm.md").read_text(), re.M)
    shared = {name: default for name, default in table if name in defined}
    assert {"__truewheel", "__truewheel_brp", "_truewheel_scheme"} <= set(shared)
    assert shared == {name: defined[name] for name in shared}

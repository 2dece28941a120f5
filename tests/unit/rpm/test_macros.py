"""The macros as rpm expands them here, and the module that reads their arguments as the commands do."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

_MACROS = Path(__file__).parents[3] / "macros"
_GETOPT = _MACROS / "lua/truewheel/getopt.lua"
_DEFINES = {
    "name": "x",
    "version": "1",
    "release": "2",
    "_builddir": "/B",
    "buildroot": "/R",
    "buildsubdir": "s",
}
_COMMANDS = {
    "check-import": "check_import_command",
    "files": "files_command",
    "requires-build": "requires_command",
    "wheel": "wheel_command",
}

Expand = Callable[..., str]


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(f"truewheel.cli.{_COMMANDS[command]}").add_arguments(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)[command.rpartition("-")[2]]
    return parser


def options_of(parser: argparse.ArgumentParser) -> dict[frozenset[str], bool]:
    """The names of each option but --help, and whether it takes a value."""
    named = {frozenset(action.option_strings): action.nargs != 0 for action in parser._actions}
    return {names: valued for names, valued in named.items() if names and "--help" not in names}


def test_the_module_knows_the_options_of_each_command() -> None:
    tables = dict(re.findall(r'\["([\w-]+)"\] = \[\[(.*?)\]\]', _GETOPT.read_text(), re.S))
    assert set(tables) == set(_COMMANDS)
    for command, table in tables.items():
        listed = {frozenset(word.rstrip("=").split("/")): word.endswith("=") for word in table.split()}
        assert listed == options_of(parser_of(command)), command


def test_lines_of_macros_are_short() -> None:
    files = [file for file in _MACROS.rglob("*") if file.is_file() and "opensuse" not in file.parts]
    long = [
        f"{file.name}: {line}" for file in files for line in file.read_text().split("\n") if len(line) > 110
    ]
    assert not long


@pytest.fixture(scope="session")
def expand(tmp_path_factory: pytest.TempPathFactory) -> Expand:
    """Expand text by the rpm of this machine with these macros, lines that go on joined, blanks squeezed."""
    if not shutil.which("rpm"):
        pytest.skip("needs rpm")
    stock = subprocess.run(["rpm", "--eval", "%{_rpmconfigdir}"], capture_output=True, text=True, check=True)
    directory = tmp_path_factory.mktemp("rpm") / "rpm"
    shutil.copytree(stock.stdout.strip(), directory, symlinks=True)
    for name in ("fileattrs", "lua"):
        shutil.copytree(_MACROS / name, directory / name, dirs_exist_ok=True)
    (directory / "macros.d").mkdir(exist_ok=True)
    for file in _MACROS.glob("macros.*"):
        shutil.copy(file, directory / "macros.d")

    def run(text: str, **defines: str) -> str:
        given = [f"{name} {value}" for name, value in {**_DEFINES, **defines}.items()]
        command = ["rpm", *(word for define in given for word in ("--define", define)), "--eval", text]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "RPM_CONFIGDIR": str(directory)},
        )
        return " ".join((done.stdout + done.stderr).replace("\\\n", " ").split())

    return run


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ("-l demo", ""),
        ("-D Foo_Bar demo", "-foo-bar"),
        ("-lD foo demo", "-foo"),
        ("-lDfoo demo +auto", "-foo"),
        ("demo --dist-name=foo.x -l", "-foo-x"),
        ("--dist-name 'foo' \\\n  demo", "-foo"),
        ("-l $(ls -D no) -Dfoo", "-foo"),
        ("demo || echo -D no", ""),
        ('"$options" -D foo', "-foo"),
    ],
)
def test_lists_are_named_after_the_project(expand: Expand, arguments: str, name: str) -> None:
    text = expand(f"%{{pyproject_save_files {arguments}}}")
    assert f'--output "/B/x-1-2.x86_64-pyproject-files{name}" ' in text.replace(os.uname().machine, "x86_64")
    assert " ".join(arguments.replace("\\\n", "").split()) in text


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        ("-e 'a*' -t", "-e 'a*' -t"),
        ("-D foo -e 'a b' -t", "-e 'a b' -t"),
        ("-tD foo -v || :", "-t -v || :"),
        ("--dist-name=foo more", "more"),
    ],
)
def test_imports_are_those_of_one_project(expand: Expand, arguments: str, passed: str) -> None:
    text = expand(f"%{{pyproject_check_import {arguments}}}")
    assert text.endswith(f'--python "/usr/bin/python3" --modules {text.partition("--modules ")[2]}')
    assert text.partition("--modules ")[2].partition('" ')[2] == passed
    assert ("modules-foo" in text) == ("foo" in arguments)


@pytest.mark.parametrize(
    ("arguments", "toxenv"),
    [
        ("-t", "py311"),
        ("-te py3", "py3"),
        ("-e a,b --toxenv=c -ed", "a,b,c,d"),
        ("-C '-e no' -r", "py311"),
        ("-g testing -e $env", "$env"),
    ],
)
def test_tox_runs_the_environments_that_were_asked_for(expand: Expand, arguments: str, toxenv: str) -> None:
    text = expand(f"%{{pyproject_buildrequires {arguments}}} %toxenv", python3_version_nodots="311")
    assert text.endswith(f" {toxenv}") and f'RPM_TOXENV="{toxenv}"' in text


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("", "-e 'py311'"),
        ("-e a -- -- -k 'not b' x", "-e 'a' -- -k 'not b' x"),
        ("-- -x || :", "-e 'py311' -x || :"),
        ("-ea --toxenv b --toxenv=c", "-e 'a,b,c'"),
    ],
)
def test_tox(expand: Expand, arguments: str, command: str) -> None:
    text = expand(f"%{{tox {arguments}}}", python3_version_nodots="311")
    assert text.endswith(f"-m tox --current-env --assert-config -q --recreate {command}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("%pyproject_save_files -z demo", "truewheel files: unknown option -z"),
        ("%pyproject_save_files demo -lz", "truewheel files: unknown option -z"),
        ("%pyproject_save_files demo -D", "truewheel files: -D wants a value"),
        ("%pyproject_save_files demo --auto=yes", "truewheel files: --auto takes no value"),
        ("%pyproject_check_import --exclde x", "truewheel check-import: unknown option --exclde"),
        ("%pyproject_buildrequires --run", "truewheel requires build: unknown option --run"),
        ("%pyproject_wheel -C", "truewheel wheel: -C wants a value"),
    ],
)
def test_unknown_options_fail_when_the_spec_is_parsed(expand: Expand, text: str, fault: str) -> None:
    assert expand(text).startswith(f"error: {fault}")


@pytest.mark.parametrize("text", ["-$letters x", "-C '-z -y' x", "x; rm -z", "x # -z", "-- -z"])
def test_words_that_are_no_options_are_left_alone(expand: Expand, text: str) -> None:
    assert "error" not in expand(f"%pyproject_wheel {text}")

"""The generator of macros: what it prints, for which flavors, and how rpm and OBS read it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.needs import require

_GENERATOR = Path(__file__).parents[2] / "macros/opensuse/truewheel-flavor-macros"
_PARAMETERS = "(+abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=)"


def printed(*arguments: str) -> str:
    return subprocess.run([_GENERATOR, *arguments], capture_output=True, text=True, check=True).stdout


def bodies(text: str) -> dict[str, str]:
    """Macros by name and parameters; a line that ends in a backslash goes on."""
    joined = text.replace("\\\n", "\0")
    parts = (re.fullmatch(r"%(\w+(?:\([^)]*\))?)\s(.*)", line) for line in joined.splitlines())
    return {part[1]: part[2].replace("\0", "\n").strip() for part in parts if part}


@pytest.mark.parametrize("flavor", ["python3", "python39", "python313"])
def test_a_flavor_has_four_macros(flavor: str) -> None:
    macros = {name: body for name, body in bodies(printed(flavor)).items() if name.startswith(flavor)}
    assert list(macros) == [
        f"{flavor}_pyproject_wheel{_PARAMETERS}",
        f"{flavor}_pyproject_install{_PARAMETERS}",
        f"{flavor}_compile",
        f"{flavor}_fix_shebang",
    ]
    for name, body in macros.items():
        *before, command = body.splitlines()
        assert [line[: line.index(flavor)] for line in before] == (
            ["%{_python_use_flavor ", "%{?skip_"] if "pyproject" in name else []
        )
        assert command.startswith("%{__truewheel} flavor ")
        assert f'--python "%{{__{flavor}}}"' in command
        assert command.endswith("-- %{**}") == ("pyproject" in name)


def test_flavors_share_what_is_common() -> None:
    one, two = bodies(printed("python312")), bodies(printed("python312", "python313"))
    assert set(one) < set(two)
    assert len(two) == len(one) + 4


def test_globs_of_a_spec_reach_the_command_as_they_are(tmp_path: Path) -> None:
    require("rpm")
    (tmp_path / "macros").write_text(printed("python312"))
    rpm = ["rpm", f"--macros={tmp_path}/macros", "--eval"]
    text = "%truewheel_exclude tests *.pyi\n%truewheel_compile_exclude templates"
    script = subprocess.run([*rpm, text], capture_output=True, text=True, check=True).stdout
    shown = f'{script}\nenv | grep "^TRUEWHEEL_.*EXCLUDE" | sort'
    done = subprocess.run(["sh", "-ec", shown], cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "TRUEWHEEL_COMPILE_EXCLUDE=templates",
        "TRUEWHEEL_EXCLUDE=tests *.pyi",
    ]


def test_the_block_of_a_project_configuration_is_the_same() -> None:
    block = printed("--prjconf", "python312", "python313")
    assert block == f"Macros:\n{printed('python312', 'python313')}:Macros\n"
    # OBS takes what begins with % for a definition, and nothing else has a meaning to it
    assert all(line.startswith("%") for line in block.splitlines()[1:-1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "usage: truewheel-flavor-macros"),
        (["--prjconf"], "usage: truewheel-flavor-macros"),
        (["python313", "python2"], "python2: no flavor that truewheel builds for"),
        (["pypy3"], "pypy3: no flavor that truewheel builds for"),
    ],
)
def test_anything_else_is_one_line(arguments: list[str], says: str) -> None:
    done = subprocess.run([_GENERATOR, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert says in line

"""Which wheels the arguments of an install stand for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from truewheel.errors import RefusedInput, UsageError
from truewheel.interpreter import probe
from truewheel.model import Interpreter
from truewheel.opensuse.pip_arguments import install_arguments
from truewheel.opensuse.wheelhouse import chosen_wheels

_TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}"


@pytest.fixture(scope="module")
def python() -> Interpreter:
    return probe(sys.executable)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def chosen(python: Interpreter, *words: str) -> list[str]:
    return [str(path) for path in chosen_wheels(install_arguments(words), Path("build"), [python])]


def test_without_arguments_it_is_all_of_the_wheel_directory(here: Path, python: Interpreter) -> None:
    put("build/b-1-py3-none-any.whl", "build/a-2-py3-none-any.whl", "c-1-py3-none-any.whl")
    assert chosen(python) == ["build/a-2-py3-none-any.whl", "build/b-1-py3-none-any.whl"]


def test_an_empty_wheel_directory_stands_for_the_working_directory(here: Path, python: Interpreter) -> None:
    put("c-1-py3-none-any.whl")
    assert chosen(python) == ["c-1-py3-none-any.whl"]


def test_named_files_alone_are_taken(here: Path, python: Interpreter) -> None:
    put("build/a-2-py3-none-any.whl", "dist/b-1-py3-none-any.whl")
    assert chosen(python, "./dist/b-1-py3-none-any.whl") == ["dist/b-1-py3-none-any.whl"]


def test_a_requirement_is_met_by_the_newest_of_the_directories(here: Path, python: Interpreter) -> None:
    put(
        "build/My_Name-1-py3-none-any.whl",
        "more/my_name-3-py3-none-any.whl",
        "more/my_name-4rc1-py3-none-any.whl",
    )
    assert chosen(python, "my-name==1") == ["build/My_Name-1-py3-none-any.whl"]
    assert chosen(python, "my.name", "-f", "more") == ["more/my_name-4rc1-py3-none-any.whl"]
    assert chosen(python, "my.name<4", "-f", "more") == ["more/my_name-3-py3-none-any.whl"]


def test_of_one_version_the_tags_decide(here: Path, python: Interpreter) -> None:
    fitting = f"dist/a-1-{_TAG}-{_TAG}-{python.platforms[0]}.whl"
    put("dist/a-1-cp27-cp27mu-linux_x86_64.whl", fitting, "dist/a-1-py3-none-any.whl")
    assert chosen(python, *map(str, Path("dist").glob("*.whl"))) == [fitting]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "build: holds no wheel"),
        (["./dist/*.whl"], r"\./dist/\*\.whl: no such wheel"),
        (["six==1.17"], "no wheel of it in build"),
    ],
)
def test_what_is_not_there_is_refused(here: Path, python: Interpreter, words: list[str], says: str) -> None:
    with pytest.raises(RefusedInput) as caught:
        chosen(python, *words)
    assert caught.match(says)
    assert "%pyproject_wheel" in caught.value.hint


def test_what_is_no_requirement_is_refused(here: Path, python: Interpreter) -> None:
    with pytest.raises(UsageError, match="neither a wheel nor a requirement"):
        chosen(python, "six=1")

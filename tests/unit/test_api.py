"""The public API: every name is there, typed, documented, and imported only when it is used."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import truewheel
from tests.faults.support import files
from tests.wheelbuilder import WheelBuilder

SOURCE = Path(truewheel.__file__)
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.parametrize("name", truewheel.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(truewheel, name) is not None


def test_every_name_is_documented_and_nothing_else() -> None:
    cells = re.findall(r"^\| (`.*?) \|", DOCS.read_text(), re.M)
    named = [name for cell in cells for name in re.findall(r"`(\w+)(?:\([^`]*\))?`", cell)]
    assert sorted(named) == sorted(truewheel.__all__)


def test_every_class_and_function_has_a_docstring() -> None:
    for name in truewheel.__all__:
        assert name == "__version__" or getattr(truewheel, name).__doc__


def test_type_checkers_see_the_names_that_there_are() -> None:
    (checked,) = (node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If))
    imported = {
        (node.module, alias.name)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {
        (f"truewheel.{module}", name) for module, names in truewheel._HOMES.items() for name in names.split()
    }
    assert imported == homes
    assert {name for _, name in homes} | {"__version__"} == set(truewheel.__all__)
    assert SOURCE.with_name("py.typed").exists()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'truewheel' has no attribute 'instal'"):
        truewheel.instal  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    script = (
        "import sys; before = set(sys.modules); import truewheel; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["truewheel"]


def test_the_example_of_the_documentation_installs(
    tmp_path: Path,
    wheel_builder: WheelBuilder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    example = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.S)
    assert example
    wheel = wheel_builder.build(files={"demo/__init__.py": "", "demo/bad.py": "=\n"})
    wheel.rename(tmp_path / wheel.name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    exec(example[1].replace("/usr/bin/python3", sys.executable), {})
    assert "demo/bad.py SyntaxError" in capsys.readouterr().out
    assert any(path.endswith("demo/__init__.py") for path in files(tmp_path / "buildroot"))
    assert sorted(os.listdir(tmp_path)) == ["buildroot", wheel.name, "wheels"]

"""What templates may name, and what becomes of bad ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.debian.sources import flavor, layout
from truewheel.debian.model import PythonVersion, render, render_command
from truewheel.errors import UsageError


def test_templates(tmp_path: Path) -> None:
    where = layout(tmp_path)
    names = "dir destdir build_dir home_dir install_dir package version version.major interpreter"
    home = f"{tmp_path}/.pybuild/cpython3_3.11_demo"
    text = " ".join(f"{{{name}}}" for name in names.split())
    assert render(text, where.variables(), "X").split() == [
        str(tmp_path),
        f"{tmp_path}/debian/python3-demo",
        f"{home}/build",
        home,
        "/usr/lib/python3.11/dist-packages",
        "python3-demo",
        "3.11",
        "3",
        "python3.11",
    ]
    assert render("{test_dir}", where.variables(), "X") == f"{where.destdir}{where.install_dir}"


def test_a_name_that_there_is_not(tmp_path: Path) -> None:
    for bad in ("{nothing}", "{version.patch}", "{", "{0}"):
        with pytest.raises(UsageError, match="PYBUILD_AFTER_TEST: cannot be filled in") as refused:
            render(bad, layout(tmp_path / bad.strip("{}")).variables(), "PYBUILD_AFTER_TEST")
        assert "{build_dir}" in refused.value.hint


def test_arguments_may_name_directories_and_directories_are_quoted(tmp_path: Path) -> None:
    where = replace(layout(tmp_path / "a b"), args="{build_dir}/x -k '{{y}}'")
    command = render_command("cd {build_dir}; {interpreter} -m pytest {args}", where, "X")
    build = where.build_dir
    assert command == f"cd '{build}'; python3.11 -m pytest {build}/x -k '{{y}}'"


def test_interpreters() -> None:
    default, other = flavor().python, flavor("3.12", default=False).python
    assert (default.binary, default.binary_dv) == ("/usr/bin/python3.11", "/usr/bin/python3")
    assert (other.binary, other.binary_dv) == ("/usr/bin/python3.12", "/usr/bin/python3.12")
    debug = flavor(template="python{version}-dbg").python
    assert (str(debug), debug.binary_dv) == ("python3.11-dbg", "/usr/bin/python3-dbg")
    assert (default.include_dir, debug.include_dir) == ("/usr/include/python3.11", "/usr/include/python3.11d")


@pytest.mark.parametrize("text", ["3", "python", "3.x", "3.11.2", "²"])
def test_no_version(text: str) -> None:
    with pytest.raises(UsageError, match="no version of Python"):
        PythonVersion.parse(text)

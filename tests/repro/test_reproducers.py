"""Published cases of bytecode that depends on what was compiled before: here it does not.

Stock Python is shown to have the defect, so that the cases are known to be able to fail.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.pythons import available_pythons
from tests.registry import wheel
from tests.repro.runs import Surroundings, minor, targets, truewheel

pytestmark = pytest.mark.slow

# https://github.com/python/cpython/issues/129724
SAME_SET_TWICE = b'a = {"foo", 2, 3}\n\ndef f():\n    b = {"foo", 2, 3}\n'
IMPORTS_FOO = b"import foo\n"
# https://github.com/python/cpython/issues/92132 and /124924, https://github.com/astral-sh/uv/issues/10619
CASES = ["same_set_twice.py", "json/decoder.py", "ftplib.py", "sampling/test_sampling.py"]
OTHERS = 40

# Compiles the file named last as py_compile does, after the others and with their code still alive.
STOCK = """
import marshal, sys
def code(path):
    with open(path, "rb") as file:
        return compile(file.read(), "/m.py", "exec", dont_inherit=True, optimize=0)
alive = [code(path) for path in sys.argv[1:-1]]
sys.stdout.buffer.write(marshal.dumps(code(sys.argv[-1])))
"""


@pytest.fixture(scope="module", params=targets())
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, target: str) -> Iterator[Path]:
    """A root with the cases and other files of the target's standard library in /usr/lib/cases."""
    root = tmp_path_factory.mktemp("sources")
    directory = root / "usr/lib/cases"
    ask = "import sysconfig; print(sysconfig.get_paths()['stdlib'])"
    stdlib = Path(subprocess.check_output([available_pythons()[target], "-c", ask], text=True).strip())
    others = [path for path in sorted(stdlib.glob("*.py")) if path.stat().st_size < 60_000][:OTHERS]
    for path in [*others, stdlib / "json/decoder.py", stdlib / "ftplib.py"]:
        copy = directory / path.relative_to(stdlib)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    (directory / "same_set_twice.py").write_bytes(SAME_SET_TWICE)
    # bigger files are compiled first
    (directory / "imports_foo.py").write_bytes(IMPORTS_FOO + b"#" * 200_000)
    _extract(
        wheel("scipy", "3.11"), "scipy/stats/tests/test_sampling.py", directory / "sampling/test_sampling.py"
    )
    yield root
    shutil.rmtree(root)


def _extract(archive: Path, name: str, path: Path) -> None:
    path.parent.mkdir()
    with zipfile.ZipFile(archive) as opened:
        path.write_bytes(opened.read(name))


def compiled(
    sources: Path, place: Path, target: str, names: list[str], around: Surroundings
) -> dict[str, bytes]:
    """Copy these sources below a new root, and return their pycs by path."""
    directory = place / "usr/lib/cases"
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sources / "usr/lib/cases" / name, directory / name)
    python = available_pythons()[target]
    arguments = ["--python", python, "--scheme", "fedora", "--errors", "fail", "--root", place]
    truewheel(around, "compile", *arguments, "/usr/lib/cases")
    made = {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*.pyc")}
    shutil.rmtree(place)
    return made


def names_below(sources: Path) -> list[str]:
    directory = sources / "usr/lib/cases"
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*.py"))


def assert_same(alone: Mapping[str, bytes], amid: Mapping[str, bytes]) -> None:
    assert alone
    assert [name for name, content in alone.items() if amid[name] != content] == []


@pytest.fixture(scope="module")
def alone(sources: Path, target: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The pycs of each case, made by a run of its own."""
    place = tmp_path_factory.mktemp("alone") / "root"
    made: dict[str, bytes] = {}
    for case in CASES:
        made |= compiled(sources, place, target, [case], Surroundings())
    assert len(made) == 2 * len(CASES)
    return made


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("seed", ["0", "random"])
def test_amid_others(
    sources: Path, alone: dict[str, bytes], tmp_path: Path, target: str, jobs: str, seed: str
) -> None:
    around = Surroundings({"PYTHONHASHSEED": seed}, options=("--jobs", jobs))
    everything = names_below(sources)
    assert len(everything) > OTHERS
    assert_same(alone, compiled(sources, tmp_path / "root", target, everything, around))


def test_after_an_import_of_the_name(
    sources: Path, alone: dict[str, bytes], tmp_path: Path, target: str
) -> None:
    names = ["same_set_twice.py", "imports_foo.py"]
    made = compiled(sources, tmp_path / "root", target, names, Surroundings(options=("--jobs", "1")))
    mine = {name: content for name, content in alone.items() if "same_set" in name}
    assert_same(mine, made)


def test_after_each_other(sources: Path, alone: dict[str, bytes], tmp_path: Path, target: str) -> None:
    made = compiled(sources, tmp_path / "root", target, CASES, Surroundings(options=("--jobs", "1")))
    assert made == alone


def test_stock_python_fails_this(sources: Path, target: str) -> None:
    python = available_pythons()[target]
    directory = sources / "usr/lib/cases"

    def stock(*names: str) -> bytes:
        command = [str(python), "-s", "-S", "-B", "-c", STOCK, *[str(directory / name) for name in names]]
        return subprocess.check_output(command, env={"PYTHONHASHSEED": "0"})

    before = {"ftplib.py": "ftplib.py", "sampling/test_sampling.py": "sampling/test_sampling.py"}
    if target != "debian" and minor(target) >= (3, 9):
        before["same_set_twice.py"] = "imports_foo.py"
    for case, first in before.items():
        assert stock(case) == stock(case)
        assert stock(first, case) != stock(case), case

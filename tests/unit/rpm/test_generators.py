"""Dependencies of installed projects: what provides and requires say, markers, extras, defects."""

from __future__ import annotations

import io
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from truewheel.cli.main import main
from truewheel.rpm.generators import FAILED
from truewheel.rpm.installed_dist import read_dist

_LIMITED = pytest.mark.skipif(
    not hasattr(sys, "get_int_max_str_digits"), reason="needs a Python that limits int()"
)

_METADATA = """Metadata-Version: 2.1
Name: A_Project.x
Version: 1.20.0rc1
Provides-Extra: Foo_Bar
Provides-Extra: all
Requires-Dist: plain
Requires-Dist: Two>=1.0
Requires-Dist: two<2,!=1.5.*
Requires-Dist: old; python_version < "3.9"
Requires-Dist: new>1; python_full_version >= "3.9"
Requires-Dist: withextra[B,a]~=1.4
Requires-Dist: only-bar; extra == "foo-bar"
Requires-Dist: never; extra == "foo-bar" and sys_platform == "win32"
Requires-Dist: A_Project.x[foo_bar]; extra == "all"
"""


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    return _dist(tmp_path, "3.11", _METADATA)


def _dist(root: Path, python: str, metadata: str) -> Path:
    directory = root / f"usr/lib/python{python}/site-packages/A_Project.x-1.20rc1.dist-info"
    directory.mkdir(parents=True)
    (directory / "METADATA").write_text(metadata)
    return directory


def _lines(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_provides(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = ["python3.11dist(a-project-x) = 1.20~rc1", "python3dist(a-project-x) = 1.20~rc1"]
    assert _lines(capsys, "provides", dist) == both
    assert _lines(capsys, "provides", "--main-python", "3.11", dist) == both
    assert _lines(capsys, "provides", "--main-python", "3.13", dist) == both[:1]


def test_requires(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _lines(capsys, "requires", "run", dist) == [
        "python(abi) = 3.11",
        "python3.11dist(new) > 1.0",
        "python3.11dist(plain)",
        "((python3.11dist(two) < 1.5~~ or python3.11dist(two) >= 1.6) with python3.11dist(two) < 2~~ "
        "with python3.11dist(two) >= 1)",
        "(python3.11dist(withextra) >= 1.4 with python3.11dist(withextra) < 2)",
        "(python3.11dist(withextra[a]) >= 1.4 with python3.11dist(withextra[a]) < 2)",
        "(python3.11dist(withextra[b]) >= 1.4 with python3.11dist(withextra[b]) < 2)",
    ]
    assert not any("[" in line for line in _lines(capsys, "requires", "run", "--no-extras", dist))


def test_markers_are_those_of_the_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = _lines(capsys, "requires", "run", _dist(tmp_path, "3.8", _METADATA))
    assert "python3.8dist(old)" in lines
    assert not any("(new)" in line for line in lines)


def test_extra_by_the_packages_name(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = ("--package-name", "python3-x+foo-bar")
    assert _lines(capsys, "requires", "run", *package, dist) == [
        "python(abi) = 3.11",
        "python3.11dist(only-bar)",
    ]
    assert _lines(capsys, "provides", *package, dist)[0] == "python3.11dist(a-project-x[foo-bar]) = 1.20~rc1"
    assert _lines(capsys, "requires", "run", "--package-name", "x+all", dist)[1:] == [
        "python3.11dist(a-project-x)",
        "python3.11dist(a-project-x[foo_bar])",
    ]
    # names such as notepad+ and c++ stand for no extra
    assert len(_lines(capsys, "requires", "run", "--package-name", "c++", dist)) == 7


def test_extra_that_is_not_there(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["provides"], ["requires", "run"]):
        assert main([*command, "--package-name", "x+gone", str(dist)]) == 1
        captured = capsys.readouterr()
        assert "has no extra 'gone'" in captured.err
        assert "all, Foo_Bar" in captured.err or "Foo_Bar, all" in captured.err
        assert "***" in captured.out  # rpm before 4.20 goes on after a failure, but takes no such dependency


def test_paths_on_standard_input(
    dist: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{dist}/\n{dist}/METADATA\n{dist.parent}/module.py\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert len(_lines(capsys, "provides")) == 2


def test_egg_info(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "usr/lib64/python3.12/site-packages/e-2-py3.12.egg-info"
    directory.mkdir(parents=True)
    (directory / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: e\nVersion: 2\n")
    (directory / "requires.txt").write_text("dep>=1\n\n[x]\nother\n")
    assert _lines(capsys, "requires", "run", directory) == ["python(abi) = 3.12", "python3.12dist(dep) >= 1"]
    flat = directory.with_name("f-0.0.egg-info")
    flat.write_text("Metadata-Version: 1.0\nName: f\nVersion: 0.0\n")
    assert _lines(capsys, "provides", flat)[0] == "python3.12dist(f) = 0"
    assert main(["provides", "--refuse-zero", str(flat)]) == 1
    assert "SETUPTOOLS_SCM_PRETEND_VERSION" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("", "no Name"),
        ("Version: 1\n", "no Name"),
        ("Name: x\n Provides: everything\nVersion: 1\n", "has the Name 'x Provides: everything'"),
        (f"Name: x\nVersion: {'1' * 4301}\n", "has the version '111"),
        ("Name: x\n", "version ''"),
        ("Name: x\nVersion: 1.x\n", "version '1.x'"),
        ("Name: x\nVersion: 1\nRequires-Dist: a b\n", "'a b' is not a requirement"),
        ("Name: x\nVersion: 1\nRequires-Dist: a===x y\n", "not a requirement"),
        ("Name: x\nVersion: 1\nRequires-Dist: a===x\n", "no counterpart"),
        ("Name: x\nVersion: 1\nRequires-Dist: a===1.*\n", "no counterpart"),
        ("Name: x\nVersion: 1\nRequires-Dist: a; python_version ~= '3'\n", "marker of"),
        ("Name: x\nVersion: 1\nRequires-Dist: a; 'a'=='b'\n", "marker of"),
        (
            f"Name: x\nVersion: 1\nRequires-Dist: a; {'(' * 3000}os_name=='x'{')' * 3000}\n",
            "not a requirement",
        ),
        pytest.param(
            f"Name: x\nVersion: {'9' * 4301}\n", "has the version", marks=_LIMITED, id="digits of the version"
        ),
        pytest.param(
            f"Name: x\nVersion: 1\nRequires-Dist: a>={'9' * 4301}\n", "", marks=_LIMITED, id="digits required"
        ),
        pytest.param(
            f"Name: x\nVersion: 1\nRequires-Dist: a~={'9' * 4300}.1\n",
            "no counterpart",
            marks=_LIMITED,
            id="digits of the next version",
        ),
    ],
)
def test_defects_of_the_metadata(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], metadata: str, message: str
) -> None:
    assert main(["requires", "run", str(_dist(tmp_path, "3.11", metadata))]) == 1
    captured = capsys.readouterr()
    assert message in captured.err and "A_Project.x-1.20rc1.dist-info" in captured.err
    assert len(captured.err.splitlines()) == 1 and len(captured.err) < 1000
    assert captured.out == f"{FAILED}\n"


def test_metadata_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = _dist(tmp_path, "3.11", _METADATA)
    (directory / "METADATA").write_bytes(_METADATA.encode() + b"Author: \xff\n")
    flat = directory.with_name("f-1.egg-info")
    flat.symlink_to(flat.name)
    for path, status in ((directory, 1), (flat, 1), (directory.with_name("gone-1.dist-info"), 2)):
        for command in (["provides"], ["requires", "run"]):
            assert main([*command, str(path)]) == status
            captured = capsys.readouterr()
            assert str(path) in captured.err and len(captured.err.splitlines()) == 1
            assert captured.out == f"{FAILED}\n"


def test_a_defect_of_ours_makes_rpm_fail_too(
    dist: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: str) -> object:
        raise MemoryError

    monkeypatch.setattr("truewheel.rpm.generators.read_dist", broken)
    assert main(["provides", str(dist)]) == 2
    assert capsys.readouterr().out == f"{FAILED}\n"


def test_metadata_that_is_not_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = _dist(tmp_path, "3.11", "")
    (directory / "METADATA").write_bytes(b"Name: x\nVersion: 1\nAuthor: J\xfcrgen\n")
    assert main(["provides", str(directory)]) == 1
    assert "METADATA: is not UTF-8" in capsys.readouterr().err


REQUIRES_TXT = """plain>=1
url @ https://example.org/url.zip

[x]
for-x

[:python_version < "4" or os_name == "nt"]
marked

[y:sys_platform != "win32" or os_name == "nt"]
both[extra]~=2.0
"""


def test_requirements_of_an_egg_are_those_that_importlib_finds(tmp_path: Path) -> None:
    directory = tmp_path / "usr/lib/python3.11/site-packages/e-2.egg-info"
    directory.mkdir(parents=True)
    (directory / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: e\nVersion: 2\n")
    (directory / "requires.txt").write_text(REQUIRES_TXT)
    expected = [Requirement(text) for text in PathDistribution(directory).requires or ()]
    assert len(expected) == 5
    assert [Requirement(text) for text in read_dist(str(directory)).requirement_texts] == expected


def test_metadata_outside_of_a_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x-1.dist-info").mkdir()
    assert main(["requires", "run", str(tmp_path / "x-1.dist-info")]) == 1
    assert "lib/pythonX.Y/" in capsys.readouterr().err

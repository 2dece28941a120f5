"""Requirements of Python as rpm dependencies: words, extras, overrides, files, groups, passes."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from truewheel.cli.main import main
from truewheel.errors import RefusedInput, UsageError
from truewheel.overrides import Override, overridden, parse_override
from truewheel.project.pyproject import build_system, group_requirements, load_pyproject, project_table
from truewheel.project.requirements_file import read_requirements_file
from truewheel.rpm.buildrequires import BuildRequiresRequest, build_requires
from truewheel.rpm.dependency import rpm_capabilities, rpm_version
from truewheel.rpm.packages import PythonPackages, read_packages
from truewheel.rpm.requirements import PassEnded, Requirements, Wording

_MARKERS = {"python_version": "3.12", "sys_platform": "linux", "platform_machine": "x86_64"}

# a backend in the project itself, so that no test depends on what is installed
_BACKEND = """
import os, pathlib, zipfile

METADATA = pathlib.Path("METADATA.in").read_text()

def get_requires_for_build_wheel(config_settings=None):
    print("noise on stdout")
    return (config_settings or {}).get("needs", [])

def prepare_metadata_for_build_wheel(directory, config_settings=None):
    made = pathlib.Path(directory, "p-1.dist-info")
    made.mkdir()
    made.joinpath("METADATA").write_text(METADATA)
    return made.name

def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(os.path.join(directory, "p-1-py3-none-any.whl"), "w") as archive:
        archive.writestr("p-1.dist-info/METADATA", METADATA)
    return "p-1-py3-none-any.whl"
"""
_PYPROJECT = """
[build-system]
requires = ["base"]
build-backend = "backend"
backend-path = ["."]
"""
_METADATA = """Metadata-Version: 2.1
Name: P_1
Version: 1
Provides-Extra: test
Requires-Dist: run>=1.0
Requires-Dist: P.1[other]; extra == "test"
Requires-Dist: t; extra == "test"
Requires-Dist: o; extra == "other"
Provides-Extra: other
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "pyproject.toml").write_text(_PYPROJECT)
    (directory / "backend.py").write_text(_BACKEND)
    (directory / "METADATA.in").write_text(_METADATA)
    return directory


def _request(project: Path, **kwargs: object) -> BuildRequiresRequest:
    return BuildRequiresRequest(python=sys.executable, project=project, **kwargs)  # type: ignore[arg-type]


def _lines(request: BuildRequiresRequest, *installed: str) -> list[str]:
    packages = PythonPackages(_MARKERS, dict.fromkeys(installed, "5") | {"pip": "20"})
    return build_requires(request, os.environ, lambda line: None, packages)


def _capability(requirement: str) -> str:
    return rpm_capabilities("n", (), SpecifierSet(requirement), "3", False)[0]


@pytest.mark.parametrize(
    ("python", "rpm"),
    [
        ("1", "1"),
        ("1.0.0", "1"),
        ("0.0", "0"),
        ("1.10", "1.10"),
        ("2!1.0", "2:1"),
        ("1.0a1", "1~a1"),
        ("1.0rc2.dev3", "1~rc2"),
        ("1.0rc0", "1~rc0"),
        ("1.0.dev4", "1~~dev4"),
        ("1.0.dev0", "1~~dev0"),
        ("1.0.post1", "1^post1"),
        ("1.0.post0", "1^post0"),
        ("1.0.post1.dev2", "1~~dev2"),
        ("1.0+cpu", "1"),
    ],
)
def test_versions(python: str, rpm: str) -> None:
    assert rpm_version(Version(python)) == rpm


@pytest.mark.parametrize(
    ("clause", "rpm"),
    [
        ("", "N"),
        (">=1.2", "N >= 1.2"),
        (">=1!2", "N >= 1:2"),
        ("<=1.2.0", "N <= 1.2"),
        ("<2", "N < 2~~"),
        ("<2.dev0", "N < 2~~dev0"),
        ("<2rc1", "N < 2~rc1"),
        (">2", "N > 2.0"),
        (">2.post1", "N > 2^post1"),
        ("==1.0+cpu", "N = 1"),
        ("===1.0", "N = 1"),
        ("!=1.5", "(N < 1.5 or N > 1.5)"),
        ("!=1.5.*", "(N < 1.5~~ or N >= 1.6)"),
        ("==1.*", "(N >= 1 with N < 2)"),
        ("==0.*", "(N >= 0 with N < 1)"),
        ("==1.0.*", "(N >= 1 with N < 1.1)"),
        ("~=1.4", "(N >= 1.4 with N < 2)"),
        ("~=1.4.0", "(N >= 1.4 with N < 1.5)"),
        ("~=1!1.4rc1", "(N >= 1:1.4~rc1 with N < 1:2)"),
        (">=1,<2", "(N < 2~~ with N >= 1)"),
        (">1,!=1.5,~=1.4", "((N < 1.5 or N > 1.5) with N > 1.0 with (N >= 1.4 with N < 2))"),
    ],
)
def test_clauses(clause: str, rpm: str) -> None:
    assert _capability(clause) == rpm.replace("N", "python3dist(n)")


def test_a_clause_rpm_cannot_say() -> None:
    with pytest.raises(RefusedInput, match="no counterpart"):
        _capability("===what.ever!")


def test_names_and_extras() -> None:
    found = rpm_capabilities("Foo._Bar", {"B_c", "a"}, SpecifierSet(">1"), "3.12", True)
    assert found == [f"python3.12dist(foo-bar{extra}) > 1.0" for extra in ("", "[b_c]", "[a]")]
    assert rpm_capabilities("x", {"a"}, SpecifierSet(), "3", False) == ["python3dist(x)"]


@pytest.mark.parametrize(
    ("override", "before", "after"),
    [
        ("n:drop_upper", ">=1,<2,!=1.5", "!=1.5,>=1"),
        ("n:drop_upper", "==1.2", ">=1.2"),
        ("n:drop_upper", "~=1.2", ">=1.2"),
        ("n:drop_upper", "==1.*", ""),
        ("n:drop_upper", "===1", ""),
        ("n:drop_lower", ">1,<=2,!=1.*", "!=1.*,<=2"),
        ("n:drop_lower", "==1.2", "<=1.2"),
        ("n:drop_lower", "~=1.2", ""),
        ("n:drop_constraints", ">=1,!=2", ""),
        ("n:set_upper:3", "==1.2", "<3,>=1.2"),
        ("n:set_lower:0.5", ">=1,<2", "<2,>=0.5"),
        ("n:ignore", ">=1", ">=1"),
    ],
)
def test_overrides(override: str, before: str, after: str) -> None:
    assert str(overridden(SpecifierSet(before), [parse_override(override)])) == after


def test_override_fields() -> None:
    assert parse_override(" My_Pkg : set_upper : 2.0 : br_only") == Override(
        "my-pkg", "set_upper", "2.0", True
    )


@pytest.mark.parametrize(
    "text",
    ["", "n", ":ignore", "n:br_only", "n:no", "n:set_upper", "n:ignore:1", "n:set_lower:x!", "n:ignore:1:2"],
)
def test_malformed_overrides(text: str) -> None:
    with pytest.raises(RefusedInput):
        parse_override(text)


def test_markers_are_those_of_the_target() -> None:
    requirements = Requirements(PythonPackages(_MARKERS, {}), lambda line: None)
    requirements.add(["a; python_version < '3.12'", "b; python_version >= '3.12'"], "test")
    assert requirements.lines == ["python3dist(b)"]


def test_extras_count_in_hindsight_and_by_any_spelling() -> None:
    requirements = Requirements(PythonPackages(_MARKERS, {}), lambda line: None)
    requirements.add(["late; extra == 'a_b'"], "test")
    requirements.add(["own"], "test", extra="A.B")
    assert requirements.lines == []
    requirements.want_extras(["A--b"])
    assert requirements.lines == ["python3dist(late)", "python3dist(own)"]


def test_unknown_extras_are_refused_or_warned_of() -> None:
    log: list[str] = []
    requirements = Requirements(PythonPackages(_MARKERS, {}), log.append)
    requirements.want_extras(["maybe"], strict=False)
    requirements.check_extras()
    assert log == ["WARNING: Extra 'maybe' not found in project metadata. It has: none."]
    requirements.want_extras(["must"])
    with pytest.raises(RefusedInput, match="has no extra 'must'"):
        requirements.check_extras()


@pytest.mark.parametrize(
    ("requirement", "installed", "ends"),
    [
        ("a", "1", False),
        ("a>1", "1", True),
        ("a", "1rc1", False),
        ("a>=1", "not a version", True),
        ("b", "1", True),
        ("A", "1", False),
    ],
)
def test_a_pass_ends_at_what_is_not_installed(requirement: str, installed: str, ends: bool) -> None:
    requirements = Requirements(PythonPackages(_MARKERS, {"a": installed}), lambda line: None)
    requirements.add([requirement], "test")
    if ends:
        with pytest.raises(PassEnded):
            requirements.end_pass_if_missing("test")
    else:
        requirements.end_pass_if_missing("test")


@pytest.mark.parametrize("text", ["./here", "https://host/x.zip", "a b", "foo @", "a=1"])
def test_invalid_requirements(text: str) -> None:
    requirements = Requirements(PythonPackages(_MARKERS, {}), lambda line: None)
    with pytest.raises(RefusedInput, match="is not a requirement"):
        requirements.add([text], "test")


@pytest.mark.parametrize(
    "text",
    [
        "bar; python_version ~= '3'",
        "bar; 'a' == 'b'",
        "bar; python_version < 'x.y'",
        f"bar; python_version < '{'9' * 4301}'",
        f"bar >= {'9' * 4301}",
        f"bar ~= {'9' * 4300}.1",
        f"bar; {'(' * 3000}python_version > '1'{')' * 3000}",
        "bar ===1.*",
    ],
)
def test_requirements_that_packaging_cannot_judge_are_refused(text: str) -> None:
    requirements = Requirements(PythonPackages(_MARKERS, {"bar": "1"}), lambda line: None)
    try:
        requirements.add([text], "the list")
    except RefusedInput as error:
        assert len(str(error)) < 500
    else:  # some releases of packaging and Python give it a meaning
        assert len(requirements.lines) < 2


@pytest.mark.parametrize("version", ["not a version", "9" * 4301])
def test_an_installed_version_that_cannot_be_compared_does_not_satisfy(version: str) -> None:
    requirements = Requirements(PythonPackages(_MARKERS, {"bar": version}), lambda line: None)
    requirements.add(["bar >= 1"], "the list")
    with pytest.raises(PassEnded):
        requirements.end_pass_if_missing("the list")


def test_requirements_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.txt").write_text(
        "a>=1  # why\n  # all comment \\\nb \\\n  <2\n\n${SET}${UNSET}\n-r sub/more.txt\n"
        "--requirement=sub/more.txt\ngit+https://h/x#egg=egg_1&y=2\nc#d\ne \\"
    )
    (tmp_path / "sub" / "more.txt").write_text("nested\n-r deep.txt\n")
    (tmp_path / "sub" / "deep.txt").write_text("deep")
    assert read_requirements_file(tmp_path / "main.txt", {"SET": "set"}) == [
        "a>=1",
        "b   <2",
        "set${UNSET}",
        *["nested", "deep"] * 2,
        "egg_1@git+https://h/x#egg=egg_1&y=2",
        "c#d",
        "e",
    ]


@pytest.mark.parametrize(
    "text",
    ["-c limits.txt", "-e .", "--index-url https://h", "a==1 --hash=sha256:00", "-r itself.txt", "-r gone"],
)
def test_refused_requirements_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "itself.txt").write_text(f"{text}\n")
    with pytest.raises(RefusedInput):
        read_requirements_file(tmp_path / "itself.txt", {})


def test_dependency_groups() -> None:
    data = {"dependency-groups": {"A_b": ["x", {"include-group": "c"}], "c": ["y"], "loop": [], "odd": [1]}}
    assert group_requirements(data, "a.B") == ["x", "y"]
    assert group_requirements(data, "loop") == []
    data["dependency-groups"]["loop"] = [{"include-group": "Loop"}]
    deep = {f"g{number}": [{"include-group": f"g{number + 1}"}] for number in range(3000)}
    with pytest.raises(RefusedInput, match="includes too deeply"):
        group_requirements({"dependency-groups": deep}, "g0")
    for group in ("loop", "odd", "gone"):
        with pytest.raises(RefusedInput):
            group_requirements(data, group)
    with pytest.raises(RefusedInput, match="two dependency groups"):
        group_requirements({"dependency-groups": {"a-b": [], "a_b": []}}, "a-b")


@pytest.mark.parametrize(
    "data",
    [
        {"build-system": 1},
        {"build-system": {"requires": "x"}},
        {"build-system": {"requires": [1]}},
        {"build-system": {"build-backend": []}},
    ],
)
def test_malformed_build_system(data: dict[str, object]) -> None:
    with pytest.raises(RefusedInput):
        build_system(data)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"dependencies": []},
        {"name": "x", "dynamic": ["dependencies"]},
        {"name": "x", "dependencies": "y"},
    ],
)
def test_unreadable_project_table(table: dict[str, object]) -> None:
    with pytest.raises(RefusedInput):
        project_table({"project": table})


def test_broken_toml(tmp_path: Path) -> None:
    assert load_pyproject(tmp_path) == {}
    (tmp_path / "pyproject.toml").write_text("[")
    with pytest.raises(RefusedInput, match="is not TOML"):
        load_pyproject(tmp_path)
    (tmp_path / "pyproject.toml").write_bytes(b'a = "\xff"')
    with pytest.raises(RefusedInput, match="is not UTF-8"):
        load_pyproject(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f"a = {'[' * 50_000}{']' * 50_000}")
    with pytest.raises(RefusedInput, match="nested too deeply"):
        load_pyproject(tmp_path)
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(RefusedInput, match="not a regular file"):
        load_pyproject(tmp_path)


def test_passes(project: Path) -> None:
    settings = {"needs": ["more<9", "less"]}
    request = _request(project, settings=settings)
    assert _lines(request) == ["python3dist(base)"]
    second = ["python3dist(base)", "python3dist(less)", "python3dist(more) < 9~~"]
    assert _lines(request, "base") == second
    assert _lines(request, "base", "more", "less") == [*second, "python3dist(run) >= 1"]


def test_extras_of_the_project_itself(project: Path) -> None:
    found = _lines(_request(project, extras=("Test",)), "base")
    assert found == ["python3dist(base)", "python3dist(run) >= 1", "python3dist(t)", "python3dist(o)"]


def test_a_wheel_is_built_once(project: Path, tmp_path: Path) -> None:
    request = _request(project, from_wheel=True, wheeldir=tmp_path / "wheels")
    expected = ["python3dist(base)", "python3dist(pip) >= 19", "python3dist(run) >= 1"]
    assert _lines(request, "base", "pip") == expected
    (project / "METADATA.in").write_text("Name: changed\n")
    assert _lines(request, "base", "pip") == [expected[0], expected[2]]
    (tmp_path / "wheels" / "q-1-py3-none-any.whl").touch()
    with pytest.raises(RefusedInput, match="has 2 wheels"):
        _lines(request, "base", "pip")


@pytest.mark.parametrize("from_wheel", [False, True])
def test_metadata_that_is_not_utf_8_is_refused(project: Path, tmp_path: Path, from_wheel: bool) -> None:
    backend = project / "backend.py"
    backend.write_text(
        backend.read_text().replace(".read_text()", ".read_bytes()").replace("write_text", "write_bytes")
    )
    (project / "METADATA.in").write_bytes(b"Name: p\nAuthor: J\xfcrgen\n")
    request = _request(project, from_wheel=from_wheel, wheeldir=tmp_path / "wheels" if from_wheel else None)
    with pytest.raises(RefusedInput, match="is not UTF-8"):
        _lines(request, "base", "pip")


def test_a_wheel_that_is_no_archive_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/p-1-py3-none-any.whl").write_text("<html>")
    with pytest.raises(RefusedInput, match="cannot be unpacked"):
        _lines(_request(project, from_wheel=True, wheeldir=tmp_path / "wheels"), "base", "pip")


@pytest.mark.parametrize("content", [b"Name: \xff\n", None])
def test_metadata_of_a_backend_that_cannot_be_read(project: Path, content: bytes | None) -> None:
    body = f"open(made + '/METADATA', 'wb').write({content!r})" if content else "pass"
    hook = "prepare_metadata_for_build_wheel"
    (project / "backend.py").write_text(
        f"import os\n\ndef {hook}(directory, settings=None):\n    made = directory + '/q-1.dist-info'\n"
        f"    os.mkdir(made)\n    {body}\n    return 'q-1.dist-info'\n"
    )
    with pytest.raises(RefusedInput, match="METADATA of the build backend") as caught:
        _lines(_request(project), "base")
    assert ("not UTF-8" if content else "cannot be read") in caught.value.message


@pytest.mark.parametrize("damage", [b"no archive", b"Name: \xff\n"])
def test_a_wheel_that_cannot_be_read(project: Path, tmp_path: Path, damage: bytes) -> None:
    wheel = tmp_path / "wheels/q-1-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(damage)
    if damage.startswith(b"Name"):
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("q-1.dist-info/METADATA", damage)
    with pytest.raises(RefusedInput, match=r"q-1-py3-none-any\.whl"):
        _lines(_request(project, from_wheel=True, wheeldir=wheel.parent), "base")


def test_a_backend_without_the_metadata_hook(project: Path) -> None:
    (project / "backend.py").write_text("")
    with pytest.raises(RefusedInput, match="tells no metadata") as caught:
        _lines(_request(project), "base")
    assert "-p" in caught.value.hint and "-R" in caught.value.hint
    assert _lines(_request(project, runtime=False), "base") == ["python3dist(base)"]


@pytest.mark.parametrize(
    "contradiction",
    [
        {"use_backend": False},
        {"use_backend": False, "runtime": False, "toxenvs": ("py3",)},
        {"use_backend": False, "runtime": False, "settings": {"a": "b"}},
        {"runtime": False, "from_pyproject": True},
        {"from_wheel": True, "from_pyproject": True},
        {"from_wheel": True},
    ],
)
def test_contradictions(project: Path, contradiction: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        _lines(_request(project, **contradiction), "base", "pip")


def test_the_python_says_what_is_installed() -> None:
    packages = read_packages(sys.executable, os.environ)
    assert packages.installed["pytest"] == pytest.__version__
    assert packages.markers["python_version"] == ".".join(map(str, sys.version_info[:2]))


def test_command(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    overrides = tmp_path / "overrides"
    overrides.write_text("run:drop_constraints\nbase:ignore:br_only\n")
    (project / "dev.txt").write_text("pytest\n")
    command = ["requires", "build", "-d", str(project), "--python", sys.executable, "dev.txt"]
    command += ["--dep-overrides-file", str(overrides), "--python3-pkgversion", "3.12"]
    assert main(command) == 0
    printed = capfd.readouterr()
    assert printed.out == "python3.12dist(pytest)\npython3.12dist(run)\n"
    assert "noise on stdout" in printed.err
    output = tmp_path / "out"
    assert main([*command, "--output", str(output)]) == 0
    assert output.read_text() == printed.out
    assert capfd.readouterr().out == ""


def test_overrides_are_checked_when_they_are_noted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "overrides"
    command = ["requires", "override", "--dep-overrides-file", str(file)]
    assert main([*command, "a:drop_upper"]) == 0
    assert main([*command, "b:set_lower:2:br_only"]) == 0
    assert main([*command, "a:drop_uper"]) == 1
    assert "a:drop_uper: has no known action" in capfd.readouterr().err
    assert file.read_text() == "a:drop_upper\nb:set_lower:2:br_only\n"
    assert main(["requires", "override", "a:ignore", "--dep-overrides-file", str(tmp_path)]) == 2


@pytest.mark.parametrize(
    ("options", "status"),
    [(["-x", "nope"], 1), (["-Rx", "test"], 2), (["-N", "-r"], 2), (["-g", "nope"], 1), (["-R", "-t"], 2)],
)
def test_refused_commands(
    project: Path, options: list[str], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(_PYPROJECT.replace('"base"', ""))
    assert main(["requires", "build", "-d", str(project), *options]) == status
    assert capfd.readouterr().err.splitlines()[-1].startswith("truewheel: error: ")


@pytest.mark.parametrize(("release", "status"), [("44", 0), ("45", 1), ("", 1)])
def test_old_releases_only_warn_of_extras(
    project: Path, release: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").write_text(_PYPROJECT.replace('"base"', ""))
    monkeypatch.setenv("FEDORA", release)
    assert main(["requires", "build", "-d", str(project), "-x", "nope"]) == status


def test_wording_of_extras(project: Path) -> None:
    (project / "r.txt").write_text("a[B]==1")
    request = _request(
        project,
        use_backend=False,
        runtime=False,
        requirement_files=(Path("r.txt"),),
        wording=Wording(extras=True),
    )
    assert _lines(request) == ["python3dist(a) = 1", "python3dist(a[b]) = 1"]

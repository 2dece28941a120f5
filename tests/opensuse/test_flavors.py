"""The steps of a flavor, on a root of the test's own, with the Python that runs the tests as the flavor."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.treehash import tree_hash
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.errors import InterpreterError, UsageError, WheelRefused
from truewheel.model import Interpreter
from truewheel.opensuse import flavors
from truewheel.opensuse.flavors import (
    Place,
    build_wheels,
    compile_flavor,
    finish,
    fix_scripts,
    flavor,
    install_wheels,
)
from truewheel.opensuse.pip_arguments import install_arguments, wheel_arguments

_NAME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_SITE = f"usr/lib/{_NAME}/site-packages"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """With a name of its own, as /usr/bin/python3 is to the flavor python3."""
    link = tmp_path_factory.mktemp("bin") / "python3"
    link.symlink_to(sys.executable)
    return flavor(str(link))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "root", tmp_path / "reports")


def installed(place: Place, python: Interpreter, *wheels: Path) -> Path:
    arguments = install_arguments([str(wheel) for wheel in wheels])
    install_wheels(arguments, [python], place.reports.parent / "build", place, {})
    (source,) = place.root.rglob("demo/__init__.py")
    return source.parent


def _digest(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def script(place: Place, name: str, first: str, mode: int = 0o755) -> Path:
    path = place.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{first}\nprint()\n")
    path.chmod(mode)
    return path


def test_a_wheel_is_built_once_for_all(place: Place, python: Interpreter, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "backend.py").write_text(
        "import pathlib, shutil\n"
        "def build_wheel(directory, settings=None, metadata=None):\n"
        "    path = pathlib.Path(directory, 'demo-1-py3-none-any.whl')\n"
        "    path.write_text(str(settings))\n"
        "    return path.name\n"
    )
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    )
    arguments = wheel_arguments(["-C", "a=b", str(project)])
    build, other, shared = (tmp_path / name for name in ("build", "other", "dist"))
    (wheel,) = build_wheels(arguments, python, build, shared, os.environ)
    assert wheel == build / "demo-1-py3-none-any.whl"
    assert (shared / wheel.name).read_text() == wheel.read_text() == "{'a': 'b'}"
    (project / "backend.py").unlink()
    (again,) = build_wheels(arguments, python, other, shared, os.environ)
    assert again.read_text() == wheel.read_text()


def test_the_second_install_replaces_scripts(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder
) -> None:
    script(place, "usr/bin/demo", "#!/usr/bin/python3.1")
    wheel = wheel_builder.build(
        files={"demo/__init__.py": ""}, entry_points="[console_scripts]\ndemo = demo:x\n"
    )
    installed(place, python, wheel)
    first = (place.root / "usr/bin/demo").read_text().splitlines()[0]
    assert first == f"#!{Path(python.command).with_name(_NAME)}"


def test_what_was_there_is_compiled_and_fixed_too(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder
) -> None:
    other = script(place, "usr/sbin/other", "#! /usr/bin/env python3 -u")
    site = place.root / _SITE
    site.mkdir(parents=True)
    (site / "there.py").write_text("x = 1\n")
    installed(place, python, wheel_builder.build(files={"demo/__init__.py": ""}))
    assert len(list((site / "__pycache__").glob("there.*.pyc"))) == 2
    assert other.read_text().startswith(f"#!{Path(python.command).with_name(_NAME)} -u\n")


def test_a_prefix_moves_everything_but_the_python(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    wheel = wheel_builder.build(
        files={"demo/__init__.py": ""}, entry_points="[console_scripts]\ndemo = demo:x\n"
    )
    arguments = install_arguments(["--prefix", "/opt/x", str(wheel)])
    install_wheels(arguments, [python], tmp_path / "build", place, {})
    (module,) = (place.root / f"opt/x/lib/{_NAME}").rglob("demo/__init__.py")
    assert not list(place.root.rglob("*.pyc")), "rpm would make the package depend on python(abi)"
    (record,) = module.parents[1].glob("*.dist-info/RECORD")
    assert ".pyc" not in record.read_text()
    first = (place.root / "opt/x/bin/demo").read_text().splitlines()[0]
    assert first == f"#!{Path(python.command).with_name(_NAME)}"
    module.write_text("edited = 1\n")
    (done,) = finish(place, {})
    assert (done.manifest, [Path(path).name for path in done.records]) == (None, ["RECORD"])
    assert f"demo/__init__.py,sha256={_digest(module)},11" in record.read_text().splitlines()
    assert list(finish(place, {})) == []


def test_a_named_wheel_is_copied_to_the_others(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    """Specs look for it there afterwards."""
    wheel = wheel_builder.build(files={"demo/__init__.py": ""})
    build = tmp_path / "build"
    for named in (wheel, build / wheel.name):
        install_wheels(install_arguments([str(named)]), [python], build, place, {})
        assert (build / wheel.name).read_bytes() == wheel.read_bytes()


def test_a_project_is_built_and_installed(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    wheel = wheel_builder.build(files={"demo/__init__.py": ""})
    project = tmp_path / "project"
    project.mkdir()
    (project / "backend.py").write_text(
        "import os, shutil\n"
        "def build_wheel(directory, settings=None, metadata=None):\n"
        "    assert settings == {'a': 'b'}\n"
        f"    return os.path.basename(shutil.copy({str(wheel)!r}, directory))\n"
    )
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    )
    arguments = install_arguments([f"{project}[extra]", "-Ca=b"])
    install_wheels(arguments, [python], tmp_path / "build", place, os.environ)
    assert list(place.root.rglob("demo/__init__.py"))
    with pytest.raises(UsageError, match="sub/nothing: is not the directory of a project"):
        install_wheels(install_arguments(["sub/nothing"]), [python], tmp_path, place, {})


def test_a_wheel_of_another_flavor_is_refused(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder
) -> None:
    wheel = wheel_builder.build(files={"demo/__init__.py": ""}, tags="cp27-cp27mu-linux_x86_64")
    with pytest.raises(WheelRefused, match=r"its tags cp27-cp27mu-linux_x86_64 do not fit"):
        installed(place, python, wheel)
    assert not place.root.exists()


def test_a_flavor_without_its_python() -> None:
    with pytest.raises(InterpreterError) as caught:
        flavor("/usr/bin/python3.99")
    assert str(caught.value) == (
        "/usr/bin/python3.99: is not there (BuildRequires: python399-base, or %define skip_python399 1)"
    )


def test_a_flavor_of_which_nothing_is_known() -> None:
    with pytest.raises(InterpreterError) as caught:
        flavor("%{__python316}")
    assert str(caught.value) == (
        "python316: nothing is known of this flavor: %{__python316} is not defined"
        " (take it out of %pythons, or install the macros that define it)"
    )


def test_a_flavor_whose_macros_are_not_ours_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("python3.6", "python3.13", "python3.16", "python3.99", "pypy3.11"):
        (place.root / f"usr/lib/{name}/site-packages").mkdir(parents=True)
    (tmp_path / "python3").symlink_to("python3.13")
    monkeypatch.setattr(flavors, "_BIN", str(tmp_path))
    assert flavors.unknown_flavors(place.root, ["python3", "python399"]) == ["python316"]
    assert flavors.unknown_flavors(place.root, ["python399"]) == ["python313", "python316"]
    command = ["flavor", "finish", "--root", str(place.root), "--reports", str(place.reports)]
    assert main([*command, "--flavors", "python3 python399"]) == 0
    said = capfd.readouterr().err.splitlines()
    assert [line for line in said if "its macros" in line] == [
        "truewheel: warning: python316: its macros are not truewheel's"
        " (truewheel-flavor-macros python316 prints them)"
    ]


def test_a_broken_report_is_one_line(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    place.reports.mkdir(parents=True)
    place.root.mkdir()
    (place.reports / "broken.json").write_text("{")
    assert main(["flavor", "finish", "--root", str(place.root), "--reports", str(place.reports)]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert f"{place.reports}/broken.json: is not a report" in line


_LAST_PASS = Path(__file__).parents[2] / "macros/opensuse/brp-90-truewheel"


@pytest.mark.parametrize(
    ("package", "project", "runs"), [("", "", True), ("0", "", False), ("", "0", False), ("1", "0", True)]
)
def test_the_last_pass_can_be_switched_off(tmp_path: Path, package: str, project: str, runs: bool) -> None:
    rpm = tmp_path / "rpm"
    rpm.write_text(f"#!/bin/sh\ncase $2 in *last_pass*) echo {project} ;; *) echo python313 ;; esac\n")
    rpm.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "RPM_BUILD_ROOT": "/root/of/it", "TRUEWHEEL": "echo"}
    if package:
        environ["TRUEWHEEL_LAST_PASS"] = package
    done = subprocess.run([_LAST_PASS], env=environ, capture_output=True, text=True, check=True)
    wanted = "flavor finish --root /root/of/it --reports /nonexistent/.truewheel --flavors python313\n"
    assert done.stdout == (wanted if runs else "")


def test_scripts_are_those_that_can_run(place: Place, python: Interpreter, tmp_path: Path) -> None:
    shell = script(place, "usr/bin/shell", "#!/bin/sh")
    data = script(place, "usr/bin/data", "#!/usr/bin/python3", 0o644)
    linked = script(place, "usr/share/linked.py", "#!/usr/bin/python3")
    outside = script(Place(tmp_path, tmp_path), "outside.py", "#!/usr/bin/python3")
    (place.root / "usr/bin/linked").symlink_to("../share/linked.py")
    (place.root / "usr/bin/outside").symlink_to(outside)
    (place.root / "usr/bin/nowhere").symlink_to("/etc/alternatives/nowhere")
    before = [path.read_text() for path in (shell, data, outside)]
    assert fix_scripts(python, place.root) == [linked]
    assert [path.read_text() for path in (shell, data, outside)] == before


def test_a_compile_takes_strays_away(place: Place, python: Interpreter, wheel_builder: WheelBuilder) -> None:
    demo = installed(place, python, wheel_builder.build(files={"demo/__init__.py": "", "demo/gone.py": ""}))
    (demo / "gone.py").unlink()
    manifest = compile_flavor(python, place, {})
    assert len(manifest.strays) == 2
    assert not list(demo.glob("__pycache__/gone.*"))
    assert len(list(demo.glob("__pycache__/__init__.*"))) == 2


def test_the_last_pass_finds_each_flavor(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = installed(place, python, wheel_builder.build(files={"demo/__init__.py": "x = 1\n"}))
    (place.root / "usr/lib64/python3.99/site-packages").mkdir(parents=True)
    (place.root / "usr/share/python3.98/site-packages").mkdir(parents=True)
    link = place.root / "usr/lib/python3.97"
    link.symlink_to(demo)
    monkeypatch.setattr(flavors, "_BIN", str(Path(python.command).parent))
    Path(python.command).with_name(_NAME).symlink_to(sys.executable)
    right = list(finish(place, {}))
    assert [done.python.rpartition("/")[2] for done in right] == [_NAME, "python3.99"]
    assert right[1].manifest is None
    assert right[0].manifest is not None
    assert right[0].manifest.files == ()  # all of it is as the report says
    (demo / "__init__.py").write_text("x = 2\n")
    again = next(iter(finish(place, {}))).manifest
    assert again is not None
    assert {file.state for file in again.files} == {"replaced"}


@pytest.fixture
def with_python(python: Interpreter, monkeypatch: pytest.MonkeyPatch) -> Interpreter:
    """The flavor where the last pass looks for it."""
    monkeypatch.setattr(flavors, "_BIN", str(Path(python.command).parent))
    versioned = Path(python.command).with_name(_NAME)
    if not versioned.exists():
        versioned.symlink_to(sys.executable)
    return python


def test_a_spec_leaves_out_files_and_bytecode_for_the_last_pass_too(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder, tmp_path: Path, with_python: Interpreter
) -> None:
    files = {"demo/__init__.py": "", "demo/tests/x.py": "", "demo/templates/t.py": "{{ x }}(\n"}
    environ = {"TRUEWHEEL_EXCLUDE": "tests *.pyi", "TRUEWHEEL_COMPILE_EXCLUDE": "templates"}
    arguments = install_arguments([str(wheel_builder.build(files=files))])
    done = install_wheels(arguments, [python], tmp_path / "build", place, environ)
    assert not any(each.failures for each in (done.manifest, *done.rest))
    assert not [*place.root.rglob("tests")]
    (template,) = place.root.rglob("templates")
    assert [path.name for path in template.iterdir()] == ["t.py"]
    assert "tests" not in next(place.root.rglob("RECORD")).read_text()
    before = tree_hash(place.root)
    list(finish(place, environ))
    assert tree_hash(place.root) == before


def test_the_last_pass_compiles_nothing_that_nobody_compiled(place: Place, with_python: Interpreter) -> None:
    site = place.root / _SITE
    (site / "pkg/sub").mkdir(parents=True)
    for name in ("demo.py", "pkg/__init__.py", "pkg/sub/__init__.py"):
        (site / name).write_text("x = 1\n")
    (done,) = finish(place, {})
    assert done.manifest is not None and done.manifest.files == ()
    assert not list(site.rglob("__pycache__"))


def test_bytecode_that_a_spec_removed_stays_away(
    place: Place, with_python: Interpreter, wheel_builder: WheelBuilder
) -> None:
    demo = installed(
        place, with_python, wheel_builder.build(files={"demo/__init__.py": "", "demo/sub/__init__.py": ""})
    )
    shutil.rmtree(demo / "__pycache__")
    (demo / "sub/__init__.py").write_text("changed = 1\n")
    (demo / "sub/new.py").write_text("")
    list(finish(place, {}))
    assert not (demo / "__pycache__").exists()
    tag = with_python.cache_tag
    assert {path.name for path in (demo / "sub/__pycache__").iterdir()} == {
        f"{stem}.{tag}{level}.pyc" for stem in ("__init__", "new") for level in ("", ".opt-1")
    }


@pytest.mark.parametrize("levels", [[""], [".opt-1"], ["", ".opt-1", ".opt-2"], [".opt-2"]])
def test_the_last_pass_repairs_the_levels_that_are_there(
    place: Place, with_python: Interpreter, levels: list[str]
) -> None:
    """Meson compiles at level 0 alone, automake at all three."""
    cache = place.root / _SITE / "pkg/__pycache__"
    cache.mkdir(parents=True)
    for stem in ("demo", "other"):
        (cache.parent / f"{stem}.py").write_text("assert stem\n")
    names = {f"demo.{with_python.cache_tag}{level}.pyc" for level in levels}
    for name in names:
        (cache / name).write_bytes(b"stale")
    for _ in range(2):
        (done,) = finish(place, {})
    beside = {name.replace("demo", "other") for name in names if ".opt-2" not in name}
    assert {path.name for path in cache.iterdir()} == names | beside
    assert all((cache / name).read_bytes() != b"stale" for name in names)
    assert done.manifest is not None and {file.state for file in done.manifest.files} == {"unchanged"}


@pytest.mark.parametrize("name", ["python2.7", "python3.6", "pypy3.10"])
def test_modules_of_a_python_that_is_not_supported_are_left_alone(
    place: Place, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    site = place.root / f"usr/lib/{name}/site-packages"
    (site / "demo-1.dist-info").mkdir(parents=True)
    (site / "demo.py").write_text("print 1\n")
    (site / "demo.pyc").write_bytes(b"")
    (site / "demo-1.dist-info/RECORD").write_bytes(b"\xff,sha256=x,1\n")
    before = tree_hash(place.root)
    assert main(["flavor", "finish", "--root", str(place.root), "--reports", str(place.reports)]) == 0
    said = capfd.readouterr()
    assert (said.out, said.err) == (
        "",
        f"truewheel: warning: /usr/bin/{name}: is not supported: its modules are left as they are\n",
    )
    assert tree_hash(place.root) == before


def test_reports_of_two_installs_stand_side_by_side(
    place: Place, python: Interpreter, wheel_builder: WheelBuilder
) -> None:
    installed(place, python, wheel_builder.build(files={"demo/__init__.py": ""}))
    other = wheel_builder.build(name="other", files={"other.py": ""})
    installed(place, python, other)
    assert len(list(place.reports.iterdir())) == 2
    for report in place.reports.iterdir():
        assert json.loads(report.read_text())["report"] == "install"

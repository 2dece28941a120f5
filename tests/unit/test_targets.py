"""Which Python an install is for: this machine's, the root's, or one that is described."""

from __future__ import annotations

import json
import os
import re
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import truewheel
from tests.faults.support import files, is_one_line, snapshot
from tests.pythons import available_pythons
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

SHORT = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def wheel(wheel_builder: WheelBuilder) -> Path:
    return wheel_builder.build(
        files={"demo/__init__.py": "def f(): return {1.5, 'a', None}\n"}, entry_points={"demo": "demo:f"}
    )


def details(prefix: str = "/usr", **changes: Any) -> dict[str, Any]:
    """What CPython of the running version would write to build-details.json (PEP 739)."""
    numbers = dict(zip(("major", "minor", "micro", "releaselevel", "serial"), sys.version_info, strict=True))
    return {
        "schema_version": "1.0",
        "base_prefix": prefix,
        "base_interpreter": f"{prefix}/bin/python{SHORT}",
        "platform": "linux-aarch64",
        "language": {"version": SHORT},
        "implementation": {
            "name": "cpython",
            "cache_tag": sys.implementation.cache_tag,
            "version": numbers,
        },
        "abi": {"flags": [], "extension_suffix": f".cpython-{SHORT.replace('.', '')}-aarch64-linux-gnu.so"},
        **changes,
    }


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[..., Path]:
    """Make a root with a Python that must not run here, and perhaps its description."""

    def make(prefix: str = "/usr", description: dict[str, Any] | None = None, library: str = "lib") -> Path:
        root = tmp_path / "root"
        programs = root / prefix.lstrip("/") / "bin"
        programs.mkdir(parents=True)
        program = programs / f"python{SHORT}"
        program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
        program.chmod(0o755)
        (programs / "python3").symlink_to(program.name)
        if description:
            modules = root / prefix.lstrip("/") / library / f"python{SHORT}"
            modules.mkdir(parents=True)
            (modules / "build-details.json").write_text(json.dumps(description))
        return root

    return make


def contents(root: Path) -> dict[str, bytes]:
    return {file: (root / file[1:]).read_bytes() for file in files(root)}


def run(*arguments: object) -> int:
    return main([*map(str, arguments)])


def test_the_default_scheme_is_the_targets_own_layout(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("install", wheel, "--root", tmp_path / "root", "--python", sys.executable) == 0
    assert " (target scheme)\n" in capsys.readouterr().out
    paths = sysconfig.get_paths()
    assert (tmp_path / f"root{paths['purelib']}/demo/__init__.py").exists()
    script = tmp_path / f"root{paths['scripts']}/demo"
    assert script.read_text().startswith(f"#!{sys.executable}\n")


@pytest.mark.skipif("debian" not in available_pythons(), reason="needs Debian's Python")
def test_in_debian_that_is_below_usr_local(tmp_path: Path, wheel: Path) -> None:
    root = tmp_path / "root"
    assert run("install", wheel, "--root", root, "--python", "/usr/bin/python3", "-q") == 0
    assert files(root) > {"/usr/local/bin/demo"}
    assert all(file.startswith("/usr/local/") for file in files(root))
    assert any("/dist-packages/demo/" in file for file in files(root))


def test_a_prefix_that_is_not_on_the_path_is_a_warning_with_the_remedy(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--root", tmp_path / "root", "--python", sys.executable, "--prefix", "/opt/demo", "-q"]
    assert run("install", wheel, *options) == 0
    told = capsys.readouterr().err
    assert told.startswith("truewheel: warning: ")
    assert told.count("\n") == 1
    assert re.search(rf" /opt/demo/(local/)?lib/python{SHORT}/\w+-packages: is not on sys.path of ", told)
    assert "leave out --scheme and --prefix" in told
    assert told.endswith(" [not-on-path]\n")


def test_a_root_without_a_python_takes_that_of_this_machine(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "root/usr/bin").mkdir(parents=True)
    (tmp_path / "root/usr/bin/python3").symlink_to("python3.99")
    assert run("install", wheel, "--root", tmp_path / "root", "-q") == 0


@pytest.mark.parametrize("command", ["install", "compile"])
def test_a_python_in_the_root_that_nothing_describes_is_refused_and_never_run(
    tmp_path: Path,
    wheel: Path,
    foreign: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    root = foreign()
    before = snapshot(root)
    what = {"install": wheel, "compile": "/usr"}[command]
    assert run(command, what, "--root", root) == 2
    told = capsys.readouterr().err
    assert is_one_line(told)
    assert "has a Python, /usr/bin/python3, and nothing describes it (give --run-target" in told
    assert snapshot(root) == before
    assert not (tmp_path / "was-run").exists()


def test_a_scheme_or_a_python_by_name_does_not_look_into_the_root(
    tmp_path: Path, wheel: Path, foreign: Callable[..., Path]
) -> None:
    root = foreign()
    assert run("install", wheel, "--root", root, "--scheme", "fedora", "-q") == 0
    assert run("install", wheel, "--root", root, "--python", sys.executable, "-q") == 0
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("prefix", ["/usr", "/usr/local"])
def test_a_python_that_the_root_describes_is_the_target(
    tmp_path: Path, wheel: Path, foreign: Callable[..., Path], prefix: str
) -> None:
    root = foreign(prefix, details(prefix))
    assert run("install", wheel, "--root", root, "--compiler", sys.executable, "-q") == 0
    modules = f"{prefix}/lib/python{SHORT}/site-packages/demo"
    assert {f"{modules}/__init__.py", f"{prefix}/bin/demo"} < files(root)
    # the path by which it is found, as if it had run
    assert (root / f"{prefix[1:]}/bin/demo").read_text().startswith(f"#!{prefix}/bin/python3\n")
    pyc = root / f"{modules[1:]}/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    assert f"{modules}/__init__.py".encode() in pyc.read_bytes()
    assert not (tmp_path / "was-run").exists()


def test_a_program_finds_the_python_of_the_root_too(
    wheel: Path, foreign: Callable[..., Path], tmp_path: Path
) -> None:
    root = foreign("/usr/local", details("/usr/local"))
    compiler = (sys.executable,)
    (found,) = truewheel.find_targets(truewheel.TargetOptions(compilers=compiler), root, look=True)
    assert found.executable == "/usr/local/bin/python3"
    request = truewheel.InstallRequest((wheel,), root, scheme="target", pythons=(found,))
    truewheel.install(truewheel.prepare_install(request, os.environ))
    assert files(root) > {f"/usr/local/lib/python{SHORT}/site-packages/demo/__init__.py"}
    assert not (tmp_path / "was-run").exists()


def test_a_python_that_a_link_leads_to_in_another_prefix_is_the_target(
    wheel: Path, foreign: Callable[..., Path]
) -> None:
    root = foreign("/opt/python", details("/opt/python"))
    (root / "usr/local/bin").mkdir(parents=True)
    (root / f"usr/local/lib/python{SHORT}/site-packages").mkdir(parents=True)
    (root / "usr/local/bin/python3").symlink_to("/opt/python/bin/python3")
    assert run("install", wheel, "--root", root, "--compiler", sys.executable, "-q") == 0
    assert (root / "opt/python/bin/demo").read_text().startswith("#!/usr/local/bin/python3\n")


@pytest.mark.parametrize("target", ["../var/usrlocal", "/var/usrlocal"])
def test_a_prefix_that_is_a_link_keeps_its_name_however_the_description_is_found(
    wheel: Path, foreign: Callable[..., Path], target: str
) -> None:
    program = f"../../bin/python{SHORT}"
    root = foreign("/var/usrlocal", details(base_prefix="../..", base_interpreter=program))
    (root / "usr").mkdir()
    (root / "usr/local").symlink_to(target)
    given = root / f"usr/local/lib/python{SHORT}/build-details.json"
    options = ["--root", root, "--follow-links-inside", "--compiler", sys.executable, "-q"]
    for name, more in (("python3", []), (f"python{SHORT}", ["--python", given, "--overwrite"])):
        assert run("install", wheel, *options, *more) == 0
        assert (root / "var/usrlocal/bin/demo").read_text().startswith(f"#!/usr/local/bin/{name}\n")


def test_a_description_has_paths_relative_to_its_place(wheel: Path, foreign: Callable[..., Path]) -> None:
    description = details(base_prefix="../..", base_interpreter=f"../../bin/python{SHORT}")
    root = foreign("/opt", description, "lib64")
    given = root / f"opt/lib64/python{SHORT}/build-details.json"
    options = ["--root", root, "--python", given, "--compiler", sys.executable, "-q"]
    assert run("install", wheel, *options) == 0
    assert (root / "opt/bin/demo").read_text().startswith(f"#!/opt/bin/python{SHORT}\n")


def test_a_description_may_have_the_architecture_in_its_name(
    wheel: Path, foreign: Callable[..., Path]
) -> None:
    abi: dict[str, Any] = {"flags": []}
    root = foreign(description=details(abi=abi, suffixes={"extensions": [".cpython-x.so", ".so"]}))
    directory = root / f"usr/lib/python{SHORT}"
    (directory / "build-details.json").rename(directory / "build-details..aarch64-linux-gnu.json")
    assert run("install", wheel, "--root", root, "--compiler", sys.executable, "-q") == 0


def test_a_described_python_of_debian_has_its_directories(wheel: Path, foreign: Callable[..., Path]) -> None:
    root = foreign(description=details())
    (root / "usr/lib/python3/dist-packages").mkdir(parents=True)
    assert run("install", wheel, "--root", root, "--compiler", sys.executable, "-q") == 0
    assert (root / f"usr/local/lib/python{SHORT}/dist-packages/demo/__init__.py").exists()


def test_what_python_json_wrote_describes_the_same_target(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("python", sys.executable, "--json") == 0
    description = tmp_path / "target.json"
    description.write_text(capsys.readouterr().out)
    assert run("install", wheel, "--root", tmp_path / "one", "--python", description, "-q") == 0
    assert run("install", wheel, "--root", tmp_path / "two", "--python", sys.executable, "-q") == 0
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_the_tags_of_a_described_target_are_given(
    tmp_path: Path, wheel_builder: WheelBuilder, foreign: Callable[..., Path]
) -> None:
    tag = f"cp{SHORT.replace('.', '')}-cp{SHORT.replace('.', '')}-manylinux_2_28_aarch64"
    wheel = wheel_builder.build(
        files={"demo/__init__.py": "", "demo/ext.so": "not really"}, tags=tag, root_is_purelib=False
    )
    root = foreign(description=details())
    options = ["--root", root, "--compiler", sys.executable, "-q"]
    assert run("install", wheel, *options) == 1
    assert run("install", wheel, *options, "--platform", "manylinux_2_27_aarch64") == 1
    assert run("install", wheel, *options, "--platform", "manylinux_2_36_aarch64") == 0


def test_a_compiler_of_another_magic_is_refused(
    wheel: Path, foreign: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    others = {"3.9", "3.10", "3.12", "3.13"} - {SHORT}
    other = next((path for name, path in available_pythons().items() if name in others), None)
    if other is None:
        pytest.skip("needs another Python")
    root = foreign(description=details())
    before = snapshot(root)
    assert run("install", wheel, "--root", root, "--compiler", other) == 2
    told = capsys.readouterr().err
    assert is_one_line(told)
    assert f"none of {other} has its magic number (give --compiler PY, a CPython {SHORT})" in told
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"schema_version": "1.0"}',
        '{"report": "python", "version": 1}',
        '{"report": "python", "interpreter": {"version": [3, 11, 2]}}',
        json.dumps(details("")),
        json.dumps(details(implementation={"name": "cpython"})),
        json.dumps(details(platform=7)),
        json.dumps(details(abi=[])),
        '{"a":' * 3000,
    ],
)
def test_what_describes_no_python_is_refused_in_one_line(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    description = tmp_path / "target.json"
    description.write_text(text)
    assert run("install", wheel, "--root", tmp_path / "root", "--python", description) == 2
    told = capsys.readouterr().err
    assert is_one_line(told)
    assert f"{description}: does not describe a Python (give what truewheel python PY --json" in told
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"cache_tag": "../../x"},
        {"cache_tag": "a/b"},
        {"platlibdir": ".."},
        {"executable": "/usr/bin/python3\nrm -rf x"},
        {"executable": "usr/bin/python3"},
        {"executable": "/usr/../bin/python3"},
        {"prefix": ""},
        {"magic": "00"},
        {"platforms": [1]},
        {"scheme_paths": {"posix_prefix": {"purelib": "{prefix}/../../etc"}}},
        {"scheme_paths": {"posix_prefix": {"purelib": "/etc"}}},
    ],
)
def test_a_description_leads_nowhere_else(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any]
) -> None:
    assert run("python", sys.executable, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    document["interpreter"] |= changes
    description = tmp_path / "target.json"
    description.write_text(json.dumps(document))
    assert run("install", wheel, "--root", tmp_path / "root", "--python", description) == 2
    assert "does not describe a Python" in capsys.readouterr().err
    assert not (tmp_path / "root").exists()


def test_another_implementation_is_named(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    description = tmp_path / "target.json"
    implementation = {**details()["implementation"], "name": "pypy"}
    description.write_text(json.dumps(details(implementation=implementation)))
    assert run("install", wheel, "--root", tmp_path / "root", "--python", description) == 2
    assert "which is not supported" in capsys.readouterr().err


@pytest.fixture
def chroot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A chroot that stays outside and keeps an account: then the Python of a root may be the running one."""
    account = tmp_path / "account"
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in {"chroot": f'echo "$1" >>{account}\nshift', "unshare": "shift"}.items():
        (programs / name).write_text(f'#!/bin/sh\n{words}\nexec "$@"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    return account


def test_the_python_of_a_root_runs_there_when_that_is_asked_for(
    tmp_path: Path, wheel: Path, chroot: Path
) -> None:
    inside = tmp_path / f"root{sys.executable}"
    inside.parent.mkdir(parents=True)
    inside.touch()
    options = ["--root", tmp_path / "root", "--run-target", "--python", sys.executable, "-q"]
    assert run("install", wheel, *options) == 0
    assert chroot.read_text().splitlines() == [str(tmp_path / "root")] * 2  # the probe and one compiler
    assert run("install", wheel, "--root", tmp_path / "plain", "--python", sys.executable, "-q") == 0
    inside.unlink()
    assert contents(tmp_path / "root") == contents(tmp_path / "plain")


@pytest.mark.parametrize(
    ("python", "wanted"),
    [
        ([], "has no python3 in /usr/local/bin, /usr/bin, /bin (name it: --python PATH)"),
        (["--python", "/usr/bin/python3"], "/usr/bin/python3: is not in the root"),
        (["--python", "python3.12"], "python3.12: is not in the root"),
        (["--python", "usr/bin/python3"], "usr/bin/python3: is not in the root"),
    ],
)
def test_a_python_that_is_to_run_must_be_in_the_root(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str], python: list[str], wanted: str
) -> None:
    (tmp_path / "root").mkdir()
    assert run("install", wheel, "--root", tmp_path / "root", "--run-target", *python) == 2
    told = capsys.readouterr().err
    assert is_one_line(told)
    assert wanted in told

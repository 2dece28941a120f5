"""``truewheel debhelper``: the steps of a build as debian/rules sees them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.unit.debian.sources import ARCHITECTURE, below, write
from tests.wheelbuilder import WheelBuilder, metadata_text
from truewheel.cli.main import main
from truewheel.debian import host

EPOCH = 1_672_628_645
_BACKEND = """
import json, os, shutil

def build_wheel(directory, config_settings=None, metadata_directory=None):
    with open(os.path.join(os.environ["SEEN"]), "w") as seen:
        json.dump({"settings": config_settings, "environ": dict(os.environ)}, seen)
    print("backend speaks")
    name = os.environ.get("WHEEL_NAME") or os.path.basename(os.environ["WHEEL"])
    if not os.environ.get("NO_WHEEL"):
        shutil.copy(os.environ["WHEEL"], os.path.join(directory, name))
    return name
"""
_PROJECT = '[build-system]\nrequires = []\nbuild-backend = "{}"\nbackend-path = ["backend"]\n'
_SETUP = """
import os, sys
print("setup", *sys.argv[1:], os.environ["HOME"])
if sys.argv[1] == "build":
    lines = open(os.path.expanduser("~/.pydistutils.cfg")).read().splitlines()
    directory = next(line for line in lines if line.startswith("build_lib=")).partition("=")[2]
    os.makedirs(directory + "/demo.egg-info")
    open(directory + "/demo.py", "w").close()
"""
_FAILING = "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.fail()\n"


def default_python() -> str:
    """The version of /usr/bin/python3, which is what the build system runs."""
    name = os.path.basename(os.path.realpath("/usr/bin/python3"))
    if not re.fullmatch(r"python3\.[0-9]+", name):
        pytest.skip("needs a Python in /usr/bin, as Debian has it")
    return name.removeprefix("python")


class Package:
    """A source package in the working directory, and its steps."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.version = default_python()
        self.home = top / ".pybuild" / f"cpython3_{self.version}_demo"
        self.build_dir = self.home / "build"
        self.destdir = top / "debian" / "python3-demo"
        self.modules = self.destdir / "usr" / "lib" / f"python{self.version}" / "dist-packages"

    def step(self, name: str, *options: str) -> int:
        return main(["debhelper", name, "--build-depends=python3-all", *options])


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheel_builder: WheelBuilder) -> Package:
    made = Package(tmp_path / "source")
    wheel = wheel_builder.build(
        files={"demo/__init__.py": "def main():\n    return 1\n", "demo/data.txt": "d"},
        entry_points={"demo-run": "demo:main"},
        data={"scripts/demo-script": "#!python\n", "data/share/demo/x": "x", "headers/demo.h": "h"},
    )
    write(made.top, {"pyproject.toml": _PROJECT.format("mine"), "backend/mine.py": _BACKEND})
    for name in [name for name in os.environ if name.startswith(("PYBUILD_", "DEB", "DH_"))]:
        monkeypatch.delenv(name)
    settings = {
        **ARCHITECTURE,
        "PYBUILD_NAME": "demo",
        "DEBPYTHON3_DEFAULT": made.version,
        "DEBPYTHON3_SUPPORTED": made.version,
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "PATH": "/usr/bin:/bin",
        "WHEEL": str(wheel),
        "SEEN": str(tmp_path / "seen.json"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(made.top)
    return made


def test_from_the_source_to_the_package(package: Package) -> None:
    write(package.top, {"tests/test_a.py": "import unittest, demo\n", "tests/__init__.py": ""})
    for step in ("clean", "configure", "build", "test", "install"):
        assert package.step(step) == 0
    assert below(package.modules) == [
        "demo",
        "demo-1.0.dist-info",
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/RECORD",
        "demo-1.0.dist-info/WHEEL",
        "demo-1.0.dist-info/entry_points.txt",
        "demo/__init__.py",
        "demo/data.txt",
    ]
    usr = package.destdir / "usr"
    assert below(usr / "bin") == ["demo-run", "demo-script"]
    assert (usr / "share/demo/x").read_text() == "x"
    assert (usr / "include" / f"python{package.version}" / "demo" / "demo.h").read_text() == "h"
    assert (usr / "bin/demo-script").read_text() == "#!/usr/bin/python3\n"
    assert (usr / "bin/demo-run").read_text().startswith("#!/usr/bin/python3\n")
    dates = {int(path.stat().st_mtime) for path in package.destdir.rglob("*") if path.is_file()}
    assert dates == {EPOCH}
    assert package.step("clean") == 0
    assert not (package.top / ".pybuild").exists()


def test_record_is_as_pypa_installer_writes_it(package: Package) -> None:
    package.step("build")
    record = (package.build_dir / "demo-1.0.dist-info" / "RECORD").read_text().splitlines()
    assert [row.partition(",")[0] for row in record] == [
        "../scripts/demo-run",
        "demo/__init__.py",
        "demo/data.txt",
        "../scripts/demo-script",
        "../data/share/demo/x",
        "../include/demo.h",
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/WHEEL",
        "demo-1.0.dist-info/entry_points.txt",
        "demo-1.0.dist-info/RECORD",
    ]


def test_what_the_backend_sees(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYBUILD_BUILD_ARGS", "-Ca=1 --config-setting='a=2 3' -n -Cdir={build_dir}")
    monkeypatch.setenv("http_proxy", "http://mine/")
    assert package.step("build", "--parallel=3") == 0
    assert "backend speaks" in capfd.readouterr().err
    seen = (tmp_path / "seen.json").read_text()
    assert f'"settings": {{"a": ["1", "2 3"], "dir": "{package.build_dir}"}}' in seen
    for wanted in (f'"HOME": "{package.home}"', '"http_proxy": "http://mine/"', '"FLIT_NO_NETWORK": "1"'):
        assert wanted in seen
    assert '"https_proxy": "https://127.0.0.1:9/"' in seen


def test_building_twice_replaces(package: Package) -> None:
    assert package.step("build") == 0
    (package.build_dir / "demo" / "data.txt").write_text("stale")
    assert package.step("build") == 0
    assert (package.build_dir / "demo" / "data.txt").read_text() == "d"
    assert package.step("install") == package.step("install") == 0


def test_hooks(package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PYBUILD_BEFORE_BUILD", "echo before {version.major} {package}")
    monkeypatch.setenv("PYBUILD_AFTER_BUILD", "echo made > {build_dir}/made; mkdir {build_dir}/empty")
    monkeypatch.setenv(f"PYBUILD_AFTER_INSTALL_python{package.version}", "ls {destdir}{install_dir}")
    assert package.step("build") == package.step("install") == 0
    printed = capfd.readouterr().out
    assert "before 3 python3-demo\n" in printed
    assert printed.endswith("demo\ndemo-1.0.dist-info\nempty\nmade\n")


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"WHEEL_NAME": "UNKNOWN-0-py3-none-any.whl"}, "the wheel has no name"),
        ({"NO_WHEEL": "1"}, "no wheel was built"),
        ({"WHEEL_NAME": "demo-2.0-py3-none-any.whl"}, "demo-2.0-py3-none-any.whl"),
        ({"PYBUILD_AFTER_BUILD": "exit 3"}, "PYBUILD_AFTER_BUILD: exit status 3: exit 3"),
        ({"PYBUILD_BEFORE_BUILD": "{what}"}, "PYBUILD_BEFORE_BUILD: cannot be filled in"),
        ({"PYBUILD_BUILD_ARGS": "--sdist"}, "PYBUILD_BUILD_ARGS: unrecognized arguments: --sdist"),
    ],
)
def test_a_build_that_fails(
    package: Package,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    environ: dict[str, str],
    line: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert package.step("build") in (1, 2)
    said = [text for text in capfd.readouterr().err.splitlines() if text.startswith("truewheel: ")]
    assert len(said) == 1
    assert said[0].startswith(f"truewheel: error: build for python{package.version}: ") and line in said[0]


def test_two_wheels(package: Package, capfd: pytest.CaptureFixture[str]) -> None:
    write(package.home, {"other-1.0-py3-none-any.whl": ""})
    assert package.step("build") == 1
    assert "holds 2 wheels: demo-1.0-py3-none-any.whl, other-1.0-py3-none-any.whl" in capfd.readouterr().err
    assert not package.build_dir.exists() or below(package.build_dir) == []


@pytest.mark.parametrize(
    ("backend", "package_name"),
    [
        ("hatchling.none", "python3-hatchling"),
        ("poetry.core.none", "python3-poetry-core"),
        ("flit_core.none", "flit"),
        ("nothere.api", "python3-nothere"),
    ],
)
def test_a_backend_that_is_missing(
    package: Package, capfd: pytest.CaptureFixture[str], backend: str, package_name: str
) -> None:
    write(package.top, {"pyproject.toml": f'[build-system]\nrequires = []\nbuild-backend = "{backend}"\n'})
    assert package.step("build") == 1
    assert f"(Build-Depends: {package_name})" in capfd.readouterr().err


def test_nothing_to_install(package: Package, capfd: pytest.CaptureFixture[str]) -> None:
    assert package.step("configure") == 0
    assert package.step("install") == 1
    assert "there is nothing to install (let dh_auto_build run first" in capfd.readouterr().err
    assert not package.destdir.exists()


def test_a_name_of_no_package(
    package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert package.step("build") == 0
    override = "override_dh_auto_install:\n\tdh_auto_install --destdir=debian/tmp\n"
    write(package.top, {"debian/rules": f"export PYBUILD_NAME = demo\n{override}"})
    assert package.step("install", "--packages=python3-demos python-demo-doc") == 1
    assert "PYBUILD_NAME=demo: debian/control has no package python3-demo" in capfd.readouterr().err
    assert not package.destdir.exists()
    assert package.step("install", "--packages=python3-demo") == 0
    monkeypatch.setenv("PYBUILD_DESTDIR", "debian/python3-demo")
    assert package.step("install", "--packages=python3-demos") == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("debian/rules", "override_dh_auto_install:\n\tdh_auto_install\n\tmv debian/python3-demo x\n"),
        ("debian/rules", "export N = demo\nx:\n\tmv debian/python3-$N x\n"),
        ("debian/rules", "x:\n\tmv debian/*/usr debian/y\n"),
        ("debian/rules", "x:\n\tcp -r debian/python3-$(PYBUILD_NAME) x\n"),
        ("debian/rules", "x:\n\tPYBUILD_NAME=a dh_auto_install\n\tPYBUILD_NAME=demo dh_auto_install\n"),
        ("debian/rules", b"# \xe4\ninclude other.mk\n".decode("latin-1")),
        ("debian/other.install", "x usr/share\n"),
    ],
)
def test_a_name_of_no_package_is_a_warning_where_modules_may_be_moved(
    package: Package, capfd: pytest.CaptureFixture[str], path: str, text: str
) -> None:
    assert package.step("build") == 0
    write(package.top, {path: text})
    capfd.readouterr()
    assert package.step("install", "--packages=python3-demos") == 0
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("truewheel: ")]
    assert line.startswith(
        f"truewheel: warning: {package.destdir}: debian/control has no package python3-demo"
    )
    assert (package.modules / "demo").is_dir()


def test_a_debug_python_without_a_package_is_a_warning(
    package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """python-ldap asks for python3-all-dbg and has no -dbg package."""
    monkeypatch.setenv("PYBUILD_SYSTEM", "custom")
    monkeypatch.setenv("PYBUILD_INSTALL_ARGS", "mkdir -p {destdir}/usr; touch {destdir}/usr/x")
    depends = "--build-depends=python3-all, python3-all-dbg"
    assert main(["debhelper", "install", depends, "--packages=python3-demo"]) == 0
    (line,) = capfd.readouterr().err.splitlines()
    assert "python3-demo-dbg: debian/control has no package python3-demo-dbg: these modules are in no" in line
    assert (package.destdir / "usr/x").exists()


@pytest.mark.parametrize("dh_python", [5, 6])
def test_setup_py_runs_its_tests_beside_an_old_dh_python_alone(
    package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], dh_python: int
) -> None:
    monkeypatch.setattr(host, "read_dh_python", lambda: dh_python)
    write(package.top, {"setup.py": _SETUP + "# test_suite='tests'\n"})
    assert package.step("build") == package.step("test", "--argument=--test-args=-v") == 0
    said = capfd.readouterr().out
    assert (f"setup test -v {package.home}" in said) is (dh_python == 5)
    monkeypatch.setenv("PYBUILD_TEST_CUSTOM", "1")
    assert package.step("test", "--argument=--test-args=echo custom") == 0
    assert "setup test" not in capfd.readouterr().out


def test_failing_tests_name_the_python_and_the_others_run(
    package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write(package.top, {"tests/__init__.py": "", "tests/test_a.py": _FAILING})
    assert package.step("build") == 0
    monkeypatch.setenv("PYBUILD_INTERPRETERS", f"python3 python{package.version}")
    assert package.step("test") == 1
    said = [text for text in capfd.readouterr().err.splitlines() if text.startswith("truewheel: ")]
    assert [text.split(":")[2] for text in said] == [
        " test for python3",
        f" test for python{package.version}",
    ]
    assert all("exit status 1: cd " in text for text in said)
    assert package.step("install") == 0
    assert not (package.modules / "tests").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEB_BUILD_OPTIONS", "parallel=2 nocheck"),
        ("DEB_BUILD_PROFILES", "nocheck"),
        ("PYBUILD_DISABLE", "test"),
    ],
)
def test_tests_left_out(package: Package, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    write(package.top, {"tests/__init__.py": "", "tests/test_a.py": _FAILING})
    monkeypatch.setenv(name, value)
    assert package.step("test") == 0


def test_a_source_without_tests(package: Package) -> None:
    assert package.step("build") == package.step("test") == 0


def test_custom_commands(
    package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYBUILD_SYSTEM", "custom")
    monkeypatch.setenv("PYBUILD_BUILD_ARGS", "touch {build_dir}/x.py")
    assert package.step("build") == 0
    assert package.step("test", "--argument=--test-args=cd {build_dir} && {interpreter} -c 'import x'") == 0
    assert package.step("install", "--argument=--install-args=cp -r {build_dir} {dir}/out") == 0
    assert (package.top / "out" / "x.py").exists()
    assert package.step("configure") == 0
    assert "PYBUILD_CONFIGURE_ARGS is empty" in capfd.readouterr().out


def test_setup_py(package: Package, capfd: pytest.CaptureFixture[str]) -> None:
    write(package.top, {"setup.py": _SETUP})
    for step in ("configure", "build", "install", "clean"):
        assert package.step(step) == 0
        capfd_text = capfd.readouterr().out
        assert f"setup {'config' if step == 'configure' else step}" in capfd_text
        assert capfd_text.rstrip().endswith(str(package.home))
        if step == "install":
            assert f"--root {package.destdir}" in capfd_text
            assert below(package.build_dir) == ["demo.py"]


def test_destdir_and_sourcedir_of_debhelper(package: Package) -> None:
    write(package.top, {"sub/backend/mine.py": _BACKEND, "sub/pyproject.toml": _PROJECT.format("mine")})
    (package.top / "pyproject.toml").unlink()
    assert package.step("build", "--sourcedir=sub") == 0
    assert package.step("install", "--sourcedir=sub", "--destdir=debian/mine") == 0
    assert (package.top / "debian" / "mine" / "usr" / "bin" / "demo-run").exists()


def test_quiet_and_verbose(package: Package, capfd: pytest.CaptureFixture[str]) -> None:
    assert package.step("build", "--quiet") == 0
    assert capfd.readouterr() == ("", "")
    assert "backend speaks" in (package.home / "build.log").read_text()
    for verbose in ("--verbose", "--argument=--verbose"):
        assert package.step("install", "--quiet", verbose) == 0
        assert f"pyproject in {package.top}, modules in {package.build_dir}" in capfd.readouterr().out


def test_extensions_to_another_package(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYBUILD_EXT_DESTDIR", "debian/python3-demo-ext")
    monkeypatch.setenv("PYBUILD_EXT_PATTERN", r"data\.txt$")
    monkeypatch.setenv("PYBUILD_AFTER_INSTALL", "grep d {destdir}{install_dir}/demo/data.txt")
    assert package.step("build") == package.step("install") == 0
    inside = package.modules.relative_to(package.destdir)
    assert (package.top / "debian" / "python3-demo-ext" / inside / "demo" / "data.txt").exists()
    assert not (package.modules / "demo" / "data.txt").exists()


def test_no_python_is_asked_for(package: Package, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["debhelper", "configure", "--build-depends=debhelper-compat (= 13)"]) == 1
    assert "debian/control: Build-Depends ask for no Python" in capfd.readouterr().err


def test_the_pythons_to_ship_bytecode_for_are_printed(
    package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEBPYTHON3_SUPPORTED", f"3.99,{package.version}")
    assert package.step("pythons") == 0
    assert capfd.readouterr().out == f"3.99 {package.version}\n"


def test_a_list_of_test_files_that_is_not_utf8_is_one_line(
    package: Package, capfd: pytest.CaptureFixture[str]
) -> None:
    assert package.step("build") == 0
    write(package.top, {"debian/pybuild.testfiles": ""})
    (package.top / "debian/pybuild.testfiles").write_bytes(b"tests/\xe4.py\n")
    capfd.readouterr()
    assert package.step("test") == 1
    assert "debian/pybuild.testfiles: is not UTF-8 (byte 0xe4 at 6)" in capfd.readouterr().err


def test_a_wheel_for_other_pythons_is_a_warning_as_pybuild_does_not_look(
    package: Package,
    wheel_builder: WheelBuilder,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    metadata = metadata_text("demo", "1.0") + "Requires-Python: >=3.99\n"
    wheel = wheel_builder.build(
        "demo", "1.0", metadata=metadata, data={"scripts/old": "#!/home/me/bin/perl\n"}
    )
    monkeypatch.setenv("WHEEL", str(wheel))
    assert package.step("build") == 0
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("truewheel: ")]
    assert [line.rpartition(" ")[2] for line in lines] == ["[requires-python]", "[dead-first-line]"]
    assert package.step("install") == 0
    assert (package.modules / "demo").is_dir()


def test_globs_leave_out_of_the_wheel(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DH_TRUEWHEEL_EXCLUDE", "*.txt demo-script /share")
    assert package.step("build") == package.step("install") == 0
    assert "demo/data.txt" not in below(package.modules)
    assert "demo/data.txt" not in (package.modules / "demo-1.0.dist-info/RECORD").read_text()
    assert below(package.destdir / "usr/bin") == ["demo-run"]


def test_globs_that_meet_no_wheel_are_a_warning(
    package: Package, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DH_TRUEWHEEL_EXCLUDE", "tests")
    monkeypatch.setenv("PYBUILD_SYSTEM", "distutils")
    write(package.top, {"setup.py": _SETUP})
    assert package.step("build") == 0
    said = "truewheel: warning: DH_TRUEWHEEL_EXCLUDE leaves nothing out: distutils builds no wheel"
    assert said in capfd.readouterr().err.splitlines()

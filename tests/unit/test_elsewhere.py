"""What docs/elsewhere.md tells packagers of other systems, run as their tools would."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.support import files
from tests.needs import require
from tests.registry import sdist, sdist_pin
from tests.treehash import tree_hash
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "elsewhere.md"
SHORT = f"python3.{sys.version_info[1]}"
TAG = f"cpython-3{sys.version_info[1]}"
_SETUP = "from setuptools import setup\nsetup(name='demo', version='1.0', packages=['demo'])\n"

Shell = Callable[..., str]


def block(language: str) -> str:
    """The page's only code of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Run bash with a command truewheel, in an empty directory; returns what it prints."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "truewheel").write_text(f'#!/bin/sh\nexec {sys.executable} -m truewheel "$@"\n')
    (programs / "truewheel").chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)

    def run(script: str, **variables: object) -> str:
        environ = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "SOURCE_DATE_EPOCH": "1700000000",
            "PYTHONPATH": str(PAGE.parents[1] / "src"),
            **{name: str(value) for name, value in variables.items()},
        }
        done = subprocess.run(
            ["bash", "-euc", script],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # makepkg ends its process group when it fails
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def dist(tmp_path: Path, wheel_builder: WheelBuilder) -> Path:
    wheel = wheel_builder.build(
        files={"demo/__init__.py": "def f(): return 0\n"}, entry_points={"demo": "demo:f"}
    )
    (tmp_path / "dist").mkdir()
    return Path(shutil.move(wheel, tmp_path / "dist"))


@pytest.fixture
def target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The description of the running Python as if it were that of a board."""
    assert main(["python", sys.executable, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    document["interpreter"] |= {"executable": "/usr/bin/python3", "prefix": "/usr"}
    path = tmp_path / "target.json"
    path.write_text(json.dumps(document))
    return path


def test_an_image_is_one_layer(tmp_path: Path, shell: Shell, dist: Path) -> None:
    """With a Python of this machine, as a root that runs needs chroot: tests/repro has those."""
    lines = re.findall(r"^RUN (truewheel .*)$", block("dockerfile"), re.MULTILINE)
    assert [line.split()[1] for line in lines] == ["install", "check"]
    for name in ("one", "other"):
        for line in lines:
            words = line.replace("/image", str(tmp_path / name)).replace("/wheels", str(dist.parent))
            shell(words.replace("--run-target", f"--python {sys.executable}"))
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "other")


def test_alpine(tmp_path: Path, shell: Shell) -> None:
    source(tmp_path)
    move = 'mkdir -p "$subpkgdir/${path%/*}"; mv "$pkgdir/$path" "$subpkgdir/$path"'
    amove = f"amove() {{ for path; do {move}; done; }}"
    script = f"{block('sh alpine')}\n{amove}\nbuild; package; _pyc; echo $subpackages"
    said = shell(script, pkgdir=tmp_path / "pkg", subpkgdir=tmp_path / "sub", builddir=tmp_path)
    assert said.splitlines()[-1] == "py3-demo-pyc:_pyc"
    site = f"/usr/lib/{SHORT}/site-packages/demo"
    assert f"{site}/__init__.py" in files(tmp_path / "pkg")
    assert not any(name.endswith(".pyc") for name in files(tmp_path / "pkg"))
    pycs = {f"{site}/__pycache__/__init__.{TAG}{level}.pyc" for level in ("", ".opt-1")}
    assert files(tmp_path / "sub") == pycs


@pytest.mark.slow
@pytest.mark.parametrize("project", ["demo", "markupsafe"])
def test_arch(project: str, tmp_path: Path, shell: Shell) -> None:
    require("makepkg", "pacman", "bsdtar", "fakeroot", "setpriv")
    if project == "demo":
        source(tmp_path / "demo-1.0")
        shell("tar -czf demo-1.0.tar.gz demo-1.0")
        recipe, archive = block("sh arch"), tmp_path / "demo-1.0.tar.gz"
    else:
        recipe, archive = real_recipe(project), sdist(project)
    names, first = made_by_makepkg(recipe, archive, shell)
    _, second = made_by_makepkg(recipe, archive, shell)
    assert f"usr/lib/{SHORT}/site-packages/{project}/__pycache__/__init__.{TAG}.opt-1.pyc" in names
    assert first == second


def real_recipe(project: str) -> str:
    """The page's PKGBUILD for a project with an extension, as PyPI has it."""
    pin = sdist_pin(project)
    text = block("sh arch").replace("demo", project).replace("pkgver=1.0", f"pkgver={pin.version}")
    text = text.replace(f"{project}-1.0.tar.gz", pin.filename).replace("arch=(any)", "arch=(x86_64)")
    return text.replace("sha256sums=(SKIP)", f"sha256sums=({pin.sha256})")


def made_by_makepkg(recipe: str, archive: Path, shell: Shell) -> tuple[list[str], bytes]:
    """The names in a package, and the package."""
    build = Path("/tmp") / f"truewheel-makepkg-{os.getpid()}"
    build.mkdir()
    build.chmod(0o777)
    shutil.copy(archive, build)
    (build / "PKGBUILD").write_text(recipe)
    # makepkg refuses root; the Python that runs truewheel may lie in root's own directory
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    user += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    user = user if os.geteuid() == 0 else []
    make = ["makepkg", "--nodeps", "--config", str(build / "makepkg.conf")]
    (build / "makepkg.conf").write_text(
        "CARCH=x86_64\nPKGEXT=.pkg.tar\nSRCEXT=.src.tar\nPACKAGER=tests\nCHOST=x86_64-pc-linux-gnu\n"
        "INTEGRITY_CHECK=(sha256)\nDLAGENTS=()\nBUILDENV=(!check !sign)\nOPTIONS=(!strip)\n"
    )
    try:
        shell(f"cd {build} && HOME={build} {shlex.join([*user, *make])}")
        (package,) = build.glob("*.pkg.tar")
        return shell(f"bsdtar -tf {package}").splitlines(), package.read_bytes()
    finally:
        shutil.rmtree(build)


def test_gentoo(tmp_path: Path, shell: Shell, dist: Path) -> None:
    call = f"distutils_wheel_install {tmp_path}/image {dist}"
    shell(f"die() {{ exit 1; }}\n{block('sh gentoo')}\n{call}", PYTHON=sys.executable, EPREFIX="")
    found = files(tmp_path / "image")
    assert sum(name.endswith(".pyc") for name in found) == 3
    script = (tmp_path / "image/usr/bin/demo").read_text()
    assert script.startswith(f"#!/usr/bin/{SHORT}\n")
    if shutil.which("gpep517", path=Path(sys.executable).parent):
        verify = [sys.executable, "-m", "gpep517", "verify-pyc", "--destdir", str(tmp_path / "image")]
        done = subprocess.run([*verify, "--prefix", "/usr"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_void(tmp_path: Path, shell: Shell) -> None:
    source(tmp_path)
    shell(f"{block('sh void')}\ndo_build; do_install", DESTDIR=tmp_path / "destdir")
    found = files(tmp_path / "destdir")
    assert f"/usr/lib/{SHORT}/site-packages/demo/__init__.py" in found
    assert not any(name.endswith(".pyc") for name in found)


@pytest.mark.parametrize("prefix", ["nix/store/demo", f"nix/store/{'x' * 120}-demo"])
def test_nix(tmp_path: Path, shell: Shell, dist: Path, prefix: str) -> None:
    out = tmp_path / prefix
    hook = f"runHook() {{ :; }}\n{block('sh nix')}\n$installPhase\n{out}/bin/demo"
    shell(
        hook,
        out=out,
        NIX_BUILD_TOP=tmp_path,
        PYTHONPATH=f"{out}/lib/{SHORT}/site-packages:{PAGE.parents[1]}/src",
    )
    assert (out / f"lib/{SHORT}/site-packages/demo/__init__.py").exists()
    assert str(tmp_path / "image").encode() not in (out / "bin/demo").read_bytes()


def test_yocto(tmp_path: Path, shell: Shell, dist: Path, target: Path) -> None:
    assignments, _, function = block("sh yocto").partition("\n\n")
    assert "TRUEWHEEL_TARGET ?=" in assignments
    native = tmp_path / "native/python3-native"
    native.mkdir(parents=True)
    (native / "python3").symlink_to(sys.executable)
    shell(
        f"{function}\npython_pep517_do_install",
        D=tmp_path / "image",
        prefix="/usr",
        TRUEWHEEL_TARGET=target,
        TRUEWHEEL_PLATFORM="linux_aarch64",
        STAGING_BINDIR_NATIVE=tmp_path / "native",
        PEP517_WHEEL_PATH=dist.parent,
    )
    assert (tmp_path / "image/usr/bin/demo").read_text().startswith("#!/usr/bin/env python3\n")
    pycs = [name for name in files(tmp_path / "image") if name.endswith(".pyc")]
    assert pycs == [f"/usr/lib/{SHORT}/site-packages/demo/__pycache__/__init__.{TAG}.pyc"]


def test_buildroot(tmp_path: Path, shell: Shell, dist: Path, target: Path) -> None:
    require("make")
    (tmp_path / "host/bin").mkdir(parents=True)
    (tmp_path / "host/bin/python3").symlink_to(sys.executable)
    (tmp_path / "target").mkdir()
    (tmp_path / "Makefile").write_text(f"{block('make')}\n{tmp_path}/demo:\n\t$(DEMO_INSTALL_TARGET_CMDS)\n")
    (tmp_path / "demo-dist").mkdir()
    variables = [f"TARGET_DIR={tmp_path}/target", f"HOST_DIR={tmp_path}/host", f"DEMO_TARGET_JSON={target}"]
    # $(@D) of a package is its directory, here that of the goal
    shell(shlex.join(["make", *variables, f"{tmp_path}/demo"]))
    assert (tmp_path / "target/usr/bin/demo").read_text().startswith("#!/usr/bin/python\n")


def test_bazel(tmp_path: Path, shell: Shell, dist: Path, target: Path) -> None:
    """The rule is Python's syntax, too: here it is called with what Bazel would give it."""

    class Actions:
        def declare_directory(self, name: str) -> SimpleNamespace:
            return SimpleNamespace(path=str(tmp_path / name))

        def run(self, executable: str, arguments: list[str], env: dict[str, str], **declared: Any) -> None:
            assert {file.path for file in declared["inputs"]} == {str(dist), str(target)}
            shell(shlex.join([executable, *arguments]), **{k: v for k, v in env.items() if k != "PATH"})

    called: dict[str, Any] = {}
    scope: dict[str, Any] = {
        "attr": SimpleNamespace(label=lambda **_: None, string=lambda **_: None),
        "depset": list,
        "rule": lambda **given: called.update(given),
        "DefaultInfo": lambda **given: given,
        "PyInfo": lambda **given: given,
    }
    exec(block("python"), scope)
    files_of = SimpleNamespace(
        wheel=SimpleNamespace(path=str(dist)), target=SimpleNamespace(path=str(target))
    )
    for name in ("one", "other"):
        ctx = SimpleNamespace(
            actions=Actions(),
            label=SimpleNamespace(name=name, package="pkg"),
            workspace_name="main",
            file=files_of,
            attr=SimpleNamespace(compiler=sys.executable),
            executable=SimpleNamespace(truewheel="truewheel"),
        )
        _, info = called["implementation"](ctx)
        assert info["imports"] == [f"main/pkg/{name}/site-packages"]
    assert (tmp_path / "one/site-packages/demo/__init__.py").exists()
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "other")


def source(directory: Path) -> None:
    """Write a project that setuptools builds."""
    (directory / "demo").mkdir(parents=True)
    (directory / "demo/__init__.py").write_text("x = 1\n")
    (directory / "setup.py").write_text(_SETUP)

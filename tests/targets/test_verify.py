"""What verify finds in trees of the tools that install wheels, and what it does not find in truewheel's own.

The rules that each tool breaks are a table: they are what the tool does by design. A rule that is new in it
is a fault of the tool or a false alarm: look which.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.needs import nightly_but, require
from tests.pythons import available_pythons
from tests.registry import fetched, popular, wheel
from tests.rpm.sides import make_side
from truewheel.audit.verify import VerifyRequest, verify
from truewheel.cli.main import main
from truewheel.schemes import load_scheme, shipped_schemes

pytestmark = pytest.mark.slow

WHEELS = ("requests", "rich", "setuptools")
TOOLS = ("pip", "uv", "installer", "gpep517", "packaging")  # the last is imported by Fedora's macros
DATED = {"wrong-invalidation-mode", "not-canonical"}
LEFT = {"leftover-direct-url", "leftover-requested", "wrong-installer"}

# the rules of its scheme, else of generic, that each tool breaks
SCHEMES = {"Fedora's macros": "fedora"}
EXPECTED = {
    "pip into a venv": DATED | LEFT | {"missing-pyc"},
    "pip --root": DATED | LEFT | {"missing-pyc", "wrong-co-filename"},
    "uv into a venv": LEFT | {"missing-pyc", "leftover-uv-cache", "leftover-lock"},
    "uv --compile-bytecode": DATED | LEFT | {"missing-pyc", "leftover-uv-cache", "leftover-lock"},
    "installer": DATED | {"levels-not-linked", "wrong-installer"},
    "gpep517": DATED | {"levels-not-linked", "wrong-installer"},
    "Fedora's macros": DATED,
}
# those that hold everywhere
EVERYWHERE = {name: {"wrong-co-filename"} if name == "pip --root" else set() for name in EXPECTED}


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of programs of a virtual environment with the newest of each tool."""
    directory = tmp_path_factory.mktemp("tools")
    venv.create(directory, with_pip=True)
    run(directory / "bin/pip", "install", "-q", "--upgrade", *TOOLS)
    return directory / "bin"


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr


def pip_venv(tools: Path, target: Path, wheels: list[Path]) -> None:
    venv.create(target, with_pip=False)
    run(tools / "pip", "--python", target / "bin/python", "install", "-q", "--no-deps", *wheels)


def pip_root(tools: Path, target: Path, wheels: list[Path]) -> None:
    run(tools / "pip", "install", "-q", "--no-deps", "--root", target, "--prefix", "/usr", "-I", *wheels)


def uv_venv(*options: str) -> Callable[[Path, Path, list[Path]], None]:
    def install(tools: Path, target: Path, wheels: list[Path]) -> None:
        run(tools / "uv", "venv", "-q", target, "--python", sys.executable)
        python = target / "bin/python"
        run(tools / "uv", "pip", "install", "-q", "--no-deps", "--python", python, *options, *wheels)

    return install


def by_installer(tools: Path, target: Path, wheels: list[Path]) -> None:
    for each in wheels:
        run(tools / "python", "-m", "installer", "--destdir", target, "--prefix", "/usr", each)


def by_gpep517(tools: Path, target: Path, wheels: list[Path]) -> None:
    for each in wheels:
        options = ("--destdir", target, "--prefix", "/usr", "--optimize", "all")
        run(tools / "gpep517", "install-wheel", *options, each)


def as_fedora(tools: Path, target: Path, wheels: list[Path]) -> None:
    """Do what %pyproject_install and brp-python-bytecompile do in %install."""
    found = [part for each in wheels for part in ("--find-links", each.parent)]
    names = ["==".join(each.name.split("-")[:2]) for each in wheels]
    options = ("--no-deps", "--no-index", "--no-cache-dir", "--ignore-installed", "--prefix", "/usr")
    run(tools / "pip", "install", "-q", *options, "--root", target, *found, *names)
    for each in target.rglob("*.dist-info"):
        (each / "INSTALLER").write_text("rpm\n")
        for name in ("RECORD", "REQUESTED"):
            (each / name).unlink()
    (compiled,) = target.glob("usr/lib/python3.*")
    levels = ("-o", "0", "-o", "1", "-q", "-f", "--hardlink-dupes", "--invalidation-mode=timestamp")
    run(tools / "python", "-B", "-m", "compileall", *levels, "-s", target, "-p", "/", "-e", target, compiled)


INSTALL = {
    "pip into a venv": pip_venv,
    "pip --root": pip_root,
    "uv into a venv": uv_venv(),
    "uv --compile-bytecode": uv_venv("--compile-bytecode"),
    "installer": by_installer,
    "gpep517": by_gpep517,
    "Fedora's macros": as_fedora,
}


@pytest.mark.parametrize("tool", EXPECTED)
def test_a_tool_breaks_the_rules_of_its_row(tool: str, tools: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    INSTALL[tool](tools, target, [wheel(name) for name in WHEELS])
    assert rules(target) == EVERYWHERE[tool]
    assert rules(target, SCHEMES.get(tool, "generic")) == EXPECTED[tool]


FEDORA = {
    "debug_package": "%{nil}",
    "__os_install_post": "%{?__os_install_post_python}",
    "py3_shebang_fix": "true",
}
SPEC = """\
Name: python3-demo
Version: 1
Release: 1
Summary: Real wheels by Fedora's own macros
License: MIT
BuildArch: noarch
%description
%{{summary}}.
%install
mkdir -p %{{_pyproject_wheeldir}} %{{_pyproject_builddir}}
cp {wheels} %{{_pyproject_wheeldir}}
%pyproject_install
%files
/usr
"""


def test_a_package_by_fedoras_own_macros_breaks_the_rules_of_its_row(tools: Path, tmp_path: Path) -> None:
    """TRUEWHEEL_FEDORA_MACROS has the checkouts that tests/rpm/sides.py describes."""
    given = os.environ.get("TRUEWHEEL_FEDORA_MACROS")
    if not given:
        pytest.skip("TRUEWHEEL_FEDORA_MACROS names no files of Fedora's")
    require("rpmbuild")
    side, spec = make_side("stock", Path(given), tmp_path, str(tools / "python"), ""), tmp_path / "demo.spec"
    spec.write_text(SPEC.format(wheels=" ".join(str(wheel(name)) for name in WHEELS)))
    defines = [f"--define={name} {value}" for name, value in {"_topdir": tmp_path / "top", **FEDORA}.items()]
    environ = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tmp_path), **side.environ()}
    done = subprocess.run(
        ["rpmbuild", "--nodeps", "-bb", f"--load={side.settings}", *defines, spec],
        capture_output=True, text=True, check=False, timeout=600, env=environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (package,) = (tmp_path / "top").rglob("*.rpm")
    assert rules(package) == EVERYWHERE["Fedora's macros"]
    assert rules(package, "fedora") == EXPECTED["Fedora's macros"]


def rules(target: Path, scheme: str = "") -> set[str]:
    request = VerifyRequest((target,), scheme=load_scheme(scheme) if scheme else None)
    (found,) = verify(request, {})
    return {finding.rule for finding in found.findings}


VERSIONS = [version for version in available_pythons() if version not in ("2.7", "3.6")]
PURE = [pin.name for pin in popular() if pin.filename.endswith("-py3-none-any.whl")][:30]
CASES = [(version, scheme) for version in VERSIONS for scheme in shipped_schemes()]
DAILY = [("3.13", "fedora"), ("3.7", "opensuse"), ("debian", "debian"), ("3.10", "generic")]


@pytest.mark.parametrize(("version", "scheme"), nightly_but([each for each in DAILY if each in CASES], CASES))
def test_what_truewheel_installs_has_no_finding(version: str, scheme: str, tmp_path: Path) -> None:
    """Thirty of the most downloaded wheels in one root."""
    root, python = tmp_path / "root", str(available_pythons()[version])
    pins = [pin for pin in popular() if pin.name in PURE]
    wheels = [str(fetched(pin)) for pin in pins]
    options = ["--scheme", scheme, "--python", python, "--ignore-requires-python", "--quiet"]
    assert main(["install", *wheels, "--root", str(root), *options]) == 0
    for chosen in (None, load_scheme(scheme)):
        (found,) = verify(VerifyRequest((root,), root, chosen), {})
        assert found.findings == ()
    recompiled = VerifyRequest((root,), root, load_scheme(scheme), (python,), recompile=True)
    (found,) = verify(recompiled, {})
    assert found.findings == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_standard_library_has_no_finding(version: str) -> None:
    """As its own install left it; bytecode that a package manager makes is not there, or is right."""
    python = available_pythons()[version]
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"]
    stdlib = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    (found,) = verify(VerifyRequest((Path(stdlib),)), {})
    # true, both: a store of certificates that was added to on this machine, and an object file of Debian's
    # python3-dev that names the directory it was built in
    known = {("wrong-record-hash", "RECORD"), ("wrong-record-size", "RECORD"), ("build-path", "python.o")}
    assert {(each.rule, Path(each.path).name) for each in found.findings} <= known
    assert all("cacert.pem" in each.message for each in found.findings if "record" in each.rule)

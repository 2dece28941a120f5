"""Importing what was installed: from the root, every failure, whatever a module does."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pythons import available_pythons
from truewheel.check_import import ImportFailure, ImportRequest, check_imports, choose_modules
from truewheel.cli.main import main
from truewheel.errors import InterpreterError, RefusedInput
from truewheel.interpreter import probe
from truewheel.model import InstallPaths

PURE, PLAT = "/usr/lib/python3/site-packages", "/usr/lib64/python3/site-packages"
PATHS = InstallPaths(purelib=PURE, platlib=PLAT, scripts="/usr/bin", data="/usr", headers="/usr/include")
OLDEST_AND_NEWEST = [
    pytest.param(str(path), id=version)
    for version, path in available_pythons().items()
    if version in ("3.7", "3.10", "3.13", "3.14")
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("PYTHONPATH", "FORCE_COLOR", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.delenv(name, raising=False)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


class Root:
    """A root with modules written one by one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str = "", site: str = PURE) -> Path:
        path = self.path / site[1:] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def check(self, *modules: str, python: str = sys.executable) -> dict[str, str]:
        failures = self.failures(*modules, python=python)
        return {failure.module: failure.reason for failure in failures}

    def failures(self, *modules: str, python: str = sys.executable) -> tuple[ImportFailure, ...]:
        request = ImportRequest(modules, self.path, PATHS, probe(python))
        return check_imports(request, os.environ)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "root")


def test_names_are_sorted_and_filtered() -> None:
    names = ["b.c", "b", "a, c", "b", " d.tests.x ", ""]
    assert choose_modules(names, [], False) == ("a", "b", "b.c", "c", "d.tests.x")
    assert choose_modules(names, [], True) == ("a", "b", "c")
    assert choose_modules(names, ["*.tests*", "A", "b"], False) == ("a", "b.c", "c")


@pytest.mark.parametrize(
    ("names", "message"), [([], "no module is named"), (["a.b", "a"], "all 2 modules are excluded")]
)
def test_nothing_to_import_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(RefusedInput, match=rf"nothing to import: {message} \("):
        choose_modules(names, ["a*"], False)


@pytest.mark.parametrize("python", OLDEST_AND_NEWEST)
def test_every_failure_is_told_in_one_line(root: Root, python: str) -> None:
    root.write("good/__init__.py")
    lacking = root.write("good/lacking.py", "\nimport not_there_at_all\n")
    root.write("good/quits.py", "import sys\nsys.exit('bye\\nbye')\n")
    root.write("good/odd.py", "class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E\n")
    root.write("good/syntax.py", "x = (\n")
    modules = ("good", "good.lacking", "good.none", "good.odd", "good.quits", "good.syntax")
    failures = root.check(*modules, python=python)
    assert list(failures) == list(modules[1:])
    assert failures["good.lacking"] == (
        f"ModuleNotFoundError: No module named 'not_there_at_all' [{lacking}:2]"
    )
    assert failures["good.none"] == "ModuleNotFoundError: No module named 'good.none'"
    assert failures["good.odd"].startswith("E: (its text cannot be shown)")
    assert failures["good.quits"].startswith("SystemExit: bye bye [")
    assert failures["good.syntax"].startswith("SyntaxError: ")
    assert not any("\n" in reason for reason in failures.values())


@pytest.mark.parametrize("python", OLDEST_AND_NEWEST)
def test_a_module_that_ends_the_process_does_not_hide_the_rest(root: Root, python: str) -> None:
    root.write("a.py")
    root.write("b.py", "import os\nos._exit(0)\n")
    root.write("c.py", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    root.write("d.py", "raise ValueError('d')\n")
    failures = root.check("a", "b", "c", "d", python=python)
    assert failures["b"] == "Python: exit status 0 during the import"
    assert failures["c"] == "Python: killed by SIGSEGV during the import"
    assert failures["d"].startswith("ValueError: d")
    assert len(failures) == 3


def test_modules_share_one_process(root: Root) -> None:
    root.write("a.py", "import sys\nsys.seen = True\n")
    root.write("b.py", "import sys\nassert sys.seen\n")
    assert root.check("a", "b") == {}


def test_a_thread_that_goes_on_is_not_waited_for(root: Root) -> None:
    root.write("a.py", "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n")
    assert root.check("a") == {}


def test_a_module_may_close_its_outputs(root: Root) -> None:
    root.write("a.py", "import os, sys\nsys.stdout.close()\nsys.stderr = None\nos.closerange(3, 64)\n")
    root.write("b.py", "raise ValueError\n")
    assert root.check("a", "b")["b"].startswith("ValueError [")


@pytest.mark.parametrize("python", OLDEST_AND_NEWEST)
def test_the_root_comes_before_the_targets_own(root: Root, python: str) -> None:
    root.write("json/__init__.py", "raise ValueError('of the root')\n")
    root.write("wsgiref/__init__.py", "raise ValueError('pure')\n")
    root.write("wsgiref/__init__.py", "raise ValueError('plat')\n", site=PLAT)
    failures = root.check("wsgiref", python=python)
    assert failures["wsgiref"].startswith("ValueError: plat")


def test_the_callers_path_comes_first(root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.write("a.py", "raise ValueError('root')\n")
    root.write("b.py", "raise ValueError('root')\n")
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(own))
    assert list(root.check("a", "b")) == ["b"]


@pytest.mark.parametrize("python", OLDEST_AND_NEWEST)
def test_neither_the_current_directory_nor_ours_is_looked_into(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    (tmp_path / "here.py").touch()
    monkeypatch.chdir(tmp_path)
    assert list(root.check("here", "marshal_stream", python=python)) == ["here", "marshal_stream"]


def test_pth_files_of_the_root_are_read(root: Root) -> None:
    root.write("more/deep.py")
    root.write("more.pth", "more\n")
    assert root.check("deep") == {}


def test_a_pth_file_that_ends_python_is_trouble(root: Root) -> None:
    root.write("bad.pth", "import os; os._exit(7)\n")
    with pytest.raises(InterpreterError, match=r"exit status 7 before an import began \(.*\.pth"):
        root.check("a")


def test_programs_of_the_root_are_found_and_no_bytecode_is_written(root: Root) -> None:
    tool = root.write("tool", "#!/bin/sh\n", site="/usr/bin")
    tool.chmod(0o755)
    root.write("a.py", "import subprocess, sys\nsubprocess.check_call(['tool'])\n")
    root.write("b.py", "import subprocess, sys\nsubprocess.check_call([sys.executable, '-c', 'import a'])\n")
    assert root.check("a", "b") == {"b": root.check("b")["b"]}
    assert not list(root.path.rglob("*.pyc"))


def installed(tmp_path: Path) -> tuple[list[str], Path]:
    paths = Path(probe(sys.executable).short_version)
    root = Root(tmp_path / "root")
    site = f"/usr/lib/python{paths}/site-packages"
    root.write("demo/__init__.py", site=site)
    root.write("demo/bad.py", "print('noise')\nimport nope_nope\n", site=site)
    root.write("demo/worse.py", "1 / 0\n", site=site)
    modules = tmp_path / "modules"
    modules.write_text("demo\ndemo.bad\ndemo.worse\n")
    options = ["--scheme", "generic", "--python", sys.executable, "--modules", str(modules)]
    return ["--root", str(root.path), *options], modules


def test_the_command_lists_failures_and_counts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments, _ = installed(tmp_path)
    assert main(["check-import", *arguments]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "noise"
    assert lines[1].startswith("truewheel: error: import demo.bad: ModuleNotFoundError: ")
    assert lines[2].startswith("truewheel: error: import demo.worse: ZeroDivisionError: ")
    assert lines[3].startswith("truewheel: error: 2 of 3 modules cannot be imported (add ")
    assert len(lines) == 4
    assert main(["check-import", *arguments, "-v", "-e", "*.bad"]) == 1
    assert "Traceback (most recent call last)" in capfd.readouterr().err


def test_the_command_on_what_is_good(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments, modules = installed(tmp_path)
    assert main(["check-import", *arguments, "-t", "json"]) == 0
    out, err = capfd.readouterr()
    assert out.startswith("done: 2 modules imported by Python ")
    assert err == ""
    assert main(["check-import", *arguments, "-q", "-e", "*.bad", "-e", "*.w*"]) == 0
    assert capfd.readouterr().out == ""
    assert main(["check-import", *arguments, "-e", "*"]) == 1
    assert "nothing to import: all 3 modules are excluded" in capfd.readouterr().err
    modules.unlink()
    assert main(["check-import", *arguments]) == 2

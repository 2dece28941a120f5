"""``truewheel wheel``: what the backend gets to see, and what the user does."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from truewheel.cli.main import main
from truewheel.errors import RefusedInput, UsageError
from truewheel.project.backend import Backend, backend_environment, parse_settings

_BACKEND = """
import json, os, zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    print("noise on stdout")
    umask = os.umask(0)
    os.umask(umask)
    seen = {"settings": config_settings, "environ": dict(os.environ), "umask": umask}
    with zipfile.ZipFile(os.path.join(directory, "p-1-py3-none-any.whl"), "w") as archive:
        archive.writestr("seen.json", json.dumps(seen))
    return "p-1-py3-none-any.whl"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "mine.py").write_text(_BACKEND)
    _table(directory, 'requires = []\nbuild-backend = "mine"\nbackend-path = ["."]')
    return directory


def _table(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(f"[build-system]\n{text}\n")


def _seen(path: str) -> dict[str, object]:
    with zipfile.ZipFile(path) as archive:
        found: dict[str, object] = json.loads(archive.read("seen.json"))
    return found


def test_what_the_backend_sees(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CFLAGS": "-O2 -g", "SOURCE_DATE_EPOCH": "1234567890", "NO_PROXY": "*"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    before = os.umask(0o077)
    try:
        status = main(
            ["wheel", str(project), "--outdir", str(tmp_path / "out"), "-C", "a=1", "-Ca=2", "-C--b=c", "-Cd"]
        )
    finally:
        os.umask(before)
    printed = capfd.readouterr()
    assert status == 0
    assert printed.out == f"{tmp_path}/out/p-1-py3-none-any.whl\n"
    assert "noise on stdout" in printed.err
    seen = _seen(printed.out.strip())
    assert seen["settings"] == {"a": ["1", "2"], "--b": "c", "d": ""}
    assert seen["umask"] == 0o022
    environ = seen["environ"]
    assert isinstance(environ, dict)
    assert environ["CFLAGS"] == "-O2 -g" and environ["SOURCE_DATE_EPOCH"] == "1234567890"
    assert environ["https_proxy"] == environ["HTTP_PROXY"] == "http://127.0.0.1:9/"
    assert environ["NO_PROXY"] != "*" and environ["PIP_NO_INDEX"] == "1" and environ["PYTHONHASHSEED"] == "0"


def test_the_default_place(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["wheel", str(project), "--python", sys.executable]) == 0
    assert capfd.readouterr().out == f"{project}/dist/p-1-py3-none-any.whl\n"


@pytest.mark.parametrize(
    "table",
    [
        'build-backend = "mine"\nbackend-path = ["."]',
        'requires = []\nbuild-backend = "mine"\nbackend-path = "."',
        'requires = []\nbuild-backend = "mine"\nbackend-path = ["."]\nown-key = 1',
    ],
)
def test_tables_that_pip_takes(project: Path, table: str, capfd: pytest.CaptureFixture[str]) -> None:
    _table(project, table)
    assert main(["wheel", str(project)]) == 0
    assert "noise on stdout" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            'requires = ["hatchling>1", "x"]\nbuild-backend = "gone.backend"',
            "python3dist(hatchling), python3dist(x)",
        ),
        (
            'requires = ["Gone_1>1", "x"]\nbuild-backend = "gone_1.backend:it"',
            "(BuildRequire python3dist(gone-1))",
        ),
        ('requires = "x"', "is not an array of strings"),
        ('build-backend = "mine"\nbackend-path = ".."', "leaves the project"),
    ],
)
def test_refusals(project: Path, table: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    _table(project, table)
    assert main(["wheel", str(project), "--skip-dependency-check"]) == 1
    assert said in capfd.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("requires", "asked", "missing"),
    [
        (
            ["packaging>=999", "wanted-by-nobody", "gone; python_version < '3'"],
            [],
            "packaging>=999 (installed: ",
        ),
        (["packaging"], ["Wanted_By.Nobody>2"], "Wanted_By.Nobody>2 (not installed)"),
        (["packaging", "not a requirement"], [], "'not a requirement' is not a requirement"),
        (["packaging>1", "pytest"], ["packaging"], ""),
    ],
)
def test_requirements_of_the_build_must_be_installed(
    project: Path, requires: list[str], asked: list[str], missing: str, capfd: pytest.CaptureFixture[str]
) -> None:
    _table(project, f'requires = {json.dumps(requires)}\nbuild-backend = "mine"\nbackend-path = ["."]')
    hook = f"\ndef get_requires_for_build_wheel(config_settings=None):\n    return {asked!r}\n"
    (project / "mine.py").write_text(_BACKEND + hook)
    assert main(["wheel", str(project)]) == (1 if missing else 0)
    assert missing in capfd.readouterr().err
    assert (project / "dist").exists() != bool(missing)
    assert main(["wheel", str(project), "--skip-dependency-check"]) == 0


_PREPARING = """
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    os.mkdir(os.path.join(directory, "p-1.dist-info"))
    return "p-1.dist-info"

plain = build_wheel

def build_wheel(directory, config_settings=None, metadata_directory=None):
    given = {"metadata": metadata_directory and os.path.basename(metadata_directory)}
    return plain(directory, given)
"""


@pytest.mark.parametrize(("prepared", "given"), [(True, "p-1.dist-info"), (False, None)])
def test_metadata_that_was_prepared_is_handed_on_where_pip_would(
    project: Path, tmp_path: Path, prepared: bool, given: str | None
) -> None:
    (project / "mine.py").write_text(_BACKEND + _PREPARING)
    with Backend(project, sys.executable, os.environ, {"own": "x"}) as backend:
        made = backend.wheel(tmp_path / "out", prepared=prepared)
    assert _seen(str(made))["settings"] == {"metadata": given}


def test_the_command_hands_prepared_metadata_on(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "mine.py").write_text(_BACKEND + _PREPARING)
    assert main(["wheel", str(project)]) == 0
    assert _seen(capfd.readouterr().out.strip())["settings"] == {"metadata": "p-1.dist-info"}


def test_no_project(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["wheel", str(tmp_path)]) == 1
    assert "neither pyproject.toml nor setup.py" in capfd.readouterr().err
    assert main(["wheel", str(tmp_path / "gone")]) == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise SystemExit(7)", "exit status 7"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("raise ValueError", "exit status 1"),
    ],
)
def test_failing_backends(project: Path, body: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "mine.py").write_text(f"def build_wheel(*args, **kwargs):\n    {body}\n")
    assert main(["wheel", str(project)]) == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert said in last and "its output stands above" in last


def test_environment_and_settings() -> None:
    assert parse_settings([]) == {}
    assert parse_settings(["a=b=c", "a", "a=d"]) == {"a": ["b=c", "", "d"]}
    assert backend_environment({"PYTHONHASHSEED": "5", "CC": "x"})["PYTHONHASHSEED"] == "5"
    with pytest.raises(UsageError):
        backend_environment({"SOURCE_DATE_EPOCH": "yesterday"})


@pytest.mark.slow
def test_setup_py_alone_builds_the_same_wheel_twice(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata as metadata

    names = {distribution.metadata["Name"] for distribution in metadata.distributions()}
    if "wheel" not in names and int(metadata.version("setuptools").partition(".")[0]) < 71:
        pytest.skip("needs setuptools 70.1, or an older one with wheel")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    hashes = set()
    for directory, umask in (("a", 0o077), ("b/deeper", 0o002)):
        project = tmp_path / directory
        before = os.umask(umask)
        try:
            project.mkdir(parents=True)
            (project / "setup.py").write_text(
                "from setuptools import setup\nsetup(name='q', version='1', packages=['q'])\n"
            )
            (project / "q").mkdir()
            (project / "q" / "__init__.py").write_text("X = 1\n")
            os.chmod(project / "q" / "__init__.py", 0o644)
            assert main(["wheel", str(project)]) == 0
        finally:
            os.umask(before)
        hashes.add(hashlib.sha256(Path(capfd.readouterr().out.strip()).read_bytes()).hexdigest())
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("given", "directory"), [([], None), (["-Cbuild-dir=b"], "b"), (["-Cbuilddir=b"], "b")]
)
def test_meson_python_builds_in_a_directory_of_one_name(
    project: Path, given: list[str], directory: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "mine.py").rename(project / "mesonpy.py")
    _table(project, 'requires = []\nbuild-backend = "mesonpy"\nbackend-path = ["."]')
    seen = []
    for _ in range(2):
        assert main(["wheel", str(project), *given]) == 0
        settings = _seen(capfd.readouterr().out.strip())["settings"]
        assert isinstance(settings, dict)
        seen.append(settings)
        stale = project / str(*settings.values()) / "stale"
        assert not stale.exists() or given
        stale.parent.mkdir(exist_ok=True)
        stale.touch()
    assert seen[0] == seen[1]
    assert directory is None or directory in seen[0].values()


def test_a_caller_with_its_own_words_log_and_proxies(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    environ = {**os.environ, "http_proxy": "http://mine/"}
    with Backend(project, sys.executable, environ, keep_proxies=True, log=tmp_path / "log") as backend:
        seen = _seen(str(backend.wheel(tmp_path)))["environ"]
    assert isinstance(seen, dict) and seen["http_proxy"] == "http://mine/" and seen["PIP_NO_INDEX"] == "1"
    assert "noise on stdout" in (tmp_path / "log").read_text()
    assert capfd.readouterr() == ("", "")
    (project / "mine.py").unlink()
    with (
        Backend(project, sys.executable, environ, provider=lambda system: f"get {system.backend}") as backend,
        pytest.raises(RefusedInput, match=r"\(get mine\)"),
    ):
        backend.wheel(tmp_path)

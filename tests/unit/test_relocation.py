"""Roots whose directories are links, and co_filename as the scheme says, through the command line."""

from __future__ import annotations

import marshal
import sys
from pathlib import Path

import pytest

from tests.faults.support import files, is_one_line, snapshot
from tests.pythons import available_pythons
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main

SITE = f"python3.{sys.version_info[1]}/site-packages"
PYC = f"__pycache__/__init__.cpython-3{sys.version_info[1]}.pyc"
LINKS = {"usr/lib": "lib64", "usr/bin": "/programs", "usr/share": "../../../../var/share"}


@pytest.fixture
def wheel(wheel_builder: WheelBuilder) -> Path:
    return wheel_builder.build(
        files={"demo/__init__.py": "def f(): return 0\n"},
        entry_points={"demo": "demo:f"},
        data={"data/share/demo/x": "x"},
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "usr").mkdir(parents=True)
    for link, target in LINKS.items():
        (root / link).symlink_to(target)
    return root


def install(wheel: Path, root: Path, *options: str) -> int:
    scheme = [] if "--scheme" in options else ["--scheme", "generic"]
    common = ["--root", str(root), "--python", sys.executable, "-q", *scheme]
    return main(["install", str(wheel), *common, *options])


def filename(pyc: Path) -> str:
    return str(marshal.loads(pyc.read_bytes()[16:]).co_filename)


def test_links_are_refused_where_they_are_not_asked_for(wheel: Path, root: Path) -> None:
    assert install(wheel, root) == 1
    assert files(root) == set()


def test_directories_that_are_links_are_followed_inside(tmp_path: Path, wheel: Path, root: Path) -> None:
    outside = snapshot(tmp_path / "wheels")
    assert install(wheel, root, "--follow-links-inside") == 0
    site = f"/usr/lib64/{SITE}"
    wanted = {"/programs/demo", "/var/share/demo/x", f"{site}/demo/__init__.py", f"{site}/demo/{PYC}"}
    assert wanted < files(root)
    assert {link: str((root / link).readlink()) for link in LINKS} == LINKS
    record = (root / f"{site[1:]}/demo-1.0.dist-info/RECORD").read_text()
    assert "../../../../programs/demo," in record
    assert filename(root / f"{site[1:]}/demo/{PYC}") == f"/usr/lib/{SITE}/demo/__init__.py"
    assert snapshot(tmp_path / "wheels") == outside
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root", "wheels"]
    before = snapshot(root)
    assert install(wheel, root, "--follow-links-inside") == 0
    assert snapshot(root) == before


def test_another_version_is_replaced_through_links(
    wheel: Path, root: Path, wheel_builder: WheelBuilder
) -> None:
    assert install(wheel, root, "--follow-links-inside") == 0
    new = wheel_builder.build(version="2.0", files={"demo2.py": ""})
    assert install(new, root, "--follow-links-inside") == 1
    assert install(new, root, "--follow-links-inside", "--overwrite") == 0
    assert not any("/demo/__" in name or "demo-1.0" in name for name in files(root))
    assert "/programs/demo" not in files(root)


def test_links_in_a_circle_are_refused_in_one_line(
    wheel: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "usr/lib").unlink()
    (root / "usr/lib").symlink_to("lib")
    before = snapshot(root)
    assert install(wheel, root, "--follow-links-inside") == 1
    told = capsys.readouterr().err
    assert is_one_line(told)
    assert "cannot be followed in the root: Too many levels of symbolic links" in told
    assert snapshot(root) == before


def test_two_files_that_links_bring_together_are_refused(
    root: Path, wheel_builder: WheelBuilder, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "one").symlink_to("/other")
    data = {"data/one/x": "1", "data/other/x": "2"}
    wheel = wheel_builder.build(files={"demo.py": ""}, data=data)
    assert install(wheel, root, "--follow-links-inside", "--prefix", "/") == 1
    assert "/other/x: is wanted by" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("full", f"/usr/lib/{SITE}/demo/__init__.py"),
        ("relative", "demo/__init__.py"),
        ("name", "__init__.py"),
    ],
)
def test_a_scheme_cuts_the_name_in_the_code(tmp_path: Path, wheel: Path, kind: str, wanted: str) -> None:
    scheme = tmp_path / "mine.yaml"
    scheme.write_text(f"extends: generic\nbytecode: {{filename: {kind}}}\n")
    assert install(wheel, tmp_path / "root", "--scheme", str(scheme)) == 0
    assert filename(tmp_path / f"root/usr/lib/{SITE}/demo/{PYC}") == wanted


@pytest.mark.parametrize("kind", ["full", "relative", "name"])
def test_compile_makes_what_an_install_makes_and_verify_finds_nothing(
    tmp_path: Path, wheel: Path, kind: str
) -> None:
    scheme, root = tmp_path / "mine.yaml", tmp_path / "root"
    scheme.write_text(f"extends: generic\nbytecode: {{filename: {kind}}}\n")
    common = ["--root", str(root), "--scheme", str(scheme), "--python", sys.executable, "-q"]
    assert install(wheel, root, "--scheme", str(scheme)) == 0
    before = snapshot(root)
    for path in (f"/usr/lib/{SITE}", f"/usr/lib/{SITE}/demo", f"/usr/lib/{SITE}/demo/__init__.py"):
        for pyc in root.rglob("*.pyc"):
            pyc.unlink()
        assert main(["compile", path, *common]) == 0
        assert snapshot(root).items() >= {k: v for k, v in before.items() if k.endswith(".pyc")}.items()
    assert main(["verify", str(root), "--scheme", str(scheme), "--python", sys.executable]) == 0


def test_verify_takes_a_name_that_links_of_the_tree_lead_to_the_source(
    wheel: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(wheel, root, "--follow-links-inside") == 0
    verify = ["verify", str(root), "--scheme", "generic", "--python", sys.executable]
    assert main(verify) == 0
    (root / "usr/lib").unlink()
    assert main(verify) == 1
    assert f"says '/usr/lib/{SITE}/demo/__init__.py'" in capsys.readouterr().out


def test_verify_finds_a_name_that_the_scheme_does_not_cut(
    tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, schemes = tmp_path / "root", {}
    for kind in ("full", "relative", "name"):
        schemes[kind] = tmp_path / f"{kind}.yaml"
        schemes[kind].write_text(f"extends: generic\nbytecode: {{filename: {kind}}}\n")
    assert install(wheel, root, "--scheme", str(schemes["relative"])) == 0
    for kind in ("full", "name"):
        main(["verify", str(root), "--scheme", str(schemes[kind])])
        assert "says 'demo/__init__.py'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("relative", "demo/plugin.py"), ("name", "plugin.py"), ("full", "/usr/share/app/demo/plugin.py")],
)
def test_outside_of_the_libraries_compile_cuts_at_what_it_was_given(
    tmp_path: Path, kind: str, wanted: str
) -> None:
    scheme, root = tmp_path / "mine.yaml", tmp_path / "root"
    scheme.write_text(f"extends: generic\nbytecode: {{filename: {kind}}}\n")
    directory = root / "usr/share/app/demo"
    directory.mkdir(parents=True)
    (directory / "plugin.py").write_text("x = 1\n")
    paths = ["/usr/share/app/demo/plugin.py", "/usr/share/app"]
    common = ["--root", str(root), "--scheme", str(scheme), "--python", sys.executable, "-q"]
    assert main(["compile", *paths, *common]) == 0
    (pyc,) = (path for path in directory.rglob("*.pyc") if "opt" not in path.name)
    assert filename(pyc) == wanted


def test_compile_refuses_bytecode_in_the_place_of_sources(
    tmp_path: Path, wheel: Path, legacy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root) == 0
    before = snapshot(root)
    command = ["compile", f"/usr/lib/{SITE}", "--root", str(root), "--scheme", legacy, "-q"]
    assert main([*command, "--python", sys.executable]) == 2
    told = capsys.readouterr().err
    assert is_one_line(told)
    assert "scheme mine: bytecode.layout: legacy is for installs" in told
    assert snapshot(root) == before


@pytest.fixture
def legacy(tmp_path: Path) -> str:
    scheme = tmp_path / "mine.yaml"
    keys = "layout: legacy, filename: relative, invalidation_mode: unchecked-hash"
    scheme.write_text(f"extends: generic\nbytecode: {{{keys}}}\n")
    return str(scheme)


def test_a_tree_of_bytecode_alone_is_imported(
    tmp_path: Path, wheel: Path, legacy: str, capfd: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert install(wheel, root, "--scheme", legacy) == 0
    site = f"/usr/lib/{SITE}"
    assert f"{site}/demo/__init__.pyc" in files(root)
    assert not any(name.endswith(".py") or "__pycache__" in name for name in files(root))
    record = (root / f"{site[1:]}/demo-1.0.dist-info/RECORD").read_text()
    assert "demo/__init__.pyc,sha256=" in record
    assert "__init__.py," not in record
    assert filename(root / f"{site[1:]}/demo/__init__.pyc") == "demo/__init__.py"
    check = ["check-import", "--root", str(root), "--scheme", legacy, "--python", sys.executable]
    assert main(check) == 0
    assert "done: 1 modules imported" in capfd.readouterr().out
    before = snapshot(root)
    assert install(wheel, root, "--scheme", legacy) == 0
    assert snapshot(root) == before


def test_a_source_without_bytecode_fails_such_a_tree_or_stays(
    tmp_path: Path, wheel_builder: WheelBuilder, legacy: str
) -> None:
    wheel = wheel_builder.build(files={"demo/__init__.py": "", "demo/bad.py": "def f(:\n"})
    root = tmp_path / "root"
    assert install(wheel, root, "--scheme", legacy, "--errors", "warn") == 1
    assert not root.exists()
    assert install(wheel, root, "--scheme", legacy, "--compile-exclude", "bad.py") == 0
    assert {Path(name).name for name in files(root) if "/demo/" in name} == {"__init__.pyc", "bad.py"}


_RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_such_a_tree_is_for_one_python(tmp_path: Path, wheel: Path, legacy: str) -> None:
    root = tmp_path / "root"
    others = [
        str(path) for name, path in available_pythons().items() if name in {"3.10", "3.12"} - {_RUNNING}
    ]
    if not others:
        pytest.skip("needs another Python")
    assert install(wheel, root, "--scheme", legacy, "--python", others[0]) == 1
    assert not root.exists()

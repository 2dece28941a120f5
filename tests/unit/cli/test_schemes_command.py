"""Schemes on the command line: listed, printed as files, and a distribution that is one file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from tests.faults.support import files, truewheel
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.schemes import load_scheme, shipped_schemes

ALPINE = Path(__file__).parents[2] / "data" / "schemes" / "alpine.yaml"
PY = ("--python", sys.executable)


def test_without_a_name_the_shipped_schemes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert tuple(line.split()[0] for line in lines) == shipped_schemes()
    assert (
        "fedora    Fedora, EPEL and ELN: as %pyproject_install and brp-python-bytecompile leave a package"
        in lines
    )


@pytest.mark.parametrize("name", [*shipped_schemes(), str(ALPINE)])
def test_what_is_printed_of_a_scheme_is_a_file_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["schemes", name]) == 0
    printed, warned = capsys.readouterr()
    (tmp_path / "copy.yaml").write_text(printed)
    assert load_scheme(str(tmp_path / "copy.yaml"), pytest.fail) == load_scheme(name)
    assert warned == ""


def test_several_schemes_are_documents_of_one_stream(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemes", "fedora", "debian"]) == 0
    printed = yaml.safe_load_all(capsys.readouterr().out)
    assert [document["name"] for document in printed] == ["fedora", "debian"]
    assert main(["schemes", "--json", "fedora", "debian"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [scheme["name"] for scheme in document["schemes"]] == ["fedora", "debian"]


def test_a_distribution_is_one_file(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(
        "flask_demo",
        files={"flask_demo/__init__.py": "def main(): pass\n", "flask_demo/templates/index.html": "<p>\n"},
        entry_points={"flask-demo": "flask_demo:main"},
        dist_info={"licenses/LICENSE": "MIT\n"},
        data={"scripts/flask-helper": "#!python\nprint()\n", "data/share/man/man1/flask-demo.1": ".TH\n"},
    )
    root = tmp_path / "root"
    done = truewheel("install", wheel, "--root", root, "--scheme", ALPINE, *PY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "(alpine scheme)" in done.stdout
    short, tag = "{}.{}".format(*sys.version_info), sys.implementation.cache_tag
    site = f"/usr/lib/python{short}/site-packages"
    (info,) = {path.rpartition("/")[0] for path in files(root) if path.endswith("/RECORD")}
    assert files(root) == {
        f"{site}/flask_demo/__init__.py",
        f"{site}/flask_demo/__pycache__/__init__.{tag}.pyc",
        f"{site}/flask_demo/__pycache__/__init__.{tag}.opt-1.pyc",
        f"{site}/flask_demo/templates/index.html",
        *(
            f"{info}/{name}"
            for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
        ),
        "/usr/bin/flask-demo",
        "/usr/bin/flask-helper",
        "/usr/share/man/man1/flask-demo.1",
    }
    for script in ("flask-demo", "flask-helper"):
        assert (root / "usr/bin" / script).read_text().startswith("#!/usr/bin/python3\n")
    checked = truewheel("check-import", "flask_demo", "--root", root, "--scheme", ALPINE, *PY)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_older_keys_are_one_warning_each_and_install_as_they_did(
    tmp_path: Path, wheel_builder: WheelBuilder
) -> None:
    wheel = wheel_builder.build("pip", files={"pip.py": ""}, entry_points={"pip": "pip:main"})
    scheme = tmp_path / "mine.yaml"
    scheme.write_text("family: generic\nextends: generic\nmetadata: {installer: pip}\n")
    done = truewheel("install", wheel, "--root", tmp_path / "root", "--scheme", scheme, *PY)
    assert done.returncode == 0
    first, second = done.stderr.splitlines()
    assert first.startswith(f"truewheel: warning: {scheme}:1: family: ")
    assert second.startswith(f"truewheel: warning: {scheme}:3: metadata.installer: ")
    names = {path.name for path in (tmp_path / "root/usr/bin").iterdir()}
    assert names == {"pip", "pip3", "pip{}.{}".format(*sys.version_info)}
    for command in (("compile", "/usr"), ("check-import", "pip")):
        said = truewheel(*command, "--root", tmp_path / "root", "--scheme", scheme, *PY)
        assert (said.returncode, said.stderr) == (0, done.stderr)
    assert truewheel("schemes", scheme).stderr == done.stderr

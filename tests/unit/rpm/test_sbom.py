"""Bundled wheels tell which rpm package they are from."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.wheel.reader import read_wheel

_PURL = "pkg:rpm/fedora/python-demo@1.2-3.fc44?epoch=4&arch=src"


def test_a_wheel_tells_its_package_and_stays_a_wheel(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build(files={"demo.py": "X = 1\n", "demo/_vendor/x-1.dist-info/RECORD": ""})
    path.chmod(0o640)
    before = read_wheel(path)
    assert main(["inject-sbom", "--purl", _PURL, str(path)]) == 0
    after = read_wheel(path)
    name = f"{after.dist_info}/sboms/bom.json"
    assert [entry for entry in after.entries if entry.name not in (name, f"{after.dist_info}/RECORD")] == [
        entry for entry in before.entries if entry.name != f"{before.dist_info}/RECORD"
    ]
    with zipfile.ZipFile(path) as archive:
        (component,) = json.loads(archive.read(name))["components"]
        assert archive.read("demo/_vendor/x-1.dist-info/RECORD") == b""
    assert component == {"type": "library", "name": "python-demo", "version": "1.2-3.fc44", "purl": _PURL}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(path.parent) == [path.name]


def test_two_injections_give_equal_wheels(wheel_builder: WheelBuilder, tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        path = wheel_builder.build(files={"demo.py": ""})
        assert main(["inject-sbom", "--purl", _PURL, str(path)]) == 0
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_nothing_is_written_if_one_wheel_has_a_document(
    wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = wheel_builder.build(files={"demo.py": ""})
    other = tmp_path / "other" / done.name
    other.parent.mkdir()
    other.write_bytes(done.read_bytes())
    before = other.read_bytes()
    assert main(["inject-sbom", "--purl", _PURL, str(done)]) == 0
    assert main(["inject-sbom", "--purl", _PURL, str(other), str(done)]) == 1
    assert "has a bill of materials already" in capsys.readouterr().err
    assert other.read_bytes() == before


@pytest.mark.parametrize("purl", ["", "pkg:pypi/demo@1", "pkg:rpm/demo@1", "pkg:rpm/fedora/demo"])
def test_a_text_that_names_no_package_is_refused(wheel_builder: WheelBuilder, purl: str) -> None:
    path = wheel_builder.build(files={"demo.py": ""})
    before = path.read_bytes()
    assert main(["inject-sbom", "--purl", purl, str(path)]) == 2
    assert path.read_bytes() == before

"""Odd wheels are installed whole, and a line warns of what is odd."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.hostile.defects import INIT, LINK, good
from tests.hostile.oddities import ODDITIES, Oddity
from tests.hostile.test_refused_wheels import rule_of
from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.record import digest_text, read_rows
from truewheel.rules import CHOICES
from truewheel.wheel.reader import find_faults, read_wheel

ALLOW = [f"--allow={rule}" for rule in CHOICES]


def install(path: Path, root: Path, *options: str) -> int:
    """Install without bytecode, in the scheme generic unless the options name another."""
    common = [
        "--root",
        str(root),
        "--scheme",
        "generic",
        "--optimize",
        "",
        "-q",
        "--report",
        str(root.with_suffix(".json")),
    ]
    return main(["install", str(path), *common, *options])


def site(root: Path) -> Path:
    """The directory of modules below a root."""
    (found,) = root.glob("usr/lib/python3*/site-packages")
    return found


def check_record(directory: Path) -> None:
    """Each row of an installed RECORD is true of its file, and each file below the directory has a row."""
    (record,) = directory.glob("*.dist-info/RECORD")
    rows = read_rows(record.read_text(encoding="utf-8"))
    for name, digest, size in rows:
        content = (directory / name).read_bytes()
        if directory / name != record:
            assert digest == f"sha256={digest_text(hashlib.sha256(content).digest())}", name
            assert size == str(len(content)), name
    there = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    assert there <= {row[0] for row in rows}


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: oddity.name)
def test_an_odd_wheel_is_installed_whole_with_a_line_for_each_warning(
    oddity: Oddity, wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, root = oddity.build(wheel_builder), tmp_path / "root"
    assert [fault.rule for fault in find_faults(path)] == [*oddity.warns]
    assert install(path, root, *ALLOW) == 0
    lines = capsys.readouterr().err.splitlines()
    told = [line for line in lines if "not installed: written by the installer" not in line]
    assert [line.rpartition(" ")[2] for line in told] == [f"[{rule}]" for rule in oddity.warns]
    assert all(line.startswith(f"truewheel: warning: {path.name}: ") for line in lines)
    report = json.loads(root.with_suffix(".json").read_text())
    assert [warned["rule"] for warned in report["warnings"]] == [*oddity.warns]
    assert all((root / file["path"][1:]).stat().st_size == file["size"] for file in report["files"])
    assert not any(found.is_symlink() for found in root.rglob("*"))
    check_record(site(root))


def test_the_table_is_large_and_names_are_unique() -> None:
    assert len(ODDITIES) >= 60
    assert len({oddity.name for oddity in ODDITIES}) == len(ODDITIES)


def linked(builder: WheelBuilder, **changes: object) -> Path:
    files = {INIT: "value = 1\n", "demo/link.py": "__init__.py"}
    modes = {"demo/link.py": LINK, INIT: 0o100755}
    return good(builder, **{"files": files, "modes": modes, **changes})


def test_a_link_is_refused_and_the_hint_says_how_to_allow_it(
    wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(linked(wheel_builder), tmp_path / "root") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert rule_of(line) == "symbolic-link"
    assert "or give --allow symbolic-link)" in line
    assert not (tmp_path / "root").exists()


def test_an_allowed_link_is_a_copy_with_the_mode_of_what_it_leads_to(
    wheel_builder: WheelBuilder, tmp_path: Path
) -> None:
    assert install(linked(wheel_builder), tmp_path / "root", *ALLOW) == 0
    copy = site(tmp_path / "root") / "demo/link.py"
    assert copy.read_text() == "value = 1\n"
    assert copy.stat().st_mode & 0o777 == 0o755


def test_a_scheme_allows_what_the_option_allows(wheel_builder: WheelBuilder, tmp_path: Path) -> None:
    scheme = tmp_path / "mine.yaml"
    scheme.write_text("extends: generic\nallow: [symbolic-link]\n")
    assert install(linked(wheel_builder), tmp_path / "root", "--scheme", str(scheme)) == 0


def test_links_do_not_unpack_to_more_than_a_wheel_may(wheel_builder: WheelBuilder) -> None:
    """Each copy counts: a small wheel of links to one large file would fill a disk."""
    links = {f"demo/link{number}": "big" for number in range(40)}
    files = {INIT: "", "demo/big": bytes(2 << 20), **links}
    path = good(wheel_builder, files=files, modes=dict.fromkeys(links, LINK))
    assert [fault.rule for fault in find_faults(path) if fault.rule != "symbolic-link"] == ["zip-bomb"]


def test_a_link_with_a_wrong_hash_is_refused_even_if_links_are_allowed(
    wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = linked(
        wheel_builder,
        rows=lambda made: [(n, "sha256=AAAA", s) if "link" in n else (n, d, s) for n, d, s in made],
    )
    assert install(path, tmp_path / "root", *ALLOW) == 1
    assert rule_of(capsys.readouterr().err.splitlines()[-1]) == "hash-mismatch"


@pytest.mark.parametrize("scheme", ["fedora", "opensuse", "generic"])
def test_the_entry_point_wins_over_a_script_as_with_pip(
    scheme: str, wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = good(wheel_builder, data={"scripts/tool": "#!/bin/sh\n"}, entry_points={"tool": "demo:main"})
    assert install(path, tmp_path / "root", "--scheme", scheme) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("is both a shipped script and an entry point [script-and-entry-point]")
    assert "import main" in (tmp_path / "root/usr/bin/tool").read_text()
    report = json.loads((tmp_path / "root.json").read_text())
    assert [each["reason"] for each in report["dropped"]] == ["the entry point of its name is installed"]


def test_a_script_with_the_name_of_an_entry_point_is_refused_in_debian(
    wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = good(wheel_builder, data={"scripts/tool": "#!/bin/sh\n"}, entry_points={"tool": "demo:main"})
    assert install(path, tmp_path / "root", "--scheme", "debian") == 1
    assert rule_of(capsys.readouterr().err.strip()) == "script-and-entry-point"


@pytest.mark.parametrize("tags", ["cp39-cp39-win_amd64", "py2-none-any"])
def test_tags_of_the_file_name_must_fit_whatever_wheel_says(
    tags: str, wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = good(wheel_builder, filename=f"demo-1.0-{tags}.whl")
    assert install(path, tmp_path / "root") == 1
    assert rule_of(capsys.readouterr().err.strip()) == "unfitting-tags"


def test_a_dry_run_warns_too(
    wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = good(wheel_builder, wheel=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
    assert install(path, tmp_path / "root", "--dry-run") == 0
    assert capsys.readouterr().err.endswith("has no Tag [missing-tag]\n")


def test_what_is_allowed_must_be_a_choice(
    wheel_builder: WheelBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        install(good(wheel_builder), tmp_path / "root", "--allow", "hash-mismatch")
    assert caught.value.code == 2
    assert "hash-mismatch" in capsys.readouterr().err


def test_a_wheel_without_oddities_has_no_warnings(wheel_builder: WheelBuilder) -> None:
    assert read_wheel(good(wheel_builder)).warnings == ()

"""Links are followed as inside a root, and none leads out."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.beneath import is_directory, is_file, leads_to


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for directory in ("usr/bin", "usr/lib64", "etc"):
        (root / directory).mkdir(parents=True)
    (root / "usr/bin/python3.14").touch()
    for link, target in {
        "usr/bin/python3": "python3.14",
        "bin": "usr/bin",
        "usr/lib": "lib64",
        "etc/python": "/usr/bin/python3",
        "etc/up": "../../../../../usr/bin/python3",
        "etc/one": "two",
        "etc/two": "one",
    }.items():
        (root / link).symlink_to(target)
    return root


@pytest.mark.parametrize(
    ("final", "wanted"),
    [
        ("/bin/python3", "/usr/bin/python3.14"),
        ("/etc/python", "/usr/bin/python3.14"),
        ("/etc/up", "/usr/bin/python3.14"),
        ("/usr/lib/x/y", "/usr/lib64/x/y"),
        ("/nowhere/python3", "/nowhere/python3"),
        ("/", "/"),
    ],
)
def test_a_path_leads_where_it_does_inside(root: Path, final: str, wanted: str) -> None:
    assert leads_to(root, final) == wanted


def test_links_in_a_circle_end(root: Path) -> None:
    with pytest.raises(OSError, match="Too many levels"):
        leads_to(root, "/etc/one/x")
    assert not is_file(root, "/etc/one")


def test_files_and_directories_are_told_apart(root: Path) -> None:
    assert is_file(root, "/etc/up")
    assert not is_file(root, "/usr/lib")
    assert is_directory(root, "/usr/lib")
    assert not is_directory(root, "/usr/share")
    assert not is_file(root, "/usr/bin/python3.14/x")

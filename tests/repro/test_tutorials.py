"""The tutorials, word for word, in Debians that have only what the pages name: built twice, one hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import CHECKOUT, Recipe, Root, give_network, put_checkout

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_DOCS = CHECKOUT / "docs"
_PIP = "python3 -m pip install -q --break-system-packages --root-user-action=ignore"


def page(name: str) -> str:
    """The text of a page."""
    return (_DOCS / name).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """The shell commands that a page shows, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)


def section(text: str, title: str) -> str:
    """A section of a page."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, title
    return found[1]


def files(text: str) -> dict[str, str]:
    """The files that a section shows, by the name in the line before each."""
    return dict(re.findall(r"^`([\w./~-]+)`:\n\n```\w*\n(.*?)^```", text, re.M | re.S))


def write(root: Root, directory: str, shown: dict[str, str]) -> None:
    """Write shown files, ``~`` being root's home."""
    for name, text in shown.items():
        path = root.outside(name.replace("~", "/root") if name[0] == "~" else f"{directory}/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def new_root(directory: Path, *packages: str, release: str = "bookworm") -> tuple[Root, dict[str, str]]:
    """A root with a clone of HEAD in /checkout, and the environment that gives it the network."""
    root = Root(Recipe((*packages, "git"), release).unpack(directory / "root"))
    put_checkout(root.directory)
    root.outside("/sources").mkdir()
    return root, give_network(root.directory)


def test_an_image_layer(tmp_path: Path) -> None:
    root, environ = new_root(tmp_path, "python3-pip", "python3-venv")
    root.run("sh", "-ec", f"{_PIP} /checkout", environ=environ)
    text = page("tutorials/image.md")
    said = root.run("sh", "-ec", "\n".join(commands(text)), environ=environ, cwd="/sources")
    assert re.search(r"^humanize 4\.12\.3 into layer for Python 3\.", said, re.M)
    assert "truewheel check-import\nhumanize --root layer" in text
    assert "imported" in root.run("truewheel", "check-import", "humanize", "--root", "/sources/layer")


def test_a_spec_from_nothing(tmp_path: Path) -> None:
    setup = section(page("rpm.md"), "Once: truewheel and the macros")
    (block,) = commands(setup)
    packages, _, rest = block.partition("\n")
    root, environ = new_root(tmp_path, *packages.split()[2:], release="trixie")
    root.run("sh", "-ec", rest, environ=environ, cwd="/checkout")
    text = page("tutorials/spec.md")
    (settings,) = re.findall(r"^```\n(%.*?)^```", text, re.M | re.S)
    write(root, "", {"~/.rpmmacros": settings, **files(section(page("rpm.md"), "A package"))})
    script = "\n".join(commands(text))
    said = root.run("sh", "-ec", script, environ=environ)
    sums = re.findall(r"^([0-9a-f]{64})  .*python3-humanize-4\.6\.0-1\.noarch\.rpm$", said, re.M)
    assert len(sums) == 2, said[-3000:]
    assert sums[0] == sums[1]

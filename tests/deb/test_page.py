"""docs/debian.md, word for word, in Debians that have only what the page names."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deb.test_sbuild import as_user
from tests.needs import nightly_but, require, require_root
from tests.repro.test_tutorials import commands, files, new_root, page, section, write
from tests.support import Root

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_SETUP, _NOTHING, _SBUILD = "Once: the packages", "A package from nothing", "In a root of its own"
_DEB = "python3-humanize_4.6.0-1_all.deb"
_OURS = ("dh-truewheel", "truewheel", "python3-truewheel")


@dataclass(frozen=True)
class Followed:
    """A root in which the page was followed to its first package, in ``source``; ``sum`` is the package's."""

    root: Root
    source: str
    sum: str

    def build(self, script: str) -> str:
        """Run commands in the source's directory; returns the sum of the package that they leave."""
        self.root.run("sh", "-ec", script, cwd=self.source)
        return digest(self.root.outside(f"{self.source}/../{_DEB}"))

    def changed(self, name: str, old: str, new: str) -> None:
        """Replace a word of a file of debian/."""
        file = self.root.outside(f"{self.source}/debian/{name}")
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


def blocks(title: str) -> list[str]:
    """The shell commands of a section of the page, block by block."""
    return commands(section(page("debian.md"), title))


def packages() -> list[str]:
    """What the page has apt install from the archive, which the root has: apt finds nothing to do."""
    shown = "\n".join([*blocks(_SETUP), *blocks(_NOTHING)]).replace("\\\n", " ")
    found = re.findall(r"^apt-get install (.*)", shown, re.MULTILINE)
    return [name for names in found for name in names.split() if not name.startswith("../")]


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def shell(root: Root, block: str, cwd: str, environ: dict[str, str]) -> str:
    """Run a block of commands; returns the directory that it ends in."""
    return root.run("sh", "-ec", f"{block}\npwd", environ=environ, cwd=cwd).splitlines()[-1]


@pytest.fixture(scope="module", params=nightly_but(["bookworm"], ["bookworm", "trixie"]))
def followed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    directory = tmp_path_factory.mktemp("page")
    root, environ = new_root(directory, *packages(), release=request.param)
    fetch, build = blocks(_NOTHING)
    here = shell(root, blocks(_SETUP)[0], "/checkout", environ)
    here = shell(root, fetch, here, environ)
    shown = files(section(page("debian.md"), _NOTHING))
    assert set(shown) == {"debian/control", "debian/rules", "debian/changelog"}
    write(root, here, shown)
    shell(root, build, here, {})
    yield Followed(root, here, digest(root.outside(f"{here}/../{_DEB}")))
    shutil.rmtree(directory)


def test_the_tutorial_builds_the_package_twice(followed: Followed) -> None:
    twice = "\n".join(commands(page("tutorials/debian.md")))
    said = followed.root.run("sh", "-ec", twice, cwd=followed.source)
    assert f"../{_DEB}: OK" in said
    assert digest(followed.root.outside(f"{followed.source}/../{_DEB}")) == followed.sum


def test_the_package_is_that_of_pybuild(followed: Followed) -> None:
    followed.changed("rules", "truewheel", "pybuild")
    assert followed.build(blocks(_NOTHING)[1]) == followed.sum
    followed.changed("rules", "pybuild", "truewheel")
    assert followed.build(blocks(_NOTHING)[1]) == followed.sum


def test_shipped_bytecode_and_what_is_wrong_with_the_result(followed: Followed) -> None:
    text = page("debian.md")
    (words,) = re.findall(r"^Build-Depends: (.*), \.\.\.$", section(text, "Shipping bytecode"), re.MULTILINE)
    (target,) = re.findall(
        r"^```\n(execute.*?)^```", section(text, "What is wrong with the result"), re.M | re.S
    )
    usual = "debhelper-compat (= 13), dh-sequence-python3"
    assert words.startswith(usual)
    followed.changed("control", usual, words)
    followed.changed("rules", "%:", f"{target}\n%:")
    assert followed.build(blocks(_NOTHING)[1]) != followed.sum
    followed.changed("control", words, usual)
    followed.changed("rules", f"{target}\n%:", "%:")
    inside = followed.root.run("dpkg-deb", "--contents", _DEB, cwd=f"{followed.source}/..")
    assert re.search(r"/humanize/__pycache__/time\.cpython-3\d+\.pyc$", inside, re.MULTILINE)


@pytest.mark.nightly
def test_sbuild(followed: Followed, tmp_path: Path) -> None:
    require_root()
    require("sbuild", "mmdebstrap", "newuidmap", "setpriv", "unshare")
    if not followed.root.outside("/etc/debian_version").read_text(encoding="utf-8").startswith("12"):
        pytest.skip("the page makes a root of bookworm")
    _, once, source, build = blocks(_SBUILD)
    followed.root.run("sh", "-ec", source, cwd=followed.source)
    home = tmp_path / "builder"
    (home / "humanize-4.6.0").mkdir(parents=True)
    top = followed.root.outside(f"{followed.source}/..")
    for file in (*top.glob("*.deb"), *top.glob("*.dsc"), *top.glob("*.tar.*")):
        if file.name != _DEB:
            shutil.copy(file, home)
    done = as_user(tmp_path, ["sh", "-ec", f"{once}\ncd ~/humanize-4.6.0\n{build}"])
    assert done.returncode == 0, done.stdout[-8000:]
    assert digest(home / _DEB) == followed.sum


def test_a_checkout_without_packages(followed: Followed) -> None:
    followed.root.run("dpkg", "--purge", *_OURS)
    script = f"cd /checkout\n{blocks(_SETUP)[1]}\ncd {followed.source}\n"
    assert followed.build(script + blocks(_NOTHING)[1].replace("-us", "-d -us")) == followed.sum

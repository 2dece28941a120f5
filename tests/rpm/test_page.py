"""docs/rpm.md, word for word, in Debians that have only what the page names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.needs import nightly_but
from tests.repro.test_tutorials import commands, files, new_root, page, section, write
from tests.support import CHECKOUT, Root
from truewheel import __version__

_SETUP, _MOCK, _PACKAGE = "Once: truewheel and the macros", "A mock or koji root", "A package"
_RELEASES = nightly_but(["bookworm"], ["bookworm", "trixie"])


def blocks(title: str) -> list[str]:
    """The shell blocks of a section of the page, without apt's commands."""
    shown = commands(section(page("rpm.md"), title))
    return ["".join(line for line in lines(block) if not line.startswith("apt-get")) for block in shown]


def lines(block: str) -> list[str]:
    """The commands of a block."""
    return block.replace("\\\n", " ").splitlines(keepends=True)


def packages() -> list[str]:
    """What the page has apt install."""
    (command,) = (
        line
        for block in commands(section(page("rpm.md"), _SETUP))
        for line in lines(block)
        if line.startswith("apt-get")
    )
    return shlex.split(command)[2:]


def set_up(directory: Path, release: str, *more: str) -> tuple[Root, dict[str, str]]:
    """A root with truewheel and the macros, as the page has it."""
    root, environ = new_root(directory, *packages(), *more, release=release)
    root.run("sh", "-ec", "\n".join(blocks(_SETUP)), environ=environ, cwd="/checkout")
    return root, environ


def settings(release: str) -> str:
    """What the page has in ~/.rpmmacros, for Debian 12 with the older name of the last line."""
    text = section(page("rpm.md"), _SETUP)
    shown: str = re.findall(r"^```\n(%.*?)^```", text, re.M | re.S)[0]
    older: str = re.findall(r"^`(%clamp\w+ 1)`", text, re.M)[0]
    newer = shown.splitlines()[-1]
    return shown.replace(newer, older) if release == "bookworm" else shown


@pytest.mark.slow
@pytest.mark.chroot
@pytest.mark.parametrize("release", _RELEASES)
def test_a_package_from_nothing(release: str, tmp_path: Path) -> None:
    root, environ = set_up(tmp_path, release)
    text = section(page("rpm.md"), _PACKAGE)
    download, build = blocks(_PACKAGE)
    root.run("sh", "-ec", download, environ=environ)
    write(root, "", {"~/.rpmmacros": settings(release), **files(text)})
    root.run("sh", "-ec", build)
    made = [path.name for path in root.outside("/root/rpmbuild").rglob("*.rpm")]
    assert sorted(made) == ["python-humanize-4.6.0-1.src.rpm", "python3-humanize-4.6.0-1.noarch.rpm"]
    asked = " ".join(re.findall(r"`(rpm -qp --qf\s'[^`]*)`", page("rpm.md"))[0].split())
    digest = root.run("sh", "-ec", f"{asked} ~/rpmbuild/RPMS/noarch/*.rpm")
    assert re.fullmatch("[0-9a-f]{64}", digest)
    verify = re.findall(r"`(truewheel verify ~/rpmbuild/RPMS)`", page("rpm.md"))[0]
    root.run("sh", "-ec", verify)

    # the macros that other sections show in the place of these
    spec = root.outside("/root/rpmbuild/python-humanize.spec")
    (install,) = re.findall(r"^%truewheel_install .*\n", page("rpm.md"), re.M)
    (check,) = re.findall(r"^```\n(%check\n.*?)^```", page("rpm.md"), re.M | re.S)
    written = spec.read_text(encoding="utf-8").replace("%pyproject_install\n", install)
    spec.write_text(written.replace("%check\n%pyproject_check_import\n", check), encoding="utf-8")
    root.run("sh", "-ec", build)
    assert root.run("sh", "-ec", f"{asked} ~/rpmbuild/RPMS/noarch/*.rpm") == digest


@pytest.mark.slow
@pytest.mark.chroot
@pytest.mark.parametrize("release", _RELEASES)
def test_a_repository_for_a_mock_or_koji_root(release: str, tmp_path: Path) -> None:
    root, environ = set_up(tmp_path, release, "git", "createrepo-c", "dnf")
    build, repository = blocks(_MOCK)
    root.run("sh", "-ec", build, environ=environ, cwd="/checkout")
    assert re.search(r"^truewheel-pyproject-rpm-macros-", root.run("sh", "-ec", repository), re.M)
    text = section(page("rpm.md"), _MOCK)
    (configuration,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    options = {"dnf.conf": "[main]\nreposdir=/none\n", "chroot_setup_cmd": "install"}
    exec(configuration, {"config_opts": options})
    root.outside("/etc/mock-dnf.conf").write_text(options["dnf.conf"], encoding="utf-8")
    (_, *wanted) = options["chroot_setup_cmd"].split()
    found = root.run("dnf", "-q", "--config", "/etc/mock-dnf.conf", "repoquery", "--requires", *wanted)
    # Debian's dnf says that it knows no release of Debian
    assert re.search(r"^truewheel-rpm-macros = ", found, re.M), found


def test_the_page_names_the_sources_of_the_spec() -> None:
    spec = (CHECKOUT / "packaging/truewheel.spec").read_text(encoding="utf-8")
    bundled = dict(re.findall(r"^%global bundled_(\w+) (\S+)$", spec, re.M))
    text = section(page("rpm.md"), _MOCK)
    assert dict(re.findall(r" ([\w-]+)==(\S+)", text)) == {
        name.replace("_", "-"): version for name, version in bundled.items()
    }
    assert f"--prefix truewheel-{__version__}/" in text and f"/truewheel-{__version__}.tar.gz" in text

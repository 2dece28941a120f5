"""Build a project with pbuild, which fills in the flavors of OBS as the server does."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

from tests.needs import need
from tests.opensuse.obs.building import obs_build
from tests.opensuse.obs.project import Checkouts
from tests.opensuse.obs.repository import Repository


def pbuild(
    checkouts: Checkouts, packages: Repository, configuration: str, project: Path, work: Path
) -> dict[str, list[Path]]:
    """Build all packages of a project; returns the rpms, without sources, by package and flavor."""
    parser = subprocess.run(["perl", "-MXML::Parser", "-e1"], check=False, stderr=subprocess.DEVNULL)
    need(parser.returncode == 0, "Perl's XML::Parser is not installed, which pbuild needs")
    work.mkdir()
    (work / "project.conf").write_text(configuration)
    command = [str(checkouts.build / "pbuild"), "--dist", str(work / "project.conf"), "--arch", "x86_64"]
    command += ["--repo", f"debian@file://{_index(packages, work / 'repository')}/./", "--reponame", "it"]
    command += ["--root", str(work / "root"), "--no-checks", "--buildjobs", "1", str(project)]
    obs_build(checkouts, ["unshare", "--uts", "--mount", *command])
    results = project / "_result.it.x86_64"
    return {
        directory.name: sorted(path for path in directory.glob("*.rpm") if ".src." not in path.name)
        for directory in results.iterdir()
        if not directory.name.startswith(".")
    }


def _index(packages: Repository, directory: Path) -> Path:
    """One repository of Debian's form of all directories."""
    directory.mkdir()
    for source in packages.directories:
        for package in source.glob("*.deb"):
            shutil.copy2(package, directory)
    listed = subprocess.run(
        ["dpkg-scanpackages", "--multiversion", "."], cwd=directory, capture_output=True, check=True
    )
    (directory / "Packages.gz").write_bytes(gzip.compress(listed.stdout))
    return directory

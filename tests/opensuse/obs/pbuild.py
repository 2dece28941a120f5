"""Build a project with pbuild, which fills in the flavors of OBS as the server does."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
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
    with _served(_index(packages, work / "repository")) as url:
        command += ["--repo", f"debian@{url}/./", "--reponame", "it"]
        command += ["--root", str(work / "root"), "--no-checks", "--buildjobs", "1", str(project)]
        obs_build(checkouts, ["unshare", "--uts", "--mount", *command])
    results = project / "_build.it.x86_64"
    return {
        directory.name: sorted(path for path in directory.glob("*.rpm") if ".src." not in path.name)
        for directory in results.iterdir()
        if not directory.name.startswith(("_", "."))
    }


@contextlib.contextmanager
def _served(directory: Path) -> Iterator[str]:
    """Serve a directory, since pbuild takes packages from nowhere else; yields the address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _index(packages: Repository, directory: Path) -> Path:
    """One repository of Debian's form of all directories."""
    directory.mkdir()
    for source in packages.directories:
        for package in source.glob("*.deb"):
            shutil.copy2(package, directory / package.name.replace("%3a", "."))  # an address as it is
    listed = subprocess.run(
        ["dpkg-scanpackages", "--multiversion", "."], cwd=directory, capture_output=True, check=True
    )
    (directory / "Packages.gz").write_bytes(gzip.compress(listed.stdout))
    return directory

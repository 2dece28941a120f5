"""Fuzzes the readers of archives, packages and pycs: python tests/fuzz/targets.py SEEDS -max_total_time=600

Wants atheris. Seeds are made if the directory SEEDS does not exist: small ones that are not compressed, as
the fuzzer cannot see through compression. What is no TruewheelError ends the run and leaves its input as
crash-*.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["truewheel"]):
    from truewheel.audit.gather import gather
    from truewheel.audit.layout import find_sites
    from truewheel.audit.model import Facts
    from truewheel.audit.observe import Look, read_bytecode
    from truewheel.audit.verify import check
    from truewheel.errors import TruewheelError
    from truewheel.package.model import TargetKind
    from truewheel.package.target import open_target
    from truewheel.schemes import load_scheme

SCHEME = load_scheme("generic")
INPUT = Path(tempfile.mkdtemp(dir="/dev/shm"), "input")
SPEC = "Name: demo\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\nAutoReqProv: no\n"
SPEC += "%description\nx\n%install\ncp -a {0}/usr %{{buildroot}}/usr\n%files\n/usr\n"


def one_input(data: bytes) -> None:
    read_bytecode(data, "/usr/lib/a.py", "/tmp/a.py", True)
    INPUT.write_bytes(data)
    try:
        target = open_target(INPUT)
        if target.kind is TargetKind.WHEEL:
            return
        files, hashes = gather(target, Look("/", ("/home/me",), True), 1)
        list(check(Facts(target, files, hashes, find_sites(files), SCHEME)))
    except TruewheelError:
        pass


def make_seeds(seeds: Path) -> None:
    seeds.mkdir(parents=True)
    top = Path(tempfile.mkdtemp())
    site = top / "tree/usr/lib/python3.11/site-packages"
    (site / "demo-1.dist-info").mkdir(parents=True)
    (site / "demo-1.dist-info/RECORD").write_text("a.py,sha256=x,4\na.txt,,\n")
    (site / "a.py").write_text("x=1\n")
    subprocess.run([sys.executable, "-m", "compileall", "-q", site], check=True)
    for pyc in site.rglob("*.pyc"):
        shutil.copy(pyc, seeds)
    with tarfile.open(seeds / "layer.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(top / "tree/usr", "usr")
    shutil.copytree(top / "tree", top / "deb")
    (top / "deb/DEBIAN").mkdir()
    (top / "deb/DEBIAN/control").write_text(
        "Package: a\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: a\n"
    )
    if shutil.which("dpkg-deb"):
        subprocess.run(["dpkg-deb", "-Znone", "-b", top / "deb", seeds / "a.deb"], check=True)
    if shutil.which("rpmbuild"):
        (top / "a.spec").write_text(SPEC.format(top / "tree"))
        defines = ("_topdir", top), ("_binary_payload", "w.ufdio"), ("__os_install_post", "%{nil}")
        words = [word for name, value in defines for word in ("--define", f"{name} {value}")]
        subprocess.run(["rpmbuild", "-bb", *words, top / "a.spec"], check=True, capture_output=True)
        shutil.copy(next(top.rglob("*.rpm")), seeds)


if __name__ == "__main__":
    seeds = Path(sys.argv[1])
    if not seeds.exists():
        make_seeds(seeds)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

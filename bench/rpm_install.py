"""%install of a wheel by sets of rpm macros, side by side: CPU seconds, Python's policies included.

Usage: python bench/rpm_install.py --root fedora=/srv/f --root truewheel=/srv/t WHEEL... (as root)
Each root is a system with rpmbuild whose macros define %pyproject_install; see bench/README.md.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
from pathlib import Path

_TOP = "rpm-install-bench"

# those that are not about Python; they cost the same with any macros
_OTHER_POLICIES = ("compress", "elfperms", "strip", "strip_static_archive", "strip_comment_note")

# what rpmbuild runs its sections with: the section's CPU seconds go into a file
_SHELL = f"""#!/bin/bash
/bin/bash "$@"
status=$?
times >> /{_TOP}/times
exit $status
"""
_SPEC = """Name: bench
Version: 1
Release: 1
Summary: Bench
License: MIT
Source0: {wheel}
%description
Bench
%prep
%setup -q -c -T
%build
mkdir -p %{{_pyproject_wheeldir}}
cp %{{SOURCE0}} %{{_pyproject_wheeldir}}/
%install
%pyproject_install
"""


class Root:
    """A system to build in."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.top = directory / _TOP
        self._directory = directory

    def cpu_seconds(self, wheel: Path, jobs: int) -> tuple[float, int]:
        """Run the sections up to %install; returns its CPU seconds and the number of pycs it leaves."""
        shutil.rmtree(self.top, ignore_errors=True)
        for name in ("SOURCES", "BUILD"):
            (self.top / name).mkdir(parents=True)
        shutil.copy(wheel, self.top / "SOURCES")
        (self.top / "bench.spec").write_text(_SPEC.format(wheel=wheel.name))
        (self.top / "shell").write_text(_SHELL)
        (self.top / "shell").chmod(0o755)
        settings = {"_topdir": f"/{_TOP}", "_buildshell": f"/{_TOP}/shell", "debug_package": "%{nil}"}
        settings |= {"_smp_build_ncpus": str(jobs), "buildroot": f"/{_TOP}/BUILDROOT"}
        settings |= {f"__brp_{policy}": "%{nil}" for policy in _OTHER_POLICIES}
        command = ["chroot", self._directory, "rpmbuild", "-bi", "--nodeps"]
        for key, value in settings.items():
            command += ["--define", f"{key} {value}"]
        done = subprocess.run(
            [*command, f"/{_TOP}/bench.spec"],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        written = self.top / "times"
        if done.returncode not in (0, 1) or not written.exists():
            raise SystemExit(f"{self.name}: %install failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        sections = [re.findall(r"(\d+)m([\d.]+)s", line) for line in written.read_text().splitlines()]
        # the others only unpack and copy the wheel
        spent = max(sum(60 * int(minutes) + float(seconds) for minutes, seconds in each) for each in sections)
        pycs = sum(1 for _ in self.top.rglob("BUILDROOT/**/*.pyc"))
        return spent, pycs


def main() -> None:
    """Warm each root up once, take turns, print medians and their ratio to the last root."""
    parser = argparse.ArgumentParser(description="Compare the %install of two sets of rpm macros.")
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument("--root", action="append", required=True, metavar="NAME=DIRECTORY")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2, help="rpm's _smp_build_ncpus")
    options = parser.parse_args()
    roots = [
        Root(name, Path(directory)) for name, _, directory in (each.partition("=") for each in options.root)
    ]
    print("| wheel | macros | CPU s, median (all) | times | pycs |\n|---|---|---|---|---|")
    for wheel in options.wheels:
        seconds: dict[str, list[float]] = {root.name: [] for root in roots}
        pycs = {}
        for turn in range(options.runs + 1):
            for root in roots:
                spent, pycs[root.name] = root.cpu_seconds(wheel, options.jobs)
                if turn:
                    seconds[root.name].append(spent)
        last = statistics.median(seconds[roots[-1].name])
        for name, spent in seconds.items():
            median = statistics.median(spent)
            each = " ".join(f"{value:.2f}" for value in spent)
            print(
                f"| {wheel.name} | {name} | {median:.2f} ({each}) | {median / last:.2f} | {pycs[name]} |",
                flush=True,
            )
    for root in roots:
        shutil.rmtree(root.top, ignore_errors=True)


if __name__ == "__main__":
    main()

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
from dataclasses import dataclass
from pathlib import Path

_TOP = "rpm-install-bench"

# those that are not about Python; they cost the same with any macros
_OTHER_POLICIES = ("compress", "elfperms", "strip", "strip_static_archive", "strip_comment_note")

# what rpmbuild runs its sections with: the CPU seconds of each go into a file
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
times > {installed}
"""


@dataclass(frozen=True)
class Sample:
    """CPU seconds of %install: of the macro, and of the policy scripts behind it; the number of pycs."""

    macro: float
    policies: float
    pycs: int

    @property
    def cpu(self) -> float:
        """Both together."""
        return self.macro + self.policies


class Root:
    """A system to build in."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.top = directory / _TOP
        self._directory = directory

    def measure(self, wheel: Path, jobs: int) -> Sample:
        """Run the sections up to %install."""
        shutil.rmtree(self.top, ignore_errors=True)
        for name in ("SOURCES", "BUILD"):
            (self.top / name).mkdir(parents=True)
        shutil.copy(wheel, self.top / "SOURCES")
        (self.top / "bench.spec").write_text(_SPEC.format(wheel=wheel.name, installed=f"/{_TOP}/installed"))
        (self.top / "shell").write_text(_SHELL)
        (self.top / "shell").chmod(0o755)
        settings = {"_topdir": f"/{_TOP}", "_buildshell": f"/{_TOP}/shell", "debug_package": "%{nil}"}
        settings |= {"_smp_build_ncpus": str(jobs), "buildroot": f"/{_TOP}/BUILDROOT"}
        settings |= {f"__brp_{policy}": "%{nil}" for policy in _OTHER_POLICIES}
        command = ["chroot", str(self._directory), "rpmbuild", "-bi", "--nodeps"]
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
        # the other sections only unpack and copy the wheel
        spent = max(map(_seconds, written.read_text().splitlines()))
        macro = sum(map(_seconds, (self.top / "installed").read_text().splitlines()))
        pycs = sum(1 for _ in self.top.rglob("BUILDROOT/**/*.pyc"))
        return Sample(macro, spent - macro, pycs)


def _seconds(line: str) -> float:
    """Add up what a line of the shell's ``times`` says."""
    return sum(
        60 * int(minutes) + float(seconds) for minutes, seconds in re.findall(r"(\d+)m([\d.]+)s", line)
    )


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
    print("| wheel | macros | CPU s, median (all) | times | of these the macro | policies | pycs |")
    print("|---|---|---|---|---|---|---|")
    for wheel in options.wheels:
        samples: dict[str, list[Sample]] = {root.name: [] for root in roots}
        for turn in range(options.runs + 1):
            for root in roots:
                sample = root.measure(wheel, options.jobs)
                if turn:
                    samples[root.name].append(sample)
        last = statistics.median(sample.cpu for sample in samples[roots[-1].name])
        for name, those in samples.items():
            median = statistics.median(sample.cpu for sample in those)
            each = " ".join(f"{sample.cpu:.2f}" for sample in those)
            macro = statistics.median(sample.macro for sample in those)
            policies = statistics.median(sample.policies for sample in those)
            print(
                f"| {wheel.name} | {name} | {median:.2f} ({each}) | {median / last:.2f} | {macro:.2f} |"
                f" {policies:.2f} | {those[0].pycs} |",
                flush=True,
            )
    for root in roots:
        shutil.rmtree(root.top, ignore_errors=True)


if __name__ == "__main__":
    main()

"""Make the files of a release in a new directory: ``nox -s release`` runs this with what it needs.

The sdist and the wheel are built twice, from two clones of HEAD in unlike surroundings, and must be equal.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
_SURROUNDINGS = (
    {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"},
    {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2", "LC_ALL": "C"},
)


def main(target: Path) -> None:
    """Write sdist, wheel and SHA256SUMS to a directory that must not be there yet."""
    version, date = newest(TOP / "CHANGELOG.md")
    refuse_dirty(version)
    epoch = str(calendar.timegm(time.strptime(date, "%Y-%m-%d")))
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        made = [
            build(Path(work), version, {**os.environ, **around, "SOURCE_DATE_EPOCH": epoch})
            for work, around in zip((first, second), _SURROUNDINGS, strict=True)
        ]
        for one, other in zip(*made, strict=True):
            if one.name != other.name or one.read_bytes() != other.read_bytes():
                sys.exit(f"{one.name}: two builds differ")
        for file in made[0]:
            (target / file.name).write_bytes(file.read_bytes())
    files = sorted(target.iterdir())
    run([sys.executable, "-m", "twine", "check", "--strict", *map(str, files)])
    sums = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (target / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    print((target / "SHA256SUMS").read_text(encoding="utf-8"), end="")


def newest(changelog: Path) -> tuple[str, str]:
    """Return the version and the date of the newest section."""
    found = re.search(r"^## (\d\S*) - (\d{4}-\d\d-\d\d)$", changelog.read_text(encoding="utf-8"), re.M)
    if not found:
        sys.exit("CHANGELOG.md has no section such as ## 1.0.0 - 2026-01-31")
    return found[1], found[2]


def refuse_dirty(version: str) -> None:
    """End where the version is another, or where files differ from HEAD."""
    import truewheel

    if truewheel.__version__ != version:
        sys.exit(f"truewheel is {truewheel.__version__}, the changelog's newest section {version}")
    changed = run(["git", "status", "--porcelain"], cwd=TOP)
    if changed:
        sys.exit(f"commit first:\n{changed}")


def build(work: Path, version: str, environ: dict[str, str]) -> list[Path]:
    """Build in a clone of HEAD; returns the sdist, and the wheel with its bill of materials.

    The wheel is a pure one: an extension is for one platform, and is compiled from the sdist.
    """
    source, out = work / f"truewheel-{version}", work / "dist"
    run(["git", "clone", "--quiet", str(TOP), str(source)])
    command = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir", str(out)]
    run([*command, str(source)], env={**environ, "HATCH_BUILD_NO_HOOKS": "true"})
    (sdist,) = out.glob("*.tar.gz")
    (wheel,) = out.glob("*.whl")
    from truewheel.rpm.sbom import inject_sbom

    inject_sbom([wheel], bill_of_materials(version))
    return [sdist, wheel]


def bill_of_materials(version: str) -> bytes:
    """Return a CycloneDX document (PEP 770): truewheel itself, since the wheel bundles nothing."""
    purl = f"pkg:pypi/truewheel@{version}"
    licenses = [{"license": {"id": "MIT"}}]
    component = {
        "type": "library",
        "name": "truewheel",
        "version": version,
        "purl": purl,
        "licenses": licenses,
    }
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [component]}
    return (json.dumps(document, indent=2) + "\n").encode()


def run(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command that must exit 0; returns what it printed."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} exits {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))

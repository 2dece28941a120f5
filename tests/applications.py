"""Real applications with all their dependencies, for several Pythons: pinned in data/applications.yaml.

``python -m tests.applications`` lets the pip of each Python resolve them anew, ``python -m tests.applications
flask`` one alone. Nothing is built: where a dependency has no wheel, that fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from packaging.utils import canonicalize_name

from tests.pythons import available_pythons
from tests.registry import Pin, fetched

PINS = Path(__file__).parent / "data" / "applications.yaml"
PYTHONS = ("3.10", "3.11", "3.13")
# what is asked for, and the modules that its start imports
APPLICATIONS = {
    "flask": (("flask",), "flask.cli"),
    "django": (("django<6", "celery"), "django.core.management"),
    "fastapi": (("fastapi",), "fastapi"),
    "jupyterlab": (("jupyterlab",), "jupyterlab.labapp"),
    "ansible": (("ansible-core",), "ansible.cli"),
    "poetry": (("poetry",), "poetry.console.application"),
    "black": (("black",), "black"),
    "httpie": (("httpie",), "httpie.core"),
    "awscli": (("awscli",), "awscli.clidriver"),
    "scrapy": (("scrapy",), "scrapy.cmdline"),
}


def wheels(application: str, python: str) -> list[Path]:
    """The pinned wheels of an application, itself among them. A file of another hash fails the test."""
    document = _document()
    pins = {entry["filename"]: Pin(**entry) for entry in document["wheels"]}
    return [fetched(pins[name]) for name in document["applications"][application][python]]


def _document() -> dict[str, Any]:
    return dict(yaml.safe_load(PINS.read_text(encoding="utf-8")))


def _resolved(application: str, python: str) -> list[Pin]:
    """Ask the pip of a Python for the newest releases that fit together."""
    options = ["--quiet", "--dry-run", "--ignore-installed", "--only-binary=:all:", "--report", "-"]
    command: list[str | Path] = [available_pythons()[python], "-m", "pip", "install", *options]
    command += APPLICATIONS[application][0]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{application} for Python {python}: {done.stderr[-2000:]}")
    pins = []
    for each in json.loads(done.stdout)["install"]:
        about, got = each["metadata"], each["download_info"]
        filename = unquote(urlsplit(got["url"]).path.rpartition("/")[2])
        digest = got["archive_info"]["hashes"]["sha256"]
        pins.append(Pin(canonicalize_name(about["name"]), python, about["version"], filename, digest))
    return pins


def refresh(names: Sequence[str]) -> None:
    """Resolve applications, all of them if none is named, and write the file."""
    document = _document() if PINS.exists() else {"applications": {}, "wheels": []}
    applications, kept = document["applications"], {each["filename"]: each for each in document["wheels"]}
    for name in names or APPLICATIONS:
        applications[name] = {}
        for python in PYTHONS:
            pins = _resolved(name, python)
            applications[name][python] = sorted(pin.filename for pin in pins)
            for pin in pins:
                kept.setdefault(pin.filename, vars(pin))
    used = {file for each in applications.values() for files in each.values() for file in files}
    new = {"applications": applications, "wheels": [kept[name] for name in sorted(used)]}
    text = yaml.safe_dump(new, sort_keys=False, width=110)
    PINS.write_text(f"# Written by `python -m tests.applications`; see there.\n{text}", encoding="utf-8")


if __name__ == "__main__":
    refresh(sys.argv[1:])

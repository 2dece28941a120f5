"""Real wheels and sdists for tests, by name: pinned in data/*.yaml, downloaded once, checked by hash.

Downloads come from the index that pip is configured with. ``python -m tests.registry`` moves every pinned
wheel to the newest release, ``python -m tests.registry numpy@3.13 attrs`` moves or adds these alone:
``NAME@PYTHON`` for a wheel of one Python, ``NAME`` for a pure one. ``python -m tests.registry --sdists
[NAME[==VERSION]...]`` does the same with sdists; one pinned with its version keeps it.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

PINS = Path(__file__).parent / "data" / "wheels.yaml"
POPULAR = Path(__file__).parent / "data" / "popular.yaml"
ODD = Path(__file__).parent / "data" / "odd.yaml"
SDISTS = Path(__file__).parent / "data" / "sdists.yaml"
PURE_PYTHON = "3.10"  # pure wheels are those the oldest Python that runs truewheel would get
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(28, 16, -1)] + ["manylinux2014_x86_64"]
_TRIES = 3


@dataclass(frozen=True)
class Pin:
    """A pinned wheel; ``python`` is empty for one that any Python can use."""

    name: str
    python: str
    version: str
    filename: str
    sha256: str


@dataclass(frozen=True)
class SdistPin:
    """A pinned sdist; a held one stays at its version when pins are moved."""

    name: str
    version: str
    filename: str
    sha256: str
    held: bool = False


def wheel(name: str, python: str = "") -> Path:
    """Return the pinned wheel of a project, for a Python such as ``3.11`` where there is one for each.

    A pure wheel serves every Python. A file with another hash fails the test.
    """
    return fetched(_pin(name, python))


def popular() -> tuple[Pin, ...]:
    """The most downloaded wheels of PyPI, by rank."""
    return tuple(Pin(**entry) for entry in yaml.safe_load(POPULAR.read_text(encoding="utf-8")))


def odd() -> tuple[Pin, ...]:
    """Real wheels with oddities, of the releases that have them."""
    return tuple(Pin(**entry) for entry in yaml.safe_load(ODD.read_text(encoding="utf-8")))


def fetched(pin: Pin) -> Path:
    """The file of a pin. A file of another hash fails the test."""
    kept = cache_directory("wheels") / pin.filename
    if not kept.exists() or _sha256(kept) != pin.sha256:
        _download(pin, kept)
    return kept


def sdist(name: str) -> Path:
    """Return the pinned sdist of a project. A file with another hash fails the test."""
    pin = sdist_pin(name)
    kept = cache_directory("sdists") / pin.filename
    if not kept.exists() or _sha256(kept) != pin.sha256:
        with tempfile.TemporaryDirectory(dir=kept.parent) as directory:
            got = _download_sdist(pin.name, f"=={pin.version}", Path(directory))
            _check(got, pin)
            got.replace(kept)
    return kept


def sdist_pin(name: str) -> SdistPin:
    """Return the pin of a project's sdist."""
    pins = {pin.name: pin for pin in _sdist_pins()}
    if canonicalize_name(name) not in pins:
        pytest.fail(f"{name} is not pinned in {SDISTS}")
    return pins[canonicalize_name(name)]


def pinned() -> list[str]:
    """Return the names of the projects with pinned wheels."""
    return sorted({pin.name for pin in _pins()})


def pinned_pythons(name: str) -> list[str]:
    """Return the Pythons a project is pinned for, oldest first; ``[""]`` for a pure wheel."""
    return [pin.python for pin in _pins() if pin.name == canonicalize_name(name)]


def cache_directory(name: str) -> Path:
    """Return a directory that outlives the run, below TRUEWHEEL_TEST_CACHE or ~/.cache/truewheel-tests."""
    base = os.environ.get("TRUEWHEEL_TEST_CACHE") or Path.home() / ".cache" / "truewheel-tests"
    directory = Path(base).absolute() / name
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@functools.cache
def _pins() -> tuple[Pin, ...]:
    entries = yaml.safe_load(PINS.read_text(encoding="utf-8")) if PINS.exists() else []
    return tuple(Pin(**entry) for entry in entries)


def _pin(name: str, python: str) -> Pin:
    found = {pin.python: pin for pin in _pins() if pin.name == canonicalize_name(name)}
    if python not in found and "" not in found:
        pytest.fail(f"{name} for Python {python or 'any'} is not pinned in {PINS}: {sorted(found)} are")
    return found.get(python) or found[""]


def _download(pin: Pin, kept: Path) -> None:
    """Download a wheel to ``kept``, which must be the pinned one."""
    with tempfile.TemporaryDirectory(dir=kept.parent) as directory:
        # "3.11" is 3.11.0 to pip, and a pin is of the newest 3.11
        words = [f"{pin.name}=={pin.version}", "--ignore-requires-python"]
        got = _pip_download(words, pin.python, _platforms(pin), Path(directory))
        _check(got, pin)
        got.replace(kept)


def _check(got: Path, pin: Pin | SdistPin) -> None:
    digest = _sha256(got)
    if (got.name, digest) != (pin.filename, pin.sha256):
        pytest.fail(
            f"the index has {got.name} with sha256 {digest}; "
            f"tests/data pins {pin.filename} with sha256 {pin.sha256}"
        )


def _pip_download(words: Sequence[str], python: str, platforms: Iterable[str], directory: Path) -> Path:
    """Download the wheel that these words of pip name into an empty directory; ``python`` as in Pin."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--dest", str(directory), "--python-version", python or PURE_PYTHON]
    if python:
        tag = f"cp{python.replace('.', '')}"
        command += ["--implementation", "cp", "--abi", tag, "--abi", "abi3", "--abi", "none"]
        command += [f"--platform={platform}" for platform in platforms]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    files = list(directory.iterdir())
    if done.returncode or len(files) != 1:
        pytest.fail(f"pip cannot download {words[0]}:\n{done.stderr[-2000:]}")
    return files[0]


def _download_sdist(name: str, version: str, directory: Path) -> Path:
    """Download one sdist into an empty directory, not with pip, which would run its backend."""
    command = [sys.executable, "-m", "unearth", "--no-binary", *_index(), "--download", str(directory)]
    for _ in range(_TRIES):
        done = subprocess.run([*command, f"{name}{version}"], capture_output=True, text=True, check=False)
        files = list(directory.iterdir())
        if done.returncode == 0 and len(files) == 1:
            return files[0]
        time.sleep(5)
    pytest.fail(f"cannot download the sdist of {name}:\n{done.stderr[-2000:]}")


@functools.cache
def _index() -> list[str]:
    """Return the option for the index that pip is configured with, unless it is the default."""
    ask = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    index = os.environ.get("PIP_INDEX_URL") or done.stdout.strip()
    return [f"--index-url={index}"] if index else []


@functools.cache
def _sdist_pins() -> tuple[SdistPin, ...]:
    entries = yaml.safe_load(SDISTS.read_text(encoding="utf-8")) if SDISTS.exists() else []
    return tuple(SdistPin(**entry) for entry in entries)


def _platforms(pin: Pin) -> list[str]:
    return sorted({tag.platform for tag in parse_wheel_filename(pin.filename)[3]})


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _newest(name: str, python: str) -> Pin:
    """Pin and keep the newest release that has a wheel for the Python."""
    with tempfile.TemporaryDirectory(dir=cache_directory("wheels")) as directory:
        got = _pip_download([name], python, PLATFORMS, Path(directory))
        version = str(parse_wheel_filename(got.name)[1])
        pin = Pin(canonicalize_name(name), python, version, got.name, _sha256(got))
        got.replace(cache_directory("wheels") / got.name)
    return pin


def refresh(requests: Sequence[tuple[str, str]]) -> None:
    """Pin the newest releases of the (name, Python) pairs, or of all that are pinned, and write the file."""
    pins = {(pin.name, pin.python): pin for pin in _pins()}
    for name, python in requests or list(pins):
        pins[canonicalize_name(name), python] = _newest(name, python)
    ordered = sorted(pins.values(), key=lambda pin: (pin.name, len(pin.python), pin.python))
    lines = ["# Written by `python -m tests.registry`; see there.\n"]
    for pin in ordered:
        lines.append(f'- name: {pin.name}\n  python: "{pin.python}"\n  version: "{pin.version}"\n')
        lines.append(f"  filename: {pin.filename}\n  sha256: {pin.sha256}\n")
    PINS.write_text("".join(lines), encoding="utf-8")


def refresh_sdists(names: Sequence[str]) -> None:
    """Pin sdists, the newest ones unless a version is given; without names all that are not held."""
    pins = {pin.name: pin for pin in _sdist_pins()}
    requests = names or [name for name, pin in pins.items() if not pin.held]
    for name, equals, version in (request.partition("==") for request in requests):
        pin = _sdist_to_pin(canonicalize_name(name), equals + version)
        pins[pin.name] = pin
    lines = ["# Written by `python -m tests.registry --sdists`; see there.\n"]
    for pin in sorted(pins.values(), key=lambda pin: pin.name):
        lines.append(f'- name: {pin.name}\n  version: "{pin.version}"\n')
        lines.append(f"  filename: {pin.filename}\n  sha256: {pin.sha256}\n")
        lines += ["  held: true\n"] if pin.held else []
    SDISTS.write_text("".join(lines), encoding="utf-8")


def _sdist_to_pin(name: str, version: str) -> SdistPin:
    """Download an sdist of a version such as ``==1.0``, or the newest one if it is empty."""
    with tempfile.TemporaryDirectory(dir=cache_directory("sdists")) as directory:
        got = _download_sdist(name, version, Path(directory))
        found = str(parse_sdist_filename(got.name)[1])
        pin = SdistPin(name, found, got.name, _sha256(got), held=bool(version))
        got.replace(cache_directory("sdists") / got.name)
    return pin


def main() -> None:
    """Run the command that moves the pins."""
    parser = argparse.ArgumentParser(description="Pin the newest releases in tests/data.")
    parser.add_argument("project", nargs="*", metavar="NAME", help="default: every pinned one")
    parser.add_argument("--sdists", action="store_true", help="sdists instead of wheels")
    options = parser.parse_args()
    if options.sdists:
        refresh_sdists(options.project)
        return
    wanted = [argument.partition("@") for argument in options.project]
    refresh([(name, python) for name, _, python in wanted])


if __name__ == "__main__":
    main()

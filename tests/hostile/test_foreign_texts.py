"""Whatever a foreign text holds, its reader answers or refuses: no traceback, for any of our parsers."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.support import interpreter
from truewheel import __version__
from truewheel.debian.environment import python_version
from truewheel.debian.source import dependency_names
from truewheel.errors import TruewheelError
from truewheel.opensuse.pip_arguments import InstallArguments, install_arguments, wheel_arguments
from truewheel.opensuse.records import check_records
from truewheel.opensuse.wheelhouse import chosen_wheels
from truewheel.overrides import parse_override, patched_metadata
from truewheel.project.packages import PythonPackages, read_packages
from truewheel.project.provider import backend_providers
from truewheel.project.pyproject import build_system, group_requirements, load_pyproject, project_table
from truewheel.project.requirements_file import read_requirements_file
from truewheel.project.tox import ask_tox
from truewheel.report.normalized import vouched
from truewheel.report.reader import load_report
from truewheel.rpm.filelist import parse_rpm_version
from truewheel.rpm.generators import generated, run_provides, run_requires
from truewheel.rpm.requirements import Requirements
from truewheel.schemes import load_scheme
from truewheel.wheel.metadata import (
    check_entry_points,
    check_filename,
    check_metadata,
    check_wheel_file,
    parse_filename,
)
from truewheel.wheel.record_checks import parse_record

EXAMPLES = int(os.environ.get("TRUEWHEEL_TEST_EXAMPLES", "60"))
MARKERS = {"python_version": "3.11", "sys_platform": "linux", "python_full_version": "3.11.2"}
MANY = "9" * 4301  # more digits than int() takes
# texts that parsers are known to stumble over
NASTY = (
    MANY, f"v{MANY}", "1." * 2500, f"<{MANY}", f"=={MANY}.*", f"~=1.{MANY}", f"1!{MANY}", "(" * 3000,
    "[" * 50_000, "{'a':" * 5000, "a" * 3000, "\0", "\ufeff", "\x85", "\u2028", "\r", "\n", "\n ", "'", '"',
    '"' * 3, "\\", "${X}", " ; 'a' == 'b'", " ; python_version ~= '3'", " ; extra == 'x'",
    " ; os_name in os_name", " @ http://[", " @ file:///", "http://[", "http://[::1#egg=a", "#egg=", "-r .",
    "-r self", "-r \0", "-e .", "../" * 1000, "/" * 5000, "::", ":br_only", "nan", "null", "1e999", "-1",
    "\\ud800", "\\UFFFFFFFF", "*id001", "&a [*a]", "!!python/object:os.system", "%YAML 1.1\n", "---\n---\n",
    "? ", "<<: ", "\t", "{prefix}", "{", "}", "{0}", "[tool]", "a.b.c = 1\n", "=", "==", "===x", ",", ";",
)  # fmt: skip

METADATA = (
    "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nProvides-Extra: x\nLicense-File: LICENSE\n"
    "Requires-Dist: a (>=1.0,!=2.*) ; python_version >= '3.8' and extra == 'x'\nRequires-Dist: b~=1.2\n"
    "\nText\n"
)
PYPROJECT = (
    "[build-system]\nrequires = ['flit_core >=3,<4']\nbuild-backend = 'flit_core.buildapi'\n"
    "backend-path = ['.']\n"
    "[project]\nname = 'demo'\ndependencies = ['a>=1']\noptional-dependencies = {x = ['b']}\n"
    "[dependency-groups]\ntest = ['c', {include-group = 'more'}]\nmore = ['d']\n"
)
REQUIREMENTS = (
    "a>=1 ; python_version > '3'\n# text\n-r other.txt\nb @ https://example.org/b.zip\nhttps://x/#egg=c\\\n\n"
)
SCHEME = (
    Path(sys.modules[load_scheme.__module__].__file__ or "")
    .parent.joinpath("schemes/fedora.yaml")
    .read_text()
)
NORMALIZED = json.dumps(
    {
        "report": "normalize", "version": 1, "truewheel": __version__, "target": "/opt/app", "check": False,
        "changes": [{"path": ".", "what": "mode or date"}], "findings": [],
        "recompiled": 1, "rewritten": 0, "vouched": 0,
        "compiled": [
            {
                "source": "/opt/app/a.py", "sha256": "0" * 64, "python": "3.11.2", "tag": "cpython-311",
                "date": 0, "mode": "checked-hash", "pycs": {"0": "0" * 64},
            }
        ],
    }
)  # fmt: skip
REPORT = json.dumps(
    {
        "report": "install",
        "version": 1,
        "truewheel": "0.1.0",
        "scheme": "fedora",
        "interpreters": [
            {"version": "3.11.2", "cache_tag": "cpython-311", "magic": "a70d0d0a", "free_threaded": False}
        ],
        "wheels": [
            {"file": "demo-1.0-py3-none-any.whl", "sha256": "0" * 64, "name": "demo", "version": "1.0"}
        ],
        "files": [
            {
                "path": "/usr/a.py",
                "kind": "source",
                "mode": "0644",
                "mtime": 1,
                "size": 2,
                "sha256": "0" * 64,
                "wheel": "demo-1.0-py3-none-any.whl",
                "state": "created",
            }
        ],
        "compiled": [
            {
                "source": "/usr/a.py",
                "python": "3.11",
                "source_hash": "0" * 16,
                "pycs": {"0": "/usr/a.pyc"},
                "error": None,
            }
        ],
        "dropped": [],
    }
)
RECORD = (
    "demo/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\ndemo-1.0.dist-info/RECORD,,\n"
)
POINTS = "[console_scripts]\ndemo = demo.cli:main [x]\n[gui_scripts]\nother=demo:f\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
NAME = parse_filename("demo-1.0-py3-none-any.whl")


@dataclass(frozen=True)
class Reader:
    """A reader with a text that it takes; it is given a directory to put the text in."""

    sample: str
    read: Callable[[str, Path], Any]


def _written(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def _dist(text: str, directory: Path, name: str) -> None:
    if name != "METADATA":
        _written(directory, "python3.11/demo.egg-info/PKG-INFO", "Name: demo\nVersion: 1\n")
    place = "demo.egg-info" if name != "METADATA" else "demo.dist-info"
    path = _written(directory, f"python3.11/{place}/{name}", text).parent
    generated([str(path)], lambda dist: [*run_requires(dist, "", True), *run_provides(dist, "", "")])
    generated([str(path)], lambda dist: run_requires(dist, "x", False))


def _pyproject(text: str, directory: Path) -> None:
    data = load_pyproject(_written(directory, "pyproject.toml", text).parent)
    for read in (
        project_table,
        lambda data: group_requirements(data, "test"),
        lambda data: backend_providers(build_system(data)),
    ):
        with contextlib.suppress(TruewheelError):
            read(data)


def _requirements(text: str, directory: Path) -> None:
    _written(directory, "other.txt", "-r self.txt\n")
    lines = read_requirements_file(_written(directory, "self.txt", text), {"X": "-r self.txt"})
    _build_requires("\n".join(lines), directory)


def _build_requires(text: str, directory: Path) -> None:
    packages = PythonPackages(MARKERS, {"a": "1.0", "b": text[:20], "flit-core": MANY})
    overrides = [parse_override("a:set_upper:3"), parse_override("b:drop_lower")]
    requirements = Requirements(packages, lambda line: None, overrides=overrides, strict_extras=False)
    requirements.want_extras([text[:10], "x"])
    requirements.add(text.splitlines(), "a test")
    requirements.check_extras()


def _override(text: str, directory: Path) -> None:
    override = parse_override(text)
    patched_metadata(METADATA.encode(), [override, parse_override("a:set_lower:0.1")])
    packages = PythonPackages(MARKERS, {})
    Requirements(packages, lambda line: None, overrides=[override]).add(["numpy >= 1, == 2.*"], "a test")


def _patched(text: str, directory: Path) -> None:
    for override in ("a:set_upper:3", "b:drop_upper", "a:ignore"):
        patched_metadata(text.encode("utf-8", "surrogatepass"), [parse_override(override)])


def _answers(text: str, directory: Path) -> Path:
    """Make a program that prints the text, and writes it to each file that it is told."""
    answer = _written(directory, "answer", text)
    script = f'#!/bin/sh\nfor each; do case $each in {directory}/tox/*) cat {answer} > "$each";; esac; done\n'
    program = _written(directory, "program", f"{script}cat {answer}\n")
    program.chmod(0o755)
    return program


def _tox(text: str, directory: Path) -> None:
    program = _answers(text, directory)
    (directory / "tox").mkdir(exist_ok=True)
    needs = ask_tox(
        str(program), directory, ["py311"], {"TMPDIR": str(directory / "tox"), "PATH": os.defpath}
    )
    _build_requires("\n".join((*needs.provision, *needs.deps)), directory)


def _wheelhouse(text: str, directory: Path) -> None:
    _written(directory, "wheels/demo-1.0-py3-none-any.whl", "")
    arguments = InstallArguments((), (text,), (), "", "")
    chosen_wheels(arguments, directory / "wheels", [interpreter(11)])


def _pip(text: str, directory: Path) -> None:
    for read in (install_arguments, wheel_arguments):
        with contextlib.suppress(TruewheelError):
            read(text.split())


def _records(text: str, directory: Path) -> None:
    _written(directory, "site/demo-1.0.dist-info/RECORD", text)
    check_records(directory, ["/site"])


READERS = {
    "METADATA for rpm": Reader(METADATA, lambda text, at: _dist(text, at, "METADATA")),
    "requires.txt": Reader(
        "a>=1\n[x:python_version>'3']\nb\n", lambda text, at: _dist(text, at, "requires.txt")
    ),
    "METADATA with overrides": Reader(METADATA, _patched),
    "METADATA of a wheel": Reader(METADATA, lambda text, at: [*check_metadata(NAME, text, "METADATA")]),
    "WHEEL": Reader(WHEEL, lambda text, at: [*check_wheel_file(NAME, text, "WHEEL")]),
    "entry points": Reader(POINTS, lambda text, at: [*check_entry_points(text, "entry_points.txt")]),
    "RECORD of a wheel": Reader(RECORD, lambda text, at: [*parse_record(text, "RECORD")]),
    "RECORD of a root": Reader(RECORD, _records),
    "file name": Reader("demo-1.0-1-cp311.py3-none-any.whl", lambda text, at: [*check_filename(text)]),
    "requirements": Reader("a>=1,<2\nb[x]~=1.2 ; extra=='x'\nc===1\nd==1.*\ne!=2.*", _build_requires),
    "override": Reader("numpy:set_upper:2.0:br_only", _override),
    "pyproject.toml": Reader(PYPROJECT, _pyproject),
    "requirements file": Reader(REQUIREMENTS, _requirements),
    "scheme": Reader(SCHEME, lambda text, at: load_scheme(str(_written(at, "mine.yaml", text)))),
    "report": Reader(REPORT, lambda text, at: load_report(_written(at, "report.json", text))),
    "report of normalize": Reader(NORMALIZED, lambda text, at: vouched([_written(at, "report.json", text)])),
    "requirement for pip": Reader("demo==1.0", _wheelhouse),
    "arguments for pip": Reader("-w dir --find-links=x -C a=b ./demo[x] six==1.0 -vvv", _pip),
    "Build-Depends": Reader(
        "python3-all, a (>= 1) [!i386] <!nocheck> | b:any", lambda text, at: dependency_names(text)
    ),
    "changelog version": Reader("1:1.0~rc1+ds-1", lambda text, at: python_version(text)),
    "version of rpm": Reader("4.18.2", lambda text, at: parse_rpm_version(text)),
}
# each example starts a process
ANSWERS = {
    "answers of tox": Reader('{"minversion": "4", "requires": ["a"]}\n', _tox),
    "list of packages": Reader(
        json.dumps({"markers": MARKERS, "installed": [["a", "1"]]}),
        lambda text, at: read_packages(str(_answers(text, at)), {"PATH": os.defpath}),
    ),
}


@st.composite
def mutated(draw: st.DrawFn, sample: str) -> str:
    """A sample with a few places left out, repeated, or replaced by text that parsers stumble over."""
    text = sample
    piece = st.one_of(st.sampled_from(NASTY), st.text(max_size=8), st.just(""))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)))
        times = draw(st.sampled_from([0, 1, 1, 2]))
        text = text[:start] + draw(piece) + text[start:end] * times + text[end:]
    return text


def answers_or_refuses(reader: Reader, text: str, directory: Path) -> None:
    try:
        reader.read(text, directory)
    except TruewheelError as error:
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("name", READERS)
def test_a_reader_answers_or_refuses(name: str, tmp_path: Path) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(mutated(READERS[name].sample))
    def check(text: str) -> None:
        answers_or_refuses(READERS[name], text, tmp_path)

    check()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_program_that_answers_anything_is_refused(name: str, tmp_path: Path) -> None:
    for text in (
        "",
        ANSWERS[name].sample,
        *NASTY,
        *(f'{{"requires": [{json.dumps(text)}]}}' for text in NASTY[:6]),
    ):
        answers_or_refuses(ANSWERS[name], text, tmp_path)

"""The extension and marshal_stream.py give equal bytes for what every Python makes of all modules it has."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pythons import available_pythons
from truewheel._target import marshal_stream
from truewheel.bytecode import canonical_form

pytestmark = pytest.mark.slow

STEP = int(os.environ.get("TRUEWHEEL_TEST_STEP", "40"))

# Runs in the target: version, then name and stream of each module, each behind its size.
COMPILE = r"""
import glob, marshal, site, struct, sys, sysconfig, warnings
warnings.simplefilter("ignore")
def put(data):
    sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
places = [sysconfig.get_paths()["stdlib"], *site.getsitepackages()]
names = sorted({name for place in places for name in glob.glob(place + "/**/*.py", recursive=True)})
put(bytes(sys.version_info[:2]))
for name in names[::int(sys.argv[1])]:
    for level in 0, 2:
        try:
            with open(name, "rb") as file:
                code = compile(file.read(), name, "exec", dont_inherit=True, optimize=level)
        except (SyntaxError, ValueError, RecursionError, OSError):
            continue
        put(name.encode("utf-8", "surrogateescape"))
        put(marshal.dumps(code))
"""


def frames(python: Path, step: int) -> Iterator[bytes]:
    command = [str(python), "-s", "-B", "-c", COMPILE, str(step)]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        while size := process.stdout.read(4):
            yield process.stdout.read(struct.unpack("<I", size)[0])
    assert process.returncode == 0


def compare(version: str, step: int) -> int:
    """Compare on every ``step``-th module of a Python; return how many streams that were."""
    python = available_pythons().get(version)
    if python is None or not canonical_form.IN_C:
        pytest.skip(f"no Python {version}, or no extension")
    answers = frames(python, step)
    major, minor = next(answers)
    count = 0
    for name, stream in zip(answers, answers, strict=True):
        expected = marshal_stream.rewrite(stream, (major, minor))
        assert canonical_form.rewrite(stream, (major, minor)) == expected, name
        renamed = marshal_stream.rewrite(stream, (major, minor), "/usr/lib/a b.py")
        assert canonical_form.rewrite(stream, (major, minor), "/usr/lib/a b.py") == renamed, name
        count += 1
    return count


PYTHONS = ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15", "debian"]


@pytest.mark.parametrize("version", PYTHONS)
def test_sample_of_all_modules(version: str) -> None:
    assert compare(version, STEP) > 10


@pytest.mark.nightly
@pytest.mark.parametrize("version", PYTHONS)
def test_all_modules(version: str) -> None:
    assert compare(version, 1) > 1000

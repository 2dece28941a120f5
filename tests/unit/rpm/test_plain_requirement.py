"""Requirements that are read without packaging: they mean to it what they mean here."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from truewheel.rpm.dependency import rpm_version
from truewheel.rpm.generators import markers_of
from truewheel.rpm.plain_requirement import plain_requirement, plain_version

_COMMON = [
    "plain",
    "Zope.Interface >=1.0, <2",
    "two (>=1.0,<2,!=1.5.*)",
    "with-extra[B,a]~=1.4.2",
    "with-extra[b , b] == 1.*",
    "only; extra == 'Foo_Bar'",
    "old<1 ; python_version < '3.9'",
    'backport>=1;python_version<="3.11.0"',
    "tzdata; sys_platform == 'win32'",
    'tzdata; (platform_system == "Windows") and extra == "timezone"',
    "cffi; platform_python_implementation != 'PyPy' and python_full_version >= '3.11.0'",
]
_UNCOMMON = [
    "",
    "a;",
    "a ()",
    "a >=1,",
    "a (>=1",
    "a >=1)",
    "a[]",
    "a~=1",
    "a~=1.2.*",
    "a>=1.*",
    "a===1",
    "a>=1rc1",
    "a @ https://example.org/a.whl",
    "a; extra != 'b'",
    "a; extra == 'b' or extra == 'c'",
    "a; (extra == 'b' and extra == 'c') and extra == 'd'",
    "a; python_version == '3.*'",
    "a; python_version in '3.9 3.10'",
    "a; '3.9' <= python_version",
    "a; sys_platform == 'v1'",
    "a; sys_platform > 'linux'",
    "a; extra == 'b\"",
    "a; unknown == 'b'",
    "a\t>=1",
    "ä",
    "a>=1" + "0" * 5000,
]
_ENVIRONMENTS = [
    {**markers_of(python), "sys_platform": platform, "extra": extra}
    for python, platform, extra in itertools.product(
        ("3.8", "3.9", "3.10", "3.11"), ("linux", "win32"), ("", "foo-bar", "timezone", "B")
    )
]
_PIECES = st.sampled_from(
    [
        *("a", "b-c", "D_e.f", "[x]", "[x,Y]", " ", "  ", ",", ";", "(", ")", " and ", " or ", "'", '"'),
        *(">=", "<", "==", "!=", "~=", "===", ">", "1", "1.0", "2.5.3", ".*", "3.9", "3.10.0", "rc1", "01"),
        *("extra == 'B'", 'extra=="foo_bar"', "python_version", "python_version < '3.9'", "'win32'", "'3.9'"),
        *(
            "sys_platform == 'win32'",
            "python_full_version>='3.10.0'",
            "os_name != 'nt'",
            "extra",
            "sys_platform",
        ),
    ]
)


def _read(text: str) -> bool:
    """Compare a requirement with packaging's; False where it is left to that."""
    ours = plain_requirement(text)
    if ours is None:
        return False
    theirs = Requirement(text)
    assert ours.name == theirs.name
    assert set(ours.extras) == theirs.extras
    clauses = {(clause.operator, clause.version) for clause in ours.specifier}
    assert clauses == {(clause.operator, clause.version) for clause in theirs.specifier}
    for environment in _ENVIRONMENTS:
        held = ours.marker is None or ours.marker.evaluate(environment)
        assert held == (theirs.marker is None or theirs.marker.evaluate(dict(environment))), environment
    return True


@pytest.mark.parametrize("text", _COMMON)
def test_a_common_requirement_is_read_as_packaging_reads_it(text: str) -> None:
    assert _read(text)


@pytest.mark.parametrize("text", _UNCOMMON)
def test_an_uncommon_requirement_is_left_to_packaging(text: str) -> None:
    assert plain_requirement(text) is None


@given(st.lists(_PIECES, min_size=1, max_size=12).map("".join))
def test_what_is_read_here_packaging_reads_alike(text: str) -> None:
    try:
        _read(text)
    except InvalidRequirement:
        pytest.fail(f"packaging refuses {text!r}")


def test_common_requirements_do_without_packagings_parser(tmp_path: Path) -> None:
    dist = tmp_path / "usr/lib/python3.11/site-packages/demo-1.dist-info"
    dist.mkdir(parents=True)
    needed = "".join(f"Requires-Dist: {text}\n" for text in _COMMON)
    (dist / "METADATA").write_text(f"Metadata-Version: 2.1\nName: demo\nVersion: 1\n{needed}")
    script = (
        "import sys; from truewheel.cli.main import main; main(sys.argv[1:]); "
        "print([name for name in sys.modules if name.startswith('packaging')], file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "requires", "run", str(dist)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert "packaging.requirements" not in done.stderr
    assert "python3.11dist(two) >= 1" in done.stdout.replace("(", "(", 1)


@pytest.mark.parametrize("text", ["1", "1.0", "01.2.0", "2026.11.26", "999999999.0"])
def test_a_version_of_numbers_is_written_as_packagings_is(text: str) -> None:
    ours, theirs = plain_version(text), Version(text)
    assert ours is not None
    assert str(ours) == str(theirs)
    assert rpm_version(ours) == rpm_version(theirs)


@pytest.mark.parametrize(
    "text", ["", ".", "1.", "1..2", "1!2", "1rc1", "1.post1", " 1", "1\n", "v1", "²", "1" * 10]
)
def test_another_version_is_left_to_packaging(text: str) -> None:
    assert plain_version(text) is None

"""No package has the build directory in it, with and without a package of debug information."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rpm.building import build_twice, tags
from tests.rpm.rpmroot import RpmRoot

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_SPEC = Path(__file__).parent / "specs/recorder.spec"
_DEBUGINFO = ("_enable_debug_packages 1", "_debugsource_packages 1")


# a file that rpm knows by its whole path keeps it in __FILE__, where rpm sees to debug information alone
@pytest.mark.parametrize(
    ("defines", "packages"),
    [
        (("optflags -O2 -g", "whole 1"), ["python3-recorder"]),
        (
            ("optflags -O2 -g", *_DEBUGINFO),
            ["python-recorder-debuginfo", "python-recorder-debugsource", "python3-recorder"],
        ),
    ],
    ids=["stripped", "debuginfo"],
)
def test_a_recorder_of_flags_and_of_its_path_is_equal_anywhere(
    defines: tuple[str, ...], packages: list[str], bookworm: RpmRoot
) -> None:
    first, second = build_twice(bookworm, _SPEC, [], *defines)
    for build in (first, second):
        assert build.status == 0, build.log[-5000:]
    assert [package.name.rsplit("-", 2)[0] for package in first.packages] == packages
    for one, other in zip(first.packages, second.packages, strict=True):
        assert tags(bookworm, one).splitlines() == tags(bookworm, other).splitlines()
    flag = "-ffile-prefix-map" in first.log
    assert not flag  # in no variable, and so in no line of the log

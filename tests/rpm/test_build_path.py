"""No package has the build directory in it, with and without a package of debug information."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rpm.building import build_twice, tags
from tests.rpm.rpmroot import RpmRoot

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_SPEC = Path(__file__).parent / "specs/recorder.spec"
_DEBUG = "optflags -O2 -g"


def test_a_recorder_of_flags_and_of_its_path_is_equal_anywhere(bookworm: RpmRoot) -> None:
    first, second = build_twice(bookworm, _SPEC, [], _DEBUG, "whole 1")
    for build in (first, second):
        assert build.status == 0, build.log[-5000:]
    (one,), (other,) = first.packages, second.packages
    assert tags(bookworm, one).splitlines() == tags(bookworm, other).splitlines()


def test_paths_of_debug_information_are_left_to_rpm(bookworm: RpmRoot) -> None:
    """Not the build-ids: debugedit 5.0 makes them of the path that was there before."""
    defines = (_DEBUG, "_enable_debug_packages 1", "_debugsource_packages 1")
    first, second = build_twice(bookworm, _SPEC, [], *defines)
    for build in (first, second):
        assert build.status == 0, build.log[-5000:]
        assert "-ffile-prefix-map" not in build.log
    names = [package.name.rsplit("-", 2)[0] for package in first.packages]
    assert names == ["python-recorder-debuginfo", "python-recorder-debugsource", "python3-recorder"]
    for one, other in zip(first.packages, second.packages, strict=True):
        kept = [
            {line for line in tags(bookworm, package).splitlines() if line.startswith("file ")}
            for package in (one, other)
        ]
        with_id = (".build-id", ".debug ", ".so ")
        assert all(any(word in line for word in with_id) for line in kept[0] ^ kept[1])

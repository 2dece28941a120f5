"""What a run takes from its environment."""

from __future__ import annotations

import os

import pytest

from truewheel.environment import default_jobs, source_date_epoch
from truewheel.errors import UsageError


@pytest.mark.parametrize("text", ["0", "1700000000", "0001", str(2**33)])
def test_the_epoch_is_read(text: str) -> None:
    assert source_date_epoch({"SOURCE_DATE_EPOCH": text}) == int(text)


def test_no_epoch_is_none() -> None:
    assert source_date_epoch({}) is None


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "+1", "1.5", "1e9", "0x10", "1_000", "1 ", "1\n", "now", "٣", str(2**33 + 1), "9" * 5000],
)
def test_a_malformed_epoch_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        source_date_epoch({"SOURCE_DATE_EPOCH": text})


CPUS = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("environ", "jobs"),
    [
        ({}, CPUS),
        ({"RPM_BUILD_NCPUS": "5"}, 5),
        ({"DEB_BUILD_OPTIONS": "parallel=3"}, 3),
        ({"DEB_BUILD_OPTIONS": "nocheck parallel=3 nostrip"}, 3),
        ({"DEB_BUILD_OPTIONS": "nocheck,parallel=3"}, 3),
        ({"DEB_BUILD_OPTIONS": "parallel=3 parallel=4"}, 4),
        ({"RPM_BUILD_NCPUS": "5", "DEB_BUILD_OPTIONS": "parallel=3"}, 5),
        ({"RPM_BUILD_NCPUS": "0"}, CPUS),
        ({"RPM_BUILD_NCPUS": "many", "DEB_BUILD_OPTIONS": "parallel=2"}, 2),
        ({"RPM_BUILD_NCPUS": "٣"}, CPUS),
        ({"RPM_BUILD_NCPUS": "9" * 5000}, CPUS),
        ({"DEB_BUILD_OPTIONS": f"parallel={'9' * 5000}"}, CPUS),
        ({"DEB_BUILD_OPTIONS": "noparallel=3"}, CPUS),
        ({"DEB_BUILD_OPTIONS": "parallel=-3"}, CPUS),
    ],
)
def test_jobs_are_the_builds_or_the_cpus(environ: dict[str, str], jobs: int) -> None:
    assert default_jobs(environ) == jobs

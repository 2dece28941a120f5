"""Read SOURCE_DATE_EPOCH and the number of jobs from the caller's environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from truewheel.errors import UsageError

_MAX_EPOCH = 2**33


def source_date_epoch(environ: Mapping[str, str]) -> int | None:
    """Return SOURCE_DATE_EPOCH in seconds since 1970-01-01 UTC, or None if it is not set.

    Raises UsageError when it is malformed, as the specification asks
    (https://reproducible-builds.org/specs/source-date-epoch/).
    """
    text = environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,11}", text) or int(text) > _MAX_EPOCH:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {text!r}, not a whole number of seconds since 1970",
            hint="unset it or export e.g. SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
        )
    return int(text)


def default_jobs(environ: Mapping[str, str]) -> int:
    """Return the number of workers to run: what the package build asks for, else the CPUs of this process.

    RPM_BUILD_NCPUS comes from rpmbuild, ``parallel=N`` in DEB_BUILD_OPTIONS from Debian policy 4.9.1.
    """
    rpm = environ.get("RPM_BUILD_NCPUS", "")
    options = environ.get("DEB_BUILD_OPTIONS", "")
    deb = re.findall(r"(?:^|[\s,])parallel=([0-9]+)(?=$|[\s,])", options) if options else []
    for text in (rpm, *deb[-1:]):
        if text and re.fullmatch(r"[0-9]{1,9}", text) and int(text) > 0:
            return int(text)
    return len(os.sched_getaffinity(0))

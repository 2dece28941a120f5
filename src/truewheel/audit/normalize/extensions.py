"""Find what compilers left of a build in extension modules: it differs each time, and cannot be changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

# directories that pip and uv make for a build, in names that are random or of the user's cache
_BUILDS = (b"/pip-install-", b"/pip-wheel-", b"/pip-req-build-", b"/uv/sdists-v", b"/uv/builds-v")
_BEFORE = re.compile(rb"[\w./+@~-]*\Z")
_BEHIND = re.compile(rb"[\w./+@~-]*")
_MOST = 300  # bytes of a path


def is_of_no_index(wheel: bytes) -> bool:
    """Whether a WHEEL file is of a wheel that was built where it is installed: no index takes its tag."""
    return re.search(rb"^Tag: .*-linux_\w+\s*$", wheel, re.MULTILINE) is not None


def is_extension(path: str) -> bool:
    """Whether a file is an extension module or a shared library, by its name."""
    return re.search(r"\.so(\.[\d.]+)?$", path) is not None


def build_path(content: bytes, builds: Iterable[str]) -> str:
    """Return a path of a build that an extension module has, "" for none.

    ``builds`` are directories of the build beside those that pip and uv make.
    """
    for name in (*_BUILDS, *(each.encode("utf-8", "surrogateescape") for each in builds)):
        at = content.find(name)
        if at >= 0:
            before = _BEFORE.search(content[max(0, at - _MOST) : at])
            behind = _BEHIND.match(content[at : at + _MOST])
            return b"".join(each[0] for each in (before, behind) if each).decode("ascii")
    return ""

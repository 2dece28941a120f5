"""The files that rpm and debhelper look for: where they are, and where a distribution wants them.

A wheel has them beside its modules, a checkout at its top. Nothing puts them on anybody's PATH but
`truewheel support-files` and the packages of distributions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from truewheel.dataclass import dataclass

_PACKAGE = Path(__file__).parent
_SHIPPED = _PACKAGE / "_support"
# sources, by a glob, and the directory below the prefix that they go to, by kind
_PLACES = {
    "rpm": {
        "macros/macros.*": "lib/rpm/macros.d",
        "macros/fileattrs/*.attr": "lib/rpm/fileattrs",
        "macros/lua/truewheel/*.lua": "lib/rpm/lua/truewheel",
        "macros/brp-truewheel": "lib/rpm",
        "macros/man/truewheel-macros.7": "share/man/man7",
    },
    "opensuse": {
        "macros/opensuse/brp-90-truewheel": "lib/rpm/brp-suse.d",
        "macros/opensuse/truewheel-flavor-macros": "bin",
        "macros/man/truewheel-flavor-macros.1": "share/man/man1",
    },
    "debhelper": {
        "debhelper/dh_truewheel*": "bin",
        "debhelper/autoscripts/*": "share/debhelper/autoscripts",
        "debhelper/Debian/Debhelper/Buildsystem/*.pm": "share/perl5/Debian/Debhelper/Buildsystem",
        "debhelper/Debian/Debhelper/Sequence/*.pm": "share/perl5/Debian/Debhelper/Sequence",
    },
}
KINDS = tuple(_PLACES)
_PROGRAM = b"#!"


@dataclass(frozen=True)
class SupportFile:
    """A file and its place below the prefix, such as ``lib/rpm/macros.d/macros.truewheel``."""

    place: str
    content: bytes
    executable: bool


def support_files(kind: str) -> Iterator[SupportFile]:
    """Yield the files of one of KINDS, in the order of their places; raises OSError if one cannot be read."""
    top = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parents[1]
    for pattern, directory in _PLACES[kind].items():
        for path in sorted(top.glob(pattern)):
            content = path.read_bytes()
            executable = content.startswith(_PROGRAM) and path.parent.name != "autoscripts"
            yield SupportFile(f"{directory}/{path.name}", content, executable)

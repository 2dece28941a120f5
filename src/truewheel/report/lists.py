"""Write final paths as lines of lists that packagers of several families read."""

from __future__ import annotations

import re

from truewheel.errors import RefusedInput

FORMATS = ("rpm", "plain", "debian")
# what debhelper substitutes in the files that it reads (compat 13)
_DEBHELPER = {" ": "${Space}", "\t": "${Tab}", "\n": "${Newline}", "$": "${Dollar}", "\\": "\\\\"}


def list_line(final: str, kind: str) -> str:
    """Return the line of a final path: plain, or debian for ``debian/PACKAGE.install``.

    Raises RefusedInput for a path that does not fit on a plain line.
    """
    if kind == "debian":
        return re.sub(r"[*?\[\s$\\]", _escaped, final.lstrip("/"))
    if "\n" in final:
        raise RefusedInput("has a line end in its name", subject=final, hint="leave it out: --exclude")
    return final


def _escaped(found: re.Match[str]) -> str:
    return _DEBHELPER.get(found[0], f"[{found[0]}]")

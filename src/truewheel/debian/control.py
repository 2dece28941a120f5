"""Decider: the names in a dependency field of debian/control."""

from __future__ import annotations

import re

_NAME = re.compile(r"\s*([a-z0-9][a-z0-9+.-]+)")


def dependency_names(field: str) -> tuple[str, ...]:
    """The packages a field names, each once, in its order: alternatives too, whatever they are limited to.

    Versions, architectures, profiles and qualifiers such as ``:any`` are left out, and so is what begins with
    a substitution variable.
    """
    found = (_NAME.match(part) for part in re.split(r"[,|]", field))
    return tuple(dict.fromkeys(match[1] for match in found if match))

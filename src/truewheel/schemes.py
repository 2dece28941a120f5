"""Find a scheme by its name or path; a plain install reads no file for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from truewheel.errors import SchemeError
from truewheel.model import Scheme
from truewheel.shipped import SCHEMES

_SHIPPED = Path(__file__).parent / "schemes"


def shipped_schemes() -> tuple[str, ...]:
    """Return the names of the schemes that come with truewheel, sorted."""
    return tuple(SCHEMES)


def summary(name: str) -> str:
    """Return the comment that a shipped scheme begins with: which distribution it is for, in one line."""
    with open(_SHIPPED / f"{name}.yaml", encoding="utf-8") as stream:
        return stream.readline().removeprefix("#").strip()


def load_scheme(name_or_path: str, warn: Callable[[str], None] | None = None) -> Scheme:
    """Return a shipped scheme by its name, or a scheme from a file.

    A text with a slash, or ending in .yaml or .yml, is the path of a file. ``warn`` gets a line for each
    key that is obsolete or missing but still understood. Raises SchemeError, its subject ``FILE:LINE``, for
    the first key that is not as documented.
    """
    if "/" not in name_or_path and not name_or_path.endswith((".yaml", ".yml")):
        if name_or_path not in SCHEMES:
            from truewheel.scheme_file import suggestion

            raise SchemeError(
                "no such scheme",
                subject=name_or_path,
                hint=suggestion(name_or_path, shipped_schemes())
                + "; a file is named by a path with a slash or .yaml",
            )
        return SCHEMES[name_or_path]
    from truewheel.scheme_file import read_scheme  # as slow to import as YAML

    return read_scheme(name_or_path, warn)


def loaded_scheme(scheme: str | Scheme) -> Scheme:
    """Return a scheme, loaded where it is given by its name or path."""
    return load_scheme(scheme) if isinstance(scheme, str) else scheme

"""Find modules that no package would have: their directory belongs to none of debian/control."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from truewheel.debian.model import Layout
from truewheel.debian.options import Options
from truewheel.errors import RefusedInput
from truewheel.textfile import read_bytes

# rules that name directories in these ways, or install more than once, may move modules into a package
_MAY_MOVE = (
    rb"debian/(?:python3-)?[$*?{]|\$[({]PYBUILD_NAME|^[-s]?include\s"
    rb"|^\t.*\bdh_auto_install\b.*^\t.*\bdh_auto_install\b"
)


def lost_layouts(
    layouts: Iterable[Layout], packages: Sequence[str], options: Options, top: str
) -> list[Layout]:
    """Return the layouts whose ``destdir`` is the directory of none of the source's ``packages``.

    A directory that PYBUILD_DESTDIR names is the packager's own; ``top`` is where debian/rules runs.
    """
    return [
        layout
        for layout in layouts
        if packages
        and layout.package not in packages
        and Path(layout.destdir) == Path(top, "debian", layout.package)
        and not (options.get("destdir", layout.flavor) or "").rstrip("/").endswith(layout.package)
    ]


def refuse_lost(lost: Sequence[Layout], packages: Sequence[str], options: Options, top: str) -> None:
    """Raise RefusedInput where nothing in debian/ can bring modules of ``lost`` into a package.

    debian/rules may move them, and so may commands and arguments of the packager.
    """
    debian = Path(top, "debian")
    if any(layout.args or _has_hook(layout, options) for layout in lost) or [*debian.glob("*install")]:
        return
    rules = read_bytes(debian / "rules") if (debian / "rules").is_file() else b""
    names = b"|".join(rb"(?<![\w.+-])%s(?![\w.+-])" % re.escape(each.package.encode()) for each in lost)
    if not re.search(_MAY_MOVE + b"|" + names, rules, re.MULTILINE | re.DOTALL):
        raise RefusedInput(
            f"debian/control has no package {lost[0].package}",
            subject=f"PYBUILD_NAME={options.overall('name')}",
            hint=f"name one of {', '.join(packages)}, or set PYBUILD_DESTDIR to where modules go",
        )


def _has_hook(layout: Layout, options: Options) -> bool:
    return any(options.get(name, layout.flavor) for name in ("before_install", "after_install"))

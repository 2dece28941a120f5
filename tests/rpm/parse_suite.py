"""Parse specs with Fedora's macros and with ours, and say what parses with Fedora's alone.

    python3 -m tests.rpm.parse_suite CHECKOUTS SPECS [--beside] [--no-tags] [--jobs N]

CHECKOUTS is described in ``sides.py``, SPECS is a directory of specs. Prints a line for each spec that does
not parse or in whose expanded text a macro of the Python families is left, unless that is so with Fedora's,
too, or whose names, sources and dependencies differ; and the counts. Exits 1 if there is such a line.
``--no-tags`` does not compare these, and leaves out Fedora's macros where ours leave nothing to ask.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.rpm.sides import Side, make_side

_TAG = re.compile(
    r"(?im)^(?:(?:Name|Version|Source|Patch|BuildArch|\w*(?:Requires|Provides|Obsoletes|Conflicts))[\w(), ]*:"
    r"|%package|%files).*"
)
_FAMILY = re.compile(r"(?<!%)%(?:\{[?!]*)?(_{0,2}(?:py\d*_|pyproject|python\d*|pytest|pypi|pycached|tox)\w*)")


@dataclass(frozen=True)
class Parsed:
    """What rpm made of a spec: its first error, or the macros left in the text and the lines of tags."""

    error: str | None
    left: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


def parse(side: Side, spec: Path) -> Parsed:
    """Expand a spec."""
    done = subprocess.run(
        ["rpmspec", "-P", "--load", side.settings, "--define", f"_sourcedir {spec.parent}", spec],
        env={**os.environ, **side.environ()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        return Parsed(errors[0] if errors else f"exit status {done.returncode}")
    text = re.sub(r"(?ms)^%changelog.*|^\s*#.*?$", "", done.stdout)
    tags = frozenset(" ".join(line.split()) for line in _TAG.findall(text))
    return Parsed(None, frozenset(_FAMILY.findall(text)), tags)


def worse(stock: Parsed, ours: Parsed, tags: bool) -> str | None:
    """Why ours is worse, or None; ``tags`` compares those, too."""
    if stock.error is not None:
        return None
    if ours.error is not None:
        return ours.error
    if more := ours.left - stock.left:
        return f"not defined: {' '.join(sorted(more))}"
    if not tags:
        return None
    lost, new = sorted(stock.tags - ours.tags), sorted(ours.tags - stock.tags)
    return "; ".join([*(f"-{line}" for line in lost), *(f"+{line}" for line in new)]) or None


def main() -> int:
    options = argparse.ArgumentParser(description="Parse specs with Fedora's macros and with ours.")
    options.add_argument("checkouts", type=Path)
    options.add_argument("specs", type=Path)
    options.add_argument("--beside", action="store_true", help="ours next to Fedora's python-rpm-macros")
    options.add_argument("--no-tags", action="store_true", help="compare no names, sources, dependencies")
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    specs = sorted(given.specs.glob("*.spec"))
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(given.jobs) as pool:
        names = ("stock", "beside" if given.beside else "ours")
        stock, ours = (
            make_side(name, given.checkouts, Path(work), "/usr/bin/python3", "/usr/bin/truewheel")
            for name in names
        )

        def both(spec: Path) -> tuple[Path, Parsed | None, Parsed]:
            other = parse(ours, spec)
            whole = other.error is None and not other.left
            return spec, None if given.no_tags and whole else parse(stock, spec), other

        pairs = [*pool.map(both, specs)]
    return report(pairs, not given.no_tags)


def report(pairs: list[tuple[Path, Parsed | None, Parsed]], tags: bool) -> int:
    """Print what is worse, and the counts; return the exit status."""
    asked = [(spec, one, other) for spec, one, other in pairs if one is not None]
    faults = [(spec, why) for spec, one, other in asked if (why := worse(one, other, tags))]
    for spec, why in faults:
        print(f"{spec.name}: {why}")
    print(f"{len(pairs)} specs, {sum(other.error is None for _, _, other in pairs)} parse with ours")
    parsed = sum(one.error is None for _, one, _ in asked)
    gained = sum(one.error is not None and other.error is None for _, one, other in asked)
    print(f"{len(asked)} tried with Fedora's macros, {parsed} parse, {len(faults)} are worse with ours")
    print(f"{gained} parse with ours alone")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

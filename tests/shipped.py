"""Writes src/truewheel/shipped.py: python -m tests.shipped"""

from __future__ import annotations

import dataclasses
from enum import Enum
from pathlib import Path

from truewheel.model import Scheme
from truewheel.scheme_file import read_scheme
from truewheel.shipped import SCHEMES

SOURCE = Path(__file__).parents[1] / "src" / "truewheel"

HEAD = '''"""The shipped schemes as their files have them: reading YAML would take a tenth of a small install.

Written by ``python -m tests.shipped``; a test holds it against the files in ``schemes``.
"""

from truewheel.model import CodeFilename, ErrorPolicy, InvalidationMode, Scheme

SCHEMES = {
'''


def text() -> str:
    """Return the module."""
    lines = [HEAD]
    for name, scheme in schemes().items():
        lines.append(f'    "{name}": Scheme(\n')
        for field in dataclasses.fields(scheme):
            lines.append(f"        {field.name}={shown(field.name, getattr(scheme, field.name))},\n")
        lines.append("    ),\n")
    return "".join((*lines, "}\n"))


def schemes() -> dict[str, Scheme]:
    """Read the files, those first that others extend."""
    files = sorted((SOURCE / "schemes").glob("*.yaml"), key=lambda path: "\nextends:" in path.read_text())
    for path in files:
        SCHEMES[path.stem] = read_scheme(str(path))
    return {path.stem: SCHEMES[path.stem] for path in sorted(files)}


def shown(name: str, value: object) -> str:
    """Return a value as ruff writes it."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if name.endswith("_mode"):
        return f"0o{value:o}"
    return repr(value).replace("'", '"')


if __name__ == "__main__":
    (SOURCE / "shipped.py").write_text(text())

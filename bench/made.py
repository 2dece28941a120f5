"""Writes wheels of as many modules as one likes, each a little different."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

_MODULE = '''"""Module {0}."""

from __future__ import annotations


class Thing{0}:
    """A thing that has a name."""

    def __init__(self, name: str, size: int = {0}) -> None:
        self.name = name
        self.size = size

    def shown(self, times: int) -> str:
        return ", ".join(f"{{self.name}} {{number}}" for number in range(times) if number % 3)


def make_{0}(names: list[str]) -> dict[str, Thing{0}]:
    return {{name: Thing{0}(name, len(name) + {0}) for name in names}}
'''


def made_wheel(directory: Path, name: str, modules: int) -> Path:
    """Write the wheel of a project, fifty modules a package, and return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {f"{name}/p{number // 50}/m{number}.py": _MODULE.format(number) for number in range(modules)}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{entry},sha256={_digest(text)},{len(text.encode())}" for entry, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, text in files.items():
            archive.writestr(entry, text)
    return path


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

"""Writes seeds for the fuzzer: PYTHON tests/fuzz/corpus.py DIRECTORY.

One for each module of this Python's standard library that compiles to little code.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
import sysconfig
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from truewheel._target.versions import VERSION, CodeFormat, code_format

MOST = 2048  # bytes of a seed


def bits(row: CodeFormat) -> int:
    """What tells the fuzz target the format of code objects."""
    chosen = (row.ints == 6, row.localsplus, row.slices, row.latin1, row.paths, row.own_names is not None)
    return sum(1 << place for place, bit in enumerate(chosen) if bit)


def main(directory: Path) -> None:
    warnings.simplefilter("ignore")
    directory.mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        try:
            stream = marshal.dumps(compile(path.read_bytes(), "m.py", "exec", dont_inherit=True))
        except (SyntaxError, ValueError):  # test data
            continue
        if len(stream) < MOST:
            name = hashlib.sha256(stream).hexdigest()[:16]
            (directory / name).write_bytes(bytes([bits(code_format(VERSION))]) + stream)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

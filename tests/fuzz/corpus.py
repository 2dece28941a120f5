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

MOST = 2048  # bytes of a seed


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
            (directory / name).write_bytes(bytes([sys.version_info[1] - 7]) + stream)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

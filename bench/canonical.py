"""Measures what the canonical form costs: PYTHON bench/canonical.py DIRECTORY...

Prints, for all sources below the directories, the time of compile(), and marshal.dumps, encode and rewrite
in per cent of it, as the median over the runs, and the size against marshal.dumps.
"""

from __future__ import annotations

import gc
import marshal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from truewheel._target.canonical import encode
from truewheel._target.marshal_stream import rewrite

RUNS = 3
VERSION = sys.version_info[:2]


def timed(call: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = call(*arguments)
    return time.perf_counter() - begin, result


def compiled(source: bytes, name: str) -> CodeType:
    code: CodeType = compile(source, name, "exec", dont_inherit=True, optimize=0)
    return code


def one_run(sources: list[tuple[str, bytes]], with_rewrite: bool) -> dict[str, float]:
    total = dict.fromkeys(("compile", "dumps", "encode", "rewrite", "size", "raw"), 0.0)
    for name, source in sources:
        try:
            spent, code = timed(compiled, source, name)
        except Exception:
            continue
        total["compile"] += spent
        spent, data = timed(encode, code)
        total["encode"] += spent
        spent, raw = timed(marshal.dumps, code)
        total["dumps"] += spent
        if with_rewrite:
            total["rewrite"] += timed(rewrite, raw, VERSION)[0]
        total["size"] += len(data)
        total["raw"] += len(raw)
    return total


def main(directories: list[str]) -> None:
    warnings.simplefilter("ignore")
    names = sorted(name for directory in directories for name in Path(directory).rglob("*.py"))
    sources = [(str(name), name.read_bytes()) for name in names]
    gc.disable()  # as the worker does
    runs = []
    for number in range(RUNS):
        runs.append(one_run(sources, number == 0))
        gc.collect()
    total = sorted(runs, key=lambda run: run["encode"] / run["compile"])[RUNS // 2]
    shares = ", ".join(
        "{} {:.1f} %".format(part, 100 * run[part] / run["compile"])
        for part, run in (("dumps", total), ("encode", total), ("rewrite", runs[0]))
    )
    print(
        "{}.{}: {} files, compile {:.2f} s, {}, size {:.3f}".format(
            *VERSION, len(sources), total["compile"], shares, total["size"] / total["raw"]
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])

"""Find out whether sources without bytecode compile: in another process, as a source can crash a compiler."""

from __future__ import annotations

import ast
import multiprocessing
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType

_SECONDS = 60


class Trial:
    """Says whether a source compiles, for a ``with``."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def compiles(self, source: bytes, python: tuple[int, int]) -> bool:
        """Whether a source is of this Python's grammar and compiles here; newer grammars are not known.

        A source that crashes the compiler, or takes it a minute, does not compile.
        """
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("fork"))
        try:
            return self._pool.submit(_compiles, source, python).result(_SECONDS)
        except (BrokenProcessPool, NoAnswer):  # not the built-in one before Python 3.11
            self._end()
            return False

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(cancel_futures=True)


def _compiles(source: bytes, python: tuple[int, int]) -> bool:
    warnings.simplefilter("ignore")
    try:
        tree = ast.parse(source, feature_version=min(python, sys.version_info[:2]))
        compile(tree, "source", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True

"""Says what is wrong with the bytecode of an installed tree; the target Python runs it, with nothing else.

python pyc_facts.py REQUEST, a JSON file: {"root": the tree, "target": the directory of the package _target,
"levels": [0, 1], "deep": true to compare with fresh compiles, "share": [n, m] for the n-th of m shares}.
Prints {"sources": n, "pycs": n, "failed": {source: type of error}, "violations": [[path, what]]}.
All paths printed are final ones. Sources are the .py files below site-packages and dist-packages.
"""

from __future__ import annotations

import _imp
import importlib.util
import json
import marshal
import os
import sys
import warnings
from collections.abc import Iterator
from types import CodeType
from typing import Any

CHECKED_HASH = b"\3\0\0\0"
HASH_KEY = int.from_bytes(importlib.util.MAGIC_NUMBER, "little")
SITES = ("/site-packages/", "/dist-packages/")
FIELDS = [name for name in dir(CodeType) if name[:3] == "co_" and not callable(getattr(CodeType, name))]


def walk(root: str) -> Iterator[str]:
    """Yield the final path of every file, in order."""
    for directory, names, files in os.walk(root):
        names.sort()
        for name in sorted(files):
            yield os.path.join(directory, name)[len(root) :]


def content(root: str, final: str) -> bytes:
    with open(root + final, "rb") as file:
        return file.read()


def pyc_of(source: str, level: int) -> str:
    return importlib.util.cache_from_source(source, optimization=level or "")


def compiled(source: bytes, final: str, level: int) -> CodeType:
    return compile(source, final, "exec", dont_inherit=True, optimize=level)


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all that are nested in it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from codes(const)


def described(value: Any) -> tuple[Any, ...]:
    """Return tuples, lists and text that are equal for values of equal type and content only."""
    kind = type(value).__name__
    if kind == "code":
        return kind, [described(getattr(value, name)) for name in FIELDS]
    if kind == "tuple":
        return kind, [described(part) for part in value]
    if kind == "frozenset":
        return kind, sorted([described(part) for part in value], key=repr)
    if kind == "slice":
        return kind, described(value.start), described(value.stop), described(value.step)
    return kind, repr(value)


def equal(one: CodeType, other: CodeType) -> bool:
    """Compare two code objects in all that marshal writes, the kinds of their variables included.

    Format 2 has neither references nor interned strings, and orders the elements of sets since Python 3.11.
    """
    try:
        if marshal.dumps(one, 2) == marshal.dumps(other, 2):
            return True
        ordered = sys.version_info >= (3, 11)
    except ValueError:  # slices, from Python 3.14 on
        ordered = False
    return not ordered and described(one) == described(other)


class Facts:
    """Collects what is found below one root."""

    def __init__(self, request: dict[str, Any], encode: Any, rewrite: Any) -> None:
        self.encode = encode
        self.rewrite = rewrite
        self.root = request["root"]
        self.levels = request["levels"]
        self.deep = request["deep"]
        self.first, self.step = request["share"]
        self.violations: list[list[str]] = []
        self.failed: dict[str, str] = {}
        self.pycs = 0
        self.sources = 0

    def wrong(self, final: str, what: str) -> None:
        self.violations.append([final, what])

    def run(self) -> None:
        files = list(walk(self.root))
        sources = [name for name in files if name.endswith(".py") and any(site in name for site in SITES)]
        if self.first == 0:
            self.strays(files, sources)
        for final in files[self.first :: self.step]:
            if os.fsencode(self.root) in content(self.root, final):
                self.wrong(final, "holds the path of the root")
        for final in sources[self.first :: self.step]:
            self.source(final)

    def strays(self, files: list[str], sources: list[str]) -> None:
        """Pycs belong to a source, at a level that was asked for."""
        known = {pyc_of(final, level) for final in sources for level in self.levels}
        for final in files:
            if final.endswith((".pyc", ".pyo")) and final not in known:
                self.wrong(final, "no source")

    def source(self, final: str) -> None:
        self.sources += 1
        source = content(self.root, final)
        try:
            fresh = {self.levels[0]: compiled(source, final, self.levels[0])}
        except Exception as error:
            self.failed[final] = type(error).__name__
            for level in self.levels:
                if os.path.lexists(self.root + pyc_of(final, level)):
                    self.wrong(pyc_of(final, level), "pyc of a source that does not compile")
            return
        for level in self.levels:
            pyc = pyc_of(final, level)
            try:
                data = content(self.root, pyc)
            except OSError as error:
                self.wrong(pyc, str(error.strerror))
                continue
            self.pycs += 1
            code = self.header(pyc, data, source)
            self.names(pyc, code, final)
            if self.deep:
                if level not in fresh:
                    fresh[level] = compiled(source, final, level)
                self.compare(pyc, data[16:], code, fresh[level])

    def header(self, pyc: str, data: bytes, source: bytes) -> CodeType:
        if data[:4] != importlib.util.MAGIC_NUMBER:
            self.wrong(pyc, "magic is " + data[:4].hex())
        if data[4:8] != CHECKED_HASH:
            self.wrong(pyc, "flags are " + data[4:8].hex())
        if data[8:16] != _imp.source_hash(HASH_KEY, source):
            self.wrong(pyc, "source hash is " + data[8:16].hex())
        code: CodeType = marshal.loads(data[16:])
        return code

    def names(self, pyc: str, code: CodeType, final: str) -> None:
        wrong = [inner for inner in codes(code) if inner.co_filename != final]
        if wrong:
            first = wrong[0]
            self.wrong(pyc, f"co_filename of {first.co_name} and others is {first.co_filename}")

    def compare(self, pyc: str, body: bytes, code: CodeType, fresh: CodeType) -> None:
        if not equal(code, fresh):
            self.wrong(pyc, "another code object than a fresh compile")
        if self.encode(code) != body:
            self.wrong(pyc, "its own code object is encoded in another way")
        if self.encode(fresh) != body:
            self.wrong(pyc, "a fresh compile is encoded in another way")
        if len(body) < 20000 and self.rewrite(body, sys.version_info[:2]) != body:
            self.wrong(pyc, "not idempotent")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    warnings.simplefilter("ignore")
    sys.path.append(request["target"])
    from _target.canonical import encode  # type: ignore[import-not-found]
    from _target.marshal_stream import rewrite  # type: ignore[import-not-found]

    facts = Facts(request, encode, rewrite)
    facts.run()
    answer = {name: getattr(facts, name) for name in ("sources", "pycs", "failed", "violations")}
    print(json.dumps(answer, sort_keys=True))


if __name__ == "__main__":
    main()

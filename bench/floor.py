"""The least that installing and byte-compiling a wheel can cost: no checks, no choices, no promises.

python bench/floor.py WHEEL DIRECTORY

Inflates, hashes and writes every entry, and compiles at the levels 0 and 1 in two processes; level 1 only
where the source says `assert` or `__debug__`, it is a hard link otherwise.
"""

import hashlib
import marshal
import os
import sys
import zipfile
from importlib.util import MAGIC_NUMBER, source_hash


def compile_file(path: str, source: bytes) -> None:
    """Write the pycs of a source beside it."""
    directory, name = os.path.split(path)
    cache = f"{directory}/__pycache__"
    os.makedirs(cache, exist_ok=True)
    start = f"{cache}/{name[:-3]}.{sys.implementation.cache_tag}"
    header = MAGIC_NUMBER + b"\3\0\0\0" + source_hash(source)
    differs = b"assert" in source or b"__debug__" in source
    for level in (0, 1) if differs else (0,):
        try:
            code = compile(source, path, "exec", dont_inherit=True, optimize=level)
        except SyntaxError:
            return
        data = header + marshal.dumps(code)
        hashlib.sha256(data).digest()
        with open(f"{start}.opt-1.pyc" if level else f"{start}.pyc", "wb") as stream:
            stream.write(data)
    if not differs:
        os.link(f"{start}.pyc", f"{start}.opt-1.pyc")


def main(wheel: str, to: str) -> None:
    """Unpack, then compile every second of the sources, biggest first, in a process of its own."""
    import warnings

    warnings.simplefilter("ignore")
    sources = []
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            data = archive.read(entry)
            hashlib.sha256(data).digest()
            path = os.path.join(to, entry.filename)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(data)
            if path.endswith(".py"):
                sources.append((len(data), path, data))
    sources.sort(reverse=True)
    child = os.fork()
    for _, path, data in sources[1::2] if child else sources[::2]:
        compile_file(path, data)
    if child:
        os.waitpid(child, 0)


main(*sys.argv[1:])

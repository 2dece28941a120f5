"""The canonical form over the standard library of each Python, from processes in different states."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import available_pythons

SOURCE = Path(__file__).parents[2] / "src"
STEP = int(os.environ.get("TRUEWHEEL_TEST_STEP", "10"))

STATES: dict[str, dict[str, Any]] = {
    "plain": {"seed": "0"},
    "other order and seed": {"seed": "4321", "order": "backwards"},
    "everything imported and alive": {
        "seed": "77",
        "order": "backwards",
        "imports": 1,
        "keep": 1,
        "touch": 1,
    },
}

# Runs in the target.  Its reader of marshal streams is naive on purpose and shares nothing with the product.
PROBE = r"""
import sys; sys.path.append(sys.argv[1])
import glob, hashlib, importlib, json, marshal, os, struct, sysconfig, types, warnings
warnings.simplefilter("ignore")
from truewheel._target import canonical
from truewheel._target.marshal_stream import rewrite

options = json.loads(sys.argv[2])
V = sys.version_info[:2]
rewritten = [0]
exact_way = canonical.rewrite
def counting(*args):
    rewritten[0] += 1
    return exact_way(*args)
canonical.rewrite = counting

class Reader:
    def __init__(self, data):
        self.data, self.pos, self.refs = data, 0, []
    def take(self, n):
        self.pos += n
        return self.data[self.pos - n:self.pos]
    def size(self):
        return struct.unpack("<i", self.take(4))[0]
    def read(self):
        kind = self.take(1)[0]
        flag, kind = kind & 128, chr(kind & 127)
        if kind == "r":
            return self.refs[self.size()]
        if flag:
            slot = len(self.refs); self.refs.append(None)
        value = self.body(kind)
        if flag:
            self.refs[slot] = value
        return value
    def body(self, kind):
        if kind in "NTF.S": return kind
        if kind == "i": return kind, self.take(4)
        if kind == "g": return kind, self.take(8)
        if kind == "y": return kind, self.take(16)
        if kind == "s": return kind, self.take(self.size())
        if kind == "l":
            n = self.size()
            return kind, n, self.take(2 * abs(n))
        if kind in "zZ": return "text", self.take(self.take(1)[0]).decode("latin-1")
        if kind in "aA": return "text", self.take(self.size()).decode("latin-1")
        if kind in "ut": return "text", self.take(self.size()).decode("utf-8", "surrogatepass")
        if kind in "()":
            n = self.take(1)[0] if kind == ")" else self.size()
            return ("tuple",) + tuple([self.read() for _ in range(n)])
        if kind == ">": return "frozenset", frozenset([self.read() for _ in range(self.size())])
        if kind == ":": return "slice", self.read(), self.read(), self.read()
        assert kind == "c", kind
        head = self.take(4 * (6 if (3, 8) <= V < (3, 11) else 5))
        before = tuple([self.read() for _ in range(8)])
        line = self.take(4)
        return ("code", head, line) + before + tuple([self.read() for _ in range(2 if V >= (3, 11) else 1)])

def content(data):
    reader = Reader(data)
    value = reader.read()
    assert reader.pos == len(data)
    return value

def parts(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from parts(const)

library = sysconfig.get_paths()["stdlib"]
every = sorted(glob.glob(library + "/**/*.py", recursive=True))
every = [name for name in every if "-packages/" not in name]
hazards = ("json/decoder.py", "ftplib.py", "typing.py", "test/test_compile.py", "enum.py",
           "test/test_fstring.py",
           "test/test_listcomps.py", "test/test_float.py", "test/test_type_params.py",
           "test/test_unicode_identifiers.py")
names = [name for i, name in enumerate(every) if i % options["step"] == 0 or name.endswith(hazards)]
sources = {name[len(library):]: open(name, "rb").read() for name in names}
sources["129724"] = b"def f(x): return x in {'foo', 2, 3}\ndef g(x): return x in {'foo', 2, 3}\n"
sources["foo"] = b"import foo\n"
sources["nested"] = (b"class Alpha:\n class Beta:\n  class Gamma: pass\n"
                     b" x = 'Alpha.Beta', 'Alpha.Beta.Gamma', '.', '~'\n")
order = sorted(sources, reverse=options.get("order") == "backwards")
if options.get("imports"):
    for name in ("json", "ftplib", "typing", "asyncio", "unittest.mock", "email.mime.text", "http.server",
                 "ctypes", "decimal", "xml.dom.minidom", "concurrent.futures", "multiprocessing", "tkinter",
                 "sqlite3", "pydoc", "argparse"):
        try:
            importlib.import_module(name)
        except ImportError:
            pass
kept, digests, problems = [], {}, []
for name in order:
    try:
        code = compile(sources[name], "/usr/lib/" + name, "exec", dont_inherit=True, optimize=0)
    except Exception as error:
        digests[name] = type(error).__name__
        continue
    if options.get("touch"):
        kept.append([(part.co_consts, part.co_names, part.co_varnames) for part in parts(code)])
        kept.append(marshal.loads(marshal.dumps(code)))
    if options.get("keep"):
        kept.append(code)
    data, raw = canonical.encode(code), marshal.dumps(code)
    digests[name] = hashlib.sha256(data).hexdigest()
    if exact_way(raw, V) != data:
        problems.append("walk and rewrite differ: " + name)
    if exact_way(data, V) != data:
        problems.append("not idempotent: " + name)
    if content(data) != content(raw):
        problems.append("another value: " + name)
    if canonical.encode(marshal.loads(data)) != data:
        problems.append("loads and encode differ: " + name)
print(json.dumps({"digests": digests, "problems": problems, "rewritten": rewritten[0]}))
"""


def probe(python: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Run the probe in a process of the wanted state; return what it says."""
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": options["seed"], "LC_ALL": "C.UTF-8"}
    command = [str(python), "-s", "-S", "-B", "-c", PROBE, str(SOURCE), json.dumps({"step": STEP, **options})]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)  # noqa: PLW1510
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


WALKED = ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.15", "debian"]


@pytest.mark.slow
@pytest.mark.parametrize("version", [*WALKED, "3.14t"])
def test_standard_library(version: str) -> None:
    python = available_pythons().get(version)
    if python is None:
        pytest.skip("no other Python")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda options: probe(python, options), STATES.values()))
    answers = dict(zip(STATES, found, strict=True))
    plain = answers["plain"]
    assert len(plain["digests"]) > 50
    for state, answer in answers.items():
        assert answer["problems"] == [], state
        differing = [name for name, digest in answer["digests"].items() if plain["digests"][name] != digest]
        assert differing == [], state
        if version in WALKED:
            assert answer["rewritten"] == 0, "the walk fell back"

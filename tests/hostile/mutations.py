"""Mutated inputs, a function of kind and number: ``python -m tests.hostile.mutations KIND FIRST COUNT``.

Each is read as a command would read it, wheels are installed where they are accepted. A line is printed for
each run that ends in another way than in a refusal of one line or in a whole install, or that changes what it
must not. The process has 1 GiB of memory, and dies of a run of more than 20 seconds of CPU time.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.hostile.defects import LINK
from tests.hostile.test_refused_wheels import tree_digest
from tests.wheelbuilder import Member, WheelBuilder, metadata_text, wheel_text
from truewheel.errors import TruewheelError
from truewheel.interpreter import probe
from truewheel.pipeline import install, prepare_install
from truewheel.project.pyproject import build_system, load_pyproject, project_table
from truewheel.project.requirements_file import read_requirements_file
from truewheel.report.document import install_document, write_document
from truewheel.report.reader import load_report
from truewheel.request import BytecodeOptions, InstallRequest
from truewheel.rules import CHOICES
from truewheel.scheme_file import scheme_keys
from truewheel.schemes import load_scheme, shipped_schemes

_SECONDS = 20
_MEMORY = 1 << 30  # bytes
_LONGEST = 60_000  # bytes of a name or an extra field, which has a length of two bytes
_WORDS = [
    *(b"\0", b"\r", b"\x1b[31m", b"\x85", b"\xe2\x80\xa8", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(
        b"../",
        b"/etc/passwd",
        b"\\",
        b"C:",
        b"\n",
        b"\n\n",
        b",",
        b",,,",
        b'"',
        b"'",
        b"=",
        b"==",
        b":",
        b"::",
    ),
    *(b"-", b"--", b"[", b"]", b"{", b"}", b"[" * 3000, b"{" * 3000, b"(" * 500, b"x" * 5000, b"a/" * 2000),
    *(b"&a [*a]", b"!!python/object:os.system", b"<<: *a", b"${PATH}", b"-r self", b" @ file:///x"),
    *(
        b"; python_version ~= '3'",
        b"; 'a'=='b'",
        b"9" * 4301,
        b"1e999",
        b"NaN",
        b"-1",
        b"99999999999999999999",
    ),
    *(b"true", b"null", b"[]", b"{}", b"~", b"sha256=", b"md5=", b"[console_scripts]\n", b"python3 = a:b\n"),
    *(b"Content-Type: message/rfc822\n\n", b"Name: x\n", b"Tag: a.b.c-d.e.f-g.h.i\n"),
]
_NAMES = [
    "../x",
    "/x",
    "a//b",
    "./a",
    "demo",
    "demo/__init__.py/x",
    "C:x",
    "a\\b",
    "-rf",
    "x.pyc",
    "\u00e4",
    "a" * 256,
    "",
]
_NUMBERS = [0, 1, 2, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]


def changed(chance: random.Random, data: bytes) -> bytes:
    """Change bytes in one to four places."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 1, 1, 4, 16, 200)))
        part = data[start:end]
        flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in part)
        number = chance.choice(_NUMBERS).to_bytes(4, "little")[: chance.choice((2, 4))]
        other = chance.randrange(len(data) + 1)
        put = chance.choice(
            (b"", flipped, part * 2, part * 500, number, chance.choice(_WORDS), data[other : other + 60])
        )
        data = data[:start] + put + data[end:]
        if chance.random() < 0.05:
            data = data[: chance.randrange(len(data) + 1)]
    return data


def changed_lines(chance: random.Random, data: bytes) -> bytes:
    """Change bytes, or the order and number of lines."""
    lines = data.splitlines(keepends=True)
    if not lines or chance.random() < 0.6:
        return changed(chance, data)
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    action = chance.randrange(4)
    if action == 0:
        del lines[at]
    elif action == 1:
        lines[at], lines[other] = lines[other], lines[at]
    elif action == 2:
        lines[at] *= chance.choice((2, 3, 2000))
    else:
        lines.insert(at, chance.choice(_WORDS) + b"\n")
    return b"".join(lines)


def _changed_members(chance: random.Random, members: list[Member]) -> list[Member]:
    """Change a field of an entry, so that its other fields are right."""
    at = chance.randrange(len(members))
    old = members[at]
    fields: dict[str, object] = {
        "name": chance.choice(_NAMES),
        "mode": chance.randrange(1 << 16),
        "method": chance.choice((0, 8, 9, 12, 14, 99)),
        "flags": chance.randrange(1 << 16),
        "size": chance.choice(_NUMBERS),
        "crc": chance.choice(_NUMBERS),
        "packed": changed(chance, old.compressed()),
        "data": changed(chance, old.data),
        "extra": changed(chance, b"\x01\x00\x10\x00" + bytes(16))[:_LONGEST],
        "local_name": changed(chance, old.raw_name)[:_LONGEST],
        "behind": chance.choice(_WORDS),
    }
    key = chance.choice(sorted(fields))
    new = Member(**{**old.__dict__, key: fields[key]})
    return [*members[:at], new, *members[at + 1 :], *chance.choice(([], [], [new], [old]))]


class Bench:
    """A directory with a root and what lies beside it, and the Python to install for."""

    def __init__(self, top: Path) -> None:
        self.inputs = top / "inputs"
        self.outside = top / "outside"
        self.root = self.outside / "root"
        self.inputs.mkdir()
        self.outside.mkdir()
        (self.outside / "beside").write_text("beside\n")
        self.python = probe(sys.executable)
        self._fill()
        self.before = tree_digest(self.outside)
        self.builder = WheelBuilder(self.inputs)

    def _fill(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        (self.root / "etc").mkdir(parents=True)
        (self.root / "etc/kept").write_text("kept\n")
        (self.root / "link").symlink_to("../beside")
        for path in (self.root / "etc/kept", self.root / "etc", self.root, self.outside):
            os.utime(path, (1_600_000_000, 1_600_000_000))
        os.utime(self.root / "link", (1_600_000_000, 1_600_000_000), follow_symlinks=False)

    def install(self, wheel: Path, number: int) -> None:
        """Install a wheel, every tenth with bytecode; a changed root is made anew."""
        levels = (0,) if number % 10 == 0 else ()
        request = InstallRequest(
            (wheel,),
            self.root,
            pythons=(self.python,),
            bytecode=BytecodeOptions(levels=levels, jobs=1),
            allow=CHOICES if number % 2 else (),
        )
        manifest = install(prepare_install(request, {}))
        missing = [file.final for file in manifest.files if not (self.root / file.final[1:]).is_file()]
        if missing:
            raise ValueError(f"installed, but without {missing}")
        self._fill()

    def wheel(self, **changes: object) -> Path:
        """Build a wheel of many kinds of entries."""
        arguments: dict[str, object] = {
            "files": {
                "demo/__init__.py": "value = 1\n" * 50,
                "demo/link": "__init__.py",
                "demo/data": b"\0" * 99,
            },
            "modes": {"demo/link": LINK},
            "data": {"scripts/tool": "#!python\n", "headers/demo.h": "h", "data/share/demo": "x"},
            "entry_points": {"demo": "demo:main", "tool": "demo:main"},
            **changes,
        }
        return self.builder.build("demo", "1.0", **arguments)  # type: ignore[arg-type]


Read = Callable[[Bench, random.Random, int], None]


def _wheel(bench: Bench, chance: random.Random, number: int) -> None:
    if number % 2:
        path = bench.wheel(members=lambda members: _changed_members(chance, members))
    else:
        path = bench.wheel()
        path.write_bytes(changed(chance, path.read_bytes()))
    bench.install(path, number)


def _metadata(bench: Bench, chance: random.Random, number: int) -> None:
    fields = "Requires-Python: >=3.6\nRequires-Dist: six>=1; extra == 'x'\nProvides-Extra: x\n\nText.\n"
    text = metadata_text("demo", "1.0") + fields
    bench.install(bench.wheel(metadata=changed_lines(chance, text.encode())), number)


def _wheel_file(bench: Bench, chance: random.Random, number: int) -> None:
    bench.install(bench.wheel(wheel=changed_lines(chance, wheel_text("py3-none-any").encode())), number)


def _record(bench: Bench, chance: random.Random, number: int) -> None:
    def edited(members: list[Member]) -> list[Member]:
        record = members[-1]
        return [*members[:-1], Member(record.name, changed_lines(chance, record.data))]

    bench.install(bench.wheel(members=edited), number)


def _entry_points(bench: Bench, chance: random.Random, number: int) -> None:
    text = b"[console_scripts]\ndemo = demo:main\ntwo=demo.x:a.b [x]\n\n[gui_scripts]\nthree = demo:main\n"
    info = {"entry_points.txt": changed_lines(chance, text)}
    bench.install(bench.wheel(entry_points=None, dist_info=info), number)


def _report(bench: Bench, chance: random.Random, number: int) -> None:
    path = bench.inputs / "report.json"
    request = InstallRequest((bench.wheel(),), bench.root, pythons=(bench.python,), allow=CHOICES)
    pristine = bench.inputs / "pristine.json"
    if not pristine.exists():
        manifest = install(prepared := prepare_install(request, {}))
        write_document(pristine, install_document(prepared.plan, manifest))
        bench._fill()
    document = json.loads(pristine.read_text())
    if number % 2:
        _change_value(chance, document)
    text = json.dumps(document, indent=1).encode()
    path.write_bytes(text if number % 2 else changed_lines(chance, text))
    load_report(path)


def _change_value(chance: random.Random, value: object) -> None:
    """Put a value of another kind somewhere into a document."""
    strange: object = chance.choice([None, True, -1, 1e99, "x\0", "\ud800", [], {}, [[]], {"a": {}}, 10**400])
    while isinstance(value, (dict, list)) and value:
        key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
        inner = value[key]
        if not isinstance(inner, (dict, list)) or not inner or chance.random() < 0.2:
            value[key] = strange
            return
        value = inner


def _scheme(bench: Bench, chance: random.Random, number: int) -> None:
    source = (
        Path(load_scheme.__code__.co_filename).with_name("schemes")
        / f"{chance.choice(shipped_schemes())}.yaml"
    )
    path = bench.inputs / "mine.yaml"
    path.write_bytes(changed_lines(chance, source.read_bytes()))
    scheme_keys(load_scheme(str(path)))


def _pyproject(bench: Bench, chance: random.Random, number: int) -> None:
    text = (
        b'[build-system]\nrequires = ["setuptools>=61", "wheel; python_version<\'3\'"]\n'
        b'build-backend = "a.b:c"\nbackend-path = ["."]\n[project]\n'
        b'name = "demo"\nversion = "1.0"\ndependencies = ["six>=1"]\n'
        b'dynamic = ["readme"]\n[project.optional-dependencies]\ntest = ["pytest"]\n'
        b'[dependency-groups]\ndev = ["x", {include-group = "more"}]\nmore = []\n'
    )
    (bench.inputs / "pyproject.toml").write_bytes(changed_lines(chance, text))
    data = load_pyproject(bench.inputs)
    build_system(data)
    project_table(data)


def _requirements(bench: Bench, chance: random.Random, number: int) -> None:
    text = (
        b"# comment\nsix>=1.0 ; python_version >= '3' # more\nhttps://example.org/a-1.zip#egg=a\n"
        b"-r more.txt\npytest \\\n  >= 7\n${HOME}\nb[x] @ file:///b --hash=sha256:00\n"
    )
    (bench.inputs / "more.txt").write_text("attrs\n")
    path = bench.inputs / "requirements.txt"
    path.write_bytes(changed_lines(chance, text))
    read_requirements_file(path, {"HOME": "home"})


KINDS: dict[str, Read] = {
    "wheel": _wheel,
    "METADATA": _metadata,
    "WHEEL": _wheel_file,
    "RECORD": _record,
    "entry-points": _entry_points,
    "report": _report,
    "scheme": _scheme,
    "pyproject": _pyproject,
    "requirements": _requirements,
}


def problem(kind: str, number: int, bench: Bench) -> str:
    """Read one mutated input; returns what is wrong about how that ended, empty for nothing."""
    try:
        KINDS[kind](bench, random.Random(f"{kind} {number}"), number)
    except TruewheelError as error:
        if not str(error).isprintable() or error.exit_code not in (1, 2):
            return f"is no line: {error!s:.200}"
        if kind != "scheme" and error.exit_code != 1:
            return f"ended with status {error.exit_code}: {error!s:.200}"
    except Exception:
        return f"is a traceback: {traceback.format_exc()[-1500:]}"
    return "" if tree_digest(bench.outside) == bench.before else "changed the root or what lies beside it"


def main(kind: str, first: int, count: int) -> None:
    """Print each run with a problem, and at the end that all were run."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with tempfile.TemporaryDirectory(prefix="truewheel-mutations-") as top:
        bench = Bench(Path(top))
        for number in range(first, first + count):
            usage = resource.getrusage(resource.RUSAGE_SELF)
            soft = int(usage.ru_utime + usage.ru_stime) + 1 + _SECONDS
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
            print(f"{kind} {number}", file=sys.stderr, flush=True)
            found = problem(kind, number, bench)
            if found:
                print(f"{kind} {number} {found}", flush=True)
                bench.before = tree_digest(bench.outside)
    print(f"{count} runs", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

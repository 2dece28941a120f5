"""What truewheel installs has no finding; each defect made in a copy of it has one, of its rule."""

from __future__ import annotations

import base64
import importlib.util
import marshal
import os
import py_compile
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.support import snapshot
from tests.needs import need
from tests.unit.audit.conftest import FILES
from tests.wheelbuilder import WheelBuilder
from truewheel.audit.model import Finding
from truewheel.audit.observe import Observer
from truewheel.audit.verify import VerifyRequest, verify
from truewheel.cli.main import main
from truewheel.errors import TruewheelError
from truewheel.rules.table import RULES
from truewheel.schemes import load_scheme, shipped_schemes

TAG = sys.implementation.cache_tag
RECORD = "demo-1.0.dist-info/RECORD"


GENERIC = ("--python", sys.executable, "--scheme", "generic", "--quiet")


def found(target: Path, environ: Mapping[str, str] | None = None, **request: object) -> tuple[Finding, ...]:
    scheme = load_scheme("generic")
    asked = VerifyRequest(**{"targets": (target,), "scheme": scheme, "jobs": 1, **request})  # type: ignore[arg-type]
    (verified,) = verify(asked, environ or {})
    return verified.findings


def cache(site: Path, name: str) -> Path:
    return site / f"demo/__pycache__/{name.replace('TAG', TAG)}"


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Replace a file by a changed one, with its mode and date; its hard links stay as they were."""
    info = path.stat()
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(change(data))
    path.chmod(info.st_mode & 0o7777)
    os.utime(path, (info.st_mtime, info.st_mtime))


def edit_record(site: Path, change: Callable[[str], str]) -> None:
    rewrite(site / RECORD, lambda data: change(data.decode()).encode())


def recompile(site: Path, **options: object) -> None:
    """Compile other.py again at level 1, by the standard library."""
    target = cache(site, "other.TAG.opt-1.pyc")
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    source = str(site / "demo/other.py")
    final = source[source.index("/usr/") :]
    arguments: dict[str, object] = {"dfile": final, "optimize": 1, "invalidation_mode": mode, "doraise": True}
    target.unlink()
    py_compile.compile(source, str(target), **(arguments | options))  # type: ignore[arg-type,type-var]
    target.chmod(0o644)


def in_hexadecimal(text: str) -> str:
    def digits(match: re.Match[str]) -> str:
        return f"sha256={base64.urlsafe_b64decode(match[1] + '=').hex()}"

    return re.sub(r"sha256=([\w-]+)", digits, text)


def out_of_date(site: Path) -> None:
    recompile(site, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    os.utime(site / "demo/other.py", (5, 5))


def other_code(site: Path) -> None:
    def change(data: bytes) -> bytes:
        code = marshal.loads(data[16:])
        return data[:16] + marshal.dumps(code.replace(co_firstlineno=7))

    rewrite(cache(site, "other.TAG.opt-1.pyc"), change)


def put(path: Path, content: bytes = b"") -> None:
    path.write_bytes(content)
    path.chmod(0o644)


def beside_metadata(name: str, content: bytes = b"x\n") -> Callable[[Path], None]:
    """Add a file beside METADATA."""

    def add(site: Path) -> None:
        put(site / f"demo-1.0.dist-info/{name}", content)

    return add


def script_with(line: str) -> Callable[[Path], None]:
    def change(site: Path) -> None:
        script = site.parents[2] / "bin/demo"
        rewrite(script, lambda data: line.encode() + data[data.index(b"\n") :])

    return change


def move_to_local(site: Path) -> None:
    local = site.parents[2] / "local"
    local.mkdir()
    (local / "tool.py").write_text("")


def shadow(site: Path) -> None:
    (site / "tests").mkdir()
    (site / "tests/__init__.py").write_text("def broken(:\n")
    (site / "tests/__init__.py").chmod(0o644)


@dataclass(frozen=True)
class Defect:
    """What is done to the site directory of an install, and which rules that breaks."""

    rules: str
    change: Callable[[Path], object]
    request: Mapping[str, object] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)


def pyc_defect(rules: str, change: Callable[[bytes], bytes]) -> Defect:
    return Defect(rules, lambda site: rewrite(cache(site, "other.TAG.opt-1.pyc"), change))


HEADER = 16
# an unlisted hash and size follow from each change of a file that RECORD lists
CHANGED = " wrong-record-hash"
SIZED = " wrong-record-hash wrong-record-size"
DEFECTS = {
    "a pyc with an unknown type code": pyc_defect(
        "unreadable-pyc" + CHANGED, lambda data: data[:HEADER] + b"?" + data[HEADER + 1 :]
    ),
    "a pyc with bytes behind its end": pyc_defect("unreadable-pyc" + SIZED, lambda data: data + b"x"),
    "a pyc with undefined flags": pyc_defect(
        "unreadable-pyc" + CHANGED, lambda data: data[:4] + b"\x07" + data[5:]
    ),
    "a text as a pyc": pyc_defect("unreadable-pyc" + SIZED, lambda data: b"no pyc at all, but some text"),
    "a pyc without its second half": pyc_defect("truncated-pyc" + SIZED, lambda data: data[: len(data) // 2]),
    "a pyc of ten bytes": pyc_defect("truncated-pyc" + SIZED, lambda data: data[:10]),
    "an empty pyc": pyc_defect("truncated-pyc" + SIZED, lambda data: b""),
    "the magic number of no release": pyc_defect(
        "wrong-magic" + CHANGED, lambda data: struct.pack("<H", 3444) + data[2:]
    ),
    "a pyc under the name of another Python": Defect(
        "wrong-magic",
        lambda site: shutil.copy2(cache(site, "empty.TAG.pyc"), cache(site, "empty.cpython-38.pyc")),
    ),
    "a pyc that is gone": Defect(
        "missing-pyc ghost-record-row", lambda site: cache(site, "other.TAG.opt-1.pyc").unlink()
    ),
    "no bytecode at all": Defect(
        "missing-pyc ghost-record-row", lambda site: shutil.rmtree(site / "demo/__pycache__")
    ),
    "a source that is gone": Defect(
        "stray-pyc ghost-record-row", lambda site: (site / "demo/other.py").unlink()
    ),
    "a pyc with the date of another source": Defect(
        "stale-pyc wrong-invalidation-mode not-canonical" + CHANGED, out_of_date
    ),
    "a pyc with a timestamp": Defect(
        "wrong-invalidation-mode not-canonical" + CHANGED,
        lambda site: recompile(site, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP),
    ),
    "a pyc with the hash of another source": pyc_defect(
        "wrong-source-hash" + CHANGED, lambda data: data[:8] + b"\0" * 8 + data[16:]
    ),
    "a source that was changed": Defect(
        "wrong-source-hash" + SIZED, lambda site: rewrite(site / "demo/other.py", lambda data: data + b"\n")
    ),
    "a pyc compiled where it was built": Defect(
        "wrong-co-filename not-canonical" + SIZED,
        lambda site: recompile(site, dfile="/builddir/build/other.py"),
    ),
    "code of another source": Defect(
        "different-code not-canonical" + CHANGED,
        other_code,
        {"recompile": True, "pythons": (sys.executable,)},
    ),
    "code as the compiler writes it": Defect("not-canonical" + CHANGED, recompile),
    "levels that are two files": Defect(
        "levels-not-linked", lambda site: rewrite(cache(site, "empty.TAG.opt-1.pyc"), bytes)
    ),
    "no RECORD": Defect("absent-record", lambda site: (site / RECORD).unlink()),
    "a RECORD of two columns": Defect(
        "unreadable-record", lambda site: edit_record(site, lambda text: "a,b\n")
    ),
    "a RECORD in another encoding": Defect(
        "unreadable-record", lambda site: rewrite(site / RECORD, lambda data: b"\xff\xfe" + data)
    ),
    "rows in another order": Defect(
        "unsorted-record",
        lambda site: edit_record(site, lambda text: "\n".join(reversed(text.splitlines())) + "\n"),
    ),
    "a wrong size": Defect(
        "wrong-record-size", lambda site: edit_record(site, lambda text: text.replace(",5\n", ",6\n"))
    ),
    "padded hashes": Defect(
        "unsafe-record-hash",
        lambda site: edit_record(
            site, lambda text: "".join(_padded(line) for line in text.splitlines(keepends=True))
        ),
    ),
    "hexadecimal hashes": Defect("unsafe-record-hash", lambda site: edit_record(site, in_hexadecimal)),
    "a row of nothing": Defect("ghost-record-row", lambda site: (site / "demo/data.txt").unlink()),
    "a file of no row": Defect("unlisted-file", lambda site: put(site / "demo/more.txt")),
    "another installer": Defect(
        "wrong-installer" + SIZED,
        lambda site: rewrite(site / "demo-1.0.dist-info/INSTALLER", lambda data: b"pip\n"),
    ),
    "direct_url.json": Defect("leftover-direct-url", beside_metadata("direct_url.json")),
    "REQUESTED": Defect("leftover-requested", beside_metadata("REQUESTED", b"")),
    "uv_cache.json": Defect("leftover-uv-cache unlisted-file", beside_metadata("uv_cache.json")),
    "a lock file": Defect("leftover-lock", lambda site: put(site / ".lock")),
    "a script of the build host": Defect(
        "shebang-build-path" + SIZED, script_with("#!/builddir/build/BUILD/venv/bin/python3")
    ),
    "a script of a temporary directory": Defect(
        "shebang-build-path" + SIZED, script_with("#!/tmp/venv/bin/python3")
    ),
    "a script by env": Defect("shebang-env" + SIZED, script_with("#!/usr/bin/env python3")),
    "a script by env with options": Defect(
        "shebang-env" + SIZED, script_with("#!/usr/bin/env -S A=b python3 -P")
    ),
    "a text with a path that is named": Defect(
        "build-path" + SIZED,
        lambda site: rewrite(site / "demo/data.txt", lambda data: b'made in "/home/me/src/x y"\n'),
        {"build_paths": ("/home/me/src",)},
    ),
    "a program with a path of the build": Defect(
        "build-path" + SIZED,
        lambda site: rewrite(site / "demo/data.txt", lambda data: b"\x7fELF\0/builddir/build/BUILD/x.c\0"),
    ),
    "a source of tomorrow": Defect(
        "later-than-epoch",
        lambda site: os.utime(site / "demo/other.py", (1800000000, 1800000000)),
        environ={"SOURCE_DATE_EPOCH": "1750000000"},
    ),
    "a mode by umask": Defect("wrong-mode", lambda site: (site / "demo/other.py").chmod(0o600)),
    "a directory that others write to": Defect("wrong-mode", lambda site: (site / "demo").chmod(0o777)),
    "a setuid bit": Defect("setuid-file", lambda site: (site / "demo/other.py").chmod(0o4755)),
    "a module for the administrator's directory": Defect("outside-prefix", move_to_local),
    "a package named tests": Defect("shadowing-name", shadow),
}


def _padded(line: str) -> str:
    return line.replace(",", "=,", 2).replace("=,", ",", 1) if "sha256=" in line else line


def test_what_truewheel_installs_has_no_finding(root: Path) -> None:
    assert found(root) == ()
    assert found(root, scheme=None) == ()
    assert found(root, recompile=True, pythons=(sys.executable,)) == ()


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_and_nothing_else(name: str, root: Path, site: Path) -> None:
    defect = DEFECTS[name]
    defect.change(site)
    findings = found(root, defect.environ, **defect.request)
    assert sorted({each.rule for each in findings}) == sorted(defect.rules.split())
    assert all(each.path.startswith("/usr/") for each in findings)


def test_every_rule_of_trees_has_a_defect() -> None:
    rules = {name for name, rule in RULES.items() if rule.family not in ("wheel", "install")}
    made = {rule for defect in DEFECTS.values() for rule in defect.rules.split()}
    elsewhere = {"leftover-record", "wrong-owner", "missing-python-dependency", "shared-by-packages"}
    assert made | elsewhere == rules


def test_a_source_that_does_not_compile_misses_no_pyc(tmp_path: Path) -> None:
    bad = {"demo/__init__.py": "", "demo/py2.py": "print 'x'\n", "demo/deep.py": "(" * 300 + ")" * 300}
    wheel = WheelBuilder(tmp_path).build(files=bad)
    root = tmp_path / "root"
    assert main(["install", str(wheel), "--root", str(root), *GENERIC]) == 0
    assert found(root) == ()
    only = WheelBuilder(tmp_path).build("only", files={"only.py": "print 'x'\n"})
    assert main(["install", str(only), "--root", str(tmp_path / "2"), *GENERIC]) == 0
    assert found(tmp_path / "2") == ()


@pytest.fixture
def elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Options for this Python as one of /opt/python: it may lie in a directory that no package knows."""
    assert main(["python", sys.executable, "--json"]) == 0
    description = tmp_path / "python.json"
    description.write_text(capsys.readouterr().out.replace(f'"{sys.prefix}', '"/opt/python'))
    return ["--python", str(description), "--compiler", sys.executable]


@pytest.mark.parametrize("scheme", shipped_schemes())
@pytest.mark.parametrize("mode", ["checked-hash", "unchecked-hash", "timestamp"])
def test_each_scheme_finds_nothing_in_its_own_trees(
    scheme: str, mode: str, elsewhere: list[str], tmp_path: Path
) -> None:
    wheel = WheelBuilder(tmp_path).build(files=FILES, entry_points={"demo": "demo:f"})
    root = tmp_path / "root"
    arguments = ["--scheme", scheme, *elsewhere, "--invalidation-mode", mode, "--quiet"]
    assert main(["install", str(wheel), "--root", str(root), *arguments]) == 0
    read = load_scheme(scheme)
    is_as_said = not read.optimize or mode == read.invalidation_mode.value
    rules = {each.rule for each in found(root, root=root, scheme=read)}
    assert rules == (set() if is_as_said else {"wrong-invalidation-mode"})
    assert found(root, root=root, scheme=None) == ()


def test_several_jobs_find_the_same(root: Path, site: Path) -> None:
    for number in range(60):
        (site / f"demo/d{number}").mkdir()
        (site / f"demo/d{number}/a.py").write_text("")
    assert found(root, jobs=3) == found(root, jobs=1) != ()


def test_a_wheel_has_the_faults_that_install_refuses(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(omit=["RECORD"], tags="py3-none-any", wheel="Wheel-Version: 1.0\n")
    rules = {each.rule for each in found(wheel)}
    assert {"missing-metadata-file", "missing-tag"} <= rules


def test_a_venv_has_the_paths_of_its_place(tmp_path: Path) -> None:
    need(importlib.util.find_spec("ensurepip") is not None, "no ensurepip")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    assert found(venv, scheme=None) == ()
    shutil.copytree(venv, tmp_path / "moved", symlinks=True)
    rules = {each.rule for each in found(tmp_path / "moved", scheme=None, build_paths=(str(venv),))}
    assert {"wrong-co-filename", "shebang-build-path"} <= rules


def test_nothing_of_a_target_is_run_or_written(
    root: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = f"open({str(root / 'ran')!r}, 'w')\n"
    for name in ("sitecustomize.py", "demo/__init__.py", "truewheel.py"):
        put(site / name, evil.encode())
    put(site / "evil.pth", f"import os; {evil}".encode())
    program = root / "usr/bin/python3.11"
    put(program, b"#!/bin/sh\ntouch " + str(root / "ran").encode() + b"\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(site)
    before = snapshot(root)
    assert found(root, recompile=True)
    assert snapshot(root) == before


@pytest.mark.parametrize("linked", [False, True])
def test_a_path_that_the_source_has_is_none_of_the_build(linked: bool, tmp_path: Path) -> None:
    """The source may be a link: bytecode in a tree of links is that of what they lead to."""
    source = {"demo/a.py": "HERE = '/builddir/build/x'\n", "demo/b.py": ""}
    wheel = WheelBuilder(tmp_path).build(files=source)
    root = tmp_path / "root"
    assert main(["install", str(wheel), "--root", str(root), *GENERIC]) == 0
    (module,) = root.rglob("a.py")
    if linked:
        module.rename(module.with_name("real.py"))
        module.symlink_to("real.py")
    assert "build-path" not in {each.rule for each in found(root, scheme=None)}
    module.unlink()
    module.write_text("HERE = 1\n")
    assert "build-path" in {each.rule for each in found(root, scheme=None)}


def test_a_process_that_is_killed_is_one_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        (root / f"usr/d{number}").mkdir()
    monkeypatch.setattr(Observer, "observe", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(TruewheelError, match="copy: a process that reads it was killed"):
        found(root, jobs=2)

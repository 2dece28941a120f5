"""Probing a target Python: what it gives, and each way it is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packaging import tags
from tests.faults.support import children
from tests.pythons import available_pythons
from truewheel.bytecode.pool import CompilePool
from truewheel.bytecode.pycs import plan_job
from truewheel.children import Standby
from truewheel.errors import InterpreterError
from truewheel.interpreter import on_path, platform_tags, probe, worker_command, worker_environment

ROOT = Path(__file__).parents[2]
PYTHONS = available_pythons()
SUPPORTED = sorted(set(PYTHONS) - {"2.7", "3.6"})


def fake(tmp_path: Path, body: str, name: str = "python9") -> str:
    path = tmp_path / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def answering(tmp_path: Path, **changes: object) -> str:
    answer = {
        "implementation": "cpython",
        "version": [3, 13, 2],
        "version_text": "3.13.2",
        "cache_tag": "cpython-313",
        "magic": "f30d0d0a",
        "soabi": "cpython-313t-x86_64-linux-gnu",
        "ext_suffix": ".cpython-313t-x86_64-linux-gnu.so",
        "free_threaded": True,
        "platlibdir": "lib64",
        "platform": "linux-x86_64",
        "pointer_bits": 64,
        "libc": "glibc 2.17",
        "schemes": {"rpm_prefix": {"purelib": "{prefix}/lib/python3.13t/site-packages"}},
        "install_scheme": "rpm_prefix",
        "added_schemes": ["rpm_prefix"],
        "prefix": "/usr",
        "site_directories": ["/usr/lib/python3.13t/site-packages"],
    }
    return fake(tmp_path, f"cat <<'END'\n{json.dumps({**answer, **changes})}\nEND")


@pytest.mark.parametrize("version", SUPPORTED)
def test_every_supported_python_is_described(version: str) -> None:
    found = probe(str(PYTHONS[version]))
    assert found.executable == str(PYTHONS[version])
    assert found.implementation == "cpython"
    assert found.cache_tag == "cpython-" + found.short_version.replace(".", "")
    assert found.magic.endswith(b"\r\n")
    assert found.version_text.startswith(found.short_version + ".")
    assert found.patched == ("deb_system, posix_local" if version == "debian" else "")
    assert "posix_prefix" in dict(found.scheme_paths)


def test_the_running_python_has_the_platforms_packaging_says() -> None:
    ours = probe(sys.executable).platforms
    theirs = list(tags.platform_tags())
    assert set(ours) == set(theirs)
    plain = [tag for tag in theirs if not tag.startswith("linux_")]
    assert list(ours[: len(plain)]) == plain


def test_what_the_probe_says_is_taken_over(tmp_path: Path) -> None:
    found = probe(answering(tmp_path))
    assert found.version == (3, 13, 2)
    assert found.free_threaded
    assert found.platlibdir == "lib64"
    assert found.patched == "rpm_prefix"
    assert found.platforms[0] == "manylinux_2_17_x86_64"
    assert dict(found.scheme_paths)["rpm_prefix"] == (("purelib", "{prefix}/lib/python3.13t/site-packages"),)


def test_a_name_is_looked_up_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = answering(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = probe("python9")
    assert (found.command, found.executable) == ("python9", path)


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = answering(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert probe("./python9").executable == path


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    assert probe(str(link)).executable == str(link)


def test_a_venv_stays_the_venv_with_its_bases_paths(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    venv = probe(str(tmp_path / "venv/bin/python"))
    assert venv.executable == str(tmp_path / "venv/bin/python")
    assert venv.scheme_paths == probe(sys.executable).scheme_paths


def test_the_callers_environment_does_not_reach_the_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DEB_PYTHON_INSTALL_LAYOUT", "deb_system")
    (tmp_path / "sysconfig.py").write_text("raise SystemExit(1)")
    assert probe(sys.executable).implementation == "cpython"
    path = fake(tmp_path, f"env > {tmp_path}/environment; exit 1")
    with pytest.raises(InterpreterError):
        probe(path)
    names = {line.partition("=")[0] for line in (tmp_path / "environment").read_text().splitlines()}
    assert names - {"PWD", "_", "SHLVL"} == set(worker_environment())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("exit 1", "cannot be probed: exit status 1"),
        ("echo no module >&2; exit 3", "cannot be probed: exit status 3: no module"),
        ("kill -SEGV $$", "killed by SIGSEGV"),
        ("echo hello", "does not answer like a Python"),
        ("echo hello; exec cat", "does not answer like a Python"),
        ("echo hello; exit 3", "cannot be probed: exit status 3"),
        ("true", "does not answer like a Python"),
        ("yes", "prints more than 1 MiB"),
        ("exec yes >&2", "prints more than 1 MiB"),
        ("echo []", "does not answer like a Python"),
        ("echo 7", "does not answer like a Python"),
        ("echo '{}'", "does not answer like a Python"),
        ("printf '\\377'", "does not answer like a Python"),
        ('echo \'{"implementation": "cpython", "version": [3, 12, 0]}\'', "does not answer like a Python"),
        ('echo \'{"implementation": "pypy", "version": [3, 10, 14]}\'', "is PyPy 3.10.14, which is"),
        ('echo \'{"implementation": "graalpy", "version": [3, 11, 7]}\'', "is GraalPy 3.11.7"),
        ('echo \'{"implementation": "jython", "version": [2, 7, 3]}\'', "is Jython 2.7.3"),
        ('echo \'{"implementation": "cpython", "version": [3, 6, 15]}\'', "is CPython 3.6.15"),
    ],
)
@pytest.mark.parametrize("stays", [False, True])
def test_a_python_that_does_not_do_is_refused(tmp_path: Path, body: str, message: str, stays: bool) -> None:
    path = fake(tmp_path, body)
    with Standby() as standby, pytest.raises(InterpreterError) as caught:
        probe(path, standby=standby if stays else None)
    assert not children()
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "name a CPython 3.7 or newer" in caught.value.hint


@pytest.mark.parametrize(
    "changes",
    [
        {"magic": "f30d0d"},
        {"magic": "zz"},
        {"version": [3, 13]},
        {"version": [3, 13, "0"]},
        {"cache_tag": ""},
        {"free_threaded": 1},
        {"pointer_bits": True},
        {"schemes": []},
        {"schemes": {"posix_prefix": "/usr"}},
        {"schemes": {"posix_prefix": {"purelib": None}}},
        {"added_schemes": [1]},
    ],
)
def test_an_answer_with_a_wrong_part_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(InterpreterError, match="does not answer like a Python"):
        probe(answering(tmp_path, **changes))


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie; it may end while it is looked at."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("stays", [False, True])
def test_a_python_that_hangs_is_refused_and_ended(tmp_path: Path, stays: bool) -> None:
    path = fake(tmp_path, f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    started = time.monotonic()
    with Standby() as standby, pytest.raises(InterpreterError, match="does not answer within 1 s"):
        probe(path, timeout=1, standby=standby if stays else None)
    assert time.monotonic() - started < 30
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 20
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child)


def test_a_caller_that_is_killed_leaves_no_process_that_waits() -> None:
    code = (
        "import os, signal, sys; from truewheel.children import Standby\n"
        "from truewheel.interpreter import probe; from tests.faults.support import children\n"
        "standby = Standby(); probe(sys.executable, standby=standby)\n"
        "print(*children(), flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    assert killed.returncode == -9
    (pid,) = map(int, killed.stdout.split())
    deadline = time.monotonic() + 20
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(pid)


def test_what_cannot_be_started_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "binary").write_bytes(b"\x7fELF nothing")
    (tmp_path / "binary").chmod(0o755)
    for command, message in {
        "python-that-is-not-there": "no such command on PATH",
        "": "no such command on PATH",
        str(tmp_path / "missing"): "no such file",
        str(tmp_path): "is a directory, not a Python",
        str(tmp_path / "text"): "cannot be run: Permission denied",
        str(tmp_path / "binary"): "cannot be run: Exec format error",
    }.items():
        with pytest.raises(InterpreterError, match=message) as caught:
            probe(command)
        assert caught.value.hint
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("version", sorted(set(PYTHONS) & {"2.7", "3.6"}))
def test_a_real_old_python_is_refused_in_one_line(version: str, stays: bool) -> None:
    message = rf"is CPython {version}\.\d+, which is not supported"
    with Standby() as standby, pytest.raises(InterpreterError, match=message):
        probe(str(PYTHONS[version]), standby=standby if stays else None)
    assert not children()


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_process_that_stays_gives_the_same_answer_and_compiles(version: str) -> None:
    with Standby() as standby:
        found = probe(str(PYTHONS[version]), standby=standby)
        (child,) = children()
        with CompilePool((found,), 1, standby=standby) as pool:
            source = b"def f(x):\n    return lambda: x\n"
            pool.submit(plan_job("/usr/lib/m.py", len(source), 0, found.cache_tag, (0, 1)), source)
            (result,) = pool.drain()
            assert children() == {child}
    assert not children()
    assert found == probe(str(PYTHONS[version]))
    with CompilePool((found,), 1) as pool:
        pool.submit(result.job, source)
        assert list(pool.drain()) == [result]


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_worker_starts_in_the_target(version: str) -> None:
    found = probe(str(PYTHONS[version]))
    command = worker_command(found)
    assert command[:4] == [found.executable, "-s", "-S", "-B"]
    assert command[4:] == (["-P"] if found.version >= (3, 11) else [])
    code = "import sys; print(sys.flags.hash_randomization, sys.stdout.encoding, sys.dont_write_bytecode)"
    result = subprocess.run(
        [*command, "-c", code], capture_output=True, text=True, check=True, env=worker_environment()
    )
    assert result.stdout.lower() == "0 utf-8 true\n"


def test_the_workers_environment_is_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert worker_environment() == {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
    }


def test_x86_64_goes_down_to_manylinux1() -> None:
    found = platform_tags("linux-x86_64", 64, "glibc 2.18")
    assert found[:3] == ("manylinux_2_18_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
    assert found[-3:] == ("manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64")
    assert "manylinux2010_x86_64" in found


def test_other_machines_stop_at_manylinux2014() -> None:
    assert platform_tags("linux-s390x", 64, "glibc 2.18") == (
        "manylinux_2_18_s390x",
        "manylinux_2_17_s390x",
        "manylinux2014_s390x",
        "linux_s390x",
    )


def test_a_32_bit_python_on_a_64_bit_kernel_is_a_32_bit_machine() -> None:
    assert platform_tags("linux-x86_64", 32, "glibc 2.5") == (
        "manylinux_2_5_i686",
        "manylinux1_i686",
        "linux_i686",
    )
    assert platform_tags("linux-aarch64", 32, "glibc 2.17") == (
        "manylinux_2_17_armv7l",
        "manylinux2014_armv7l",
        "linux_armv8l",
        "linux_armv7l",
    )


def test_musl_has_every_minor_down_to_zero() -> None:
    assert platform_tags("linux-aarch64", 64, "musl 1.2") == (
        "musllinux_1_2_aarch64",
        "musllinux_1_1_aarch64",
        "musllinux_1_0_aarch64",
        "linux_aarch64",
    )


@pytest.mark.parametrize(
    ("platform", "libc", "expected"),
    [
        ("linux-mips64", "glibc 2.36", ("linux_mips64",)),
        ("linux-x86_64", "", ("linux_x86_64",)),
        ("linux-x86_64", "glibc 2.4", ("linux_x86_64",)),
        ("macosx-11.0-arm64", "", ("macosx_11_0_arm64",)),
    ],
)
def test_other_platforms_have_one_tag(platform: str, libc: str, expected: tuple[str, ...]) -> None:
    assert platform_tags(platform, 64, libc) == expected


@pytest.mark.parametrize("path", ["one:two", "none:two", "one:", "", ":one", "none"])
def test_a_program_is_found_where_a_shell_finds_it(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one/python3").mkdir(parents=True)
    for name in ("two/python3", "none/python3", "python3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o644 if name.startswith("none") else 0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    assert on_path("python3") == (shutil.which("python3") or "")
    assert on_path("python3", "none:two") == "two/python3"
    assert on_path("python\0") == ""

"""The probe script, run by every Python there is."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import available_pythons
from truewheel._target import probe

START = Path(probe.__file__).with_name("start.py")
PYTHONS = available_pythons()
SUPPORTED = sorted(set(PYTHONS) - {"2.7", "3.6"})


def ask(python: str | Path, **environment: str) -> dict[str, Any]:
    result = subprocess.run(
        [python, "-s", "-S", "-B", START, "probe"],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", **environment},
    )
    assert result.stderr == b""
    answer: dict[str, Any] = json.loads(result.stdout.decode("ascii"))
    return answer


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_every_python_says_who_it_is(version: str) -> None:
    answer = ask(PYTHONS[version])
    assert answer["implementation"] == "cpython"
    if version != "debian":
        assert answer["version"][:2] == [int(part) for part in version.strip("t").split(".")]


@pytest.mark.parametrize("version", sorted(set(PYTHONS) & {"2.7", "3.6"}))
def test_an_old_python_is_asked_for_nothing_more(version: str) -> None:
    assert set(ask(PYTHONS[version])) == {"implementation", "version", "version_text"}


@pytest.mark.parametrize("version", SUPPORTED)
def test_answers_agree_with_the_python_itself(version: str) -> None:
    answer = ask(PYTHONS[version])
    code = (
        "import importlib.util as u, sys, sysconfig as s, binascii, json; v = dict.fromkeys("
        "('base', 'platbase', 'installed_base', 'installed_platbase'), '/p'); print(json.dumps(["
        "binascii.hexlify(u.MAGIC_NUMBER).decode(), sys.implementation.cache_tag, s.get_config_var('SOABI'),"
        "s.get_platform(), s.get_paths('posix_prefix', vars=v)['platlib']]))"
    )
    result = subprocess.run([PYTHONS[version], "-I", "-c", code], capture_output=True, check=True)
    told = json.loads(result.stdout)
    platlib = answer["schemes"]["posix_prefix"]["platlib"].replace("{prefix}", "/p")
    assert told == [answer["magic"], answer["cache_tag"], answer["soabi"], answer["platform"], platlib]


@pytest.mark.parametrize("version", SUPPORTED)
def test_every_path_leaves_the_prefix_open(version: str) -> None:
    schemes = ask(PYTHONS[version])["schemes"]
    paths = [path for scheme in schemes.values() for path in scheme.values()]
    assert paths
    assert all(path == "{prefix}" or path.startswith("{prefix}/") for path in paths)


@pytest.mark.skipif("debian" not in PYTHONS, reason="needs Debian's Python")
def test_debians_schemes_show_without_the_site_module() -> None:
    answer = ask("/usr/bin/python3")
    assert answer["added_schemes"] == ["deb_system", "posix_local"]
    assert answer["install_scheme"] == "posix_local"
    assert answer["schemes"]["deb_system"]["purelib"] == "{prefix}/lib/python3/dist-packages"


def test_a_scheme_a_distribution_adds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    schemes = sysconfig._INSTALL_SCHEMES  # type: ignore[attr-defined]
    monkeypatch.setitem(schemes, "rpm_prefix", schemes["posix_prefix"])
    answer = probe.details()
    assert isinstance(answer["schemes"], dict)
    assert isinstance(answer["added_schemes"], list)
    assert "rpm_prefix" in answer["added_schemes"]
    assert answer["schemes"]["rpm_prefix"] == answer["schemes"]["posix_prefix"]


def test_a_venv_has_the_paths_of_its_base(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    inside, base = ask(tmp_path / "venv/bin/python"), ask(sys.executable)
    assert inside["schemes"] == base["schemes"]


def test_modules_beside_the_caller_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sysconfig.py").write_text("raise SystemExit('caught')")
    monkeypatch.chdir(tmp_path)
    assert ask(sys.executable)["implementation"] == "cpython"


def test_json_holds_any_text() -> None:
    value = {"a": ['quote " back \\ line \n', "\u00e9\u4e2d\U0001f40d", "\udcff", True, False, 7, []]}
    text = probe.encode(value)
    assert text.isascii()
    assert json.loads(text) == value


def elf(wide: bool, order: str) -> bytes:
    word, header = ("Q", 56) if wide else ("I", 32)
    size = 64 if wide else 52
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if order == ">" else 1])
    head = bytearray(ident.ljust(size, b"\0"))
    struct.pack_into(order + word, head, 32 if wide else 28, size)
    struct.pack_into(order + "HH", head, 54 if wide else 42, header, 2)
    table = bytearray(2 * header)
    struct.pack_into(order + "I", table, header, 3)
    struct.pack_into(order + word, table, header + (8 if wide else 4), size + 2 * header)
    return bytes(head + table) + b"/lib/ld-musl-x86_64.so.1\0"


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_loader_of_an_elf_file_is_read(tmp_path: Path, wide: bool, order: str) -> None:
    path = tmp_path / "python"
    path.write_bytes(elf(wide, order))
    assert probe.elf_loader(str(path)) == "/lib/ld-musl-x86_64.so.1"
    path.write_bytes(elf(wide, order)[:70])
    assert probe.elf_loader(str(path)) == ""


def test_what_is_no_elf_file_has_no_loader(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("#!/bin/sh\n")
    assert probe.elf_loader(str(tmp_path / "text")) == ""
    assert probe.elf_loader(str(tmp_path / "missing")) == ""


def test_musl_is_asked_for_its_version(tmp_path: Path) -> None:
    loader = tmp_path / "ld-musl-x86_64.so.1"
    loader.write_text("#!/bin/sh\nprintf 'musl libc (x86_64)\\nVersion 1.2.4\\n' >&2\nexit 1\n")
    loader.chmod(0o755)
    assert probe.musl(str(loader)) == "musl 1.2"
    assert probe.musl(str(tmp_path / "missing")) == "musl 1.1"


def test_musl_is_told_by_the_loader_or_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "confstr", lambda name: (_ for _ in ()).throw(ValueError(name)))
    monkeypatch.setattr(probe, "musl", lambda loader: "musl 1.2")
    monkeypatch.setattr(probe, "elf_loader", lambda path: "/lib/ld-musl-armhf.so.1")
    assert probe.libc() == "musl 1.2"
    monkeypatch.setattr(probe, "elf_loader", lambda path: "")
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "cpython-312-x86_64-linux-musl")
    assert probe.libc() == "musl 1.2"
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "cpython-312-x86_64-linux-gnu")
    assert probe.libc() == ""

"""Where a wheel goes, and the first line of its scripts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import pytest
from installer.scripts import Script

from tests.pythons import available_pythons
from truewheel.errors import InterpreterError, UsageError, WheelRefused
from truewheel.interpreter import probe
from truewheel.model import EntryPoint, InstallPaths, Interpreter, Scheme
from truewheel.paths import check_prefix, entry_point_script, install_paths, script_shebang
from truewheel.schemes import load_scheme, shipped_schemes

PYTHONS = available_pythons()
NEEDS_DEBIAN = pytest.mark.skipif("debian" not in PYTHONS, reason="needs Debian's Python")

UPSTREAM = (
    ("data", "{prefix}"),
    ("include", "{prefix}/include/python3.12"),
    ("platlib", "{prefix}/lib64/python3.12/site-packages"),
    ("purelib", "{prefix}/lib/python3.12/site-packages"),
    ("scripts", "{prefix}/bin"),
)


def interpreter(
    version: tuple[int, int, int] = (3, 12, 1),
    schemes: tuple[str, ...] = ("posix_prefix",),
    free_threaded: bool = False,
) -> Interpreter:
    return Interpreter(
        command="python3",
        executable="/usr/bin/python3",
        version=version,
        version_text="3.12.1",
        implementation="cpython",
        cache_tag="cpython-312",
        magic=b"\xcb\x0d\r\n",
        soabi="",
        ext_suffix="",
        free_threaded=free_threaded,
        platlibdir="lib64",
        platforms=("linux_x86_64",),
        scheme_paths=tuple((name, UPSTREAM) for name in schemes),
        install_scheme="posix_prefix",
        patched="",
    )


def scheme(**changes: object) -> Scheme:
    return dataclasses.replace(load_scheme("generic"), **changes)  # type: ignore[arg-type]


def test_the_interpreters_own_paths_are_taken() -> None:
    assert install_paths(scheme(), interpreter(), "/usr", "Foo") == InstallPaths(
        purelib="/usr/lib/python3.12/site-packages",
        platlib="/usr/lib64/python3.12/site-packages",
        scripts="/usr/bin",
        data="/usr",
        headers="/usr/include/python3.12/Foo",
    )


def test_templates_go_before_the_interpreters_paths() -> None:
    mine = scheme(
        purelib="{prefix}/{platlibdir}/py{version_nodot}{abi_thread}/",
        platlib="/opt//{version}/./x",
        scripts="{prefix}/libexec/{name}",
        data="/",
        headers="{prefix}/include/{name}",
    )
    assert install_paths(mine, interpreter(free_threaded=True), "/app", "foo") == InstallPaths(
        purelib="/app/lib64/py312t",
        platlib="/opt/3.12/x",
        scripts="/app/libexec/foo",
        data="/",
        headers="/app/include/foo",
    )


def test_the_first_scheme_the_interpreter_has_counts() -> None:
    wanted = scheme(sysconfig=("rpm_prefix", "posix_prefix"))
    assert install_paths(wanted, interpreter(), "/usr", "x").purelib == "/usr/lib/python3.12/site-packages"
    both = dataclasses.replace(
        interpreter(), scheme_paths=(("posix_prefix", UPSTREAM), ("rpm_prefix", (("purelib", "{prefix}/r"),)))
    )
    paths = install_paths(wanted, both, "/usr", "x")
    assert (paths.purelib, paths.platlib) == ("/usr/r", "/usr/lib64/python3.12/site-packages")


def test_an_interpreter_without_the_schemes_is_refused() -> None:
    with pytest.raises(InterpreterError) as caught:
        install_paths(scheme(sysconfig=("deb_system",)), interpreter(), "/usr", "x")
    assert str(caught.value) == (
        "python3: has no sysconfig scheme deb_system with purelib, which the scheme generic asks for"
        " (it has posix_prefix; give paths.purelib and so on as templates)"
    )


def test_the_root_may_be_the_prefix() -> None:
    paths = install_paths(scheme(), interpreter(), "/", "x")
    assert (paths.scripts, paths.data) == ("/bin", "/")
    assert script_shebang(scheme(), interpreter(), "/") == b"#!/bin/python3"


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("", "is not absolute"),
        ("usr", "is not absolute"),
        ("{prefix}", "is not absolute"),
        ("/usr/", "is not normalised (write it /usr)"),
        ("//usr", "is not normalised (write it /usr)"),
        ("/usr//x", "is not normalised (write it /usr/x)"),
        ("/usr/./x", "is not normalised (write it /usr/x)"),
        ("/usr/../x", "has a '..' in it"),
        ("/usr\n", "cannot be printed"),
    ],
)
def test_a_prefix_that_is_no_final_path_is_refused(prefix: str, message: str) -> None:
    for decide in (
        lambda: install_paths(scheme(), interpreter(), prefix, "x"),
        lambda: script_shebang(scheme(), interpreter(), prefix),
        lambda: check_prefix(prefix),
    ):
        with pytest.raises(UsageError) as caught:
            decide()
        assert message in str(caught.value)


def test_braces_in_a_prefix_are_just_characters() -> None:
    assert install_paths(scheme(purelib="{prefix}/l"), interpreter(), "/{x}", "n").purelib == "/{x}/l"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb"])
def test_a_wheels_name_that_leaves_its_directory_is_refused(name: str) -> None:
    with pytest.raises(WheelRefused, match="cannot be the name of a directory"):
        install_paths(scheme(), interpreter(), "/usr", name)


@pytest.mark.parametrize("version", sorted(set(PYTHONS) - {"2.7", "3.6", "debian"}))
@pytest.mark.parametrize("name", ["fedora", "opensuse", "generic"])
def test_upstream_pythons_have_upstreams_layout(version: str, name: str) -> None:
    paths = install_paths(load_scheme(name), probe(str(PYTHONS[version])), "/usr", "Foo")
    assert paths.purelib == f"/usr/lib/python{version}/site-packages"
    assert paths.scripts == "/usr/bin"
    assert paths.headers.startswith(f"/usr/include/python{version.strip('t')}")
    assert paths.headers.endswith("/Foo")


@NEEDS_DEBIAN
@pytest.mark.parametrize("name", ["fedora", "opensuse", "debian", "generic"])
def test_nothing_goes_below_usr_local_on_debians_python(name: str) -> None:
    paths = install_paths(load_scheme(name), probe("/usr/bin/python3"), "/usr", "Foo")
    assert not [path for path in dataclasses.astuple(paths) if str(path).startswith("/usr/local")]


@NEEDS_DEBIAN
def test_debians_template_is_what_deb_system_says() -> None:
    debian = load_scheme("debian")
    by_sysconfig = dataclasses.replace(debian, purelib="", platlib="")
    python = probe("/usr/bin/python3")
    paths = install_paths(debian, python, "/usr", "Foo")
    assert paths == install_paths(by_sysconfig, python, "/usr", "Foo")
    assert paths.purelib == paths.platlib == "/usr/lib/python3/dist-packages"


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("fedora", (3, 13, 0), b"#! /usr/bin/python3 -sP"),
        ("fedora", (3, 11, 0), b"#! /usr/bin/python3 -sP"),
        ("fedora", (3, 10, 9), b"#! /usr/bin/python3 -s"),
        ("opensuse", (3, 13, 0), b"#!/usr/bin/python3.13"),
        ("debian", (3, 11, 2), b"#!/usr/bin/python3"),
        ("generic", (3, 9, 0), b"#!/usr/bin/python3"),
    ],
)
def test_scripts_start_with_the_distributions_python(
    name: str, version: tuple[int, int, int], expected: bytes
) -> None:
    assert script_shebang(load_scheme(name), interpreter(version), "/usr") == expected


def test_no_flag_is_left_when_the_python_knows_none() -> None:
    assert script_shebang(scheme(script_flags="-P"), interpreter((3, 8, 0)), "/usr") == b"#!/usr/bin/python3"


@pytest.mark.parametrize("prefix", ["/opt/my app", "/" + "x" * 120])
@pytest.mark.parametrize("flags", ["", "-sP"])
def test_a_first_line_no_kernel_reads_starts_sh(prefix: str, flags: str) -> None:
    begin = script_shebang(scheme(script_flags=flags), interpreter(), prefix).decode()
    words = f' "{prefix}/bin/python3"{flags and " " + flags} "$0" "$@"'
    assert begin == f"#!/bin/sh\n'''exec'{words}\n' '''"


@pytest.mark.parametrize("prefix", ["/opt/my 'app'", "/$x" + "x" * 120, '/a "b', "/a `b"])
def test_a_path_that_sh_would_change_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="a script cannot start with this Python"):
        script_shebang(scheme(), interpreter(), prefix)


@pytest.mark.parametrize(
    ("flags", "wanted"), [("", b"#!/usr/bin/env python3"), ("-sP", b"#!/usr/bin/env -S python3 -sP")]
)
def test_env_finds_the_python_where_the_scheme_says_so(flags: str, wanted: bytes) -> None:
    found = scheme(script_python="/usr/bin/env python3", script_flags=flags)
    assert script_shebang(found, interpreter(), "/usr") == wanted


@pytest.mark.parametrize("section", ["console", "gui"])
@pytest.mark.parametrize(
    ("module", "attr"), [("demo", "main"), ("demo.cli", "App.run.it"), ("démo.ä", "μain")]
)
def test_the_body_of_a_script_is_that_of_installer(
    section: Literal["console", "gui"], module: str, attr: str
) -> None:
    _, whole = Script("demo", module, attr, section).generate("/usr/bin/python3", "posix")
    made = entry_point_script(b"#!/usr/bin/python3", EntryPoint("demo", module, attr, section))
    assert made == whole


def test_schemes_are_files_beside_the_module() -> None:
    import truewheel.schemes

    directory = Path(truewheel.schemes.__file__).with_suffix("")
    assert {path.stem for path in directory.iterdir()} == set(shipped_schemes())

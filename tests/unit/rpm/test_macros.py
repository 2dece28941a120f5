"""The macros as rpm expands them here, and the module that reads their arguments as the commands do."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest

from truewheel.bytecode.pycs import pyc_path
from truewheel.cli.main import main

_MACROS = Path(__file__).parents[3] / "macros"
_GETOPT = _MACROS / "lua/truewheel/getopt.lua"
_DEFINES = {
    "name": "x",
    "version": "1",
    "release": "2",
    "_builddir": "/B",
    "buildroot": "/R",
    "buildsubdir": "s",
}
_COMMANDS = {
    "check-import": "check_import_command",
    "files": "files_command",
    "requires-build": "requires_command",
    "wheel": "wheel_command",
}

Expand = Callable[..., str]


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(f"truewheel.cli.{_COMMANDS[command]}").add_arguments(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            chosen: argparse.ArgumentParser = action.choices[command.rpartition("-")[2]]
            return chosen
    return parser


def options_of(parser: argparse.ArgumentParser) -> dict[frozenset[str], bool]:
    """The names of each option but --help, and whether it takes a value."""
    named = {frozenset(action.option_strings): action.nargs != 0 for action in parser._actions}
    return {names: valued for names, valued in named.items() if names and "--help" not in names}


def test_the_module_knows_the_options_of_each_command() -> None:
    tables = dict(re.findall(r'\["([\w-]+)"\] = \[\[(.*?)\]\]', _GETOPT.read_text(), re.S))
    assert set(tables) == set(_COMMANDS)
    for command, table in tables.items():
        listed = {frozenset(word.rstrip("=").split("/")): word.endswith("=") for word in table.split()}
        assert listed == options_of(parser_of(command)), command


def test_lines_of_macros_are_short() -> None:
    files = [file for file in _MACROS.rglob("*") if file.is_file() and "opensuse" not in file.parts]
    long = [
        f"{file.name}: {line}" for file in files for line in file.read_text().split("\n") if len(line) > 110
    ]
    assert not long


@pytest.fixture(scope="session")
def expand(tmp_path_factory: pytest.TempPathFactory) -> Expand:
    """Expand text by the rpm of this machine with these macros, lines that go on joined, blanks squeezed.

    As in a distribution that has no generators of dependencies for Python.
    """
    if not shutil.which("rpm"):
        pytest.skip("needs rpm")
    stock = subprocess.run(["rpm", "--eval", "%{_rpmconfigdir}"], capture_output=True, text=True, check=True)
    directory = tmp_path_factory.mktemp("rpm") / "rpm"
    shutil.copytree(stock.stdout.strip(), directory, symlinks=True)
    for generator in ("python.attr", "pythondist.attr", "pythonname.attr"):
        (directory / "fileattrs" / generator).unlink(missing_ok=True)
    for name in ("fileattrs", "lua"):
        shutil.copytree(_MACROS / name, directory / name, dirs_exist_ok=True)
    (directory / "macros.d").mkdir(exist_ok=True)
    for file in _MACROS.glob("macros.*"):
        shutil.copy(file, directory / "macros.d")

    def run(text: str, **defines: str) -> str:
        given = [f"{name} {value}" for name, value in {**_DEFINES, **defines}.items()]
        command = ["rpm", *(word for define in given for word in ("--define", define)), "--eval", text]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "RPM_CONFIGDIR": str(directory)},
        )
        return " ".join((done.stdout + done.stderr).replace("\\\n", " ").split())

    return run


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ("-l demo", ""),
        ("-D Foo_Bar demo", "-foo-bar"),
        ("-lD foo demo", "-foo"),
        ("-lDfoo demo +auto", "-foo"),
        ("demo --dist-name=foo.x -l", "-foo-x"),
        ("--dist-name 'foo' \\\n  demo", "-foo"),
        ("-l $(ls -D no) -Dfoo", "-foo"),
        ("demo || echo -D no", ""),
        ('"$options" -D foo', "-foo"),
    ],
)
def test_lists_are_named_after_the_project(expand: Expand, arguments: str, name: str) -> None:
    text = expand(f"%{{pyproject_save_files {arguments}}}")
    assert f'--output "/B/x-1-2.x86_64-pyproject-files{name}" ' in text.replace(os.uname().machine, "x86_64")
    assert " ".join(arguments.replace("\\\n", "").split()) in text


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        ("-e 'a*' -t", "-e 'a*' -t"),
        ("-D foo -e 'a b' -t", "-e 'a b' -t"),
        ("-tD foo -v || :", "-t -v || :"),
        ("--dist-name=foo more", "more"),
    ],
)
def test_imports_are_those_of_one_project(expand: Expand, arguments: str, passed: str) -> None:
    text = expand(f"%{{pyproject_check_import {arguments}}}")
    assert text.endswith(f'--python "/usr/bin/python3" --modules {text.partition("--modules ")[2]}')
    assert text.partition("--modules ")[2].partition('" ')[2] == passed
    assert ("modules-foo" in text) == ("foo" in arguments)


@pytest.mark.parametrize(
    ("arguments", "toxenv"),
    [
        ("-t", "py311"),
        ("-te py3", "py3"),
        ("-e a,b --toxenv=c -ed", "a,b,c,d"),
        ("-C '-e no' -r", "py311"),
        ("-g testing -e $env", "$env"),
    ],
)
def test_tox_runs_the_environments_that_were_asked_for(expand: Expand, arguments: str, toxenv: str) -> None:
    text = expand(f"%{{pyproject_buildrequires {arguments}}} %toxenv", python3_version_nodots="311")
    assert text.endswith(f" {toxenv}") and f'RPM_TOXENV="{toxenv}"' in text


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("", "-e 'py311'"),
        ("-e a -- -- -k 'not b' x", "-e 'a' -- -k 'not b' x"),
        ("-- -x || :", "-e 'py311' -x || :"),
        ("-ea --toxenv b --toxenv=c", "-e 'a,b,c'"),
    ],
)
def test_tox(expand: Expand, arguments: str, command: str) -> None:
    text = expand(f"%{{tox {arguments}}}", python3_version_nodots="311")
    assert text.endswith(f"-m tox --current-env --assert-config -q --recreate {command}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("%pyproject_save_files -z demo", "truewheel files: unknown option -z"),
        ("%pyproject_save_files demo -lz", "truewheel files: unknown option -z"),
        ("%pyproject_save_files demo -D", "truewheel files: -D wants a value"),
        ("%pyproject_save_files demo --auto=yes", "truewheel files: --auto takes no value"),
        ("%pyproject_check_import --exclde x", "truewheel check-import: unknown option --exclde"),
        ("%pyproject_buildrequires --run", "truewheel requires build: unknown option --run"),
        ("%pyproject_wheel -C", "truewheel wheel: -C wants a value"),
    ],
)
def test_unknown_options_fail_when_the_spec_is_parsed(expand: Expand, text: str, fault: str) -> None:
    assert expand(text).startswith(f"error: {fault}")


@pytest.mark.parametrize("text", ["-$letters x", "-C '-z -y' x", "x; rm -z", "x # -z", "-- -z"])
def test_words_that_are_no_options_are_left_alone(expand: Expand, text: str) -> None:
    assert "error" not in expand(f"%pyproject_wheel {text}")


def test_contradictions_are_those_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    block = _GETOPT.read_text().partition("getopt.conflicts = ")[2].partition("\n}")[0]
    commands = re.findall(r'\["([\w-]+)"\] = \{(.*?)\n  \}', block, re.S)
    pairs = [
        (command, option, other)
        for command, table in commands
        for option, others in re.findall(r'\{\s*"(--[\w-]+)",\s*"([^"]+)",?\s*\}', table)
        for other in others.split()
    ]
    assert len(pairs) > 10
    for command, option, other in pairs:
        valued = {name: takes for names, takes in options_of(parser_of(command)).items() for name in names}
        words = [word for name in (option, other) for word in ([name, "x"] if valued[name] else [name])]
        given = ["--root", "/", "--report-file", "/nonexistent", "x"] if command == "files" else []
        with contextlib.suppress(SystemExit):
            assert main([*command.split("-"), *given, *words]) == 2, words


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "%pyproject_buildrequires -R -x a",
            "requires build: --no-runtime and --extras contradict",
        ),
        (
            "%pyproject_buildrequires -Nw",
            "requires build: --no-use-build-system and --wheel contradict",
        ),
        (
            "%pyproject_buildrequires -N -C a=b",
            "requires build: --no-use-build-system and --config-settings contradict",
        ),
        ("%pyproject_extras_subpkg -z a", "extras_subpkg: unknown option -z"),
    ],
)
def test_contradictions_fail_when_the_spec_is_parsed(expand: Expand, text: str, fault: str) -> None:
    said = expand(text)
    assert said.startswith("error: ") and fault in said


@pytest.mark.parametrize(
    ("defines", "option"),
    [
        ({"_enable_debug_packages": "%{nil}"}, "--map-build-path"),
        ({"_enable_debug_packages": "1", "debug_package": "%package debuginfo"}, "--no-map-build-path"),
        ({"_enable_debug_packages": "0"}, "--map-build-path"),
        ({"_enable_debug_packages": "1", "debug_package": "%{nil}"}, "--map-build-path"),
        ({"_enable_debug_packages": "1", "_target_cpu": "noarch"}, "--map-build-path"),
        ({"__debug_package": "1"}, "--no-map-build-path"),
    ],
)
@pytest.mark.parametrize("macro", ["pyproject_wheel", "pyproject_buildrequires"])
def test_paths_are_left_to_rpm_where_it_makes_a_debuginfo_package(
    expand: Expand, macro: str, defines: dict[str, str], option: str
) -> None:
    text = expand(f"%{macro} -C a=b\n<%{{?__debug_package}}>", **defines)
    assert f" {option} --python" in text and "prefix-map" not in text
    assert text.endswith(f"<{defines.get('__debug_package', '')}>")


def test_an_install_takes_the_options_of_the_command(expand: Expand) -> None:
    directory, options = expand("%{_truewheel_wheeldir}"), "--allow symbolic-link --limit memory=8192"
    assert expand("%truewheel_install").endswith(f' --overwrite "{directory}"')
    text = expand(f"%truewheel_install {options} %{{_truewheel_wheeldir}}")
    assert text.endswith(f" --overwrite {options} {directory}")


def test_overrides_are_one_a_call(expand: Expand) -> None:
    text = expand("%pyproject_patch_dependency a:ignore")
    assert "truewheel requires override 'a:ignore' --dep-overrides-file \"/B/x-1-2." in text
    for arguments in ("", "a:ignore b:ignore"):
        assert expand(f"%pyproject_patch_dependency {arguments}").startswith("error:")


def test_bytecode_of_a_listed_module(expand: Expand) -> None:
    assert expand("%pycached /usr/lib/python3.9/site-packages/a.py") == (
        "/usr/lib/python3.9/site-packages/a.py "
        "/usr/lib/python3.9/site-packages/__pycache__/a.cpython-39{,.opt-?}.pyc"
    )
    assert expand("%pycached %exclude %attr(644, root, root) /x/a.b.py") == (
        "%exclude %attr(644, root, root) /x/a.b.py "
        "%exclude %attr(644, root, root) /x/__pycache__/a.b.cpython-3*{,.opt-?}.pyc"
    )
    assert "wants a path that ends with .py" in expand("%pycached /x/a.txt")


def test_the_lines_of_a_listed_module_match_its_bytecode_and_no_other(expand: Expand) -> None:
    source = "/usr/lib/python3.11/site-packages/module.py"
    text = expand(f"%pycached {source}").split()
    stem, _, ending = text[1].partition("{,.opt-?}")
    globs = [stem + ending, f"{stem}.opt-?{ending}"]
    assert text[0] == source
    for level in (0, 1, 2):
        assert any(fnmatch(pyc_path(source, "cpython-311", level), each) for each in globs)
    for other in (
        pyc_path(source, "cpython-312", 0),
        pyc_path(source.replace("module", "module2"), "cpython-311", 0),
    ):
        assert not any(fnmatch(other, each) for each in globs)


def test_flags_of_first_lines_are_made_of_two_macros(expand: Expand) -> None:
    flags = "%py3_shebang_flags|%py3_shbang_opts|%py3_shbang_opts_nodash"
    assert expand(flags, _py3_shebang_P="P") == "sP|-sP|sP"
    assert expand(f"%undefine _py3_shebang_s\n{flags}", _py3_shebang_P="P").strip() == "P|-P|P"
    assert expand(f"%undefine _py3_shebang_P\n{flags}").strip() == "s|-s|s"
    assert expand(f"%undefine _py3_shebang_P\n%undefine _py3_shebang_s\n{flags}").strip() == "||"


def test_what_is_byte_compiled(expand: Expand) -> None:
    below, here = '--root "/R" --errors fail --python', '--root "$PWD" --errors fail --python'
    assert f"{below} /usr/bin/python3 /R/x /R/y*" in expand("%py_byte_compile /usr/bin/python3 /R/x /R/y*")
    text = expand("%py_byte_compile %{__python3} lib/ $RPM_BUILD_ROOT/x || :")
    assert f"{below} /usr/bin/python3 $RPM_BUILD_ROOT/x && " in text
    assert text.endswith(f"{here} /usr/bin/python3 lib/ || :")
    assert "wants a Python and a path" in expand("%py_byte_compile /usr/bin/python3")


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("python3-a", ["python-a", "python3.9-a"]),
        ("python3-a(x86-64)", ["python-a(x86-64)", "python3.9-a(x86-64)"]),
        ("python-a", []),
        ("python3.9-a", ["python-a", "python3-a"]),
        ("python3.8-a", []),
        ("a-python3-b", []),
    ],
)
def test_names_that_a_package_provides(expand: Expand, name: str, others: list[str]) -> None:
    provided = [f"Provides: {each} = 1-2" for each in [name, *others]]
    assert expand(f"%py_provides {name}", __default_python3_version="3.9") == " ".join(provided)
    older = ["Obsoletes: python-a < 1-2"] if "python-a" in others else []
    given = expand(f"%python_provide {name}", __default_python3_version="3.9")
    assert given == " ".join([*provided[1:], *older])


def test_a_name_provided_behind_a_blank_begins_a_line(expand: Expand) -> None:
    """rpm 4.18 knows no tag behind a blank: specs have ``%{?python_provide: %python_provide python3-a}``."""
    text = "%{lua:print((rpm.expand('x %python_provide python3-a'):gsub(string.char(10), '/')))}"
    assert expand(text).startswith("x /Provides: python-a = 1-2/")


def test_on_rhel_a_package_takes_the_place_of_that_of_an_older_python(expand: Expand) -> None:
    given = {"__default_python3_version": "3.9", "rhel": "10"}
    assert expand("%py_provides python3-a", **given).endswith(" = 1-2 Obsoletes: python3.9-a < 1-2")
    for name in ("python-a", "python3.9-a", "python3-a(x86-64)"):
        assert "Obsoletes" not in expand(f"%py_provides {name}", **given)
    text = "%{load:%{_rpmconfigdir}/fileattrs/truewheel_name.attr}%{__truewheel_name_obsoletes /usr/share/x}"
    assert expand(text, name="python3-a", **given) == "python3.9-a < 1-2"
    assert expand(text, name="python3-a", __pythonname_obsoletes="%{nil}", **given) == ""
    assert expand(text, name="python3-a", __default_python3_version="3.9") == ""


@pytest.mark.parametrize(
    ("defines", "names"),
    [
        ({"name": "python3-a", "epoch": "4"}, "python-a = 4:1-2 python3.9-a = 4:1-2"),
        ({"name": "python3.8-a"}, ""),
        ({"name": "python-a-debuginfo"}, ""),
        ({"name": "python3-a", "__pythonname_provides": "%{nil}"}, ""),
    ],
)
def test_names_that_are_generated(expand: Expand, defines: dict[str, str], names: str) -> None:
    load = "%{load:%{_rpmconfigdir}/fileattrs/truewheel_name.attr}"
    given = {"__default_python3_version": "3.9", **defines}
    assert expand(f"{load}%{{__truewheel_name_provides /usr/share/x}}", **given) == names
    assert expand(f"{load}%__truewheel_name_path", **defines, __pythonname_path="x") == ""


def test_a_name_that_the_spec_provides_is_not_generated_again(expand: Expand) -> None:
    load = "%{load:%{_rpmconfigdir}/fileattrs/truewheel_name.attr}"
    for macro in ("py_provides", "python_provide"):
        text = expand(f"{load}%{{{macro} python3-a}}\n|%{{__truewheel_name_provides /x}}", name="python3-a")
        assert text.endswith("|") and "Provides: python-a" in text


@pytest.mark.parametrize("generator", ["pythondist", "python"])
@pytest.mark.parametrize("kind", ["provides", "requires"])
def test_specs_see_and_switch_off_generators_as_those_of_fedora(
    expand: Expand, generator: str, kind: str
) -> None:
    name, file = f"__{generator}_{kind}", "truewheel" if generator == "pythondist" else "truewheel_abi"
    load = f"%{{load:%{{_rpmconfigdir}}/fileattrs/{file}.attr}}"
    path = "/R/usr/bin/python3.9" if kind == "provides" else "/R/usr/lib/python3.9/x.py"
    ask = f"%{{__{file}_{kind}{' ' + path if file.endswith('abi') else ''}}}"
    said = "python(abi) = 3.9" if generator == "python" else "/usr/bin/truewheel"
    assert expand(f"%{{undefined {name}}}") == "0"
    assert said in expand(load + ask)
    for spec in (f"%undefine {name}\n", f"%global {name} %{{nil}}\n", f"%global {name} /usr/bin/theirs\n"):
        assert expand(load + spec + ask) == ""


def test_sources_have_an_address(expand: Expand) -> None:
    public = "https://files.pythonhosted.org/packages/source"
    assert expand("%{pypi_source demo 1~rc2}") == f"{public}/d/demo/demo-1rc2.tar.gz"
    assert expand("%{pypi_source}", pypi_name="Own") == f"{public}/O/Own/Own-1.tar.gz"
    url = "https://index.example/source/"
    assert expand("%{pypi_source demo 1 zip}", __pypi_url=url) == f"{url}d/demo/demo-1.zip"


@pytest.mark.parametrize(
    ("defines", "purl"),
    [
        ({"fedora": "44", "epoch": "42"}, "pkg:rpm/fedora/x@1-2?epoch=42&arch=src"),
        ({"rhel": "10"}, "pkg:rpm/redhat/x@1-2?arch=src"),
        ({"rhel": "10", "epel": "10"}, "pkg:rpm/epel/x@1-2?arch=src"),
        ({"rhel": "11", "eln": "150"}, "pkg:rpm/fedora/x@1-2?arch=src"),
        ({"_vendor": "demo", "version": "1^a+b"}, "pkg:rpm/demo/x@1%5Ea%2Bb-2?arch=src"),
    ],
)
def test_bundled_wheels_tell_their_package(expand: Expand, defines: dict[str, str], purl: str) -> None:
    text = expand("%python_wheel_inject_sbom {1..5}/*.whl", **defines)
    assert text == f'/usr/bin/truewheel inject-sbom --purl "{purl}" {{1..5}}/*.whl'
    assert expand("%{python_wheel_inject_sbom {1..5}/*.whl} && exit 1").endswith("{1..5}/*.whl && exit 1")
    assert expand("%_pyproject_record") == expand("%_truewheel_report")


def test_projects_without_a_wheel(expand: Expand) -> None:
    assert '/usr/bin/python3 setup.py build --executable="/usr/bin/python3 -' in expand("%py3_build")
    assert expand("%py3_build_wheel -- -q").endswith("setup.py bdist_wheel -q")
    text = expand("%py3_install -- -x")
    assert "setup.py install --no-compile --skip-build --root /R --prefix /usr" in text
    assert expand("%py3_install_wheel a-1.whl").endswith('--overwrite "dist/a-1.whl"')
    for name in ("py3dir", "python_wheel_dir", "python_wheel_pkg_prefix", "__default_python3_pkgversion"):
        assert "%" not in expand(f"%{name}")


def test_macros_of_no_python_are_errors_until_the_spec_chooses_one(expand: Expand) -> None:
    names = "__python python_sitelib python_sitearch python_version py_build py_shebang_flags python"
    for name in names.split():
        assert expand(f"%{name}").startswith("error:")
    chosen = {"__python": "%{__python3}"}
    for name in ("sitelib", "sitearch", "version", "version_nodots", "platform", "ext_suffix", "cache_tag"):
        assert expand(f"%{{python_{name}}}", **chosen) == expand(f"%{{python3_{name}}}")
    names = "build -- -x, build_wheel, install, install_wheel a.whl, check_import a, shbang_opts"
    for name in names.split(", "):
        assert expand(f"%{{py_{name}}}", **chosen) == expand(f"%{{py3_{name}}}")
    text = expand("%py_build %__python3", __python="/usr/bin/python9")
    assert '/usr/bin/python9 setup.py build --executable="/usr/bin/python9' in text
    assert text.endswith(" /usr/bin/python3")


def test_flags_of_the_chosen_python_are_its_own(expand: Expand) -> None:
    none = "%undefine _py_shebang_s\n%undefine _py_shebang_P\n"
    chosen = {"__python": "/usr/bin/python3"}
    assert '--flags ""' in expand(f"{none}%py_shebang_fix x", **chosen)
    assert '--flags "s' in expand(f"{none.replace('_py_', '_py3_')}%py_shebang_fix x", **chosen)


def test_nothing_is_undefined_that_specs_of_fedora_use(expand: Expand) -> None:
    used = """__brp_fix_pyc_reproducibility __brp_python_hardlink __brp_python_rpm_in_distinfo
    __default_python3_pkgversion __default_python3_version __pytest __python __python2 __python3
    _pyproject_ghost_distinfo _pyproject_modules _pyproject_record _pyproject_wheeldir py3_build
    py3_build_wheel py3_check_import py3_dist py3_install py3_install_wheel py3_shbang_opts py3_shebang_fix
    py3_shebang_flags py3_test_envvars py3dir py_build py_byte_compile py_dist_name py_install py_provides
    py_setup py_shebang_fix py_test_envvars pycached pypi_source pyproject_build_lib pyproject_buildrequires
    pyproject_check_import pyproject_extras_subpkg pyproject_files pyproject_install pyproject_save_files
    pyproject_wheel pytest python python2 python3 python3_ext_suffix python3_pkgversion python3_platform
    python3_platform_triplet python3_sitearch python3_sitelib python3_version python3_version_nodots
    python_disable_dependency_generator python_extras_subpkg python_provide python_sitearch python_sitelib
    python_version python_wheel_dir python_wheel_inject_sbom python_wheel_pkg_prefix tox toxenv"""
    text = expand(" ".join(f"%{{!?{name}:{name}}}" for name in used.split()))
    assert text == ""


def test_an_extra_of_one_project_by_its_long_option(expand: Expand) -> None:
    short, long = (
        expand(f"%pyproject_extras_subpkg -n python3-a -a {name} x y")
        for name in ("-D A_b", "--dist-name=A_b")
    )
    assert short == long and "%package -n python3-a+x" in short and "ghost-distinfo-a-b" in short
    assert "ghost" not in expand("%pyproject_extras_subpkg -n python3-a -F x")


_STOCK = "/usr/lib/rpm/brp-python-bytecompile x y"


@pytest.mark.parametrize(
    ("spec", "after", "runs"),
    [
        ("", "a", True),
        ("", "a %{__brp_python_bytecompile}", True),
        ("%undefine py_auto_byte_compile", "a", False),
        ("%undefine py_auto_byte_compile", "a %{__brp_python_bytecompile}", False),
        ("%global __brp_python_bytecompile %%{nil}", "a", False),
    ],
)
def test_the_policy_runs_unless_the_spec_switched_it_off(
    expand: Expand, spec: str, after: str, runs: bool
) -> None:
    defines = {"__os_install_post": after, "__brp_python_bytecompile": _STOCK}
    text = expand(f"{spec}\n%_truewheel_policy%__os_install_post", **defines)
    assert ("brp-truewheel" in text) == runs
    assert text.startswith("a") and "brp-python-bytecompile" not in text


def test_the_policy_is_off_if_sed_took_the_stock_one_out(expand: Expand) -> None:
    post = "%_truewheel_policy%__os_install_post"
    assert "brp-truewheel" not in expand(post, __os_install_post="a", _truewheel_stock_policy=f"a {_STOCK}")
    assert "brp-truewheel" in expand(post, __os_install_post="a", _truewheel_stock_policy="a")


def test_verify_in_check_looks_at_the_buildroot_for_its_python(expand: Expand) -> None:
    words = expand("%truewheel_verify --ignore shadowing-name", __python3="/usr/bin/python3.12").split()
    command = (
        "/usr/bin/truewheel verify --root /R --scheme fedora --python /usr/bin/python3.12 --build-path /B"
    )
    assert [word.strip('"') for word in words] == [*command.split(), "--ignore", "shadowing-name"]


def test_a_spec_leaves_out_by_globs(expand: Expand) -> None:
    globs = {"_truewheel_exclude": "tests demo/*.pyi", "_truewheel_compile_exclude": "templates"}
    options = "--exclude 'tests' --exclude 'demo/*.pyi' --compile-exclude 'templates'"
    assert options in expand("%truewheel_install", **globs)
    assert expand("%_truewheel_brp_command", **globs).endswith("--compile-exclude 'templates'")
    assert "exclude" not in expand("%truewheel_install %_truewheel_brp_command")

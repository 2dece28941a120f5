"""Schemes: the shipped ones, files of one's own, and what is said about a mistake in one."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from truewheel.errors import SchemeError
from truewheel.model import ErrorPolicy, InvalidationMode, Scheme
from truewheel.report.text import scheme_lines
from truewheel.scheme_file import scheme_keys
from truewheel.schemes import load_scheme, shipped_schemes, summary

DOCS = Path(__file__).parents[2] / "docs" / "schemes.md"

OWN_TOOLS = ("debian", "fedora", "generic", "opensuse")  # those that this repository has doors or roots for
OTHERS = ("alpine", "arch", "bazel", "buildroot", "gentoo", "nix", "void", "yocto")

WHOLE = """\
metadata:
  installer: mine
  record: true
scripts:
  python: "{prefix}/bin/python{version}{abi_thread}"
bytecode:
  errors: warn
"""


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return str(path)


def refusal(tmp_path: Path, text: str) -> SchemeError:
    with pytest.raises(SchemeError) as caught:
        load_scheme(write(tmp_path, text))
    assert caught.value.exit_code == 2
    return caught.value


def test_a_scheme_is_shipped_for_each_family() -> None:
    assert shipped_schemes() == tuple(sorted((*OWN_TOOLS, *OTHERS, "target")))


@pytest.mark.parametrize("name", (*OWN_TOOLS, "target"))
def test_shipped_schemes_share_what_makes_builds_reproducible(name: str) -> None:
    scheme = load_scheme(name)
    assert scheme.name == name
    assert scheme.prefix == ("" if name == "target" else "/usr")
    assert scheme.optimize == (0, 1)
    assert scheme.invalidation_mode is InvalidationMode.CHECKED_HASH
    assert (scheme.file_mode, scheme.executable_mode, scheme.directory_mode) == (0o644, 0o755, 0o755)
    assert not scheme.direct_url


def test_shipped_schemes_leave_what_their_distributions_do() -> None:
    left = {
        name: (scheme.installer, scheme.record, scheme.requested, scheme.errors)
        for name, scheme in ((name, load_scheme(name)) for name in (*OWN_TOOLS, "target"))
    }
    assert left == {
        "fedora": ("rpm", False, False, ErrorPolicy.WARN),
        "opensuse": ("pip", True, True, ErrorPolicy.WARN),
        "debian": ("", True, False, ErrorPolicy.WARN),
        "generic": ("truewheel", True, False, ErrorPolicy.WARN),
        "target": ("truewheel", True, False, ErrorPolicy.WARN),
    }


def test_three_lines_make_a_scheme_of_ones_own(tmp_path: Path) -> None:
    scheme = load_scheme(write(tmp_path, "extends: fedora\nprefix: /app\nbytecode: {errors: warn}\n"))
    fedora = load_scheme("fedora")
    assert (scheme.name, scheme.prefix, scheme.errors) == ("mine", "/app", ErrorPolicy.WARN)
    assert (scheme.sysconfig, scheme.installer) == (fedora.sysconfig, "rpm")


def test_a_whole_scheme_takes_the_defaults(tmp_path: Path) -> None:
    assert load_scheme(write(tmp_path, WHOLE)) == Scheme(
        name="mine",
        prefix="/usr",
        sysconfig=("posix_prefix",),
        purelib="",
        platlib="",
        scripts="",
        data="",
        headers="",
        installer="mine",
        record=True,
        requested=False,
        direct_url=False,
        script_python="{prefix}/bin/python{version}{abi_thread}",
        script_flags="",
        every_shebang=False,
        shebang_blank=False,
        versioned_scripts=False,
        optimize=(0, 1),
        hardlink=True,
        invalidation_mode=InvalidationMode.CHECKED_HASH,
        errors=ErrorPolicy.WARN,
        file_mode=0o644,
        executable_mode=0o755,
        directory_mode=0o755,
        allow=(),
    )


def test_a_relative_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, WHOLE)
    monkeypatch.chdir(tmp_path)
    assert load_scheme("mine.yaml").name == "mine"
    (tmp_path / "mine.yaml").rename(tmp_path / "plain")
    assert load_scheme("./plain").name == "plain"


def warnings(file: str) -> tuple[Scheme, list[str]]:
    lines: list[str] = []
    return load_scheme(file, lines.append), lines


@pytest.mark.parametrize("start", ["extends: fedora\n", WHOLE])
def test_a_family_is_accepted_with_one_warning(tmp_path: Path, start: str) -> None:
    without = load_scheme(write(tmp_path, start))
    file = write(tmp_path, f"family: slackware\n{start}")
    said = [f"{file}:1: family: the key has no meaning any more (remove it)"]
    assert warnings(file) == (without, said)
    assert load_scheme(file) == without


@pytest.mark.parametrize(
    ("base", "installer", "versioned"),
    [
        ("fedora", "pip", True),
        ("generic", "pip", True),
        ("opensuse", "rpm", False),
        ("opensuse", '""', False),
    ],
)
def test_a_file_without_the_key_keeps_the_names_that_its_installer_decided(
    tmp_path: Path, base: str, installer: str, versioned: bool
) -> None:
    text = f"extends: {base}\nmetadata:\n  installer: {installer}\n"
    file = write(tmp_path, text)
    scheme, said = warnings(file)
    assert scheme.versioned_scripts is versioned
    key = f"scripts.versioned: {str(versioned).lower()}"
    assert said == [f"{file}:3: metadata.installer: implies {key} where that key is missing (add it)"]
    for given in ("true", "false"):
        file = write(tmp_path, f"{text}scripts: {{versioned: {given}}}\n")
        scheme, said = warnings(file)
        assert (scheme.versioned_scripts, said) == (given == "true", [])


@pytest.mark.parametrize(
    "text", ["extends: opensuse\n", "extends: opensuse\nmetadata: {installer: pip}\n", WHOLE]
)
def test_a_file_whose_names_are_plain_from_it_has_no_warning(tmp_path: Path, text: str) -> None:
    scheme, said = warnings(write(tmp_path, text))
    assert scheme.versioned_scripts is ("opensuse" in text)
    assert said == []


@pytest.mark.parametrize("name", OTHERS)
def test_schemes_of_others_differ_from_upstream_in_little(name: str) -> None:
    scheme, base = load_scheme(name), load_scheme("generic")
    kept = ("record", "requested", "direct_url", "errors", "file_mode", "executable_mode", "directory_mode")
    assert {key: getattr(scheme, key) for key in kept} == {key: getattr(base, key) for key in kept}
    assert scheme.allow == base.allow
    assert scheme.name == name


def test_a_file_extends_a_file_that_extends_another(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/base.yaml").write_text("extends: ../first.yaml\nbytecode: {optimize: [2]}\n")
    (tmp_path / "first.yaml").write_text("extends: fedora\nprefix: /app\nmetadata: {installer: first}\n")
    scheme = load_scheme(write(tmp_path, "extends: ./sub/base.yaml\nbytecode: {hardlink: false}\n"))
    assert (scheme.name, scheme.prefix, scheme.installer) == ("mine", "/app", "first")
    assert (scheme.optimize, scheme.hardlink, scheme.script_flags) == ((2,), False, "-sP")


@pytest.mark.parametrize("text", ["extends: ./mine.yaml\n", "extends: other.yaml\n"])
def test_files_that_extend_one_another_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.yaml").write_text("extends: ./mine.yaml\n")
    error = refusal(tmp_path, text)
    assert "extends this file in its turn" in str(error)


def test_a_file_to_extend_must_be_there(tmp_path: Path) -> None:
    assert "cannot be read" in str(refusal(tmp_path, "extends: ./nowhere.yaml\n"))


def test_directories_of_data_are_mapped(tmp_path: Path) -> None:
    text = "extends: generic\npaths:\n  data_map: {etc: /etc, share/man/: '{prefix}/man', var: /var/lib}\n"
    scheme = load_scheme(write(tmp_path, text))
    assert scheme.data_map == (("etc", "/etc"), ("share/man", "{prefix}/man"), ("var", "/var/lib"))
    assert scheme_keys(scheme)["paths"]["data_map"] == dict(scheme.data_map)


@pytest.mark.parametrize(
    "value", ["[etc]", "{'': /etc}", "{../x: /etc}", "{etc: ''}", "{etc: x}", "{a/b/../c: /x}"]
)
def test_a_map_of_data_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    error = refusal(tmp_path, f"extends: generic\npaths:\n  data_map: {value}\n")
    assert error.subject.endswith("mine.yaml:3")
    assert "paths.data_map" in str(error)


def test_each_shipped_scheme_has_a_summary_in_one_line() -> None:
    for name in shipped_schemes():
        assert 20 < len(summary(name)) < 100
        assert not summary(name).startswith("#")


def test_the_keys_of_a_scheme_are_a_file_of_it(tmp_path: Path) -> None:
    odd = {
        "name": "yes",
        "prefix": "/\u00e9 #'\"{}",
        "metadata": {"installer": "~"},
        "bytecode": {"optimize": []},
        "modes": {"file": "0600"},
    }
    extended = write(tmp_path, yaml.safe_dump({"extends": "debian", **odd}))
    for name in (*shipped_schemes(), extended):
        scheme = load_scheme(name)
        copy = tmp_path / "copy.yaml"
        for text in (json.dumps(scheme_keys(scheme)), "\n".join(scheme_lines(scheme))):
            copy.write_text(text)
            assert warnings(str(copy)) == (scheme, [])


@pytest.mark.parametrize("written", ['"0640"', "0640", "0o640", '"640"', "640"])
def test_a_mode_is_octal_however_it_is_written(tmp_path: Path, written: str) -> None:
    scheme = load_scheme(write(tmp_path, f"extends: generic\nmodes:\n  file: {written}\n"))
    assert scheme.file_mode == 0o640


@pytest.mark.parametrize(
    "written", ["420", "0xff", '"0888"', '"4755"', '"0666"', '"0755"', "[6]", "0044", "rw"]
)
def test_a_mode_that_makes_no_sense_is_refused(tmp_path: Path, written: str) -> None:
    error = refusal(tmp_path, f"extends: generic\nmodes:\n  file: {written}\n")
    assert error.subject.endswith("mine.yaml:3")
    assert 'modes.file: expected a mode in octal that has 0600 and nothing of 0113, such as "0644"' in str(
        error
    )


@pytest.mark.parametrize("levels", ["[]", "[2]", "[1, 0]", "[0, 1, 2]"])
def test_levels_are_sorted(tmp_path: Path, levels: str) -> None:
    scheme = load_scheme(write(tmp_path, f"extends: generic\nbytecode: {{optimize: {levels}}}\n"))
    assert list(scheme.optimize) == sorted(int(level) for level in re.findall(r"\d", levels))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("prefix: usr", 2, "prefix: expected an absolute, normalised path such as /usr, found 'usr'"),
        ("prefix: /usr/", 2, "prefix: expected an absolute, normalised path"),
        ("prefix: /usr/../x", 2, "prefix: expected an absolute, normalised path"),
        ("prefix: //usr", 2, "prefix: expected an absolute, normalised path"),
        ("prefix:", 2, "prefix: expected an absolute, normalised path such as /usr, found nothing"),
        ("prefix: [/usr]", 2, "prefix: expected an absolute, normalised path such as /usr, found a list"),
        ("prefix: 'a\tb'", 2, "prefix: expected an absolute, normalised path such as /usr on one line"),
        ("prefxi: /usr", 2, "prefxi: unknown key (did you mean prefix?)"),
        ("optimize: [0]", 2, "optimize: unknown key (did you mean bytecode.optimize?)"),
        ("bytecode:\n  optimise: [0]", 3, "bytecode.optimise: unknown key (did you mean optimize?)"),
        (
            "bytecode:\n  zzz: [0]",
            3,
            "bytecode.zzz: unknown key (known are optimize, hardlink, symlink, invalidation_mode, errors, ",
        ),
        (
            "zzz: 1",
            2,
            "zzz: unknown key (known are extends, name, prefix, allow, deny, exclude, paths, metadata",
        ),
        ("prefix.a: 1", 2, "prefix.a: unknown key"),
        ("paths.purelib: /x", 2, "paths.purelib: unknown key (write paths: and below it purelib:)"),
        ("paths:\n  purelib: /x\n  purelib: /y", 4, "paths.purelib: the key is given twice, first in line 3"),
        ("name: x\nname: y", 3, "name: the key is given twice, first in line 2"),
        (
            "metadata:\n  record: true\nmetadata:\n  record: true",
            4,
            "metadata: the key is given twice, first in",
        ),
        ("name: a b", 2, "name: expected a name without spaces, found 'a b'"),
        ("name: no", 2, "name: expected a name without spaces, found 'no' (put it in quotes"),
        ("name: 3", 2, "name: expected a name without spaces, found '3' (put it in quotes"),
        ("paths: /usr", 2, "paths: expected keys with values, found '/usr'"),
        ("paths:", 2, "paths: expected keys with values, found nothing"),
        ("paths: []", 2, "paths: expected keys with values, found a list"),
        ("1: 2", 2, "the file: expected a key, found '1'"),
        ("[a]: 2", 2, "the file: expected a key, found a list"),
        ("familly: fedora", 2, "familly: unknown key"),
        ("extends: debain", 2, "extends: the key is given twice"),
        ("bytecode:\n  errors: failed", 3, "expected one of warn, fail, found 'failed' (did you mean fail?)"),
        ("bytecode: {invalidation_mode: hash}", 2, "expected one of checked-hash, unchecked-hash, timestamp"),
        ("bytecode: {hardlink: 1}", 2, "bytecode.hardlink: expected true or false, found '1'"),
        ("bytecode: {hardlink: 'yes'}", 2, "bytecode.hardlink: expected true or false, found 'yes'"),
        ("bytecode: {optimize: 1}", 2, "expected a list of optimization levels, each 0, 1 or 2"),
        (
            "bytecode:\n  optimize:\n    - 0\n    - 3",
            5,
            "each 0, 1 or 2 and given once, such as [0, 1], found '3'",
        ),
        ("bytecode: {optimize: [0, 0]}", 2, "found '0'"),
        ("bytecode: {optimize: [true]}", 2, "found 'true'"),
        (
            "paths: {sysconfig: []}",
            2,
            "expected a list of names of sysconfig schemes, such as [posix_prefix], found",
        ),
        ("paths: {sysconfig: [a/b]}", 2, "found 'a/b'"),
        ("paths: {sysconfig: posix_prefix}", 2, "found 'posix_prefix'"),
        ("paths:\n  purelib: '{prefx}/lib'", 3, "{name}, found '{prefx}/lib' (did you mean prefix?)"),
        ("paths: {purelib: '{prefix/lib'}", 2, "(expected '}' before end of string)"),
        ("paths: {purelib: '{prefix}}'}", 2, "(single '}' encountered in format string)"),
        ("paths: {purelib: '{prefix!r}/lib'}", 2, "expected only the placeholders {prefix}"),
        ("paths: {purelib: '{prefix.__class__}/lib'}", 2, "expected only the placeholders {prefix}"),
        ("paths: {purelib: '{}/lib'}", 2, "expected only the placeholders {prefix}"),
        (
            "paths: {purelib: '{prefix}lib'}",
            2,
            "expected a path that begins with / or {prefix}/, without '..'",
        ),
        ("paths: {purelib: 'lib'}", 2, "expected a path that begins with / or {prefix}/, without '..'"),
        (
            "paths: {purelib: '{prefix}/../lib'}",
            2,
            "expected a path that begins with / or {prefix}/, without",
        ),
        (
            "scripts: {python: ''}",
            2,
            "expected the path of a Python that begins with / or {prefix}/, without spaces",
        ),
        (
            "scripts: {python: '/usr/bin/python3 -s'}",
            2,
            "without spaces, {python} or /usr/bin/env NAME, found",
        ),
        ("scripts: {python: '/usr/bin/env python3 -s'}", 2, "found '/usr/bin/env python3 -s'"),
        ("scripts: {python: '{prefix}/{name}'}", 2, "expected only the placeholders {prefix}, {version}"),
        ("scripts: {flags: sP}", 2, "scripts.flags: expected flags of Python such as -sP, found 'sP'"),
        ("scripts: {flags: -c}", 2, "scripts.flags: expected flags of Python such as -sP, found '-c'"),
        ("metadata: {installer: ~}", 2, "metadata.installer: expected a text, found '~' (put it in quotes"),
        ("a: b: c", 2, "is not YAML: mapping values are not allowed here"),
        ("a: [", 3, "is not YAML: expected the node content"),
        ("--- 1\n--- 2", 2, "is not YAML: but found another document"),
        ("a: \x00", 2, "is not YAML: special characters are not allowed"),
    ],
)
def test_a_mistake_is_told_with_line_key_and_what_was_expected(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    error = refusal(tmp_path, f"extends: generic\n{text}\n")
    assert message in str(error)
    assert str(error).startswith(f"{tmp_path}/mine.yaml:{line}: ")


def test_a_scheme_that_is_not_there_to_extend_is_told(tmp_path: Path) -> None:
    error = refusal(tmp_path, "extends: debain\n")
    assert "expected one of alpine, arch, bazel, buildroot, debian, fedora, " in str(error)
    assert "found 'debain' (did you mean debian?)" in str(error)
    assert error.subject.endswith(":1")


@pytest.mark.parametrize(
    "missing", ["metadata.installer", "metadata.record", "scripts.python", "bytecode.errors"]
)
def test_a_key_that_must_be_given_is_missed(tmp_path: Path, missing: str) -> None:
    root = yaml.safe_load(WHOLE)
    section, _, leaf = missing.rpartition(".")
    del (root[section] if section else root)[leaf]
    error = refusal(tmp_path, yaml.safe_dump(root))
    assert f"{missing}: the key is missing (add it, or begin with one of: extends: alpine" in str(error)


def test_a_file_that_is_empty_or_no_mapping_is_refused(tmp_path: Path) -> None:
    assert "the file: expected keys with values, found nothing" in str(refusal(tmp_path, "# nothing\n"))
    assert "the file: expected keys with values, found 'fedora'" in str(refusal(tmp_path, "fedora\n"))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemeError, match="cannot be read: No such file or directory"):
        load_scheme(str(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"name: a\nfamily: \xe9\n")
    with pytest.raises(SchemeError, match=r"latin\.yaml:2: is not UTF-8"):
        load_scheme(str(tmp_path / "latin.yaml"))


def test_a_file_that_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for file in (str(tmp_path / "pipe.yaml"), "/dev/zero", str(tmp_path)):
        with pytest.raises(SchemeError, match="is not a regular file"):
            load_scheme(file)
    with pytest.raises(SchemeError, match="has more than 1048576 bytes"):
        load_scheme(write(tmp_path, "#" * (1 << 20) + "\n"))


def test_an_escape_that_is_no_character_is_refused(tmp_path: Path) -> None:
    for digits in ("00110000", "FFFFFFFF"):
        assert "is not YAML: " in str(refusal(tmp_path, f'name: "\\U{digits}"\n'))


def test_nesting_and_loops_end(tmp_path: Path) -> None:
    assert "is nested too deeply" in str(refusal(tmp_path, "[" * 5000))
    assert "paths.sysconfig: expected a list" in str(refusal(tmp_path, "paths: {sysconfig: &a [*a]}\n"))
    assert "the key is given twice" in str(refusal(tmp_path, "paths: &a {purelib: /x, purelib: *a}\n"))


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    assert load_scheme(write(tmp_path, "\ufeff" + WHOLE)).installer == "mine"


def test_an_unknown_name_is_told_with_the_near_ones() -> None:
    with pytest.raises(SchemeError, match="fedra: no such scheme \\(did you mean fedora\\?; a file"):
        load_scheme("fedra")
    with pytest.raises(SchemeError, match=r"known are alpine, .*, void, yocto; a file is named by"):
        load_scheme("zzz")


def test_the_example_of_the_documentation_is_a_scheme(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", DOCS.read_text(), re.S)
    assert example
    assert len(example[1].splitlines()) == 6
    assert load_scheme(write(tmp_path, example[1])).installer == "rpm"


def test_every_key_is_documented() -> None:
    from truewheel.scheme_file import _FIELDS

    documented = set(re.findall(r"^\| `([a-z_.]+)`", DOCS.read_text(), re.M))
    assert documented == {"extends", *_FIELDS}

"""Good wheels are read as they are, at every boundary the specification leaves open."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.wheelbuilder import (
    STORED,
    Member,
    WheelBuilder,
    adding,
    edit,
    metadata_text,
    record_row,
    wheel_text,
)
from truewheel.errors import UsageError, WheelRefused
from truewheel.model import EntryPoint, Interpreter, Wheel, WheelEntry
from truewheel.wheel import reader
from truewheel.wheel.reader import check_tags, open_contents, read_wheel

PLATFORMS = ("manylinux_2_36_x86_64", "manylinux2014_x86_64", "linux_x86_64")
MIB = 1 << 20


def interpreter(version: tuple[int, int, int] = (3, 11, 2), *, free_threaded: bool = False) -> Interpreter:
    return Interpreter(
        command="python3",
        executable="/usr/bin/python3",
        version=version,
        version_text="{}.{}.{}".format(*version),
        implementation="cpython",
        cache_tag="cpython-{}{}".format(*version),
        magic=b"\0\0\r\n",
        soabi="",
        ext_suffix=".so",
        free_threaded=free_threaded,
        platlibdir="lib",
        platforms=PLATFORMS,
        scheme_paths=(),
        install_scheme="posix_prefix",
        patched="",
    )


def entry_of(wheel: Wheel, name: str) -> WheelEntry:
    (found,) = [entry for entry in wheel.entries if entry.name == name]
    return found


def tagged(builder: WheelBuilder, tags: str) -> Wheel:
    return read_wheel(builder.build(tags=tags, root_is_purelib=False))


# what a good wheel reads as


def test_a_plain_wheel(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build(
        "demo", "1.0", {"demo/__init__.py": "x = 1\n"}, entry_points={"demo": "demo:main"}
    )
    wheel = read_wheel(path)
    assert (wheel.path, wheel.filename) == (str(path), "demo-1.0-py3-none-any.whl")
    assert wheel.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (wheel.name, wheel.version, wheel.dist_info) == ("demo", "1.0", "demo-1.0.dist-info")
    assert wheel.root_is_purelib
    assert wheel.tags == ("py3-none-any",)
    assert wheel.entry_points == (EntryPoint("demo", "demo", "main", "console"),)
    assert wheel.entries[0] == WheelEntry(
        name="demo/__init__.py",
        category="purelib",
        relative="demo/__init__.py",
        size=6,
        sha256=hashlib.sha256(b"x = 1\n").hexdigest(),
        executable=False,
        mtime=1714979290,
    )
    assert wheel.newest == 1714979290


def test_the_digest_of_the_file_is_left_out_where_it_is_not_asked_for(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build()
    assert read_wheel(path, digest=False) == replace(read_wheel(path), sha256="")


def test_entries_are_in_archive_order_and_hold_the_metadata(wheel_builder: WheelBuilder) -> None:
    wheel = read_wheel(wheel_builder.build(files={"b.py": "", "a.py": ""}, entry_points={}))
    names = ["METADATA", "WHEEL", "entry_points.txt", "RECORD"]
    assert [entry.name for entry in wheel.entries] == [
        "b.py",
        "a.py",
        *(f"demo-1.0.dist-info/{name}" for name in names),
    ]


def test_reading_is_the_same_whatever_the_time_zone(
    wheel_builder: WheelBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wheel_builder.build()
    before = read_wheel(path)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert read_wheel(path) == before


def test_a_link_to_a_wheel(wheel_builder: WheelBuilder, tmp_path: Path) -> None:
    link = tmp_path / "demo-1.0-py3-none-any.whl"
    link.symlink_to(wheel_builder.build())
    assert read_wheel(link).path == str(link)


# the file name and the directories named after it


def test_build_tag(wheel_builder: WheelBuilder) -> None:
    wheel = read_wheel(wheel_builder.build(build_tag="1local"))
    assert wheel.filename == "demo-1.0-1local-py3-none-any.whl"


def test_compressed_tags_are_expanded(wheel_builder: WheelBuilder) -> None:
    assert read_wheel(wheel_builder.build(tags="py2.py3-none-any")).tags == ("py2-none-any", "py3-none-any")


def test_compressed_tags_in_wheel_file(wheel_builder: WheelBuilder) -> None:
    text = wheel_text("py3-none-any").replace("Tag: py3", "Tag: py2.py3")
    assert read_wheel(wheel_builder.build(tags="py2.py3-none-any", wheel=text)).tags[0] == "py2-none-any"


@pytest.mark.parametrize(
    ("file_stem", "stem", "name", "version"),
    [
        ("zope.interface-5.0", "zope.interface-5.0", "zope.interface", "5.0"),
        ("zope_interface-5.0", "zope.interface-5.0", "Zope.Interface", "5.0.0"),
        ("PyYAML-5.4.1", "PyYAML-5.4.1", "PyYAML", "5.4.1"),
        ("Some_Thing-1.0", "some_thing-1.0", "Some-Thing", "1.0"),
        ("thing-1.0rc1", "thing-1.0.rc1", "thing", "1.0-rc1"),
        ("thing-1.0+local.1", "thing-1.0+local.1", "thing", "1.0+local-1"),
        ("thing-1!2.0", "thing-1!2.0", "thing", "1!2.0"),
    ],
)
def test_spellings_of_name_and_version(
    wheel_builder: WheelBuilder, file_stem: str, stem: str, name: str, version: str
) -> None:
    path = wheel_builder.build(
        filename=f"{file_stem}-py3-none-any.whl",
        stem=stem,
        metadata=metadata_text(name, version),
        data={"data/share/thing": "x"},
    )
    wheel = read_wheel(path)
    assert (wheel.name, wheel.version, wheel.dist_info) == (name, version, f"{stem}.dist-info")
    assert entry_of(wheel, f"{stem}.data/data/share/thing").category == "data"


@pytest.mark.parametrize("version", ["1.0", "1.2", "2.1", "2.4", "2.99"])
def test_metadata_versions(wheel_builder: WheelBuilder, version: str) -> None:
    assert read_wheel(wheel_builder.build(metadata=metadata_text("demo", "1.0", version))).name == "demo"


def test_newer_minor_wheel_version(wheel_builder: WheelBuilder) -> None:
    assert read_wheel(wheel_builder.build(wheel=wheel_text("py3-none-any", True, "1.9"))).root_is_purelib


def test_unicode_in_the_metadata(wheel_builder: WheelBuilder) -> None:
    text = metadata_text("demo", "1.0") + "Author: Zo\u00eb \u017b\n\nA d\u00e9scription\n\nName: other\n"
    assert read_wheel(wheel_builder.build(metadata=text)).name == "demo"


# entries


def test_executable_bit_of_regular_files(wheel_builder: WheelBuilder) -> None:
    modes = {"a": 0o755, "b": 0o100, "c": 0o644}
    files = dict.fromkeys(modes, "")
    wheel = read_wheel(
        wheel_builder.build(files=files, modes={n: stat.S_IFREG | m for n, m in modes.items()})
    )
    assert [entry_of(wheel, name).executable for name in files] == [True, True, False]


def test_mode_without_a_file_type_is_not_executable(wheel_builder: WheelBuilder) -> None:
    wheel = read_wheel(wheel_builder.build(files={"a": "", "b": ""}, modes={"a": 0o755, "b": 0}))
    assert not any(entry.executable for entry in wheel.entries)


@pytest.mark.parametrize(
    ("date", "mtime"),
    [
        ((1980, 1, 1, 0, 0, 0), 315532800),
        ((2024, 2, 29, 23, 59, 58), 1709251198),
        ((2107, 12, 31, 23, 59, 58), 4354819198),
        ((1980, 0, 0, 0, 0, 0), 315532800),
        ((2023, 2, 29, 0, 0, 0), 315532800),
        ((2024, 13, 1, 0, 0, 0), 315532800),
        ((2024, 1, 1, 24, 0, 0), 315532800),
        ((2024, 1, 1, 0, 60, 0), 315532800),
        ((2024, 1, 1, 0, 0, 60), 315532800),
    ],
)
def test_dates(wheel_builder: WheelBuilder, date: tuple[int, int, int, int, int, int], mtime: int) -> None:
    wheel = read_wheel(wheel_builder.build(files={"a.py": ""}, dates={"a.py": date}))
    assert entry_of(wheel, "a.py").mtime == mtime


@pytest.mark.parametrize(
    "name",
    [
        "demo/a, b.txt",
        'demo/"quoted".txt',
        "demo/\u00e9t\u00e9.txt",
        "demo/\U0001f40d.py",
        "demo/\u3000wide space",
        "demo/ leading",
        "demo/..hidden",
        "demo/x...",
        "demo/" + "a" * 255,
        "demo/" + "\u00e9" * 127,
        "/".join(["d" * 50] * 20) + "/f",
        "-dash",
        "demo/a:b",
    ],
)
def test_unusual_names(wheel_builder: WheelBuilder, name: str) -> None:
    wheel = read_wheel(wheel_builder.build(files={name: "data"}))
    assert entry_of(wheel, name).relative == name
    with open_contents(wheel) as contents:
        assert contents.read(entry_of(wheel, name)) == b"data"


def test_directories_are_ignored(wheel_builder: WheelBuilder) -> None:
    extra = adding(Member("demo/", mode=stat.S_IFDIR | 0o755), Member("demo/empty/", mode=0))
    wheel = read_wheel(wheel_builder.build(members=extra))
    assert not [entry for entry in wheel.entries if entry.name.endswith("/")]


def test_empty_and_stored_entries(wheel_builder: WheelBuilder) -> None:
    files = {"empty": "", "stored": "kept", "packed": "p" * 5000}
    path = wheel_builder.build(files=files, members=edit("stored", method=STORED))
    wheel = read_wheel(path)
    assert [entry_of(wheel, name).size for name in files] == [0, 4, 5000]


def test_stored_empty_entry(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build(files={"empty": ""}, members=edit("empty", method=STORED))
    assert entry_of(read_wheel(path), "empty").size == 0


def test_archive_comment(wheel_builder: WheelBuilder) -> None:
    assert read_wheel(wheel_builder.build(comment=b"made by tests")).name == "demo"


# .data


@pytest.mark.parametrize("root_is_purelib", [True, False])
def test_data_goes_to_its_install_path(wheel_builder: WheelBuilder, root_is_purelib: bool) -> None:
    names = ["purelib/p.py", "platlib/q.py", "scripts/tool", "data/share/x/y", "headers/demo/z.h"]
    path = wheel_builder.build(data=dict.fromkeys(names, ""), root_is_purelib=root_is_purelib)
    wheel = read_wheel(path)
    root = "purelib" if root_is_purelib else "platlib"
    assert entry_of(wheel, "demo/__init__.py").category == root
    assert entry_of(wheel, "demo-1.0.dist-info/WHEEL").category == root
    for name in names:
        entry = entry_of(wheel, f"demo-1.0.data/{name}")
        assert f"{entry.category}/{entry.relative}" == name


def test_same_name_in_purelib_and_platlib(wheel_builder: WheelBuilder) -> None:
    """Whether these are one path is for the scheme to say."""
    wheel = read_wheel(wheel_builder.build(data={"platlib/demo/__init__.py": ""}))
    assert {entry.category for entry in wheel.entries} == {"purelib", "platlib"}


# RECORD


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_hash_algorithms(wheel_builder: WheelBuilder, algorithm: str) -> None:
    wheel = read_wheel(wheel_builder.build(files={"a.py": "x"}, algorithm=algorithm))
    assert entry_of(wheel, "a.py").sha256 == hashlib.sha256(b"x").hexdigest()


def test_size_may_be_missing(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build(rows=lambda made: [(name, digest, "") for name, digest, _ in made])
    assert read_wheel(path).name == "demo"


def test_crlf_record(wheel_builder: WheelBuilder) -> None:
    rows = [
        record_row("a.py", b""),
        record_row("demo-1.0.dist-info/METADATA", metadata_text("demo", "1.0").encode()),
    ]
    rows += [record_row("demo-1.0.dist-info/WHEEL", wheel_text("py3-none-any").encode())]
    lines = [",".join(row) for row in rows] + ["demo-1.0.dist-info/RECORD,,"]
    assert read_wheel(wheel_builder.build(files={"a.py": ""}, record="\r\n".join(lines))).name == "demo"


@pytest.mark.parametrize("name", ["RECORD.jws", "RECORD.p7s"])
@pytest.mark.parametrize("listed", [True, False])
def test_signatures_need_no_row_and_no_hash(wheel_builder: WheelBuilder, name: str, listed: bool) -> None:
    full = f"demo-1.0.dist-info/{name}"
    path = wheel_builder.build(
        rows=lambda made: [*made, (full, "", "")] if listed else made,
        members=adding(Member(full, b"signature")),
    )
    assert entry_of(read_wheel(path), full).size == 9


# entry points


def test_console_and_gui_scripts(wheel_builder: WheelBuilder) -> None:
    text = (
        "[console_scripts]\na = pkg.mod:Class.method\nb-b = pkg:run [extra]\nc c=pkg : f\n"
        "[gui_scripts]\nwin = pkg:gui\n[other.plugins]\nbad name/ = no target here, 100%\n"
    )
    assert read_wheel(wheel_builder.build(entry_points=text)).entry_points == (
        EntryPoint("a", "pkg.mod", "Class.method", "console"),
        EntryPoint("b-b", "pkg", "run", "console"),
        EntryPoint("c c", "pkg", "f", "console"),
        EntryPoint("win", "pkg", "gui", "gui"),
    )


@pytest.mark.parametrize("text", ["", "\n# comment\n", "[console_scripts]\n", "[DEFAULT]\na = not:ours\n"])
def test_entry_points_without_scripts(wheel_builder: WheelBuilder, text: str) -> None:
    assert read_wheel(wheel_builder.build(entry_points=text)).entry_points == ()


def test_default_section_is_an_ordinary_one(wheel_builder: WheelBuilder) -> None:
    text = "[DEFAULT]\nx = not:ours\n[console_scripts]\na = demo:main\n"
    assert [point.name for point in read_wheel(wheel_builder.build(entry_points=text)).entry_points] == ["a"]


def test_script_names_keep_their_case(wheel_builder: WheelBuilder) -> None:
    points = read_wheel(wheel_builder.build(entry_points={"Tool": "a:b", "tool": "a:b"})).entry_points
    assert [point.name for point in points] == ["Tool", "tool"]


# contents


def test_contents_in_chunks(wheel_builder: WheelBuilder) -> None:
    data = bytes(range(256)) * (10 * MIB // 256) + b"end"
    wheel = read_wheel(wheel_builder.build(files={"big": data, "empty": ""}))
    with open_contents(wheel) as contents:
        pieces = list(contents.chunks(entry_of(wheel, "big")))
        assert b"".join(pieces) == data
        assert max(map(len, pieces)) == MIB
        assert contents.read(entry_of(wheel, "big")) == data
        assert list(contents.chunks(entry_of(wheel, "empty"))) == []
        assert contents.read(entry_of(wheel, "empty")) == b""


def test_every_entry_reads_back(wheel_builder: WheelBuilder) -> None:
    wheel = read_wheel(wheel_builder.build(data={"scripts/x": "#!python\n"}))
    with open_contents(wheel) as contents:
        for entry in wheel.entries:
            assert hashlib.sha256(contents.read(entry)).hexdigest() == entry.sha256


@pytest.mark.parametrize("new", ["y = 2\n", "x = 22\n", "x ="])
def test_changed_content_is_refused(wheel_builder: WheelBuilder, new: str) -> None:
    wheel = read_wheel(wheel_builder.build(files={"a.py": "x = 1\n"}))
    wheel_builder.build(files={"a.py": new})
    with open_contents(wheel) as contents:
        with pytest.raises(WheelRefused, match=r"no longer what was checked .* \[changed-wheel\]$"):
            contents.read(entry_of(wheel, "a.py"))
        with pytest.raises(WheelRefused, match="no longer what was checked"):
            list(contents.chunks(entry_of(wheel, "a.py")))


def test_entry_that_has_gone_is_refused(wheel_builder: WheelBuilder) -> None:
    wheel = read_wheel(wheel_builder.build(files={"a.py": ""}))
    wheel_builder.build(files={"b.py": ""})
    with open_contents(wheel) as contents, pytest.raises(WheelRefused, match="no longer"):
        contents.read(entry_of(wheel, "a.py"))


def test_entry_shorter_than_declared_is_refused(wheel_builder: WheelBuilder) -> None:
    wheel = read_wheel(wheel_builder.build(files={"a.py": "x = 1\n"}))
    wheel_builder.build(files={"a.py": "x"}, members=edit("a.py", size=6))
    with open_contents(wheel) as contents:
        for read in (contents.read, lambda entry: list(contents.chunks(entry))):
            with pytest.raises(WheelRefused):
                read(entry_of(wheel, "a.py"))


def test_replaced_by_something_else(wheel_builder: WheelBuilder) -> None:
    path = wheel_builder.build()
    wheel = read_wheel(path)
    path.write_bytes(b"no archive")
    with pytest.raises(WheelRefused, match=r"^demo.*whl: cannot be unpacked"), open_contents(wheel):
        pass
    path.unlink()
    with pytest.raises(UsageError, match="cannot be opened"), open_contents(wheel):
        pass


def test_contents_must_be_open(wheel_builder: WheelBuilder) -> None:
    wheel = read_wheel(wheel_builder.build())
    with open_contents(wheel) as contents:
        pass
    with pytest.raises(ValueError, match="not open"):
        contents.read(wheel.entries[0])


# tags

FITTING = [
    ("py3-none-any", (3, 7, 0), False),
    ("py2.py3-none-any", (3, 15, 0), True),
    ("py311-none-any", (3, 11, 2), False),
    ("py36-none-any", (3, 11, 2), False),
    ("cp311-none-any", (3, 11, 2), False),
    ("cp311-cp311-linux_x86_64", (3, 11, 2), False),
    ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", (3, 11, 2), False),
    ("cp36-abi3-linux_x86_64", (3, 11, 2), False),
    ("cp311-abi3-linux_x86_64", (3, 11, 2), False),
    ("py3-none-linux_x86_64", (3, 11, 2), False),
    ("cp37-cp37m-linux_x86_64", (3, 7, 5), False),
    ("cp38-cp38-linux_x86_64", (3, 8, 0), False),
    ("cp313-cp313t-linux_x86_64", (3, 13, 1), True),
    ("cp313-none-linux_x86_64", (3, 13, 1), True),
]

UNFITTING = [
    ("py2-none-any", (3, 11, 2), False),
    ("py312-none-any", (3, 11, 2), False),
    ("cp312-cp312-linux_x86_64", (3, 11, 2), False),
    ("cp312-abi3-linux_x86_64", (3, 11, 2), False),
    ("cp311-cp311-linux_aarch64", (3, 11, 2), False),
    ("cp311-cp311-musllinux_1_2_x86_64", (3, 11, 2), False),
    ("cp311-cp311-win_amd64", (3, 11, 2), False),
    ("pp311-none-any", (3, 11, 2), False),
    ("cp37-cp37-linux_x86_64", (3, 7, 5), False),
    ("cp313-cp313-linux_x86_64", (3, 13, 1), True),
    ("cp313-cp313t-linux_x86_64", (3, 13, 1), False),
    ("cp36-abi3-linux_x86_64", (3, 13, 1), True),
    ("cp313-abi3-linux_x86_64", (3, 13, 1), True),
]


@pytest.mark.parametrize(("tags", "version", "free_threaded"), FITTING)
def test_tags_that_fit(
    wheel_builder: WheelBuilder, tags: str, version: tuple[int, int, int], free_threaded: bool
) -> None:
    check_tags(tagged(wheel_builder, tags), interpreter(version, free_threaded=free_threaded))


@pytest.mark.parametrize(("tags", "version", "free_threaded"), UNFITTING)
def test_tags_that_do_not_fit(
    wheel_builder: WheelBuilder, tags: str, version: tuple[int, int, int], free_threaded: bool
) -> None:
    with pytest.raises(WheelRefused) as caught:
        check_tags(tagged(wheel_builder, tags), interpreter(version, free_threaded=free_threaded))
    line = str(caught.value)
    assert line.endswith("(build the wheel for this Python) [unfitting-tags]")
    assert tags.split(".", maxsplit=1)[0] in line
    assert f"python3, Python {version[0]}.{version[1]}" in line
    assert ("free-threaded" in line) is free_threaded


@pytest.mark.parametrize("version", [(3, 7, 5), (3, 8, 0), (3, 11, 2), (3, 13, 1)], ids=str)
@pytest.mark.parametrize("implementation", ["cpython", "pypy"])
@pytest.mark.parametrize("free_threaded", [False, True])
def test_tags_that_are_known_without_packaging_are_of_those_that_packaging_knows(
    version: tuple[int, int, int], implementation: str, free_threaded: bool
) -> None:
    python = replace(interpreter(version, free_threaded=free_threaded), implementation=implementation)
    assert reader._plain_tags(python) <= {str(tag) for tag in reader._supported(python)}


def test_platforms_are_never_those_we_run_on(wheel_builder: WheelBuilder) -> None:
    wheel = tagged(wheel_builder, "cp311-cp311-linux_x86_64")
    with pytest.raises(WheelRefused):
        check_tags(wheel, replace(interpreter(), platforms=()))
    check_tags(tagged(wheel_builder, "py3-none-any"), replace(interpreter(), platforms=()))


def test_other_implementations_load_pure_wheels_only(wheel_builder: WheelBuilder) -> None:
    other = replace(interpreter(), implementation="pypy")
    check_tags(tagged(wheel_builder, "py3-none-any"), other)
    with pytest.raises(WheelRefused):
        check_tags(tagged(wheel_builder, "cp311-cp311-linux_x86_64"), other)

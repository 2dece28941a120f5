"""What an install would write: places, bytes, modes, dates, and what it refuses."""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import Path
from typing import Any

import pytest

from tests.faults.support import interpreter
from tests.wheelbuilder import FILE, WheelBuilder, metadata_text
from truewheel.errors import ConflictRefused, WheelRefused
from truewheel.model import (
    BytecodePolicy,
    ErrorPolicy,
    Found,
    InstallPlan,
    Interpreter,
    InvalidationMode,
    Kind,
    PlannedFile,
    RewrittenEntry,
    WheelEntry,
)
from truewheel.paths import script_shebang
from truewheel.plan import InstallInputs, plan_install, planned_paths, refuse_conflicts
from truewheel.schemes import load_scheme
from truewheel.wheel.kept import Kept
from truewheel.wheel.reader import read_wheel
from truewheel.wheel.scripts import read_scripts

DATE = 1714979290  # 2024-05-06 07:08:10 UTC, the builder's
EXECUTABLE = FILE | 0o111


def plan(
    *paths: Path,
    scheme: str = "generic",
    pythons: tuple[Interpreter, ...] = (interpreter(),),
    epoch: int | None = None,
    prefix: str = "/usr",
    levels: tuple[int, ...] = (0, 1),
    overwrite: bool = False,
) -> InstallPlan:
    wheels = tuple(read_wheel(path) for path in paths)
    policy = BytecodePolicy(InvalidationMode.CHECKED_HASH, levels, True, ErrorPolicy.WARN)
    loaded = load_scheme(scheme)
    lines = [script_shebang(loaded, each, prefix) for each in pythons]
    scripts = read_scripts(wheels, Kept(0), loaded.every_shebang, lambda: lines)
    return plan_install(
        InstallInputs(wheels, pythons, loaded, prefix, policy, epoch, scripts, overwrite=overwrite)
    )


def by_path(planned: InstallPlan) -> dict[str, PlannedFile]:
    return {file.final: file for file in planned.files}


def text(file: PlannedFile) -> bytes:
    assert isinstance(file.source, bytes)
    assert file.size == len(file.source)
    assert file.sha256 == hashlib.sha256(file.source).hexdigest()
    return file.source


def rich(builder: WheelBuilder, **more: Any) -> Path:
    return builder.build(
        files={"demo/__init__.py": "", "demo/data.txt": "x", "demo/_c.so": "elf"},
        data={
            "scripts/tool": "#!/bin/sh\n",
            "data/share/demo/d": "d",
            "headers/demo.h": "h",
            "purelib/pure.py": "",
            "platlib/plat.py": "",
        },
        entry_points={"demo": "demo:main"},
        **more,
    )


PURE, PLAT = "/usr/lib/python3.12/site-packages", "/usr/lib64/python3.12/site-packages"
DIST = "/usr/lib/python3/dist-packages"


@pytest.mark.parametrize(
    ("scheme", "pure", "plat"),
    [("generic", PURE, PLAT), ("fedora", PURE, PLAT), ("opensuse", PURE, PLAT), ("debian", DIST, DIST)],
)
def test_every_category_goes_to_its_directory(
    wheel_builder: WheelBuilder, scheme: str, pure: str, plat: str
) -> None:
    kinds = {file.final: file.kind for file in plan(rich(wheel_builder), scheme=scheme).files}
    wanted = {
        f"{pure}/demo/__init__.py": Kind.SOURCE,
        f"{pure}/demo/data.txt": Kind.MODULE_DATA,
        f"{pure}/demo/_c.so": Kind.EXTENSION,
        f"{pure}/pure.py": Kind.SOURCE,
        f"{plat}/plat.py": Kind.SOURCE,
        "/usr/bin/tool": Kind.SCRIPT,
        "/usr/bin/demo": Kind.SCRIPT,
        "/usr/share/demo/d": Kind.DATA,
        f"{pure}/demo-1.0.dist-info/METADATA": Kind.METADATA,
    }
    assert wanted.items() <= kinds.items()
    (header,) = (final for final, kind in kinds.items() if kind is Kind.HEADER)
    assert header.endswith("/demo/demo.h")
    assert header.startswith("/usr/include/")


def test_a_wheel_with_extensions_goes_to_platlib(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(root_is_purelib=False)
    files = by_path(plan(wheel))
    assert f"{PLAT}/demo/__init__.py" in files
    assert f"{PLAT}/demo-1.0.dist-info/INSTALLER" in files
    assert plan(wheel).records[0].base == PLAT


@pytest.mark.parametrize(
    ("scheme", "added", "record"),
    [
        ("generic", {"INSTALLER": b"truewheel\n"}, True),
        ("fedora", {"INSTALLER": b"rpm\n"}, False),
        ("debian", {}, True),
        ("opensuse", {"INSTALLER": b"pip\n", "REQUESTED": b""}, True),
    ],
)
def test_a_scheme_says_what_is_added(
    wheel_builder: WheelBuilder, scheme: str, added: dict[str, bytes], record: bool
) -> None:
    planned = plan(wheel_builder.build(), scheme=scheme)
    base = (DIST if scheme == "debian" else PURE) + "/demo-1.0.dist-info/"
    files = {final.removeprefix(base): file for final, file in by_path(planned).items() if base in final}
    assert set(files) == {"METADATA", "WHEEL", *added}
    assert {name: text(files[name]) for name in added} == added
    assert bool(planned.records) is record


def test_dates_are_the_archives_and_generated_ones_the_newest(wheel_builder: WheelBuilder) -> None:
    dates = {"demo/__init__.py": (2020, 1, 1, 0, 0, 0)}
    planned = plan(rich(wheel_builder, dates=dates))
    files = by_path(planned)
    assert files[f"{PURE}/demo/__init__.py"].mtime == 1577836800
    assert files["/usr/bin/demo"].mtime == files[f"{PURE}/demo-1.0.dist-info/INSTALLER"].mtime == DATE
    assert planned.records[0].mtime == DATE


def test_the_epoch_lowers_dates_and_never_raises_them(wheel_builder: WheelBuilder) -> None:
    dates = {"demo/__init__.py": (2020, 1, 1, 0, 0, 0)}
    planned = plan(rich(wheel_builder, dates=dates), epoch=1600000000)
    mtimes = {final: file.mtime for final, file in by_path(planned).items()}
    assert mtimes.pop(f"{PURE}/demo/__init__.py") == 1577836800
    assert set(mtimes.values()) == {1600000000}
    assert planned.records[0].mtime == 1600000000
    job = next(job for job in planned.jobs if job.source.endswith("demo/__init__.py"))
    assert job.mtime == 1577836800


@pytest.mark.parametrize(
    ("epoch", "date", "mtime"),
    [
        (1600000000, (1980, 1, 1, 0, 0, 0), 1600000000),
        (1600000000, (1980, 0, 0, 0, 0, 0), 1600000000),
        (1600000000, (1980, 1, 1, 0, 0, 2), 315532802),
        (0, (1980, 1, 1, 0, 0, 0), 0),
        (None, (1980, 1, 1, 0, 0, 0), 315532800),
    ],
)
def test_an_entry_without_a_date_has_that_of_the_epoch(
    wheel_builder: WheelBuilder, epoch: int | None, date: tuple[int, int, int, int, int, int], mtime: int
) -> None:
    planned = plan(wheel_builder.build(files={"a.py": "", "b.txt": ""}, date=date), epoch=epoch)
    assert {file.mtime for file in planned.files} == {mtime}


def test_modes_are_the_schemes_by_the_archives_x_bit(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(
        files={"demo/__init__.py": "", "demo/run.py": "", "demo/odd.py": ""},
        data={"scripts/tool": "x"},
        modes={"demo/run.py": EXECUTABLE, "demo/odd.py": FILE & ~0o777 | 0o4600},
    )
    modes = {posixpath.basename(file.final): file.mode for file in plan(wheel).files}
    assert modes["run.py"] == modes["tool"] == 0o755
    assert modes["odd.py"] == modes["__init__.py"] == modes["METADATA"] == 0o644


SHEBANG = b"#!/usr/bin/python3"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"#!python\nx\n", SHEBANG + b"\nx\n"),
        (b"#!pythonw\nx\n", SHEBANG + b"\nx\n"),
        (b"#!python -E\nx\n", SHEBANG + b"\nx\n"),
        (b"#!python\r\nx\r\n", SHEBANG + b"\nx\r\n"),
        (b"#!python", SHEBANG),
        (b"#!python\n#!python\n", SHEBANG + b"\n#!python\n"),
    ],
)
def test_scripts_for_python_get_the_targets_first_line(
    wheel_builder: WheelBuilder, body: bytes, wanted: bytes
) -> None:
    file = by_path(plan(wheel_builder.build(data={"scripts/tool": body})))["/usr/bin/tool"]
    assert isinstance(file.source, RewrittenEntry)
    assert file.source.line + body[file.source.skipped :] == wanted
    assert (file.size, file.sha256) == (len(wanted), hashlib.sha256(wanted).hexdigest())


@pytest.mark.parametrize(
    "body", [b"#!python3\n", b"#!/usr/bin/python\n", b"#! python\n", b"x\n#!python\n", b""]
)
def test_other_scripts_stay_as_they_are(wheel_builder: WheelBuilder, body: bytes) -> None:
    files = by_path(plan(wheel_builder.build(data={"scripts/tool": body})))
    assert isinstance(files["/usr/bin/tool"].source, WheelEntry)


def test_a_module_that_begins_like_a_script_stays_as_it_is(wheel_builder: WheelBuilder) -> None:
    files = by_path(plan(wheel_builder.build(files={"demo/__init__.py": "#!python\n"})))
    assert isinstance(files[f"{PURE}/demo/__init__.py"].source, WheelEntry)


def test_entry_points_become_scripts(wheel_builder: WheelBuilder) -> None:
    script = by_path(plan(rich(wheel_builder), scheme="fedora"))["/usr/bin/demo"]
    lines = text(script).splitlines()
    assert lines[0] == b"#! /usr/bin/python3 -sP"
    assert b"from demo import main" in lines
    assert script.mode == 0o755


def test_what_an_installer_writes_is_not_taken_from_the_wheel(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(
        files={"demo/__init__.py": "", "demo/__pycache__/a.cpython-312.pyc": "stale"},
        dist_info={"INSTALLER": "pip\n", "REQUESTED": "", "direct_url.json": "{}"},
    )
    planned = plan(wheel)
    assert {dropped.entry for dropped in planned.dropped} == {
        "demo/__pycache__/a.cpython-312.pyc",
        "demo-1.0.dist-info/INSTALLER",
        "demo-1.0.dist-info/REQUESTED",
        "demo-1.0.dist-info/direct_url.json",
    }
    assert text(by_path(planned)[f"{PURE}/demo-1.0.dist-info/INSTALLER"]) == b"truewheel\n"
    assert not any(final.endswith(("REQUESTED", "direct_url.json")) for final in planned_paths(planned))
    assert not any("a.cpython" in final for final in planned_paths(planned))


def test_files_of_like_names_elsewhere_are_kept(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(files={"demo/__init__.py": "", "demo/RECORD": "x", "demo/INSTALLER": "x"})
    assert {f"{PURE}/demo/RECORD", f"{PURE}/demo/INSTALLER"} <= set(by_path(plan(wheel)))


def test_sources_are_compiled_at_every_level_and_other_files_are_not(wheel_builder: WheelBuilder) -> None:
    planned = plan(rich(wheel_builder), levels=(0, 2))
    sources = {f"{PURE}/demo/__init__.py", f"{PURE}/pure.py", f"{PLAT}/plat.py"}
    assert {job.source for job in planned.jobs} == sources
    assert all([target.level for target in job.targets] == [0, 2] for job in planned.jobs)


def test_without_levels_there_are_no_jobs(wheel_builder: WheelBuilder) -> None:
    assert plan(rich(wheel_builder), levels=()).jobs == ()


def test_flavors_have_directories_of_their_own_and_scripts_of_the_last(wheel_builder: WheelBuilder) -> None:
    planned = plan(rich(wheel_builder), scheme="opensuse", pythons=(interpreter(11), interpreter(12)))
    finals = set(planned_paths(planned))
    for minor in (11, 12):
        base = f"/usr/lib/python3.{minor}/site-packages"
        assert f"{base}/demo/__pycache__/__init__.cpython-3{minor}.pyc" in finals
        assert f"{base}/demo-1.0.dist-info/RECORD" in finals
    assert text(by_path(planned)["/usr/bin/demo"]).startswith(b"#!/usr/bin/python3.12\n")
    assert len(planned.records) == 2
    for record in planned.records:
        others = "3.12" if "3.11" in record.base else "3.11"
        assert not any(f"python{others}/site-packages" in member for member in record.members)


def test_flavors_share_dist_packages_with_pycs_of_each(wheel_builder: WheelBuilder) -> None:
    planned = plan(rich(wheel_builder), scheme="debian", pythons=(interpreter(11), interpreter(12)))
    (record,) = planned.records
    pycs = {f"{DIST}/demo/__pycache__/__init__.cpython-3{minor}.pyc" for minor in (11, 12)}
    assert pycs <= set(record.members)
    assert pycs <= set(planned_paths(planned))
    assert len({file.final for file in planned.files}) == len(planned.files)


def test_the_plan_does_not_depend_on_the_order_of_entries(wheel_builder: WheelBuilder) -> None:
    planned = plan(rich(wheel_builder))
    turned = plan(rich(wheel_builder, members=lambda members: members[::-1]))
    assert planned_paths(planned) == planned_paths(turned)
    assert planned.records == turned.records


def test_two_wheels_may_share_equal_files(wheel_builder: WheelBuilder) -> None:
    one = wheel_builder.build("one", files={"ns/__init__.py": "same", "ns/one.py": ""})
    two = wheel_builder.build("two", files={"ns/__init__.py": "same", "ns/two.py": ""})
    planned = plan(one, two)
    shared = f"{PURE}/ns/__init__.py"
    assert [file.final for file in planned.files].count(shared) == 1
    assert all(shared in record.members for record in planned.records)


def test_two_wheels_with_different_content_for_a_path_are_refused(wheel_builder: WheelBuilder) -> None:
    one = wheel_builder.build("one", files={"ns/__init__.py": "1"})
    two = wheel_builder.build("two", files={"ns/__init__.py": "2"})
    with pytest.raises(ConflictRefused, match=r"ns/__init__\.py: .*one-1\.0.*two-1\.0"):
        plan(one, two)


def test_two_wheels_with_one_script_name_are_refused(wheel_builder: WheelBuilder) -> None:
    one = wheel_builder.build("one", entry_points={"tool": "one:main"})
    two = wheel_builder.build("two", entry_points={"tool": "two:main"})
    with pytest.raises(ConflictRefused, match=r"^/usr/bin/tool: "):
        plan(one, two)


def test_two_wheels_of_one_project_are_refused(wheel_builder: WheelBuilder) -> None:
    one = wheel_builder.build("demo", "1.0", files={"one.py": ""})
    two = wheel_builder.build("demo", "2.0", files={"two.py": ""})
    with pytest.raises(ConflictRefused, match="demo"):
        plan(one, two)


def test_two_spellings_of_one_project_are_refused(wheel_builder: WheelBuilder) -> None:
    one = wheel_builder.build("my_demo", "1.0", files={"one.py": ""})
    two = wheel_builder.build("My.Demo", "2.0", files={"two.py": ""}, filename="my_demo-2.0-py3-none-any.whl")
    with pytest.raises(ConflictRefused, match=r"(?i)my.demo"):
        plan(one, two)


def test_a_file_where_another_wheel_has_a_directory_is_refused(wheel_builder: WheelBuilder) -> None:
    one = wheel_builder.build("one", files={"ns": "a file"})
    two = wheel_builder.build("two", files={"ns/module.py": ""})
    with pytest.raises(ConflictRefused, match="as a file and as a directory"):
        plan(one, two)


def test_a_file_where_the_bytecode_goes_is_refused(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(files={"demo/__init__.py": "", "demo/__pycache__": "a file"})
    with pytest.raises(ConflictRefused, match="__pycache__"):
        plan(wheel)


SITE = "data/lib/python3.12/site-packages"


@pytest.mark.parametrize("scheme", ["generic", "fedora"])
def test_a_record_by_another_way_is_refused(wheel_builder: WheelBuilder, scheme: str) -> None:
    wheel = wheel_builder.build(data={f"{SITE}/demo-1.0.dist-info/RECORD": "forged"})
    with pytest.raises(ConflictRefused, match="RECORD"):
        plan(wheel, scheme=scheme)


def test_a_wheel_with_two_contents_for_one_path_is_refused(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(data={"data/bin/demo": "data"}, entry_points={"demo": "demo:main"})
    with pytest.raises(ConflictRefused, match=r"^/usr/bin/demo: "):
        plan(wheel)


def test_a_wheel_with_two_scripts_for_one_path_is_refused(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(data={"data/bin/demo": "one", "scripts/demo": "two"})
    with pytest.raises(ConflictRefused, match=r"^/usr/bin/demo: "):
        plan(wheel)


def test_a_wheel_with_two_modules_for_one_path_is_refused(wheel_builder: WheelBuilder) -> None:
    wheel = wheel_builder.build(files={"demo/a.py": "1"}, data={f"{SITE}/demo/a.py": "2"})
    with pytest.raises(ConflictRefused, match=r"demo/a\.py"):
        plan(wheel)


def found(final: str, sha256: str = "0" * 64, regular: bool = True) -> dict[str, Found]:
    return {final: Found(final, regular, 0o644, 0, 1, sha256, (0, 0))}


def test_a_root_with_other_content_is_refused_without_overwrite(wheel_builder: WheelBuilder) -> None:
    planned = plan(wheel_builder.build())
    there = found(f"{PURE}/demo/__init__.py")
    with pytest.raises(ConflictRefused, match="--overwrite"):
        refuse_conflicts(planned, there, overwrite=False)
    refuse_conflicts(planned, there, overwrite=True)


def test_the_number_of_differing_files_is_said(wheel_builder: WheelBuilder) -> None:
    planned = plan(wheel_builder.build(files={"a.py": "", "b.py": "", "c.py": ""}))
    there = found(f"{PURE}/a.py") | found(f"{PURE}/b.py") | found(f"{PURE}/c.py")
    with pytest.raises(ConflictRefused, match=r"a\.py.*\(and 2 more\)"):
        refuse_conflicts(planned, there, overwrite=False)


def test_equal_content_bytecode_and_records_are_ours_to_replace(wheel_builder: WheelBuilder) -> None:
    planned = plan(wheel_builder.build())
    equal = {file.final: found(file.final, file.sha256)[file.final] for file in planned.files}
    derived = [target.final for job in planned.jobs for target in job.targets]
    derived += [record.final for record in planned.records]
    for final in derived:
        equal |= found(final)
    refuse_conflicts(planned, equal, overwrite=False)


@pytest.mark.parametrize("which", ["file", "pyc", "record"])
def test_what_is_no_regular_file_is_never_replaced(wheel_builder: WheelBuilder, which: str) -> None:
    planned = plan(wheel_builder.build())
    finals = {
        "file": planned.files[0].final,
        "pyc": planned.jobs[0].targets[0].final,
        "record": planned.records[0].final,
    }
    with pytest.raises(ConflictRefused, match="not a regular file"):
        refuse_conflicts(planned, found(finals[which], "", regular=False), overwrite=True)


def test_where_pip_is_stood_in_for_its_scripts_are_named_after_the_python(
    wheel_builder: WheelBuilder,
) -> None:
    points = {"pip": "pip:main", "pip3": "pip:main", "pip3.9": "pip:main", "pipx": "pip:main"}
    wheel = wheel_builder.build("pip", files={"pip.py": ""}, entry_points=points)

    def scripts(scheme: str) -> list[str]:
        planned = by_path(plan(wheel, scheme=scheme)).values()
        return sorted(posixpath.basename(file.final) for file in planned if file.kind is Kind.SCRIPT)

    assert scripts("opensuse") == ["pip", "pip3", f"pip{interpreter().short_version}", "pipx"]
    assert scripts("debian") == ["pip", "pip3", "pip3.9", "pipx"]


# names and programs


@pytest.mark.parametrize(
    ("scheme", "directory"),
    [
        ("generic", "demo_name"),
        ("fedora", "demo_name"),
        ("opensuse", "demo_name"),
        ("debian", "Demo.Name"),
    ],
)
def test_headers_go_to_a_directory_as_the_tools_of_the_distribution_name_it(
    wheel_builder: WheelBuilder, scheme: str, directory: str
) -> None:
    """Tools that install by name==version spell it as the file name, pybuild as METADATA."""
    wheel = wheel_builder.build(
        "demo_name", metadata=metadata_text("Demo.Name", "1.0"), data={"headers/demo.h": "h"}
    )
    (header,) = (file.final for file in plan(wheel, scheme=scheme).files if file.kind is Kind.HEADER)
    assert header == f"/usr/include/python3.12/{directory}/demo.h"


@pytest.mark.parametrize("name", ["python", "python3", "python3.12", "python3.12t", "env", "sh"])
@pytest.mark.parametrize("by", ["entry_points", "data"])
def test_no_script_takes_the_place_of_a_program_that_scripts_start_with(
    wheel_builder: WheelBuilder, name: str, by: str
) -> None:
    changes: dict[str, Any] = {
        "entry_points": {"entry_points": {name: "demo:main"}},
        "data": {"data": {f"scripts/{name}": "#!/bin/sh\n"}},
    }
    with pytest.raises(WheelRefused, match=rf"takes the place of /usr/bin/{name}, .*\[program-of-target\]"):
        plan(wheel_builder.build(**changes[by]))


def test_data_takes_no_place_of_the_target_python_either(wheel_builder: WheelBuilder) -> None:
    with pytest.raises(WheelRefused, match="program-of-target"):
        plan(wheel_builder.build(data={"data/bin/python3": "x"}))


def test_a_program_of_another_directory_or_python_is_no_program_of_the_target(
    wheel_builder: WheelBuilder,
) -> None:
    points = {"python-demo": "demo:main", "python3.99": "demo:main", "environ": "demo:main"}
    files = by_path(plan(wheel_builder.build(data={"data/share/env": "x"}, entry_points=points)))
    assert {"/usr/bin/python3.99", "/usr/share/env"} <= files.keys()


def shared_wheels(builder: WheelBuilder) -> tuple[Path, Path]:
    return (
        builder.build("one", files={"ns/__init__.py": "one = 1\n", "ns/one.py": ""}),
        builder.build("two", files={"ns/__init__.py": "two = 2\n", "ns/two.py": ""}),
    )


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("pythons", [(12,), (11, 12)])
def test_the_wheel_named_last_has_a_shared_path_and_a_warning_says_so(
    wheel_builder: WheelBuilder, last: int, pythons: tuple[int, ...]
) -> None:
    pair = shared_wheels(wheel_builder)
    targets = tuple(interpreter(python) for python in pythons)
    planned = plan(pair[1 - last], pair[last], scheme="debian", pythons=targets, overwrite=True)
    assert by_path(planned)[f"{DIST}/ns/__init__.py"].wheel == pair[last].name
    (warned,) = planned.warnings
    assert (warned.wheel, warned.entry) == (pair[1 - last].name, f"{DIST}/ns/__init__.py")
    assert warned.message == f"gives way to that of {pair[last].name}"
    assert [f"{DIST}/ns/__init__.py" in record.members for record in planned.records] == [True, True]


def test_a_plan_lists_wheels_by_name_in_any_order(wheel_builder: WheelBuilder) -> None:
    one, two = wheel_builder.build("one"), wheel_builder.build("two")
    assert plan(one, two) == plan(two, one)


def needing(builder: WheelBuilder, specifiers: str) -> Path:
    return builder.build(metadata=metadata_text("demo", "1.0") + f"Requires-Python: {specifiers}\n")


@pytest.mark.parametrize(
    "specifiers", [">=3.12", ">=3.12.1", ">=2.7, !=3.0.*", "~=3.12", "==3.12.*", "<4", ""]
)
def test_a_python_that_requires_python_admits_is_planned_for(
    wheel_builder: WheelBuilder, specifiers: str
) -> None:
    assert plan(needing(wheel_builder, specifiers)).warnings == ()


@pytest.mark.parametrize(
    "specifiers", [">=3.13", "<3.12", "!=3.12.*", ">=3.12.2", "==2.7.*", ">3.12,<3.12.1"]
)
def test_a_python_that_requires_python_does_not_admit_is_refused(
    wheel_builder: WheelBuilder, specifiers: str
) -> None:
    with pytest.raises(WheelRefused, match="does not admit python3") as caught:
        plan(needing(wheel_builder, specifiers))
    assert caught.value.rule == "requires-python"
    assert caught.value.exit_code == 1


def test_each_python_is_held_against_requires_python(wheel_builder: WheelBuilder) -> None:
    with pytest.raises(WheelRefused, match=r"python3\.11"):
        plan(needing(wheel_builder, ">=3.12"), pythons=(interpreter(13), interpreter(11)))


def test_a_prerelease_counts_as_the_release_that_it_becomes(wheel_builder: WheelBuilder) -> None:
    alpha = interpreter(15, version=(3, 15, 0), version_text="3.15.0a3")
    assert plan(needing(wheel_builder, ">=3.15"), pythons=(alpha,)).warnings == ()


@pytest.mark.parametrize("specifiers", [">=3.", "3.8+", ">=" + "9" * 5000, "=> 3"])
def test_an_invalid_requires_python_passes_with_a_warning(
    wheel_builder: WheelBuilder, specifiers: str
) -> None:
    (warned,) = plan(needing(wheel_builder, specifiers), pythons=(interpreter(), interpreter(11))).warnings
    assert warned.rule == "requires-python"
    assert "is invalid" in warned.message

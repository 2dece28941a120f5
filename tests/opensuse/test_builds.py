"""Specs built by rpmbuild for two and three flavors, through the macros that the generator prints."""

from __future__ import annotations

import difflib
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.opensuse.suseroot import FLAVORS, SuseRoot
from tests.rpm.building import HERE, THERE, Build, Surroundings, build, tags, within
from tests.support import inside

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_HERE = Path(__file__).parent
_VERSIONS = [f"3.{flavor.removeprefix('python3')}" for flavor in FLAVORS]
_MODULES = ("__init__", "a/__init__", "asserts", "b/__init__", "cli", "edited")
_IMPORT = "import pure.a, pure.b, pure.asserts, pure.cli, pure.edited; assert pure.edited.sys"


def built(root: SuseRoot, name: str, *defines: str, around: Surroundings = HERE) -> Build:
    spec = _HERE / f"specs/{name}.spec"
    place = f"_specfile {around.topdir}/{name}/{name}.spec"
    done = build(root, spec, [], around, place, *defines)
    assert done.status == 0, done.log[-5000:]
    assert len(done.packages) == 1
    return done


@pytest.fixture(scope="module")
def pure(suse: SuseRoot) -> tuple[Build, Build]:
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(built, suse, "pure", around=around) for around in (HERE, THERE)]
        return runs[0].result(), runs[1].result()


def digests(root: SuseRoot, done: Build) -> dict[str, str]:
    form = "[%{FILEDIGESTS} %{FILENAMES}\\n]"
    lines = root.run("rpm", "-qp", "--qf", form, within(root, done.packages[0])).splitlines()
    return {path: digest for digest, path in (line.split(" ", 1) for line in lines)}


def pyc_faults(root: SuseRoot, done: Build, version: str) -> list[object]:
    """What is wrong with the bytecode of one flavor of a package."""
    directory = root.directory / "facts"
    shutil.rmtree(directory, ignore_errors=True)
    root.run("rpm", "-i", "--root", "/facts", "--nodeps", within(root, done.packages[0]))
    for each in (directory / "usr/lib").glob("python3.*"):
        if each.name != f"python{version}":
            shutil.rmtree(each)
    shutil.copy(_HERE.parent / "targets/pyc_facts.py", directory.parent / "pyc_facts.py")
    request = {"root": "/facts", "target": "/opt/truewheel/src/truewheel", "levels": [0, 1], "deep": True}
    (directory.parent / "request.json").write_text(json.dumps({**request, "share": [0, 1]}))
    shutil.rmtree(directory / "var", ignore_errors=True)
    said = root.run(f"/usr/bin/python{version}", "-s", "-S", "-B", "/pyc_facts.py", "/request.json")
    facts = json.loads(said.splitlines()[-1])
    assert facts["sources"]
    return list(facts["violations"])


def test_the_surroundings_decide_nothing(suse: SuseRoot, pure: tuple[Build, Build]) -> None:
    one, other = (tags(suse, done.packages[0]).splitlines() for done in pure)
    assert [*difflib.unified_diff(one, other, lineterm="", n=0)] == []


def test_what_is_in_the_package(suse: SuseRoot, pure: tuple[Build, Build]) -> None:
    wanted = {"/usr/bin/pure", "/usr/bin/tool"}
    for version in _VERSIONS:
        site = f"/usr/lib/python{version}/site-packages"
        files = ("INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL", "entry_points.txt")
        wanted |= {f"{site}/pure-1.dist-info/{name}" for name in files} | {f"{site}/pure/template.py"}
        for module in _MODULES:
            directory, _, name = f"{site}/pure/{module}".rpartition("/")
            pyc = f"{directory}/__pycache__/{name}.cpython-{version.replace('.', '')}"
            wanted |= {f"{directory}/{name}.py", f"{pyc}.pyc", f"{pyc}.opt-1.pyc"}
    form = "[%{FILEMODES:perms} %{FILENAMES}\\n]"
    lines = suse.run("rpm", "-qp", "--qf", form, within(suse, pure[0].packages[0])).splitlines()
    modes = {path: mode for mode, path in (line.split(" ", 1) for line in lines) if not mode.startswith("d")}
    assert set(modes) == wanted
    executable = {path for path, mode in modes.items() if mode == "-rwxr-xr-x"}
    assert executable == {"/usr/bin/pure", "/usr/bin/tool"}
    assert set(modes.values()) == {"-rwxr-xr-x", "-rw-r--r--"}


def test_the_last_pass_says_what_it_put_right(pure: tuple[Build, Build]) -> None:
    for version in _VERSIONS:
        (line,) = re.findall(rf"^/usr/bin/python{re.escape(version)}: (.*)$", pure[0].log, re.MULTILINE)
        # edited.py, asserts.py, cli.py, a/__init__.py at level 1; removed.py's two, the foreign one
        assert re.match(r"\d+ pycs made anew, 3 strays removed, 1 RECORDs corrected: ", line), line
    warnings = [line for line in pure[0].log.splitlines() if line.startswith("truewheel: warning:")]
    assert warnings
    assert all("pure/template.py: no bytecode" in line for line in warnings)


@pytest.mark.parametrize("version", _VERSIONS)
def test_all_bytecode_is_right(suse: SuseRoot, pure: tuple[Build, Build], version: str) -> None:
    assert pyc_faults(suse, pure[0], version) == []


def test_without_a_source_date_epoch_too(suse: SuseRoot) -> None:
    elsewhere = Surroundings("/build/two")  # the other one's package is still wanted
    defines = ("source_date_epoch_from_changelog 0", "skip_python312 1")
    done = built(suse, "pure", *defines, around=elsewhere)
    assert not any("/python3.12/" in path for path in digests(suse, done))
    assert "/usr/bin/python3.12" not in done.log
    assert pyc_faults(suse, done, "3.13") == []


def test_a_project_of_one_flavor(suse: SuseRoot, pure: tuple[Build, Build]) -> None:
    alone = built(suse, "pure", "pythons python312", around=Surroundings("/build/alone"))
    digested = digests(suse, alone)
    versions = {path.split("/")[3] for path in digested if path.startswith("/usr/lib/")}
    assert versions == {"python3.12"}
    suse.run("rpm", "-i", "--nodeps", within(suse, alone.packages[0]))
    try:
        assert suse.run("head", "-n1", "/usr/bin/tool") == "#!/usr/bin/python3.12\n"
    finally:
        suse.run("rpm", "-e", "--nodeps", "pure")
    of_three = digests(suse, pure[0])
    modules = [path for path in digested if "/pure/" in path]
    assert {path: digested[path] for path in modules} == {path: of_three[path] for path in modules}


def test_scripts_are_those_of_the_last_flavor(suse: SuseRoot, pure: tuple[Build, Build]) -> None:
    suse.run("rpm", "-i", "--nodeps", within(suse, pure[0].packages[0]))
    try:
        for name in ("pure", "tool"):
            assert suse.run("head", "-n1", f"/usr/bin/{name}") == "#!/usr/bin/python3.13\n"
            assert suse.run(f"/usr/bin/{name}") == f"{name}\n"
    finally:
        suse.run("rpm", "-e", "--nodeps", "pure")


def test_nothing_changes_once_it_is_installed(suse: SuseRoot, pure: tuple[Build, Build]) -> None:
    suse.run("rpm", "-i", "--nodeps", within(suse, pure[0].packages[0]))
    try:
        for version in _VERSIONS:
            suse.run(f"/usr/bin/python{version}", "-c", _IMPORT)
        assert suse.run("rpm", "-V", "--nodeps", "pure") == ""
        suse.run("sh", "-c", "find /usr/lib/python3.*/site-packages/pure -name '*.py' -exec touch {} +")
        for version in _VERSIONS:
            suse.run(f"/usr/bin/python{version}", "-O", "-c", _IMPORT)
        assert suse.run("rpm", "-V", "--nodeps", "--nomtime", "pure") == ""
    finally:
        suse.run("rpm", "-e", "--nodeps", "pure")


def test_an_extension_has_a_wheel_for_each_flavor(suse: SuseRoot) -> None:
    done = built(suse, "extension")
    extensions = sorted(path.rpartition("/")[2] for path in digests(suse, done) if path.endswith(".so"))
    tags = sorted(f"cpython-{version.replace('.', '')}" for version in _VERSIONS)
    assert extensions == [f"fast.{tag}-x86_64-linux-gnu.so" for tag in tags]
    suse.run("rpm", "-i", "--nodeps", within(suse, done.packages[0]))
    try:
        for version in _VERSIONS:
            said = suse.run(f"/usr/bin/python{version}", "-c", "import ext; print(ext.answer())")
            assert said == "42\n"
        assert suse.run("rpm", "-V", "--nodeps", "extension") == ""
    finally:
        suse.run("rpm", "-e", "--nodeps", "extension")


def test_one_run_for_all_flavors_makes_the_same(suse: SuseRoot, tmp_path: Path) -> None:
    single = digests(suse, built(suse, "single"))
    text = (_HERE / "specs/single.spec").read_text()
    spec = tmp_path / "single.spec"
    spec.write_text(text.replace("%truewheel_install_flavors", "%pyproject_install"))
    place = f"_specfile {HERE.topdir}/single/single.spec"
    looped = digests(suse, build(suse, spec, [], HERE, place))
    # a script of an earlier flavor is in its RECORD as it was then
    assert [path for path in single if not path.endswith("/RECORD") and single[path] != looped[path]] == []
    assert set(single) == set(looped)


@pytest.mark.parametrize(
    ("defines", "lines"),
    [
        ((), 1),
        (("switch %truewheel_last_pass 0",), 0),
    ],
)
def test_a_module_alone_gets_no_bytecode(suse: SuseRoot, defines: tuple[str, ...], lines: int) -> None:
    """rpm would end with files that nobody packaged."""
    done = built(suse, "library", *defines, around=Surroundings("/build/library"))
    assert not [path for path in digests(suse, done) if "/demo.cpython" in path]
    assert done.log.count("/usr/bin/python3.12: 2 pycs made anew") == lines


def test_a_project_switches_the_last_pass_off(suse: SuseRoot) -> None:
    settings = suse.directory / "root/.rpmmacros"
    settings.write_text("%_truewheel_last_pass 0\n")
    try:
        done = built(suse, "library", around=Surroundings("/build/library"))
    finally:
        settings.unlink()
    assert "pycs made anew" not in done.log


def test_without_its_python_a_flavor_is_one_line(suse: SuseRoot, tmp_path: Path) -> None:
    suse.put_ours((*FLAVORS, "python314"))
    elsewhere = Surroundings("/build/missing")
    done = build(suse, _HERE / "specs/pure.spec", [], elsewhere, "pythons python313 python314")
    suse.put_ours()
    errors = [line for line in done.log.splitlines() if line.startswith("truewheel: error:")]
    assert done.status == 1
    assert errors == [
        "truewheel: error: /usr/bin/python3.14: is not there "
        "(BuildRequires: python314-base, or %define skip_python314 1)"
    ]
    assert "Traceback" not in done.log


def edited(root: SuseRoot, directory: Path, name: str, old: str, new: str, *defines: str) -> Build:
    """Build one of the specs with other words in it."""
    spec = directory / f"{name}.spec"
    spec.write_text((_HERE / f"specs/{name}.spec").read_text().replace(old, new))
    around = Surroundings("/build/edited")
    return build(root, spec, [], around, f"_specfile {around.topdir}/{name}/{name}.spec", *defines)


def test_a_wheel_of_another_flavor_is_one_line(suse: SuseRoot, tmp_path: Path) -> None:
    install = "%pyproject_install --prefix /usr ./build/*.whl"
    other = "%python313_pyproject_install ./*build.python312/*.whl"
    done = edited(suse, tmp_path, "extension", install, other, "skip_python310 1")
    assert done.status == 1
    assert done.errors() == [
        "truewheel: error: extension-1-cp312-cp312-linux_x86_64.whl: its tags cp312-cp312-linux_x86_64 "
        "do not fit /usr/bin/python3.13, Python 3.13 (build the wheel for this Python) [unfitting-tags]"
    ]


def test_a_flavor_that_is_left_out_is_one_line(suse: SuseRoot, tmp_path: Path) -> None:
    call = "%python312_pyproject_install ./dist/*.whl"
    done = edited(suse, tmp_path, "single", "%truewheel_install_flavors", call, "skip_python312 1")
    assert [line for line in done.log.splitlines() if line.startswith("truewheel: ")] == [
        "truewheel: warning: python312: its macro is called, but skip_python312 leaves it out"
    ]


def test_no_flavor_at_all_is_one_line(suse: SuseRoot, tmp_path: Path) -> None:
    skipped = [f"skip_{flavor} 1" for flavor in FLAVORS]
    done = edited(suse, tmp_path, "single", "", "", *skipped)
    assert done.status == 1
    assert done.errors() == [
        "truewheel: error: no flavor is left (%pythons is empty: skip_pythonXY leaves out every flavor)"
    ]


def test_macros_of_a_project_configuration_are_the_same(suse: SuseRoot) -> None:
    shown = [inside(suse.directory, ["rpm", "--eval", "%{python312_pyproject_wheel -C a=b .}"]).stdout]
    rpm = suse.directory / "usr/lib/rpm/macros.d/macros.zz-truewheel-flavors"
    settings = suse.directory / "root/.rpmmacros"
    packaged = rpm.read_text()
    rpm.unlink()
    settings.write_text(packaged)
    try:
        shown.append(
            inside(suse.directory, ["rpm", "--eval", "%{python312_pyproject_wheel -C a=b .}"]).stdout
        )
    finally:
        settings.unlink()
        rpm.write_text(packaged)
    assert shown[0] == shown[1]
    assert '--python "/usr/bin/python3.12"' in shown[0]
    assert shown[0].rstrip().endswith("-- -C a=b .")

"""dh_truewheel on staged packages: what it compiles, what it changes, what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deb.debroot import DebRoot
from tests.deb.lifecycle import SITE
from tests.deb.staged import Staged, Thing
from tests.needs import require
from tests.treehash import tree_hash
from truewheel import __version__

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_SHOW = """
import json, marshal, sys
seen = {}
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    seen[path] = [int.from_bytes(data[4:8], "little"), marshal.loads(data[16:]).co_filename]
print(json.dumps(seen))
"""

Stage = Callable[[Thing], Staged]


@pytest.fixture
def stage(bookworm: DebRoot) -> Iterator[Stage]:
    yield lambda thing: Staged(bookworm, thing)
    shutil.rmtree(bookworm.outside("/staged"), ignore_errors=True)


@pytest.fixture
def stage_in_sid(sid: DebRoot) -> Iterator[Stage]:
    yield lambda thing: Staged(sid, thing)
    shutil.rmtree(sid.outside("/staged"), ignore_errors=True)


def cached(path: str, minor: int) -> str:
    directory, _, name = path.rpartition("/")
    return f"{directory}/__pycache__/{name.removesuffix('.py')}.cpython-3{minor}.pyc"


ONE = f"{SITE}/thing/one.py"
TWO = f"{SITE}/thing/two.py"
PLAIN = {ONE: "ONE = 1\n", TWO: "TWO = 2\n"}
_CLEANS = "#!/bin/sh\n# no py3clean here\nif true; then py3clean -p python3-thing; fi\n#DEBHELPER#\n"
PRIVATE = "/usr/share/thing/private.py"


def test_ships_what_py3compile_would_make(stage: Stage) -> None:
    staged = stage(Thing({**PLAIN, f"{SITE}/space/part.py": "PART = 1\n"}))
    output = staged.done()
    modules = {ONE, TWO, f"{SITE}/space/part.py"}
    assert staged.pycs() == {cached(module, 11) for module in modules}
    assert staged.bcep() == "".join(f"file|3.11-3.11|{module}\n" for module in sorted(modules))
    assert staged.bounds() == {"python3:any (>= 3.11~)", "python3:any (<< 3.12)"}
    assert "python3-thing: package-installs-python-pycache-dir" in output

    paths = [f"/staged/debian/python3-thing{path}" for path in staged.pycs()]
    shown = json.loads(staged.root.run("python3", "-c", _SHOW, *paths))
    assert {flags for flags, _ in shown.values()} == {0b11}
    assert {name for _, name in shown.values()} == modules
    assert {staged.root.outside(path).stat().st_mode & 0o7777 for path in paths} == {0o644}


@pytest.mark.parametrize("globs", ["space", f"nothing {SITE}/space", "sp?ce/part.*", "spac*/"])
def test_globs_leave_modules_without_bytecode(stage: Stage, globs: str) -> None:
    staged = stage(Thing({**PLAIN, f"{SITE}/space/part.py": "C = 3\n"}))
    staged.done(DH_TRUEWHEEL_COMPILE_EXCLUDE=globs)
    assert staged.pycs() == {cached(module, 11) for module in PLAIN}


def test_two_supported_pythons(stage_in_sid: Stage) -> None:
    staged = stage_in_sid(Thing({**PLAIN, PRIVATE: ""}, compat=14))
    staged.done()
    minors = sorted(int(python.partition(".")[2]) for python in staged.root.pythons)
    assert len(minors) > 1
    assert staged.pycs() == {cached(path, minor) for path in PLAIN for minor in minors}
    assert set(staged.bcep().splitlines()) == {
        f"file|3.{minor}-3.{minor}|{path}" for path in PLAIN for minor in minors
    }
    assert staged.bounds() == {f"python3:any (>= 3.{minors[0]}~)", f"python3:any (<< 3.{minors[-1] + 1})"}


def test_the_default_python_alone(stage_in_sid: Stage) -> None:
    staged = stage_in_sid(Thing(PLAIN, build_depends="dh-sequence-python3, python3, python3-allpairs"))
    staged.done()
    default = int(staged.root.pythons[-1].partition(".")[2])
    assert staged.pycs() == {cached(path, default) for path in PLAIN}
    assert staged.bounds() == {f"python3:any (>= 3.{default}~)", f"python3:any (<< 3.{default + 1})"}


def test_the_pythons_that_are_asked_for(stage_in_sid: Stage) -> None:
    staged = stage_in_sid(Thing(PLAIN))
    asked = staged.root.pythons[0]
    staged.done(DEBPYTHON3_SUPPORTED=asked)
    assert staged.pycs() == {cached(path, int(asked.partition(".")[2])) for path in PLAIN}


def test_the_pythons_that_the_build_system_builds_for(stage_in_sid: Stage) -> None:
    staged = stage_in_sid(Thing(PLAIN))
    other, default = (
        int(python.partition(".")[2]) for python in (staged.root.pythons[0], staged.root.pythons[-1])
    )
    staged.done(PYBUILD_VERSIONS=f"3.{other}")
    assert staged.pycs() == {cached(path, other) for path in PLAIN}
    staged.done(PYBUILD_INTERPRETERS="python3")
    assert staged.pycs() == {cached(path, default) for path in PLAIN}


def test_extensions_keep_the_bounds_on_the_same_architecture(stage: Stage) -> None:
    staged = stage(Thing({**PLAIN, f"{SITE}/thing/fast.cpython-311-x86_64-linux-gnu.so": ""}))
    staged.done()
    assert staged.bounds() == {"python3 (>= 3.11~)", "python3 (<< 3.12)"}


def test_private_modules(stage: Stage) -> None:
    other = "/usr/lib/elsewhere/engine.py"
    staged = stage(Thing({PRIVATE: "A = 1\n", other: "B = 1\n"}, package="thing"))
    staged.done("usr/lib/elsewhere/")
    assert staged.pycs() == {cached(PRIVATE, 11), cached(other, 11)}
    assert staged.bcep().splitlines() == [f"file|3.11-3.11|{path}" for path in sorted((other, PRIVATE))]
    assert "py3compile -p thing" in staged.text("thing/usr/share/python3/runtime.d/thing.rtupdate")
    assert "py3clean" not in staged.text("thing/usr/share/python3/runtime.d/thing.rtupdate")


def test_prerm_is_one_that_spares(stage: Stage) -> None:
    staged = stage(Thing(PLAIN, debian={"python3-thing.prerm.debhelper": "# of another tool\ntrue\n"}))
    staged.done()
    script = staged.text("python3-thing.prerm.debhelper")
    assert "# of another tool\ntrue\n" in script
    assert script.count("Automatically added by") == script.count(f"added by dh_truewheel/{__version__}") == 1
    assert "py3clean" not in script
    assert "py3compile -p python3-thing" in staged.text("python3-thing.postinst.debhelper")


def test_a_second_run_changes_nothing(stage: Stage) -> None:
    staged = stage(Thing({**PLAIN, PRIVATE: ""}))
    staged.done()
    before = tree_hash(staged.directory)
    assert staged.run("dh_truewheel")[0] == 0
    assert tree_hash(staged.directory) == before


def test_a_second_run_ships_what_changed(stage: Stage) -> None:
    bcep = f"file|-|{SITE}/thing/left.py"
    staged = stage(Thing({**PLAIN, f"{SITE}/thing/left.py": ""}, debian={"python3-thing.bcep": bcep}))
    staged.done()
    site = staged.directory / f"debian/python3-thing{SITE}"
    pyc = site / "thing/__pycache__/one.cpython-311.pyc"
    before = pyc.read_bytes()
    (site / "thing/one.py").write_text("ONE = 11\n")
    (site / "thing/two.py").rename(site / "thing/three.py")
    for again in (False, True):
        if again:  # and after a second dh_python3, which adds its snippet again
            assert staged.run("dh_python3")[0] == 0
        assert staged.run("dh_truewheel")[0] == 0
        assert pyc.read_bytes() != before
        modules = (ONE, f"{SITE}/thing/three.py")
        assert staged.pycs() == {cached(path, 11) for path in modules}
        assert staged.bcep() == f"{bcep}\n" + "".join(f"file|3.11-3.11|{path}\n" for path in modules)
        script = staged.text("python3-thing.prerm.debhelper")
        assert script.count("Automatically added by") == 1
        assert "py3clean" not in script


def test_a_list_of_the_main_package_counts(stage: Stage) -> None:
    """debian/bcep is not read by dh_python3, but debhelper's name for a file of the first package."""
    staged = stage(Thing(PLAIN, debian={"bcep": f"file|-|{TWO}\n"}))
    for _ in range(2):
        staged.done()
        assert staged.pycs() == {cached(ONE, 11)}
        assert staged.bcep() == f"file|-|{TWO}\nfile|3.11-3.11|{ONE}\n"


_OTHER = "\nPackage: other\nArchitecture: any\nDescription: other\n Other.\n"


def test_a_directory_of_a_package_that_is_not_built_now(stage: Stage) -> None:
    staged = stage(Thing(PLAIN, fields=_OTHER))
    staged.run("dh_python3")
    before = tree_hash(staged.directory)
    assert staged.run("dh_truewheel", "-a", "/usr/share/elsewhere") == (0, "")
    assert tree_hash(staged.directory) == before
    assert "/usr/share/elsewhere: no package has this directory" in staged.refused("/usr/share/elsewhere")


def test_no_act_changes_nothing(stage: Stage) -> None:
    staged = stage(Thing(PLAIN))
    staged.run("dh_python3")
    before = tree_hash(staged.directory)
    assert staged.run("dh_truewheel", "--no-act")[0] == 0
    assert tree_hash(staged.directory) == before


def test_what_py3compile_leaves_alone(stage: Stage) -> None:
    entries = ("file|-|%s/thing/bad.py", "re|3.9-3.12|%s/thing/t|.*_in\\.py$", "dir|3.9-3.11|%s/thing")
    bcep = "# ours\n" + "\n".join(entry % SITE for entry in entries)
    broken = {f"{SITE}/thing/bad.py": "a b\n", f"{SITE}/thing/t/x_in.py": "@@\n"}
    staged = stage(Thing({**PLAIN, **broken}, debian={"python3-thing.bcep": bcep}))
    staged.done()
    assert staged.pycs() == {cached(path, 11) for path in PLAIN}
    assert staged.bcep().startswith(f"{bcep}\nfile|3.11-3.11|")


def test_exclusions_of_dh_python3(stage: Stage) -> None:
    broken = "/usr/share/thing/skeletons/it's.py"
    staged = stage(Thing({PRIVATE: "", broken: "%(name)s\n"}, package="thing"))
    assert staged.run("dh_python3", "-X", "skeletons/it's")[0] == 0
    assert staged.run("dh_truewheel")[0] == 0
    assert staged.pycs() == {cached(PRIVATE, 11)}


def test_exclusions_are_left_to_py3compile(stage: Stage) -> None:
    staged = stage(Thing(PLAIN))
    staged.done("-Xthing/two")
    assert staged.pycs() == {cached(ONE, 11)}
    assert TWO not in staged.bcep()


def test_links_are_left_to_py3compile(stage: Stage) -> None:
    staged = stage(Thing(PLAIN))
    (staged.directory / f"debian/python3-thing{SITE}/thing/link.py").symlink_to("one.py")
    staged.done()
    assert staged.pycs() == {cached(path, 11) for path in PLAIN}
    assert "link.py" not in staged.bcep()


@pytest.mark.parametrize(
    ("versions", "ships"), [(">= 3.9", True), ("<< 3.11", False), (">= 3.9, << 3.12", True)]
)
def test_the_versions_of_dh_python3(stage: Stage, versions: str, ships: bool) -> None:
    staged = stage(Thing(PLAIN, fields=f"X-Python3-Version: {versions}\n"))
    staged.done()
    assert bool(staged.pycs()) is bool(staged.bcep()) is ships
    assert ("py3clean" in staged.text("python3-thing.prerm.debhelper")) is not ships


def test_an_override_that_is_there_is_not_asked_for(stage: Stage) -> None:
    line = "python3-thing: package-installs-python-pycache-dir\n"
    staged = stage(Thing(PLAIN, debian={"python3-thing.lintian-overrides": line}))
    assert "pycache-dir" not in staged.done()


def test_policy_changes_nothing(stage: Stage) -> None:
    staged = stage(Thing({**PLAIN, PRIVATE: ""}))
    staged.run("dh_python3")
    before = tree_hash(staged.directory)
    assert staged.run("dh_truewheel", DH_TRUEWHEEL_PYC="postinst")[0] == 0
    assert staged.run("dh_truewheel", "--pyc=postinst", DH_TRUEWHEEL_PYC="ship")[0] == 0
    assert tree_hash(staged.directory) == before


def test_hash_at_install_changes_a_word(stage: Stage) -> None:
    staged = stage(Thing({PRIVATE: ""}, package="thing"))
    staged.run("dh_python3")
    scripts = ("thing.postinst.debhelper", "thing/usr/share/python3/runtime.d/thing.rtupdate")
    before = [staged.text(script) for script in scripts]
    for _ in range(2):
        assert staged.run("dh_truewheel", "--pyc=postinst-hash")[0] == 0
    after = [staged.text(script) for script in scripts]
    assert [text.count("\tSOURCE_DATE_EPOCH=0 py3compile -p thing") for text in after] == [1, 1]
    assert [text.replace("SOURCE_DATE_EPOCH=0 ", "") for text in after] == before
    assert staged.pycs() == set()


@pytest.mark.parametrize(
    ("thing", "python3", "arguments", "says"),
    [
        (Thing(PLAIN), True, ["--pyc=sometimes"], "use ship, postinst-hash or postinst"),
        (Thing(PLAIN), True, ["/usr/shaer/thing"], "/usr/shaer/thing: no package has this directory"),
        (Thing(PLAIN), False, [], "python3-thing: dh_python3 has not handled"),
        (Thing(PLAIN), False, ["--pyc=postinst-hash"], "add dh-sequence-python3 to Build-Depends"),
        (Thing({PRIVATE: ""}, package="thing"), False, [], "add dh-sequence-python3 to Build-Depends"),
        (Thing(PLAIN, package="thing", depends="python3"), True, [], "add ${python3:Depends} to its Depends"),
        (Thing(PLAIN, depends="python3"), True, [], "python3-thing: its bytecode needs bounds on Python"),
        (Thing({f"{SITE}/a|b.py": ""}), True, [], "bcep files cannot hold the name"),
        (Thing({ONE: "a b\n"}), True, [], f"python3-thing: {ONE} does not compile"),
        (Thing(PLAIN, debian={"python3-thing.prerm": _CLEANS}), True, [], "its prerm calls py3clean"),
        (
            Thing(PLAIN, debian={"python3-thing.prerm.debhelper": _CLEANS}),
            True,
            [],
            "its prerm calls py3clean",
        ),
    ],
)
def test_refusals(stage: Stage, thing: Thing, python3: bool, arguments: list[str], says: str) -> None:
    staged = stage(thing)
    if python3:
        assert staged.run("dh_python3")[0] == 0
    before = tree_hash(staged.directory)
    assert says in staged.refused(*arguments)
    assert tree_hash(staged.directory) == before


def test_no_truewheel(stage: Stage) -> None:
    staged = stage(Thing(PLAIN))
    staged.run("dh_python3")
    program = staged.root.outside("/usr/bin/truewheel")
    aside = program.rename(program.with_name("aside"))
    try:
        assert "there is no command truewheel" in staged.refused()
    finally:
        aside.rename(program)


def test_private_data_of_another_kind_is_no_reason_to_refuse(stage: Stage) -> None:
    staged = stage(Thing({PRIVATE: "a b\n"}, package="thing", depends="gdb"))
    staged.done()
    assert staged.pycs() == set()


def test_its_place_in_the_sequence(stage: Stage, stage_in_sid: Stage) -> None:
    for make, compat in ((stage, 13), (stage_in_sid, 14)):
        staged = make(Thing({**PLAIN}, compat=compat))
        status, output = staged.run("dh", "binary", "--no-act")
        assert status == 0, output
        commands = [line.split()[0] for line in output.splitlines() if line.startswith("   dh_")]
        assert commands.index("dh_python3") < commands.index("dh_truewheel")
        assert commands.index("dh_truewheel") + 1 == commands.index("dh_installdeb")


def test_dh_assistant_knows_its_files(stage_in_sid: Stage) -> None:
    staged = stage_in_sid(Thing(PLAIN, compat=14))
    guessed = json.loads(staged.run("dh_assistant", "list-guessed-dh-config-files")[1].splitlines()[-1])
    active = {"command": "dh_truewheel", "is-active": True}
    read = {file.get("pkgfile") for file in guessed["config-files"] if active in file["commands"]}
    assert read == {"bcep", "lintian-overrides", "prerm"}


def test_maintainer_scripts_are_posix_shell() -> None:
    require("shellcheck")
    scripts = sorted((Path(__file__).parents[2] / "debhelper/autoscripts").iterdir())
    done = subprocess.run(["shellcheck", "--shell=sh", *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

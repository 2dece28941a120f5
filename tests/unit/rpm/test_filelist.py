"""The %files list: which paths, how rpm reads them, and what is said of paths that moved."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheelbuilder import WheelBuilder, metadata_text
from truewheel.cli.main import main
from truewheel.errors import RefusedInput, UsageError
from truewheel.model import Kind
from truewheel.rpm.filelist import FileList, FileListRequest, list_files, parse_rpm_version
from truewheel.rpm.installed_files import Dist, Gone, Installed, ListedFile, read_installed

SITE = "/usr/lib/python3.11/site-packages"
INFO = f"{SITE}/demo-1.0.dist-info"
OLD, NEW = (4, 18, 0), (4, 20, 1)
LICENSED = metadata_text("demo", "1.0") + "License-File: LICENSE\nLicense-File: docs/COPYING\n"


@pytest.fixture(autouse=True)
def same_handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SOURCE_DATE_EPOCH", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def file(path: str, kind: Kind | None = None, *, dist: str = "demo", present: bool = True) -> ListedFile:
    final = path if path.startswith("/") else f"{SITE}/{path}"
    site = SITE if final.startswith(SITE + "/") else ""
    endings = {"py": Kind.SOURCE, "so": Kind.EXTENSION, "pyc": Kind.BYTECODE}
    guessed = (
        Kind.METADATA if ".dist-info/" in path else endings.get(path.rpartition(".")[2], Kind.MODULE_DATA)
    )
    return ListedFile(final, kind or guessed, dist, site, present)


def listing(*files: ListedFile, globs: tuple[str, ...] = ("*",), **options: object) -> FileList:
    dists = options.pop("installed_dists", ())
    gone = options.pop("gone", ())
    installed = Installed(files, dists, gone)  # type: ignore[arg-type]
    return list_files(installed, FileListRequest(globs, **options))  # type: ignore[arg-type]


def names(result: FileList) -> list[str]:
    return [line.replace(SITE + "/", "") for line in result.lines]


@pytest.mark.parametrize(
    ("path", "modules"),
    [
        ("foo/bar/baz.py", ("foo", "foo.bar", "foo.bar.baz")),
        ("foo.py", ("foo",)),
        ("foo/__init__.py", ("foo",)),
        ("foo/__init__.cpython-39-x86_64-linux-gnu.so", ("foo",)),
        ("foo.cpython-37m-x86_64-linux-gnu.so", ("foo",)),
        ("foo/bar/baz.abi3.so", ("foo", "foo.bar", "foo.bar.baz")),
        ("foo/bar.so.2", ()),
        ("foo/_priv.py", ()),
        ("foo/_api/v2/__init__.py", ()),
        ("foo/__main__.py", ()),
        ("foo/0001_initial.py", ()),
        ("foo/data.json", ()),
        ("foo/stub.pyi", ()),
        ("foo-bar/baz.py", ()),
        ("def.py", ()),
        ("foo/bar/__pycache__/abc.cpython-37.pyc", ()),
    ],
)
def test_modules_to_import_are_the_public_ones(path: str, modules: tuple[str, ...]) -> None:
    assert listing(file(path)).modules == modules


def test_a_module_is_listed_with_all_that_belongs_to_it() -> None:
    files = (
        file("demo.py"),
        file("demo.pyi"),
        file("demo.abi3.so"),
        file("__pycache__/demo.cpython-311.pyc"),
        file("__pycache__/demo.cpython-311.opt-1.pyc"),
        file("demo_more.py"),
        file("__pycache__/demo_more.cpython-311.pyc"),
        file("demo-nspkg.pth"),
    )
    assert names(listing(*files, globs=("demo",))) == [
        "__pycache__/demo.cpython-311.opt-1.pyc",
        "__pycache__/demo.cpython-311.pyc",
        "demo.abi3.so",
        "demo.py",
        "demo.pyi",
    ]


def test_what_belongs_to_no_module_comes_with_auto_alone() -> None:
    files = (
        file("demo.py"),
        file("other.py"),
        file("demo.pth"),
        file("/usr/bin/demo", Kind.SCRIPT),
        file("/usr/include/python3.11/demo/demo.h", Kind.HEADER),
    )
    assert names(listing(*files, globs=("demo",))) == ["demo.py"]
    assert names(listing(*files, globs=("demo",), auto=True)) == [
        "/usr/bin/demo",
        "/usr/include/python3.11/demo/demo.h",
        "demo.pth",
        "demo.py",
    ]


def test_directories_are_owned_but_for_shared_ones() -> None:
    files = (
        file("demo/a/x.txt"),
        file("demo/__pycache__/b.cpython-311.pyc"),
        file("__pycache__/one.cpython-311.pyc"),
        file("demo-1.0.dist-info/licenses/deep/L"),
        file("/usr/share/demo/x", Kind.DATA),
    )
    directories = [line[5:] for line in names(listing(*files, auto=True)) if line.startswith("%dir ")]
    assert directories == [
        "demo",
        "demo-1.0.dist-info",
        "demo-1.0.dist-info/licenses",
        "demo-1.0.dist-info/licenses/deep",
        "demo/__pycache__",
        "demo/a",
    ]


NAMESPACE = (
    file("ns/one/__init__.py"),
    file("ns/one/__pycache__/__init__.cpython-311.pyc"),
    file("ns/two.py", dist="two"),
    file("ns/__pycache__/two.cpython-311.pyc", dist="two"),
    file("ns/two_more/data.txt", dist="two"),
)


def test_a_part_of_a_namespace_is_selected_with_a_dot() -> None:
    result = listing(*NAMESPACE, globs=("ns.two",))
    assert names(result) == [
        "%dir ns",
        "%dir ns/__pycache__",
        "ns/__pycache__/two.cpython-311.pyc",
        "ns/two.py",
    ]
    assert result.modules == ("ns", "ns.two")
    assert names(listing(*NAMESPACE, globs=("n?.tw*",))) == [
        "%dir ns",
        "%dir ns/__pycache__",
        "%dir ns/two_more",
        "ns/__pycache__/two.cpython-311.pyc",
        "ns/two.py",
        "ns/two_more/data.txt",
    ]


def test_a_directory_with_dots_in_its_name_is_a_top_level_one() -> None:
    assert names(listing(file("demo.libs/libx.so.1"), globs=("demo.libs",))) == [
        "%dir demo.libs",
        "demo.libs/libx.so.1",
    ]


def test_several_projects_and_one_of_them() -> None:
    assert len(listing(*NAMESPACE, globs=("ns",)).lines) == 10
    assert names(listing(*NAMESPACE, globs=("ns",), dists=("Demo",))) == [
        "%dir ns",
        "%dir ns/one",
        "%dir ns/one/__pycache__",
        "ns/one/__init__.py",
        "ns/one/__pycache__/__init__.cpython-311.pyc",
    ]
    with pytest.raises(RefusedInput, match=r"no project tow in the reports \(did you mean two\?\)"):
        listing(*NAMESPACE, dists=("tow",))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("demo/locale/zh_Hans/LC_MESSAGES/x.mo", f"%lang(zh) {SITE}/demo/locale/zh_Hans/LC_MESSAGES/x.mo"),
        (
            "/usr/share/locale/sr@latin/LC_MESSAGES/x.mo",
            "%lang(sr@latin) /usr/share/locale/sr@latin/LC_MESSAGES/x.mo",
        ),
        ("/d/locale/pt_BR/LC_MESSAGES/a/x.qm", "%lang(pt) /d/locale/pt_BR/LC_MESSAGES/a/x.qm"),
        ("/usr/share/info/dir", "/usr/share/info/dir"),
        ("/usr/share/locale/de/LC_MESSAGES/x.po", "/usr/share/locale/de/LC_MESSAGES/x.po"),
        ("demo/messages/LC_MESSAGES/x.mo", f"{SITE}/demo/messages/LC_MESSAGES/x.mo"),
        ("/usr/share/man/man1/demo.1", "/usr/share/man/man1/demo.1*"),
        ("/usr/share/man/man1/demo.1.gz", "/usr/share/man/man1/demo.1*"),
        ("/usr/share/man/pt_BR/man1/demo.1", "/usr/share/man/pt_BR/man1/demo.1*"),
        ("/usr/man/man5/demo.5", "/usr/man/man5/demo.5*"),
        ("/usr/share/info/demo.info", "/usr/share/info/demo.info*"),
        ("demo/man/man1/demo.1", f"{SITE}/demo/man/man1/demo.1"),
    ],
)
def test_lines_say_what_rpm_should_know(path: str, line: str) -> None:
    assert line in listing(file(path, Kind.DATA), auto=True).lines


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("/d/plain-é'!$#,(x)", "/d/plain-é'!$#,(x)", "/d/plain-é'!$#,(x)"),
        ("/d/a%dir", "/d/a%%%%%%%%dir", "/d/a%%dir"),
        ("/d/a b", '"/d/a b"', r"/d/a\ b"),
        ('/d/q"x', "/d/q?x", r"/d/q\"x"),
        ("/d/[a]*{b,c}?", "/d/?a???b,c??", r"/d/\[a\]\*\{b,c\}\?"),
        ("/d/b\\s", "/d/b?s", r"/d/b\\s"),
        ("/d/a %[x", "/d/a?%%%%%%%%?x", r"/d/a\ %%\[x"),
        ("/d/end\\", "/d/end?", "/d/end?"),
        ("/d/end ", '"/d/end "', "/d/end?"),
        ("/usr/share/man/man1/a b.1", "/usr/share/man/man1/a?b.1*", r"/usr/share/man/man1/a\ b.1*"),
    ],
)
def test_paths_are_escaped_for_the_rpm_that_reads_them(path: str, old: str, new: str) -> None:
    assert listing(file(path, Kind.DATA), auto=True, rpm_version=OLD).lines == (old,)
    assert listing(file(path, Kind.DATA), auto=True, rpm_version=NEW).lines == (new,)


def test_a_control_character_is_refused() -> None:
    with pytest.raises(RefusedInput, match="control character"):
        listing(file("demo/a\nb.txt"))


@pytest.mark.parametrize(
    ("text", "version"),
    [("4.18.0", (4, 18, 0)), ("04.20.1", (4, 20, 1)), ("", (0,)), ("0", (0,)), ("4.19.0-rc1", (4, 19, 0))],
)
def test_versions_of_rpm(text: str, version: tuple[int, ...]) -> None:
    assert parse_rpm_version(text) == version


def test_the_first_alpha_of_4_19_knows_backslashes() -> None:
    path = file("/d/a b", Kind.DATA)
    assert listing(path, auto=True, rpm_version=(4, 18, 90)).lines == (r"/d/a\ b",)
    with pytest.raises(UsageError, match="not a version of rpm"):
        parse_rpm_version("new")


def dist(*licenses: str) -> tuple[Dist, ...]:
    return (Dist("Demo", INFO, licenses),)


@pytest.mark.parametrize("directory", ["", "licenses/", "license_files/"])
def test_licences_are_marked_wherever_tools_put_them(directory: str) -> None:
    path = file(f"demo-1.0.dist-info/{directory}LICENSE")
    other = file("demo-1.0.dist-info/AUTHORS")
    result = listing(path, other, installed_dists=dist("LICENSE"), require_license=True)
    assert f"%license {path.final}" in result.lines
    assert other.final in result.lines
    assert result.warnings == ()


def test_a_licence_not_declared_is_a_file_like_others() -> None:
    path = file("demo-1.0.dist-info/LICENSE")
    assert path.final in listing(path, installed_dists=dist()).lines
    with pytest.raises(RefusedInput, match=r"dist-info: METADATA has no License-File \(.*%license.*-L"):
        listing(path, installed_dists=dist(), require_license=True)


def test_a_licence_declared_and_missing() -> None:
    path = file("demo-1.0.dist-info/LICENSE")
    result = listing(path, installed_dists=dist("LICENSE", "COPYING"), require_license=True)
    assert result.warnings == (f"{INFO}: License-File COPYING is not there; list it with %license yourself",)
    with pytest.raises(RefusedInput, match="License-File COPYING is not there"):
        listing(path, installed_dists=dist("COPYING"), require_license=True)


@pytest.mark.parametrize(
    ("glob", "hint"),
    [
        ("request", "did you mean requests?; there is idna, requests"),
        ("IDNA", "did you mean idna?"),
        ("zzz*", "(there is idna, requests)"),
        ("requests.modles", "did you mean requests.models?"),
    ],
)
def test_a_glob_that_matches_nothing_is_named(glob: str, hint: str) -> None:
    with pytest.raises(RefusedInput) as caught:
        listing(file("requests/models.py"), file("idna.py"), globs=("idna", glob))
    assert str(caught.value).startswith(f"the glob '{glob}' matches no module")
    assert hint in str(caught.value)


def test_many_modules_are_not_all_named() -> None:
    with pytest.raises(RefusedInput, match=r"there is m10, .*, m21, \.\.\."):
        listing(*(file(f"m{number}.py") for number in range(10, 40)), globs=("x",))


def test_the_star_may_match_nothing() -> None:
    assert listing(file("/usr/bin/demo", Kind.SCRIPT), globs=("*",)).lines == ()


@pytest.mark.parametrize(
    ("globs", "options", "message"),
    [
        ((), {}, "no module is named"),
        (("demo",), {"allow_no_modules": True}, "-M says that there are no modules"),
        (("demo/a",), {}, "is not the name of a module"),
        (("demo.",), {}, "is not the name of a module"),
        (("+atuo",), {}, "is not the name of a module"),
    ],
)
def test_arguments_that_make_no_sense(globs: tuple[str, ...], options: dict[str, bool], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        listing(file("demo.py"), globs=globs, **options)


def test_a_package_without_modules() -> None:
    info = file("demo-1.0.dist-info/METADATA")
    result = listing(info, file("/usr/bin/demo", Kind.SCRIPT), globs=(), allow_no_modules=True)
    assert names(result) == ["%dir demo-1.0.dist-info", "demo-1.0.dist-info/METADATA"]
    assert result.modules == ()


def test_what_is_gone_is_left_out_and_said() -> None:
    files = (file("demo/__init__.py"), file("demo/tests/a.py", present=False))
    gone = (Gone(f"{SITE}/demo/tests", 3, "", frozenset({"demo"})),)
    result = listing(*files, gone=gone)
    assert names(result) == ["%dir demo", "demo/__init__.py"]
    assert result.modules == ("demo",)
    assert result.warnings == (f"{SITE}/demo/tests: is no longer in the root; 3 files are left out",)


def test_a_glob_of_what_is_gone_is_forgiven() -> None:
    assert listing(file("demo.py", present=False), globs=("demo",)).lines == ()


# From here on with real wheels, roots and reports.

MODULES = {
    "demo/__init__.py": "",
    "demo/a.py": "A = 1\n",
    "demo/b.py": "B = 1\n",
    "demo/sub/__init__.py": "# sub\n",
    "demo/sub/c.py": "C = 1\n",
    "demo/data/x.json": "{}\n",
}


class Project:
    """A wheel that was installed, and its list."""

    def __init__(self, directory: Path, wheel: Path) -> None:
        self.root, self.report = directory / "root", directory / f"{wheel.name}.json"
        arguments = [
            "install",
            str(wheel),
            "--root",
            str(self.root),
            "--python",
            sys.executable,
            "--scheme",
            "generic",
            "-q",
        ]
        assert main([*arguments, "--report", str(self.report)]) == 0
        self.site = next(self.root.glob("usr/lib/python3*/site-packages"))

    @property
    def prefix(self) -> str:
        return f"/{self.site.relative_to(self.root)}/"

    def listing(self, *globs: str, **options: object) -> FileList:
        request = FileListRequest(globs or ("*",), **options)  # type: ignore[arg-type]
        return list_files(read_installed([self.report], self.root), request)

    def names(self, *globs: str) -> list[str]:
        return [line.replace(self.prefix, "") for line in self.listing(*globs).lines]


@pytest.fixture
def project(tmp_path: Path, wheel_builder: WheelBuilder) -> Project:
    wheel = wheel_builder.build(
        files=MODULES,
        metadata=LICENSED,
        dist_info={"licenses/LICENSE": "L\n", "licenses/docs/COPYING": "C\n"},
        data={"data/share/man/man1/demo.1": ".TH\n", "scripts/tool": "#!/bin/sh\n"},
        entry_points={"demo": "demo:f"},
    )
    return Project(tmp_path, wheel)


def on_disk(project: Project) -> set[str]:
    return {f"/{path.relative_to(project.root)}" for path in project.root.rglob("*") if not path.is_dir()}


def test_everything_installed_is_listed_once(project: Project) -> None:
    result = project.listing("demo", auto=True, require_license=True)
    paths = [line.rpartition(" ")[2].rstrip("*") for line in result.lines if not line.startswith("%dir")]
    assert sorted(paths) == sorted(on_disk(project))
    assert sum(line.startswith("%license ") for line in result.lines) == 2
    assert result.warnings == ()


def test_bytecode_is_that_of_the_root(project: Project) -> None:
    cache = project.site / "demo" / "__pycache__"
    (only,) = cache.glob("a.*.opt-1.pyc")
    only.unlink()
    tag = sys.implementation.cache_tag
    plain = cache / f"b.{tag}.pyc"
    plain.with_suffix(".opt-2.pyc").touch()
    plain.with_name(plain.name.replace(".pyc", "-pytest-8.0.pyc")).touch()
    listed = {line for line in project.names("demo") if "/__pycache__/" in line}
    assert {
        line.rpartition("/")[2] for line in listed if "demo/__pycache__" in line and "%dir" not in line
    } == {
        f"__init__.{tag}.pyc",
        f"__init__.{tag}.opt-1.pyc",
        f"a.{tag}.pyc",
        f"b.{tag}.pyc",
        f"b.{tag}.opt-1.pyc",
        f"b.{tag}.opt-2.pyc",
    }
    assert project.listing("demo").warnings == ()


def test_a_removed_directory_is_said_in_one_line(project: Project) -> None:
    for path in sorted((project.site / "demo" / "sub").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (project.site / "demo" / "sub").rmdir()
    result = project.listing("demo")
    assert not [line for line in result.lines if "/sub" in line]
    assert result.modules == ("demo", "demo.a", "demo.b")
    assert result.warnings == (f"{project.prefix}demo/sub: is no longer in the root; 2 files are left out",)


def test_a_renamed_module_is_reported(project: Project) -> None:
    (project.site / "demo" / "a.py").rename(project.site / "demo" / "z.py")
    (warning,) = project.listing("demo").warnings
    assert warning == (
        f"{project.prefix}demo/a.py: was renamed to {project.prefix}demo/z.py; left out; "
        "list the new name yourself"
    )


def test_a_renamed_package_is_reported_by_its_directory(project: Project) -> None:
    (project.site / "demo").rename(project.site / "_demo")
    result = project.listing("demo")
    assert result.warnings == (
        f"{project.prefix}demo: was renamed to {project.prefix}_demo; "
        "6 files are left out; list the new name yourself",
    )
    assert not [line for line in result.lines if line.endswith("/demo")]


def test_a_directory_that_became_a_link_is_listed_as_one(project: Project) -> None:
    share = project.root / "usr" / "share" / "demo"
    (project.site / "demo" / "data").rename(share)
    (project.site / "demo" / "data").symlink_to("/usr/share/demo")
    result = project.listing("demo")
    lines = [line for line in result.lines if "data" in line]
    assert lines == [f"{project.prefix}demo/data"]
    assert result.warnings == (
        f"{project.prefix}demo/data: is a link now, and listed as one; what was below it is left out",
    )


def test_a_manual_page_that_is_compressed_already_is_there(project: Project) -> None:
    page = project.root / "usr/share/man/man1/demo.1"
    page.rename(page.with_name("demo.1.gz"))
    result = project.listing("demo", auto=True)
    assert "/usr/share/man/man1/demo.1*" in result.lines
    assert result.warnings == ()


def test_the_command_writes_both_lists(project: Project, tmp_path: Path) -> None:
    lines, modules = tmp_path / "files", tmp_path / "modules"
    (project.site / "demo" / "b.py").unlink()
    arguments = ["--root", str(project.root), "--report-file", str(project.report), "--modules", str(modules)]
    assert main(["files", "demo", "+auto", "-l", "-D", "DEMO", *arguments, "--output", str(lines)]) == 0
    assert lines.read_text().splitlines() == list(project.listing("demo", auto=True).lines)
    assert modules.read_text() == "demo\ndemo.a\ndemo.sub\ndemo.sub.c\n"


def test_the_command_prints_the_list_and_warns(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.site / "demo" / "b.py").unlink()
    arguments = ["--root", str(project.root), "--report-file", str(project.report)]
    assert main(["files", *arguments, "demo"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == list(project.listing("demo").lines)
    assert err == f"truewheel: warning: {project.prefix}demo/b.py: is no longer in the root; left out\n"
    assert main(["files", *arguments, "dmo"]) == 1
    assert "did you mean demo?" in capsys.readouterr().err
    assert main(["files", *arguments]) == 2


def test_reports_of_several_runs(tmp_path: Path, wheel_builder: WheelBuilder) -> None:
    first = Project(tmp_path, wheel_builder.build("one", files={"ns/one.py": ""}))
    second = Project(tmp_path, wheel_builder.build("two", files={"ns/two.py": "", "two.py": ""}))
    installed = read_installed([first.report, second.report], first.root)
    assert list_files(installed, FileListRequest(("ns", "two"))).modules == ("ns", "ns.one", "ns.two", "two")
    assert list_files(installed, FileListRequest(("ns",), dists=("one",))).modules == ("ns", "ns.one")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("{", "is not a report"),
        ("[]", "is not a report"),
        (json.dumps({"report": "compile", "version": 1}), "is a report of compile"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RefusedInput if content is not None else UsageError, match=message):
        read_installed([path], tmp_path)

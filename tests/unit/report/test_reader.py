"""What a report covers when the tree is compiled again, as brp-truewheel does at the end of %install."""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from tests.wheelbuilder import WheelBuilder
from truewheel.cli.main import main
from truewheel.compilation import compile_tree
from truewheel.errors import RefusedInput, UsageError
from truewheel.model import Kind
from truewheel.pipeline import install, prepare_install
from truewheel.report.document import install_document, write_document
from truewheel.report.reader import (
    InstallReport,
    ReportedFile,
    ReportedInterpreter,
    ReportedResult,
    ReportedWheel,
    load_report,
)
from truewheel.request import CompileRequest, InstallRequest


@dataclass(frozen=True)
class Tree:
    root: Path
    report: Path
    site: Path

    def compiled(self) -> list[str]:
        """The sources that a compile of the whole tree does not leave out, by their names."""
        request = CompileRequest(("/usr",), self.root, pythons=(sys.executable,), reports=(self.report,))
        return sorted(Path(result.source).name for result in compile_tree(request, {}).compiled)


@pytest.fixture
def tree(tmp_path: Path, wheel_builder: WheelBuilder) -> Tree:
    wheel = wheel_builder.build(files={"demo/__init__.py": "", "demo/vendored/v.py": "x = 1\n"})
    request = InstallRequest((wheel,), tmp_path / "root", pythons=(sys.executable,))
    prepared = prepare_install(request, {})
    write_document(tmp_path / "report.json", install_document(prepared.plan, install(prepared)))
    (source,) = (tmp_path / "root").rglob("demo/__init__.py")
    return Tree(tmp_path / "root", tmp_path / "report.json", source.parent)


def edit(tree: Tree) -> None:
    (tree.site / "__init__.py").write_text("x = 2\n")


def spoil(tree: Tree) -> None:
    next(tree.site.glob("__pycache__/*.pyc")).write_bytes(b"nothing")


def strip(tree: Tree) -> None:
    next(tree.site.glob("__pycache__/*.pyc")).unlink()


def add(tree: Tree) -> None:
    (tree.site / "new.py").write_text("")


def unbundle(tree: Tree) -> None:
    """As specs do that use a distribution's own copy of what a project carries."""
    shutil.rmtree(tree.site / "vendored")
    (tree.site / "vendored").symlink_to("/usr/lib/elsewhere")


def hide(tree: Tree) -> None:
    next((tree.site / "__pycache__").glob("__init__.*")).chmod(0o600)


def forget(tree: Tree) -> None:
    tree.report.unlink()


@pytest.mark.parametrize(
    ("change", "compiled"),
    [
        (lambda tree: None, []),
        (edit, ["__init__.py"]),
        (spoil, ["__init__.py"]),
        (strip, ["__init__.py"]),
        (add, ["new.py"]),
        (hide, ["__init__.py"]),
        (unbundle, []),
        (forget, ["__init__.py", "v.py"]),
    ],
)
def test_only_what_is_not_as_it_was_installed_is_compiled(
    tree: Tree, change: Callable[[Tree], None], compiled: list[str]
) -> None:
    change(tree)
    assert tree.compiled() == compiled


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"report": "compile", "version": 1}', "\x00"])
def test_what_is_no_report_of_an_install_is_refused(tree: Tree, text: str) -> None:
    tree.report.write_text(text)
    with pytest.raises(RefusedInput, match=r"report"):
        tree.compiled()


def test_a_report_is_read_as_it_was_written(tree: Tree) -> None:
    report = load_report(tree.report)
    document = json.loads(tree.report.read_text())
    assert [wheel.name for wheel in report.wheels] == ["demo"]
    assert [file.path for file in report.files] == [file["path"] for file in document["files"]]
    assert {f"{file.mode:04o}" for file in report.files} == {"0644"}
    (source,) = (file for file in report.files if file.path.endswith("/v.py"))
    assert (source.kind, source.size, source.state) == (Kind.SOURCE, 6, "created")
    assert [result.paths for result in report.compiled] == [
        (result["source"], *result["pycs"].values()) for result in document["compiled"]
    ]


def test_the_dataclasses_have_the_keys_of_the_schema() -> None:
    from truewheel.report.reader import _schema

    properties = _schema("install")["properties"]
    of_items = {
        name: set(properties[name]["items"]["properties"]) for name in ("wheels", "files", "compiled")
    }
    assert {field.name for field in fields(InstallReport)} == set(properties) - {"report", "version"}
    assert {field.name for field in fields(ReportedWheel)} == of_items["wheels"]
    assert {field.name for field in fields(ReportedFile)} == of_items["files"]
    assert {field.name for field in fields(ReportedResult)} == of_items["compiled"]
    interpreters = set(properties["interpreters"]["items"]["properties"])
    assert {field.name for field in fields(ReportedInterpreter)} == interpreters


def without(*steps: str | int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        *before, last = steps
        for step in before:
            document = document[step]
        del document[last]

    return change


def with_value(value: Any, *steps: str | int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        *before, last = steps
        for step in before:
            document = document[step]
        document[last] = value

    return change


MISSHAPEN = [
    (without("wheels"), "expected the key wheels"),
    (without("compiled"), "expected the key compiled"),
    (without("files", 1, "sha256"), "files[1]: expected the key sha256"),
    (with_value(1, "more"), "expected no key 'more'"),
    (with_value(None, "files"), "files: expected a list"),
    (with_value({}, "compiled"), "compiled: expected a list"),
    (with_value("x", "wheels", 0), "wheels[0]: expected an object"),
    (with_value(True, "files", 0, "size"), "files[0].size: expected a whole number"),
    (with_value(-1, "files", 0, "size"), "files[0].size: expected at least 0"),
    (with_value("a", "files", 0, "path"), "files[0].path: expected a text that matches"),
    (with_value("/usr/../etc/passwd", "files", 0, "path"), "files[0].path: expected a text that matches"),
    (with_value("/usr/./x", "files", 0, "path"), "files[0].path: expected a text that matches"),
    (with_value("/usr//x", "files", 0, "path"), "files[0].path: expected a text that matches"),
    (with_value("/a\0b", "compiled", 0, "source"), "compiled[0].source: expected a text that matches"),
    (with_value("/a\ud800", "compiled", 0, "source"), "codec can't encode"),
    (with_value("file", "files", 0, "kind"), "files[0].kind: expected one of source, extension"),
    (with_value([], "files", 0, "kind"), "files[0].kind: expected one of source, extension"),
    (with_value(0o644, "files", 0, "mode"), "files[0].mode: expected a text"),
    (with_value("0999", "files", 0, "mode"), "files[0].mode: expected a text that matches"),
    (with_value({"0": 1}, "compiled", 0, "pycs"), "compiled[0].pycs.0: expected a text"),
    (with_value({"3": "/a"}, "compiled", 0, "pycs"), "compiled[0].pycs.3: expected one of 0, 1, 2"),
    (with_value(False, "compiled", 0, "error"), "compiled[0].error: expected a text or null"),
]


@pytest.mark.parametrize(("change", "said"), MISSHAPEN)
def test_a_report_of_the_wrong_shape_is_one_line_that_says_where(
    tree: Tree, capsys: pytest.CaptureFixture[str], change: Callable[[Any], None], said: str
) -> None:
    document = json.loads(tree.report.read_text())
    change(document)
    tree.report.write_text(json.dumps(document))
    compiled = ["compile", "/usr", "--python", sys.executable]
    for command in (["files", "demo"], compiled):
        assert main([*command, "--root", str(tree.root), "--report-file", str(tree.report)]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"truewheel: error: {tree.report}: is not a report of an install: ")
        assert said in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"report":' * 50_000, b"\xff", b"1" * 5000, b'{"report": [], "version": 1}', b"null"],
)
def test_what_cannot_be_parsed_is_one_line(
    tree: Tree, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    tree.report.write_bytes(content)
    assert main(["files", "demo", "--root", str(tree.root), "--report-file", str(tree.report)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_report_that_never_ends_or_cannot_be_read_is_one_line(tree: Tree) -> None:
    os.mkfifo(tree.root / "pipe")
    for path in (tree.root / "pipe", Path("/dev/zero"), tree.root):
        with pytest.raises(RefusedInput, match="is not a regular file"):
            load_report(path)
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        load_report(tree.root / "none")


def test_a_last_pass_with_a_misshapen_report_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As openSUSE's brp script runs it: for the Pythons of /usr/bin that the root has modules of."""
    python = os.path.realpath("/usr/bin/python3")
    if not os.path.exists(python):
        pytest.skip("there is no /usr/bin/python3")
    site = tmp_path / "root/usr/lib" / os.path.basename(python) / "site-packages"
    site.mkdir(parents=True)
    (site / "a.py").write_text("x = 1\n")
    (tmp_path / "a.json").write_text('{"report": "install", "version": 1}')
    assert main(["flavor", "finish", "--root", str(tmp_path / "root"), "--reports", str(tmp_path)]) == 1
    assert "a.json: is not a report of an install: expected the key truewheel" in capsys.readouterr().err


def test_the_shape_is_checked_as_a_validator_of_json_schema_checks_it(tree: Tree) -> None:
    import jsonschema

    from truewheel.report.reader import _schema
    from truewheel.report.schema import Mismatch, checker

    validator, check = jsonschema.Draft202012Validator(_schema("install")), checker(_schema("install"))
    good = json.loads(tree.report.read_text())
    places = list(_places(good))
    values: list[Any] = [None, True, 0, -1, 1.5, "", "x", "/a", "0644", "f" * 64, [], {}, {"a": 1}]
    for steps in places[:: max(1, len(places) // 60)]:
        for value in values:
            document = copy.deepcopy(good)
            with_value(value, *steps)(document)
            try:
                check(document)
            except Mismatch:
                assert not validator.is_valid(document), (steps, value)
            else:
                assert validator.is_valid(document), (steps, value)


def _places(value: Any, *steps: str | int) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        *([steps] if steps else []),
        *(place for key, item in items for place in _places(item, *steps, key)),
    ]

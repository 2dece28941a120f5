"""What a report covers when the tree is compiled again, as brp-truewheel does at the end of %install."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.wheelbuilder import WheelBuilder
from truewheel.errors import RefusedInput
from truewheel.pipeline import CompileRequest, InstallRequest, compile_tree, install, prepare_install
from truewheel.report.document import install_document, write_document


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

"""What a packager sees of a build that cannot be: one line with what to do, and no package."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.deb.building import Job, build
from tests.deb.debroot import DebRoot

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_CONTROL = """\
Source: demo
Section: python
Priority: optional
Maintainer: A Packager <packager@example.org>
Build-Depends: debhelper-compat (= 13), pybuild-plugin-pyproject, {depends}
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: python3-demo
Architecture: all
Depends: {needs}
Description: demo
 A package of the tests.
"""
_RULES = """\
#!/usr/bin/make -f
export PYBUILD_NAME = demo
%:
\tdh $@ --buildsystem=truewheel {also}
"""
_CHANGELOG = """\
demo (1.0-1) unstable; urgency=medium

  * Test.

 -- A Packager <packager@example.org>  Mon, 01 Jan 2024 12:00:00 +0000
"""
_PROJECT = '[project]\nname = "demo"\nversion = "1.0"\n[tool.setuptools]\npy-modules = ["demo"]\n'
_MISNAMED = (
    "\nexport PYBUILD_NAME = dmeo\noverride_dh_auto_install:\n\tdh_auto_install --destdir=debian/tmp\n"
)
_BACKEND = '[build-system]\nrequires = []\nbuild-backend = "{0}"\n{1}'
_SETUPTOOLS = _BACKEND.format("setuptools.build_meta", "")
_OWN = _BACKEND.format("backend", 'backend-path = ["."]\n')
_NONE = "def build_wheel(directory, settings=None, metadata=None):\n    return 'demo-1.0-py3-none-any.whl'\n"
_TWO = """\
import pathlib

def build_wheel(directory, settings=None, metadata=None):
    for name in ("demo", "other"):
        pathlib.Path(directory, f"{name}-1.0-py3-none-any.whl").touch()
    return "demo-1.0-py3-none-any.whl"
"""


@dataclass(frozen=True)
class Source:
    """A source package that cannot be built; the default of each field would not keep it from it."""

    depends: str = "dh-sequence-python3, python3-all, python3-setuptools"
    needs: str = "${misc:Depends}, ${python3:Depends}"
    also: str = ""
    system: str = _SETUPTOOLS
    modules: dict[str, str] = field(default_factory=lambda: {"demo.py": ""})


CASES = {
    "no wheel": (
        Source(system=_OWN, modules={"backend.py": _NONE}),
        r"truewheel: error: .*no wheel",
    ),
    "two wheels": (
        Source(system=_OWN, modules={"backend.py": _TWO}),
        r"truewheel: error: .*wheels",
    ),
    "no interpreter": (
        Source(depends="dh-sequence-python3, python3-setuptools"),
        r"truewheel: error: .*Build-Depends.*python3-all",
    ),
    "no backend": (
        Source(system=_BACKEND.format("scikit_build_core.build", "")),
        r"truewheel: error: .*scikit_build_core.*Build-Depends",
    ),
    "no package of this name": (
        Source(also=_MISNAMED),
        r"truewheel: error: .*PYBUILD_NAME=dmeo.*python3-dmeo \(name one of python3-demo,",
    ),
    "no dh_python3": (
        Source(depends="python3-all, python3-setuptools", also="--with truewheel"),
        r"dh_truewheel: error: .*dh_python3.*\(.*dh-sequence-python3",
    ),
    "no bounds": (
        Source(also="--with truewheel", needs="${misc:Depends}, python3"),
        r"dh_truewheel: error: python3-demo: .*\$\{python3:Depends\}",
    ),
    "a module that does not compile": (
        Source(also="--with truewheel", modules={"demo.py": "def demo(:\n"}),
        r"dh_truewheel: error: python3-demo: .*demo\.py does not compile \(",
    ),
}


@pytest.mark.parametrize(("source", "line"), CASES.values(), ids=CASES)
def test_error(source: Source, line: str, bookworm: DebRoot, tmp_path: Path) -> None:
    done = build(bookworm, Job(_write(source, tmp_path)))
    assert done.status != 0, done.log[-3000:]
    assert done.packages == ()
    errors = done.errors()
    assert [error for error in errors if re.match(line, error)] == errors != [], done.log[-3000:]
    assert "Traceback" not in done.log


def test_these_sources_can_be_built(bookworm: DebRoot, tmp_path: Path) -> None:
    done = build(bookworm, Job(_write(Source(also="--with truewheel"), tmp_path)))
    assert (done.status, done.errors(), len(done.packages)) == (0, [], 1), done.log[-3000:]


def test_without_dh_python3_too_but_with_a_warning(bookworm: DebRoot, tmp_path: Path) -> None:
    done = build(bookworm, Job(_write(Source(depends="python3-all, python3-setuptools"), tmp_path)))
    assert (done.status, done.errors(), len(done.packages)) == (0, [], 1), done.log[-3000:]
    assert "dh_auto_install: warning: nothing calls dh_python3" in done.log


def test_no_warning_where_it_is_called(bookworm: DebRoot, tmp_path: Path) -> None:
    source = Source(depends="python3-all, python3-setuptools", also="--with python3")
    assert "nothing calls dh_python3" not in build(bookworm, Job(_write(source, tmp_path))).log


def _write(source: Source, directory: Path) -> Path:
    top = directory / "demo-1.0"
    (top / "debian/source").mkdir(parents=True)
    (top / "debian/source/format").write_text("3.0 (quilt)\n")
    (top / "debian/control").write_text(_CONTROL.format(depends=source.depends, needs=source.needs))
    (top / "debian/changelog").write_text(_CHANGELOG)
    (top / "debian/rules").write_text(_RULES.format(also=source.also))
    (top / "debian/rules").chmod(0o755)
    (top / "pyproject.toml").write_text(source.system + _PROJECT)
    for name, text in source.modules.items():
        (top / name).write_text(text)
    return top

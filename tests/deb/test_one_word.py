"""Sources that lean on corners of pybuild: one word of debian/rules changes, and the packages do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deb.building import Job, build, built, same_as_pybuild, use_truewheel
from tests.deb.debroot import DebRoot

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_CONTROL = """\
Source: demo
Section: python
Priority: optional
Maintainer: A Packager <packager@example.org>
Build-Depends: debhelper-compat (= 13), dh-sequence-python3, python3-all, python3-setuptools
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: python3-demo
Architecture: all
Depends: ${misc:Depends}, ${python3:Depends}
Description: demo
 A package of the tests.
"""
_CHANGELOG = """\
demo (1.0-1) unstable; urgency=medium

  * Test.

 -- A Packager <packager@example.org>  Mon, 01 Jan 2024 12:00:00 +0000
"""
_RULES = (
    "#!/usr/bin/make -f\nexport PYBUILD_NAME = {name}\n{exports}%:\n\tdh $@ --buildsystem=pybuild\n{rules}"
)
_MOVED = """
override_dh_auto_install:
	dh_auto_install --destdir=debian/tmp
	mkdir -p debian/python3-demo
	mv debian/python3-dmeo/usr debian/python3-demo
"""
_SETUP = """\
import os
from setuptools import setup
os.environ["BY_SETUP_PY"] = "1"
setup(name="demo", version="1.0", py_modules=["demo"], test_suite="tests")
"""
_TESTS = """\
import os
import unittest

class Tests(unittest.TestCase):
    def test(self):
        self.assertEqual(os.environ["BY_SETUP_PY"], "1")
"""
_FLIT = """\
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"
[project]
name = "demo"
version = "1.0"
description = "demo"
"""


def _write(
    directory: Path, files: dict[str, str], name: str = "demo", exports: str = "", rules: str = ""
) -> Path:
    top = directory / "demo-1.0"
    text = {
        "debian/control": _CONTROL,
        "debian/changelog": _CHANGELOG,
        "debian/source/format": "3.0 (quilt)\n",
        "debian/rules": _RULES.format(name=name, exports=exports, rules=rules),
        "demo.py": "",
        **files,
    }
    for path, content in text.items():
        file = top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (top / "debian/rules").chmod(0o755)
    return top


def test_modules_that_debian_rules_moves(bookworm: DebRoot, tmp_path: Path) -> None:
    setup = 'from setuptools import setup\nsetup(name="demo", version="1.0", py_modules=["demo"])\n'
    same_as_pybuild(bookworm, _write(tmp_path, {"setup.py": setup}, "dmeo", rules=_MOVED))


def test_tests_that_setup_py_runs(bookworm: DebRoot, tmp_path: Path) -> None:
    files = {"setup.py": _SETUP, "tests/__init__.py": "", "tests/test_it.py": _TESTS}
    same_as_pybuild(bookworm, _write(tmp_path, files))


def test_flit_by_its_name(bookworm: DebRoot, tmp_path: Path) -> None:
    """It is the package of pybuild-plugin-pyproject; pybuild's own plugin for flit leaves other metadata."""
    exports = "export PYBUILD_SYSTEM = flit\nexport PYBUILD_VERBOSE = 1\n"
    source = _write(tmp_path, {"pyproject.toml": _FLIT}, exports=exports)
    done = built(build(bookworm, Job(source, edit=use_truewheel)))
    assert len(done.packages) == 1
    assert "python3.11: pyproject in " in done.log

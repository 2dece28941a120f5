"""What goes wrong in a spec is one line of the log, with what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.registry import sdist
from tests.rpm.building import build
from tests.rpm.rpmroot import RpmRoot
from tests.rpm.specs import packages, write_spec

pytestmark = [pytest.mark.slow, pytest.mark.chroot]


@dataclass(frozen=True)
class Case:
    """Changes of the spec of six, the section that fails, what the line says, and what it says to do."""

    changes: dict[str, str]
    section: str
    says: str
    todo: str


_SITE = "%{buildroot}%{python3_sitelib}"
_WHEELS = "%{_pyproject_wheeldir}"
_PLAIN = f"{_WHEELS}/six-1.17.0-py2.py3-none-any.whl"
_TAGGED = f"{_WHEELS}/six-1.17.0-1-py2.py3-none-any.whl"
CASES = {
    "no wheel": Case(
        {"wheel": f"\nrm {_WHEELS}/*.whl"},
        "install",
        "pyproject-wheeldir: holds no wheel",
        "build one there first",
    ),
    "no directory of wheels": Case(
        {"wheel": f"\nrm -r {_WHEELS}"},
        "install",
        "pyproject-wheeldir: holds no wheel",
        "build one there first",
    ),
    "two wheels of one name": Case(
        {"wheel": f"\ncp {_PLAIN} {_TAGGED}"},
        "install",
        "six",
        "",
    ),
    "a glob that matches nothing": Case({"save": "-l siks"}, "install", "'siks' matches no module", "six"),
    "a licence that is missing": Case(
        {"prep": "rm LICENSE"}, "install", "no License-File", "with %license yourself"
    ),
    "an import that fails": Case(
        {"install": f"echo 'import nosuch' >> {_SITE}/six.py"}, "check", "No module named 'nosuch'", "-e GLOB"
    ),
    "an extra that does not exist": Case(
        {"buildrequires": "-x nosuch"}, "generate_buildrequires", "nosuch", ""
    ),
    "an override of an unknown action": Case(
        {"prep": "%pyproject_patch_dependency six:drop_uper"},
        "prep",
        "has no known action: 'drop_uper'",
        "drop_upper",
    ),
    "a module that does not compile": Case(
        {
            "tags": "%global _python_bytecompile_errors_terminate_build 1",
            "install": f"echo 'def' >> {_SITE}/bad.py",
        },
        "install",
        "bad.py: does not compile",
        "fix or remove it",
    ),
    "options that contradict": Case(
        {"save": "-M six"}, "install", "-M says that there are no modules", "leave out"
    ),
    "a list that was not written": Case(
        {"imports": "-D nosuch"}, "check", "pyproject-modules-nosuch: cannot be read", "files --modules"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refusal(name: str, bookworm: RpmRoot, tmp_path: Path) -> None:
    case = CASES[name]
    changes: dict[str, Any] = {**case.changes}
    spec = write_spec(replace(packages()["six"], **changes), tmp_path)
    done = build(bookworm, spec, [sdist("six")])
    assert done.status == 1, done.log[-3000:]
    assert f"(%{case.section})" in done.log.split("RPM build errors:")[-1]
    first, *more = done.errors()
    assert case.says in first
    assert case.todo in [first, *more][-1]
    assert len(more) == (name == "an import that fails")
    assert "Traceback" not in done.log

"""What Debian's tools say of the files for debhelper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deb.building import ship
from tests.deb.debroot import DebRoot
from tests.deb.packages import packages, write_source

pytestmark = [pytest.mark.slow, pytest.mark.chroot]

_PERL = "/usr/share/perl5/Debian/Debhelper"
SYSTEM, SEQUENCE, COMMAND, VERIFY = (
    f"{_PERL}/Buildsystem/truewheel.pm",
    f"{_PERL}/Sequence/truewheel.pm",
    "/usr/bin/dh_truewheel",
    "/usr/bin/dh_truewheel_verify",
)


@pytest.fixture(params=["bookworm", "trixie", "sid"])
def root(request: pytest.FixtureRequest) -> DebRoot:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DebRoot)
    return found


def test_perl_and_its_manuals(root: DebRoot) -> None:
    for file in (SYSTEM, SEQUENCE, COMMAND, VERIFY):
        assert root.run("perl", "-c", file) == f"{file} syntax OK\n"
        assert root.run("perlcritic", "--severity", "5", file) == f"{file} source OK\n"
    for file in (SYSTEM, COMMAND, VERIFY):
        root.run("podchecker", "-warnings", "-warnings", file)
        manual = root.run("pod2man", "--utf8", "--errors=die", file)
        assert "SYNOPSIS" in manual
        assert "POD ERRORS" not in manual


def test_dh_assistant(root: DebRoot, tmp_path: Path) -> None:
    source = write_source(packages("bookworm")["six"], tmp_path)
    ship(source)
    control = source / "debian/control"
    text = control.read_text(encoding="utf-8")
    control.write_text(text.replace("dh-sequence-python3,", "dh-sequence-python3, dh-sequence-truewheel,"))
    inner = root.outside("/assisted")
    source.rename(inner)
    told = root.run("dh_assistant", "which-build-system", "--buildsystem=truewheel", cwd="/assisted")
    assert json.loads(told)["build-system"] == "truewheel"
    if root.release == "bookworm":
        return  # it cannot list the commands of add-ons
    told = root.run("dh_assistant", "list-commands", "--output-format=json", cwd="/assisted")
    assert "dh_truewheel" in {command["command"] for command in json.loads(told)["commands"]}
    assert "load-addon" not in told

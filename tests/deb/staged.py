"""Packages that are staged already, as they are when the turn of a debhelper command comes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.deb.debroot import DebRoot
from tests.support import inside

_CONTROL = """\
Source: thing
Maintainer: A Packager <packager@example.org>
Build-Depends: debhelper-compat (= {compat}), {build_depends}
{fields}
Package: {package}
Architecture: all
Depends: {depends}
Description: a thing
 A thing.
"""
_CHANGELOG = """\
thing (1-1) unstable; urgency=medium

  * Test.

 -- A Packager <packager@example.org>  Sat, 01 Nov 2025 12:00:00 +0000
"""


@dataclass(frozen=True)
class Thing:
    """A source package with one package, whose files are staged: a text by path on the installed system.

    ``fields`` are further lines of debian/control, ``debian`` further files of debian/, by name.
    """

    staged: Mapping[str, str]
    package: str = "python3-thing"
    depends: str = "${python3:Depends}"
    build_depends: str = "dh-sequence-python3, dh-sequence-truewheel, python3-all"
    fields: str = ""
    compat: int = 13
    debian: Mapping[str, str] = field(default_factory=dict)


class Staged:
    """Such a package in a root."""

    def __init__(self, root: DebRoot, thing: Thing) -> None:
        self.root, self.thing = root, thing
        self.directory = root.outside("/staged")
        debian = {"changelog": _CHANGELOG, "control": _CONTROL.format(**vars(thing)), **thing.debian}
        files = {f"debian/{name}": text for name, text in debian.items()}
        files |= {f"debian/{thing.package}{path}": text for path, text in thing.staged.items()}
        files["debian/rules"] = "#!/usr/bin/make -f\n%:\n\tdh $@\n"
        for path, text in files.items():
            file = self.directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        (self.directory / "debian/rules").chmod(0o755)

    def run(self, *command: str, **environ: str) -> tuple[int, str]:
        """Run a command of debhelper; returns its status and what it prints."""
        done = inside(self.root.directory, command, {"DEB_HOST_ARCH": "amd64", **environ}, "/staged")
        return done.returncode, done.stdout

    def done(self, *arguments: str, **environ: str) -> str:
        """Run dh_python3, then dh_truewheel; returns what the latter prints."""
        assert self.run("dh_python3")[0] == 0
        status, output = self.run("dh_truewheel", *arguments, **environ)
        assert status == 0, output
        return output

    def refused(self, *arguments: str, **environ: str) -> str:
        """Run dh_truewheel, which must say one line of its own and fail; returns it."""
        status, output = self.run("dh_truewheel", *arguments, **environ)
        assert status != 0, output
        (line,) = [line for line in output.splitlines() if line.startswith("dh_truewheel: ")]
        return line.removeprefix("dh_truewheel: error: ")

    def text(self, path: str) -> str:
        """The text of a file of debian/, empty where it is not there."""
        file = self.directory / "debian" / path
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def pycs(self) -> set[str]:
        """The bytecode in the package, as paths on the installed system."""
        staged = self.directory / "debian" / self.thing.package
        return {f"/{file.relative_to(staged)}" for file in staged.rglob("*.pyc")}

    def bcep(self) -> str:
        """What the package tells py3compile."""
        return self.text(f"{self.thing.package}/usr/share/python3/bcep/{self.thing.package}")

    def bounds(self) -> set[str]:
        """What the package asks of the version of python3."""
        return set(re.findall(r"python3(?::any)? \([^)]*\)", self.text(f"{self.thing.package}.substvars")))

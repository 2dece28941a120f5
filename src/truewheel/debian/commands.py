"""Doer: runs the commands of a step in a shell, as debian/rules would."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from truewheel.errors import RefusedInput
from truewheel.process import ending


@dataclass(frozen=True)
class Shell:
    """What all commands of one flavor share.

    ``echo`` is told each command; where ``log`` is given what commands print goes there instead, appended.
    """

    directory: str
    environ: Mapping[str, str]
    echo: Callable[[str], None]
    log: Path | None = None

    def run(self, command: str, what: str, fine: Collection[int] = (0,)) -> None:
        """Run a command; raises RefusedInput, which begins with ``what``, for a status that is not fine."""
        self.echo(command)
        with open(self.log, "ab") if self.log else open("/dev/null", "rb") as stream:
            output = stream if self.log else None
            status = subprocess.run(
                ("/bin/sh", "-c", command),
                cwd=self.directory,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            ).returncode
        if status not in fine:
            raise RefusedInput(f"{ending(status)}: {command}", subject=what, hint=self.where())

    def where(self) -> str:
        """Where the output is that explains a failure."""
        return f"its output is in {self.log}" if self.log else "its output stands above"

    def words(self, text: str) -> list[str]:
        """What arguments are once a shell has expanded them."""
        if not text.strip():
            return []
        script = f"exec 3>&1 >&2\nset -- {text}\n[ $# = 0 ] || printf '%s\\0' \"$@\" >&3"
        run = subprocess.run(
            ("/bin/sh", "-c", script),
            cwd=self.directory,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
        if run.returncode:
            raise RefusedInput(f"{ending(run.returncode)} when a shell reads them", subject=text)
        return [word.decode("utf-8", "surrogateescape") for word in run.stdout.split(b"\0")[:-1]]

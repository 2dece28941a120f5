"""Run the commands of a step in a shell, as debian/rules would, and configure setup.py."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from truewheel.dataclass import dataclass
from truewheel.debian.model import Layout, Step
from truewheel.errors import RefusedInput
from truewheel.process import ending

SETUP_COMMANDS = {
    Step.CONFIGURE: "{interpreter} {setup_py} config {args}",
    Step.BUILD: "{interpreter.binary_dv} {setup_py} build {args}",
    Step.TEST: "{interpreter} {setup_py} test {args}",
    Step.INSTALL: "{interpreter.binary_dv} {setup_py} install --root {destdir} {args}",
    Step.CLEAN: "{interpreter} {setup_py} clean {args}",
}
WHEEL_COMMAND = (
    "{interpreter.binary_dv} -c \"import setuptools, runpy; runpy.run_path('{setup_py}')\""
    " bdist_wheel --dist-dir {home_dir}"
)


@dataclass(frozen=True)
class Shell:
    """The directory, environment and log that all commands of one flavor share.

    ``echo`` is called with each command; the output of commands is appended to ``log`` where one is given.
    """

    directory: str
    environ: Mapping[str, str]
    echo: Callable[[str], None]
    log: Path | None = None

    def run(self, command: str, what: str, fine: Collection[int] = (0,)) -> None:
        """Run a command; raises RefusedInput about ``what`` for an exit status that is not in ``fine``."""
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
        """Say where the output is that explains a failure."""
        return f"its output is in {self.log}" if self.log else "its output stands above"

    def words(self, text: str) -> list[str]:
        """Expand arguments as a shell does; raises RefusedInput where the shell cannot read them."""
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


def write_config(layout: Layout) -> None:
    """Write .pydistutils.cfg, which tells setup.py where to build and install; an existing one stays."""
    path = config_file(layout)
    if path.exists():
        return
    path.write_text(
        "[clean]\nall=1\n"
        f"[build]\nbuild_lib={layout.build_dir}\n"
        "[install]\nforce=1\ninstall_layout=deb\ninstall_scripts=$base/bin\n"
        f"install_lib={layout.install_dir}\nprefix=/usr\n",
        encoding="utf-8",
    )


def config_file(layout: Layout) -> Path:
    """Return where .pydistutils.cfg lies: in the home directory of the flavor."""
    return Path(layout.home_dir, ".pydistutils.cfg")


def remove_egg_info(layout: Layout) -> None:
    """Remove the .egg-info that a build left among the modules: install writes it anew."""
    for path in Path(layout.build_dir).glob("*.egg-info"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
